"""The locator's U-Net once more, in PyTorch's Python: what tests/network/unet_test.cpp compares the C++ network with.

    python -m pip install torch==2.11.0 numpy safetensors==0.5.3 && python tests/network/unet_reference.py

writes tests/data/network/unet.safetensors: random weights of a small network (with running statistics that batch
normalisation must use), an input and the two outputs.
"""

import pathlib

import torch
from torch import nn
from torch.nn import functional as F

TARGET = pathlib.Path(__file__).parent.parent / "data" / "network" / "unet.safetensors"


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class UNet(nn.Module):
    def __init__(self, widths, fine_classes=4, coarse_maps=3):
        super().__init__()
        inputs = [4, *widths[:-1]]
        self.fine_classes = fine_classes
        self.encoder = nn.ModuleList(nn.Sequential(Block(i, w), Block(w, w)) for i, w in zip(inputs, widths))
        down = list(reversed(widths))
        self.reduce = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(down, down[1:]))
        self.decoder = nn.ModuleList(Block(2 * b, b) for b in down[1:])
        self.head = nn.Conv2d(widths[0], 4 * fine_classes + coarse_maps, 1)

    def forward(self, x):
        x = F.pixel_unshuffle(x, 2)
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for reduce, decode, skip in zip(self.reduce, self.decoder, reversed(skips[:-1])):
            x = decode(torch.cat([F.interpolate(reduce(x), size=skip.shape[2:], mode="nearest"), skip], 1))
        x = self.head(x)
        return F.pixel_shuffle(x[:, : 4 * self.fine_classes], 2), x[:, 4 * self.fine_classes :]


def main():
    from safetensors.torch import save_file

    torch.manual_seed(5)
    network = UNet([4, 6, 8])
    for _ in range(3):  # in training mode: moves the running statistics away from 0 and 1
        network(torch.randn(2, 1, 32, 24) * 3 + 1)
    network.eval()
    x = torch.randn(2, 1, 32, 24)
    with torch.no_grad():
        fine, coarse = network(x)
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    save_file({**tensors, "input": x, "fine": fine.contiguous(), "coarse": coarse.contiguous()}, str(TARGET))


if __name__ == "__main__":
    main()
