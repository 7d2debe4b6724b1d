"""What timm's models compute: tests/network/backbone_test.cpp compares the C++ backbones with it.

    python -m pip install torch==2.11.0 timm==1.0.31 safetensors && python tests/network/timm_reference.py

writes tests/data/network/timm/<backbone>.txt, the name and shape of every tensor of the model's state, and
tests/data/network/timm.safetensors, the features of one fixed input per model. Weights and input are not stored: both
sides compute them from their names (`values_of`; tests/network/fixed_values.h in C++).
"""

import math
import pathlib

import numpy
import torch

DATA = pathlib.Path(__file__).parent.parent / "data" / "network"
BACKBONES = [
    "resnet18",
    "resnet34",
    "resnet18d",
    "resnet34d",
    "convnext_atto",
    "convnext_femto",
    "convnext_pico",
    "convnext_nano",
    "convnext_tiny",
    "convnext_small",
    "tf_efficientnetv2_s",
]


def uniform(name, count):
    """`count` numbers in [-1, 1) that the name alone decides: FNV-1a of it, counted on, through splitmix64."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(40)).astype(numpy.float64) / 2.0**23 - 1


def values_of(name, shape):
    """Weights that keep activations near 1, and running statistics and scales away from their initial values."""
    values = uniform(name, math.prod(shape))
    if name.endswith("running_var"):
        values = 1 + 0.5 * values
    elif name.endswith("running_mean") or name.endswith("bias"):
        values = 0.1 * values
    elif name.endswith("gamma"):
        values = 0.3 + 0.2 * values
    elif len(shape) > 1:
        values = values * math.sqrt(3 / math.prod(shape[1:]))
    elif name.endswith("weight"):
        values = 1 + 0.4 * values
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def set_state(module, prefix=""):
    state = module.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point():
            tensor.copy_(values_of(prefix + name, tuple(tensor.shape)))
    return module.eval()


def main():
    import timm
    from safetensors.torch import save_file

    (DATA / "timm").mkdir(parents=True, exist_ok=True)
    image = torch.from_numpy(uniform("input", 2 * 72 * 88).astype(numpy.float32).reshape(2, 1, 72, 88))
    image[1] = 4 * image[1] + 1  # unlike the first also after pooling
    features = {}
    for name in BACKBONES:
        model = set_state(timm.create_model(name, in_chans=1, num_classes=0))
        lines = [" ".join([key, *map(str, value.shape)]) for key, value in sorted(model.state_dict().items())]
        (DATA / "timm" / f"{name}.txt").write_text("\n".join(lines) + "\n")
        with torch.no_grad():
            features[name] = model(image).contiguous()
        between = (features[name][0] - features[name][1]).abs().mean()
        print(f"{name}: SD {features[name].std():.3f}, the two images differ by {between:.3f} on average")
    save_file(features, str(DATA / "timm.safetensors"))


if __name__ == "__main__":
    main()
