#!/usr/bin/env python3
"""A training step of `train grader` against PyTorch's eager mode with the same network, threads and batch.

    train_speed_pytorch.py TRAIN_SPEED [--steps N] [--threads N]

TRAIN_SPEED is the program benchmarks/train_speed. The recipe is `fast`: ResNet-18 as timm has it on 80 crops (foramina of eight studies) of five slices of 128 px,
their mean, a linear head. Here a step is what a Python programmer would write: cross-entropy with class weights, backward, clipped
gradients, AdamW; crops lie ready as one tensor, nothing is loaded, augmented or averaged, so it does less. Both take turns twice,
the better is printed. Needs torch; run it on an idle machine."""
import argparse
import re
import subprocess
import time
from pathlib import Path

import torch
from torch import nn

RECIPE = Path(__file__).resolve().parent.parent / "models/recipes/fast.json"
CROPS, SLICES, SIZE_PX = 80, 5, 128


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(after), nn.BatchNorm2d(after)
        self.shortcut = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = torch.relu_(self.bn1(self.conv1(x)))
        return torch.relu_(self.bn2(self.conv2(y)) + self.shortcut(x))


class Grader(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
        before = 64
        for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [Block(before, width, stride), Block(width, width, 1)]
            before = width
        self.backbone, self.dropout, self.head = nn.Sequential(*layers), nn.Dropout(0.2), nn.Linear(512, 3)

    def forward(self, crops):
        features = self.backbone(crops.flatten(0, 1).unsqueeze(1)).mean((2, 3))
        return self.head(self.dropout(features.view(CROPS, SLICES, -1).mean(1)))


def eager(steps):
    network = Grader().train()
    optimiser = torch.optim.AdamW(network.parameters(), 5e-4, weight_decay=0.02)
    loss = nn.CrossEntropyLoss(torch.tensor([1.0, 2, 4]))
    crops, grades = torch.randn(CROPS, SLICES, SIZE_PX, SIZE_PX), torch.randint(0, 3, (CROPS,))
    begin = time.perf_counter()
    for _ in range(steps):
        optimiser.zero_grad()
        loss(network(crops), grades).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5)
        optimiser.step()
    return steps * CROPS / (time.perf_counter() - begin)


def ours(program, steps):
    printed = subprocess.run([program, RECIPE, str(steps)], capture_output=True, text=True, check=True).stdout
    assert f"{CROPS} crops" in printed, printed
    return float(re.search(r"train grader +([\d.]+)", printed).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train_speed", type=Path)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    trained, bare = 0, 0
    for _ in range(2):
        bare = max(bare, eager(arguments.steps))
        trained = max(trained, ours(arguments.train_speed, arguments.steps))
    print(f"train grader   {trained:.1f} crops/s\nPyTorch eager  {bare:.1f} crops/s\nratio          {trained / bare:.2f}")


if __name__ == "__main__":
    main()
