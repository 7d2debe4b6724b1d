#!/usr/bin/env python3
"""Which formulation finds points best, on the crops that `lumbargrade train points` cut: a heat map over all places read
by a local soft-argmax, from each slice with its two neighbours (as src/network/point_network.cpp) or by convolutions in
three dimensions, or direct regression of slice, row and column. Equal steps, batches, rates and augmentation.

    point_formulations.py CROPS ANCHOR [--steps N] [--held-out SHARE] [--seed N]

CROPS is the folder crops/ that `train points` left, ANCHOR canal, foramen or recess. Held out is the last share of the
studies; prints a row for each formulation: slice exact, within one, median in the plane, against the given coordinates.
Needs numpy and torch."""
import argparse
import json
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

MARGIN_SLICES, MARGIN_PX, PIXEL_MM, TARGET_SD_MM = 1, 6, 1.25, 2.0
SLICES = {"canal": 5, "foramen": 7, "recess": 5}
PLACE = {"canal": 0, "foramen": 1, "recess": 2}
SIZE = 48


def load(folder, anchor):
    """Grey values N x S x H x W with margins, the given places (slice, row, column) in them, and the studies."""
    samples = json.loads((folder / "points.json").read_text())["samples"][PLACE[anchor]]
    slices, size = SLICES[anchor] + 2 * MARGIN_SLICES, SIZE + 2 * MARGIN_PX
    records = np.fromfile(folder / f"{anchor}.u8", np.uint8).reshape(len(samples), -1)
    crops = records[:, : slices * size * size].reshape(-1, slices, size, size)
    valid = records[:, slices * size * size :]
    kept = [k for k, sample in enumerate(samples) if sample[2] is not None]
    places = np.array([samples[k][2] for k in kept])
    return crops[kept], valid[kept], places, np.array([samples[k][0] for k in kept])


def block(convolution, norm, before, after):
    return nn.Sequential(convolution(before, after, 3, padding=1, bias=False), norm(after), nn.ReLU(inplace=True))


