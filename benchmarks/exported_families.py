#!/usr/bin/env python3
"""Runs networks of timm's families through `bundle import`, `model verify` and `grade`, and says how far they are from PyTorch.

    benchmarks/exported_families.py --study STUDY --work DIR [--binary FILE] [NAME ...]

Needs torch 2.11, timm and safetensors. Each network has random weights, takes five slices as channels and answers three
logits. Says, for each, the largest difference of probabilities from PyTorch's and the seconds of five canal rows, or the
sentence with which it was refused.
"""

import argparse
import json
import re
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch.export import Dim, export, save

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = {
    "convnext_small": 128, "tf_efficientnetv2_s": 128, "tf_efficientnet_b5": 128, "coatnet_0_rw_224": 224,
    "maxvit_tiny_tf_224": 224, "swin_tiny_patch4_window7_224": 224, "caformer_s18": 128, "rdnet_tiny": 128, "pvt_v2_b2": 128,
    "hgnetv2_b4": 128, "resnet50d": 128, "vit_small_patch16_224": 224, "mobilenetv3_large_100": 128, "densenet121": 128,
}
LEVELS = ["l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1"]
GRADES = ["normal_mild", "moderate", "severe"]
SLICES = 5


def write_crops(folder, size):
    """What `crops --export` would describe, and an out-of-fold table of two made-up studies."""
    axes = [{"name": "slice", "size": SLICES, "spacing_mm": 4, "towards": "left"},
            {"name": "row", "size": size, "spacing_mm": 51.2 / size, "towards": "feet"},
            {"name": "column", "size": size, "spacing_mm": 51.2 / size, "towards": "posterior"}]
    view = {"name": "sagittal_t2", "series": ["sagittal_t2"], "axes": axes, "interpolation": "linear", "padding": "minimum",
            "anchor": "canal", "normalisation": {"low_percentile": 0.5, "high_percentile": 99.5}}
    (folder / "0-canal").mkdir(parents=True)
    entry = {"folder": "0-canal", "condition": "spinal_canal_stenosis", "views": [{"input": view, "margin_slices": 0, "margin_px": 0}]}
    (folder / "crops.json").write_text(json.dumps({"format": "lumbargrade crops", "version": 1, "networks": [entry]}))
    findings, answers = ["study_id,finding,label,fold"], ["row_id,normal_mild,moderate,severe"]
    for study in (1, 2):
        for k, level in enumerate(LEVELS):
            findings.append(f"{study},spinal_canal_stenosis_{level},{GRADES[(k + study) % 3]},0")
            answers.append(f"{study}_spinal_canal_stenosis_{level},.4,.3,.3")
    (folder / "0-canal/findings.csv").write_text("\n".join(findings) + "\n")
    (folder / "oof.csv").write_text("\n".join(answers) + "\n")


def exported(name, size, folder):
    torch.manual_seed(3)
    network = timm.create_model(name, pretrained=False, in_chans=SLICES, num_classes=3).eval()
    example = torch.randn(3, SLICES, size, size)
    save(export(network, (example[:2],), dynamic_shapes=({0: Dim("n", min=1, max=64)},)), folder / "m.pt2")
    with torch.no_grad():
        save_file({"input.sagittal_t2": example, "output.grade": torch.softmax(network(example), 1)}, str(folder / "m.safetensors"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/default/src/cli/lumbargrade")
    parser.add_argument("names", nargs="*", default=list(FAMILIES), metavar="NAME")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    def run(*command):
        return subprocess.run([str(part) for part in (arguments.binary, *command)], capture_output=True, text=True)

    for name in arguments.names:
        folder = arguments.work / name
        shutil.rmtree(folder, ignore_errors=True)
        size = FAMILIES[name]
        write_crops(folder, size)
        exported(name, size, folder)
        done = run("bundle", "import", "--exported", folder / "m.pt2", "--golden", folder / "m.safetensors", "--crops", folder,
                   "--condition", "canal", "--out-of-fold", folder / "oof.csv", "--out", folder / "bundle")
        if done.returncode != 0:
            print(f"{name} {size} px: refused ({done.returncode}): {done.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        verified = run("model", "verify", folder / "bundle").stdout
        difference = re.search(r"canal_exported_0: golden output: largest difference (\S+),", verified).group(1)
        start = time.monotonic()
        graded = run("grade", arguments.study, "--bundle", folder / "bundle")
        rows = sum("spinal_canal" in line for line in graded.stdout.splitlines())
        print(f"{name} {size} px: {difference} from PyTorch, {rows} canal rows, {time.monotonic() - start:.1f} s", flush=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
