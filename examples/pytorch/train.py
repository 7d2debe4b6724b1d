#!/usr/bin/env python3
"""Trains a network of timm (or a small one of plain PyTorch) on crops that lumbargrade exported, for lumbargrade to run.

    lumbargrade crops --export crops --data DATA --recipe fast
    train.py crops --condition spinal_canal_stenosis --network convnext_tiny.fb_in22k --out trained
    lumbargrade bundle import --exported trained/*.pt2 --golden trained/*.safetensors --crops crops --condition canal \
        --out-of-fold trained/out_of_fold.csv --out bundle

Slices come as channels. Every fold gives one network; each says what it thinks of the studies that it did not see.
docs/pytorch.md describes the files.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.export import Dim, export, save

GRADES = ["normal_mild", "moderate", "severe"]
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("crops", type=Path)
parser.add_argument("--condition", required=True)
parser.add_argument("--network", default="tiny", help="a name of timm, or tiny")
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--rate", type=float, default=3e-4)
parser.add_argument("--device", default="cpu")
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()
torch.manual_seed(1)

entry = next(e for e in json.loads((options.crops / "crops.json").read_text())["networks"] if e["condition"] == options.condition)
view = entry["views"][0]  # the first one alone
name = view["input"]["name"]
rows = list(csv.DictReader((options.crops / entry["folder"] / "findings.csv").open()))
fold = np.array([int(row["fold"]) for row in rows])
label = np.array([GRADES.index(row["label"]) if row["label"] else -1 for row in rows])
size = {axis["name"]: axis["size"] for axis in view["input"]["axes"]}
margin = view["margin_slices"], view["margin_px"]


def crops_of(points, shift=(0, 0, 0)):
    """All crops around these points, moved by slices, rows and columns within their margin, as `grade` normalises them."""
    folder = options.crops / entry["folder"]
    pixels, valid = np.load(folder / view[points]["pixels"], mmap_mode="r"), np.load(folder / view[points]["valid"])
    first = margin[0] + shift[0], margin[1] + shift[1], margin[1] + shift[2]
    x = pixels[:, first[0] : first[0] + size["slice"], first[1] : first[1] + size["row"], first[2] : first[2] + size["column"]]
    v = valid[:, first[0] : first[0] + size["slice"]].astype(np.float32)
    x, mask = x.astype(np.float32), v[:, :, None, None]
    count = np.maximum(v.sum(1) * x.shape[2] * x.shape[3], 1)[:, None, None, None]
    x = (x - (x * mask).sum((1, 2, 3), keepdims=True) / count) * mask
    x /= np.maximum(np.sqrt((x**2).sum((1, 2, 3), keepdims=True) / count), 1e-3)
    return torch.from_numpy(x), v.any(1)


def network():
    if options.network != "tiny":
        import timm
        return timm.create_model(options.network, pretrained=False, in_chans=size["slice"], num_classes=3)
    return nn.Sequential(nn.Conv2d(size["slice"], 16, 5, 2, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1),
                         nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3))


options.out.mkdir(parents=True)
seen, shown = crops_of("predicted")
answers = []
for held_out in sorted(set(fold)):
    model = network().to(options.device)
    optimiser = torch.optim.AdamW(model.parameters(), options.rate)
    for epoch in range(options.epochs):
        shift = [int(np.random.randint(-m, m + 1)) for m in (margin[0], margin[1], margin[1])]
        x, usable = crops_of("given" if epoch % 2 and "given" in view else "predicted", shift)
        learned = np.flatnonzero((fold != held_out) & usable & (label >= 0))
        model.train()
        for batch in torch.randperm(len(learned)).split(options.batch):
            k = learned[batch.numpy()]
            loss = nn.functional.cross_entropy(model(x[k].to(options.device)), torch.tensor(label[k], device=options.device))
            optimiser.zero_grad(), loss.backward(), optimiser.step()
    model = model.cpu().eval()
    with torch.no_grad():
        for k in np.flatnonzero((fold == held_out) & shown):
            answers.append([f"{rows[k]['study_id']}_{rows[k]['finding']}", *torch.softmax(model(seen[k : k + 1]), 1)[0].double().numpy()])
        example = seen[np.flatnonzero(shown)[:4]].contiguous()
        golden = {f"input.{name}": example, "output.grade": torch.softmax(model(example), 1)}
    save(export(model, (example,), dynamic_shapes=({0: Dim("n", min=1, max=64)},)), options.out / f"fold{held_out}.pt2")
    save_file(golden, str(options.out / f"fold{held_out}.safetensors"))
with (options.out / "out_of_fold.csv").open("w", newline="") as file:
    csv.writer(file).writerows([["row_id", *GRADES], *answers])