class HeatMap(nn.Module):
    """A U-Net of three levels at half resolution; two or three dimensions."""

    def __init__(self, solid, widths=(16, 32, 64)):
        super().__init__()
        self.solid = solid
        convolution, norm = (nn.Conv3d, nn.BatchNorm3d) if solid else (nn.Conv2d, nn.BatchNorm2d)
        self.encoder, self.reduce, self.decoder = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        before = 4 * (4 if solid else 6)
        for width in widths:
            self.encoder.append(nn.Sequential(block(convolution, norm, before, width), block(convolution, norm, width, width)))
            before = width
        for width in widths[-2::-1]:
            self.reduce.append(convolution(before, width, 1))
            self.decoder.append(block(convolution, norm, 2 * width, width))
            before = width
        self.head = convolution(before, 4, 1)

    def forward(self, crop):
        n, s, h, w = crop.shape
        if self.solid:
            image = F.pixel_unshuffle(with_coordinates(crop[:, :, None]).flatten(0, 1), 2)
            x = image.view(n, s, -1, h // 2, w // 2).transpose(1, 2)
        else:
            x = F.pixel_unshuffle(with_coordinates(neighbours(crop)).flatten(0, 1), 2)
        skips = []
        for k, level in enumerate(self.encoder):
            if k:
                x = F.max_pool3d(x, (1, 2, 2)) if self.solid else F.max_pool2d(x, 2)
            x = level(x)
            skips.append(x)
        for k, (reduce, decode) in enumerate(zip(self.reduce, self.decoder)):
            x = F.interpolate(reduce(x), skips[-2 - k].shape[2:])
            x = decode(torch.cat([x, skips[-2 - k]], 1))
        x = self.head(x)
        if self.solid:
            x = x.transpose(1, 2).flatten(0, 1)
        return F.pixel_shuffle(x, 2).view(n, s, h, w)


class Regression(nn.Module):
    """The same encoder; slices are averaged by learned weights, and three numbers answered."""

    def __init__(self, widths=(16, 32, 64)):
        super().__init__()
        self.encoder = nn.ModuleList()
        before = 24
        for width in widths:
            self.encoder.append(nn.Sequential(block(nn.Conv2d, nn.BatchNorm2d, before, width),
                                              block(nn.Conv2d, nn.BatchNorm2d, width, width)))
            before = width
        self.hidden = nn.Linear(before * 36, 128)
        self.weight, self.answer = nn.Linear(128, 1), nn.Linear(256, 3)

    def forward(self, crop):
        n, s = crop.shape[:2]
        x = F.pixel_unshuffle(with_coordinates(neighbours(crop)).flatten(0, 1), 2)
        for k, level in enumerate(self.encoder):
            x = level(F.max_pool2d(x, 2) if k else x)
        x = F.relu(self.hidden(F.adaptive_avg_pool2d(x, 6).flatten(1))).view(n, s, -1)
        weight = torch.softmax(self.weight(x), 1)
        at = torch.linspace(-1, 1, s).view(1, s, 1)
        return self.answer(torch.cat([(weight * x).sum(1), (weight * x * at).sum(1)], 1))


def neighbours(crop):
    zeros = torch.zeros_like(crop[:, :1])
    return torch.stack([torch.cat([zeros, crop[:, :-1]], 1), crop, torch.cat([crop[:, 1:], zeros], 1)], 2)


def with_coordinates(image):
    n, s, _, h, w = image.shape
    axes = torch.meshgrid(torch.linspace(-1, 1, s), torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    return torch.cat([image, torch.stack(axes, 1).expand(n, s, 3, h, w)], 2)


def normalised(crop, valid):
    mask = valid[:, :, None, None].float()
    count = (mask.sum((1, 2, 3), keepdim=True) * crop.shape[2] * crop.shape[3]).clamp_min(1)
    centred = (crop - (crop * mask).sum((1, 2, 3), keepdim=True) / count) * mask
    return centred / (centred.square().sum((1, 2, 3), keepdim=True) / count).sqrt().clamp_min(1e-3)


def batch_of(crops, valid, places, chosen, anchor, random):
    """Shifted, in other contrast, with noise; None as `random`: as inference cuts them."""
    inputs, masks, targets = [], [], []
    for k in chosen:
        by = random.integers(-1, 2) if random is not None else 0
        row, column = np.clip(np.round(random.normal(0, 2, 2)), -6, 6).astype(int) if random is not None else (0, 0)
        crop = crops[k, 1 + by : 1 + by + SLICES[anchor], 6 + row : 54 + row, 6 + column : 54 + column].astype(np.float32)
        seen = valid[k, 1 + by : 1 + by + SLICES[anchor]]
        place = places[k] - [1 + by, 6 + row, 6 + column]
        if random is not None:
            crop = 255 * (crop / 255) ** np.exp(random.normal(0, 0.3)) + random.normal(0, random.uniform(0, 25), crop.shape)
            if anchor == "canal" and random.random() < 0.5:
                crop, seen, place = crop[::-1].copy(), seen[::-1].copy(), [SLICES[anchor] - 1 - place[0], *place[1:]]
        inputs.append(crop.astype(np.float32)), masks.append(seen), targets.append(place)
    masks = torch.tensor(np.array(masks))
    return normalised(torch.tensor(np.array(inputs)), masks), masks, torch.tensor(np.array(targets), dtype=torch.float32)


def target_map(places, shape):
    n, s, h, w = shape
    sd = TARGET_SD_MM / PIXEL_MM
    share = (1 - (torch.arange(s)[None] - places[:, :1].clamp(0, s - 1)).abs()).clamp_min(0)
    rows = torch.exp(-((torch.arange(h)[None] - places[:, 1:2]) / sd) ** 2 / 2)
    columns = torch.exp(-((torch.arange(w)[None] - places[:, 2:3]) / sd) ** 2 / 2)
    result = share[:, :, None, None] * rows[:, None, :, None] * columns[:, None, None, :]
    inside = (places[:, 0] > -0.5) & (places[:, 0] < s - 0.5)
    return result / result.sum((1, 2, 3), keepdim=True).clamp_min(1e-9) * inside[:, None, None, None]


def read(maps):
    """As src/points/place_reading.cpp."""
    n, s, h, w = maps.shape
    mass = maps.sum((2, 3))
    padded = F.pad(mass, (1, 1))
    best = (padded[:, 1:-1] + 0.5 * (padded[:, :-2] + padded[:, 2:])).argmax(1)
    near = ((torch.arange(s)[None] - best[:, None]).abs() <= 1).float()
    slices = (near * mass * torch.arange(s)).sum(1) / (near * mass).sum(1).clamp_min(1e-12)
    plane = (maps * near[:, :, None, None]).sum(1)
    peak = F.avg_pool2d(plane[:, None], 5, 1, 2)[:, 0].flatten(1).argmax(1)
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    weight = plane * (torch.hypot(rows[None] - (peak // w)[:, None, None].float(),
                                  columns[None] - (peak % w)[:, None, None].float()) <= 6 / PIXEL_MM)
    total = weight.sum((1, 2)).clamp_min(1e-12)
    return torch.stack([slices, (weight * rows).sum((1, 2)) / total, (weight * columns).sum((1, 2)) / total], 1)


def scale_of(slices):
    return torch.tensor([slices / 2, SIZE / 4, SIZE / 4]), torch.tensor([(slices - 1) / 2, (SIZE - 1) / 2, (SIZE - 1) / 2])


def answers(network, inputs, masks):
    if isinstance(network, Regression):
        scale, middle = scale_of(inputs.shape[1])
        return network(inputs) * scale + middle
    logits = network(inputs).masked_fill(masks[:, :, None, None] == 0, -1e4)
    return read(torch.softmax(logits.flatten(1), 1).view_as(logits))


def loss_of(network, inputs, masks, places):
    if isinstance(network, Regression):
        scale, middle = scale_of(inputs.shape[1])
        return F.smooth_l1_loss(network(inputs), (places - middle) / scale, beta=0.1)
    logits = network(inputs).masked_fill(masks[:, :, None, None] == 0, -1e4)
    return -(target_map(places, logits.shape).flatten(1) * torch.log_softmax(logits.flatten(1), 1)).sum(1).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crops", type=pathlib.Path)
    parser.add_argument("anchor", choices=SLICES)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--held-out", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    crops, valid, places, studies = load(arguments.crops, arguments.anchor)
    first_held_out = int((1 - arguments.held_out) * (studies.max() + 1))
    trained, held_out = np.flatnonzero(studies < first_held_out), np.flatnonzero(studies >= first_held_out)
    print(f"{arguments.anchor}: {len(trained)} points trained on, {len(held_out)} held out, {arguments.steps} steps")
    for name, make in [("heat map, three slices", lambda: HeatMap(False)), ("heat map, 3-D", lambda: HeatMap(True)),
                       ("regression", Regression)]:
        torch.manual_seed(arguments.seed)
        random = np.random.default_rng(arguments.seed)
        network, begin = make(), time.process_time()
        optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, arguments.steps, pct_start=0.05)
        for _ in range(arguments.steps):
            chosen = random.choice(trained, arguments.batch)
            loss = loss_of(network, *batch_of(crops, valid, places, chosen, arguments.anchor, random))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5)
            optimizer.step()
            schedule.step()
        network.eval()
        with torch.no_grad():
            inputs, masks, truth = batch_of(crops, valid, places, held_out, arguments.anchor, None)
            found = torch.cat([answers(network, i, m) for i, m in zip(inputs.split(64), masks.split(64))])
        off = (found[:, 0].round() - truth[:, 0].round()).abs()
        in_plane = PIXEL_MM * torch.hypot(found[:, 1] - truth[:, 1], found[:, 2] - truth[:, 2])
        print(f"  {name:24} exact {100 * (off < 0.5).float().mean():5.1f} %  within one {100 * (off < 1.5).float().mean():5.1f} %"
              f"  median {in_plane.median():.2f} mm  {time.process_time() - begin:.0f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
