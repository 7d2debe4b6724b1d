#!/usr/bin/env python3
"""The levels of a study as a Python programmer would find them with pydicom, PyTorch, OpenCV and SciPy: the peer that
docs/performance.md compares with.

    peer_pytorch.py STUDY... --models MODELS [--threads 2] [--times]

prints CSV: study, level, the canal's point behind the disc (LPS, mm) and its diameter. MODELS is the bundle whose
`locator` and `canal_outline` are run on every sagittal T2 slice at .6 mm and on the strip around the canal.

Frozen: it does what the program of commit 64ff722 did, whose points and diameters it gives to .1 mm (peer_agreement.py
compares them), so that what it is compared with may change and the measure does not. It grades nothing and writes no
report: it does less than the program. Of series it knows one rule, a sagittal one whose SeriesDescription or timing is
T2's. Needs torch, safetensors, pydicom with pylibjpeg-rle and pyjpegls, opencv-contrib-python-headless and scipy.
--times prints on standard error the seconds of reading, of finding levels, and of the networks' passes within that.
Longer than others: it stands alone, in one file that is not to change.
"""
import argparse
import json
import math
import pathlib
import sys
import time

import cv2
import numpy as np
import pydicom
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

LEVELS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
PIXEL_MM = 0.6
OUTLINE_MM = 0.46875
BATCH = 8

network_seconds = [0.0]  # of all passes


# ---- networks


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)), inplace=True)


class UNet(nn.Module):
    def __init__(self, widths, fine_classes, coarse_maps, in_channels=1):
        super().__init__()
        self.fine_classes, self.stride = fine_classes, 2 ** len(widths)
        channels = 4 * in_channels
        self.encoder, self.reduce, self.decoder = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for width in widths:
            self.encoder.append(nn.Sequential(Block(channels, width), Block(width, width)))
            channels = width
        for width in reversed(widths[:-1]):
            self.reduce.append(nn.Conv2d(channels, width, 1))
            self.decoder.append(Block(2 * width, width))
            channels = width
        self.head = nn.Conv2d(channels, 4 * fine_classes + coarse_maps, 1)

    def timed(self, x):
        begun = time.perf_counter()
        result = self(x)
        network_seconds[0] += time.perf_counter() - begun
        return result

    def forward(self, x):
        x, skips = F.pixel_unshuffle(x, 2), []
        for k, level in enumerate(self.encoder):
            x = level(F.max_pool2d(x, 2) if k else x)
            skips.append(x)
        skips.pop()
        for reduce, decoder in zip(self.reduce, self.decoder):
            x = decoder(torch.cat([F.interpolate(reduce(x), size=skips[-1].shape[2:]), skips.pop()], 1))
        logits = self.head(x)
        return F.pixel_shuffle(logits[:, : 4 * self.fine_classes], 2), logits[:, 4 * self.fine_classes :]


def load_network(models, role):
    spec = next(n for n in json.loads((models / "manifest.json").read_text())["networks"] if n["role"] == role)
    network = UNet(**spec["parameters"])
    network.load_state_dict(load_file(models / spec["file"]))
    return network.eval()


# ---- reading


def read_series(folder):
    series = {}
    for path in sorted(folder.rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        series.setdefault(dataset.SeriesInstanceUID, []).append(dataset)
    return list(series.values())


def orientation_of(dataset):
    row, column = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
    return row, column, np.cross(row, column)


def is_sagittal_t2(dataset):
    normal = orientation_of(dataset)[2]
    words = str(dataset.get("SeriesDescription", "")).lower()
    by_time = float(dataset.get("EchoTime") or 0) > 60
    return abs(normal[0]) > 0.7 and ("t2" in words or ("t1" not in words and by_time))


class Volume:
    """Slices in the order of their positions."""

    def __init__(self, datasets):
        row, column, normal = orientation_of(datasets[0])
        datasets = sorted(datasets, key=lambda d: float(normal @ np.array(d.ImagePositionPatient, float)))
        self.positions = np.array([d.ImagePositionPatient for d in datasets], float)
        spacing = np.array(datasets[0].PixelSpacing, float)
        self.spacing = np.array([spacing[1], spacing[0]])  # along a row, along a column
        self.directions = np.array([row, column])
        self.pixels = np.stack([d.pixel_array for d in datasets]).astype(np.float32)
        count = len(datasets)
        self.step = (self.positions[-1] - self.positions[0]) / (count - 1) if count > 1 else normal
        self.step_mm = float(np.linalg.norm(self.step)) if count > 1 else 0.0
        self.normal = self.step / np.linalg.norm(self.step)


# ---- the canonical view: columns to the back, rows to the feet


class View:
    def __init__(self, volume, pixel_mm):
        extent = np.array([volume.pixels.shape[2], volume.pixels.shape[1]])
        back = int(abs(volume.directions[0][1]) < abs(volume.directions[1][1]))
        feet = 1 - back
        size = extent * volume.spacing
        self.width = max(1, math.floor(size[back] / pixel_mm + 0.5))
        self.height = max(1, math.floor(size[feet] / pixel_mm + 0.5))
        self.index_from_pixel = np.zeros((2, 3))
        signs = (1 if volume.directions[back][1] >= 0 else -1, 1 if volume.directions[feet][2] <= 0 else -1)
        for axis, pixel_axis, length, sign in ((back, 0, self.width, signs[0]), (feet, 1, self.height, signs[1])):
            step = sign * pixel_mm / volume.spacing[axis]
            self.index_from_pixel[axis, pixel_axis] = step
            self.index_from_pixel[axis, 2] = (extent[axis] - 1) / 2 - step * (length - 1) / 2
        self.volume = volume

    def slice(self, k):
        image = self.volume.pixels[k]
        lowest = float(image.min())
        shrink = max(abs(self.index_from_pixel[:, :2]).sum(1))
        if shrink > 1.3:
            image = cv2.GaussianBlur(image, (0, 0), 0.4 * shrink)
        return cv2.warpAffine(image, self.index_from_pixel, (self.width, self.height),
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=lowest)

    def patient(self, point, k):
        index = self.index_from_pixel @ np.array([point[0], point[1], 1.0])
        return self.volume.positions[k] + (index * self.volume.spacing) @ self.volume.directions

    def direction(self, vector):
        index = self.index_from_pixel[:, :2] @ np.asarray(vector, float)
        unit = (index * self.volume.spacing) @ self.volume.directions
        return unit / np.linalg.norm(unit)

    def pixel(self, patient):
        index = self.volume.directions @ (patient - self.volume.positions[0]) / self.volume.spacing
        return np.linalg.solve(self.index_from_pixel[:, :2], index - self.index_from_pixel[:, 2])


def quantile(values, share):
    place = share * (values.size - 1)
    below = int(place)
    ordered = np.partition(values, [below, min(below + 1, values.size - 1)])
    return ordered[below] + (place - below) * (ordered[min(below + 1, values.size - 1)] - ordered[below])


def normalised(image):
    flat = image.ravel()
    clipped = np.clip(image, quantile(flat, 0.005), quantile(flat, 0.99))
    return (clipped - clipped.mean()) / max(float(clipped.std()), 1e-6)


def locator_maps(network, images):
    """Disc, vertebra and canal at .6 mm, L5/S1, S1 and disc centres at 1.2 mm, of every slice."""
    height, width = images[0].shape
    padded = [-(-length // network.stride) * network.stride for length in (height, width)]
    batch = np.empty((len(images), 1, *padded), np.float32)
    for k, image in enumerate(images):
        image = normalised(image)
        batch[k] = image.min()
        batch[k, 0, :height, :width] = image
    fine, coarse = [], []
    for first in range(0, len(images), BATCH):
        a, b = network.timed(torch.from_numpy(batch[first : first + BATCH]))
        fine.append(torch.softmax(a, 1)[:, 1:, :height, :width])
        coarse.append(torch.sigmoid(b)[:, :, : (height + 1) // 2, : (width + 1) // 2])
    return torch.cat(fine).numpy(), torch.cat(coarse).numpy()


# ---- the chain of discs


def within(shape, centre_mm, radius_mm, pixel_mm, offset_mm):
    """Rows, columns and points (mm) of the pixels within the radius."""
    low = [max(0, math.ceil((c - radius_mm - offset_mm) / pixel_mm)) for c in centre_mm]
    high = [min(s - 1, math.floor((c + radius_mm - offset_mm) / pixel_mm)) for c, s in zip(centre_mm, shape[::-1])]
    rows, columns = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    points = np.stack([columns, rows], -1) * pixel_mm + offset_mm
    inside = np.hypot(points[..., 0] - centre_mm[0], points[..., 1] - centre_mm[1]) <= radius_mm
    return rows[inside], columns[inside], points[inside]


def fine_within(image, centre_mm, radius_mm):
    rows, columns, points = within(image.shape, centre_mm, radius_mm, PIXEL_MM, 0)
    return image[rows, columns], points


def coarse_within(image, centre_mm, radius_mm):
    rows, columns, points = within(image.shape, centre_mm, radius_mm, 2 * PIXEL_MM, PIXEL_MM / 2)
    return image[rows, columns], points


def mean(values):
    return float(values.mean()) if len(values) else 0.0


def disc_probability(disc, centre):
    return mean(fine_within(disc, centre, 5)[0])


def candidates(disc, centres):
    found = []
    smooth = cv2.GaussianBlur(centres, (3, 3), 0.8)
    largest = cv2.dilate(smooth, np.ones((9, 9), np.uint8))
    for row, column in np.argwhere((smooth >= 0.15) & (smooth >= largest)):
        peak = (np.array([column, row]) * 2 + 0.5) * PIXEL_MM
        heat, points = coarse_within(centres, peak, 6)
        centre = (points * heat[:, None]).sum(0) / heat.sum() if heat.sum() > 0 else peak
        found.append((0.5 * smooth[row, column] + 0.5 * disc_probability(disc, centre), centre))
    count, _, statistics, centroids = cv2.connectedComponentsWithStats((disc > 0.5).astype(np.uint8))
    for label in range(1, count):
        if statistics[label, cv2.CC_STAT_AREA] * PIXEL_MM**2 >= 50:
            centre = centroids[label] * PIXEL_MM
            found.append((0.5 * mean(coarse_within(centres, centre, 3)[0]) + 0.5 * disc_probability(disc, centre), centre))
    kept = []
    for score, centre in sorted(found, key=lambda one: -one[0]):
        if all(np.linalg.norm(centre - other) >= 13 for _, other in kept):
            kept.append((score, centre))
    return sorted(kept, key=lambda one: one[1][1])


def link_penalty(a, b):
    step = b - a
    length = np.hypot(*step)
    tilt = math.degrees(math.atan2(abs(step[0]), step[1]))
    if not 15 <= length <= 85 or tilt > 60:
        return math.inf
    return min(0.25 * ((length - 34) / 12) ** 2, 0.5 + 0.25 * ((length - 68) / 14) ** 2)


def turn_penalty(a, b, c):
    first, second = b - a, c - b
    cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    return max(0, math.degrees(math.acos(np.clip(cosine, -1, 1))) - 20) / 40


def best_chain(found):
    if not found:
        return []
    n = len(found)
    value, previous = np.full((n, n), -1e9), np.full((n, n), -1)
    best, at = -1e9, (-1, 0)
    for j in range(n):
        if found[j][0] > best:
            best, at = found[j][0], (-1, j)
        for i in range(j):
            penalty = link_penalty(found[i][1], found[j][1])
            if not math.isfinite(penalty):
                continue
            value[i, j] = found[i][0] + found[j][0] - penalty
            for h in range(i):
                if value[h, i] < -1e8:
                    continue
                longer = value[h, i] + found[j][0] - penalty - turn_penalty(found[h][1], found[i][1], found[j][1])
                if longer > value[i, j]:
                    value[i, j], previous[i, j] = longer, h
            if value[i, j] > best:
                best, at = value[i, j], (i, j)
    chain = [found[at[1]]]
    while at[0] >= 0:
        chain.append(found[at[0]])
        at = (previous[at], at[0])
    return chain[::-1]


def fill_gaps(chain, disc):
    if len(chain) < 3:
        return chain
    lengths = [np.linalg.norm(b[1] - a[1]) for a, b in zip(chain, chain[1:])]
    limit = max(1.6 * np.median(lengths), 46)
    for k in range(len(chain) - 1, 0, -1):
        if lengths[k - 1] > limit:
            centre = (chain[k][1] + chain[k - 1][1]) / 2
            chain.insert(k, (0.5 * disc_probability(disc, centre), centre))
    return chain


def shape_of(disc, centre, down):
    """The way out of the disc backwards, how far it reaches, its depth and height."""
    across = np.array([down[1], -down[0]])
    values, points = fine_within(disc, centre, 24)
    offsets = points - centre
    solid = (values >= 0.3) & (abs(offsets @ down) <= 14)
    weights, near = values[solid].astype(float), offsets[solid]
    if weights.sum() < 10:
        return across, 0.0, 0.0, 0.0
    near = near - weights @ near / weights.sum()
    xx, yy = weights @ near**2 / weights.sum()
    xy = weights @ (near[:, 0] * near[:, 1]) / weights.sum()
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    axis = np.array([math.cos(angle), math.sin(angle)])
    axis = axis if axis @ across >= 0 else -axis
    lean = math.degrees(math.acos(np.clip(axis @ across, -1, 1)))
    posterior = axis if middle - spread < 0.5 * (middle + spread) and lean <= 35 else across
    aside = abs(offsets[:, 0] * posterior[1] - offsets[:, 1] * posterior[0])
    reach = (offsets @ posterior)[(values >= 0.5) & (aside <= 7)]
    return posterior, max(0.0, reach.max(initial=0.0)), math.sqrt(12 * (middle + spread)), 4 * math.sqrt(max(0, middle - spread))


class Disc:
    def __init__(self, score, centre):
        self.score, self.centre = float(score), np.asarray(centre, float)
        self.reach = 17.0  # to the posterior edge, where no shape is seen
        self.depth = 34.0
        self.height = 8.0
        self.anchor = 0.0


def find_chain(fine, coarse):
    disc = fine[0]
    chain = [Disc(*one) for one in fill_gaps(best_chain(candidates(disc, coarse[2])), disc)]
    for k, one in enumerate(chain):
        above, below = chain[max(k - 1, 0)], chain[min(k + 1, len(chain) - 1)]
        down = below.centre - above.centre if len(chain) > 1 else np.array([0.0, 1.0])
        one.posterior, reach, depth, height = shape_of(disc, one.centre, down / np.linalg.norm(down))
        if depth:
            one.depth, one.height = depth, height
        if reach:
            one.reach = reach
        l5s1 = mean(coarse_within(coarse[0], one.centre, 6)[0])
        heat, points = coarse_within(coarse[1], one.centre, 28)
        offsets = points - one.centre
        lengths = np.hypot(offsets[:, 0], offsets[:, 1])
        normal = np.array([-one.posterior[1], one.posterior[0]])
        below_it = (offsets @ normal > 0.5 * lengths) & (lengths >= 8)
        one.anchor = l5s1 + 0.5 * float(heat[below_it].max(initial=0.0))
    scores = [one.anchor + (0.4 if k + 1 == len(chain) else 0) for k, one in enumerate(chain)]
    return chain, int(np.argmax(scores)) if chain else -1


# ---- the canal in the locator's maps


def canal_behind(canal, chain):
    top, bottom = chain[0].centre[1] - 45, chain[-1].centre[1] + 45
    ys, xs = np.arange(canal.shape[0]) * PIXEL_MM, np.arange(canal.shape[1]) * PIXEL_MM
    centres = np.array([one.centre for one in chain])
    if len(chain) < 2:
        line = np.full(len(ys), centres[0, 0])
    else:
        below = np.clip(np.searchsorted(centres[:, 1], ys), 1, len(chain) - 1)
        a, b = centres[below - 1], centres[below]
        line = a[:, 0] + (b[:, 0] - a[:, 0]) * (ys - a[:, 1]) / np.maximum(1e-6, b[:, 1] - a[:, 1])
    behind = xs[None] - line[:, None]
    kept = np.where((behind >= 2) & (behind <= 45) & ((ys >= top) & (ys <= bottom))[:, None], canal, 0).astype(np.float32)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((kept > 0.25).astype(np.uint8))
    small = [k for k in range(1, count) if statistics[k, cv2.CC_STAT_AREA] * PIXEL_MM**2 < 60]
    kept[np.isin(labels, small) & (labels > 0)] = 0
    return kept


def centre_line(canal):
    solid = np.where(canal >= 0.25, canal, 0)
    weight = solid.sum(1)
    rows = np.flatnonzero(weight * PIXEL_MM >= 1)
    if not len(rows) or (rows[-1] - rows[0]) * PIXEL_MM < 10:
        return np.zeros((0, 2))
    x = (solid * np.arange(canal.shape[1])).sum(1)[rows] / weight[rows] * PIXEL_MM
    every = np.arange(rows[0], rows[-1] + 1)
    line = np.interp(every, rows, x).reshape(-1, 1)
    smooth = cv2.GaussianBlur(line, (1, 0), 1e-3, None, 4 / PIXEL_MM, cv2.BORDER_REPLICATE)
    return np.column_stack([smooth[:, 0], every * PIXEL_MM])


def at_disc(line, disc):
    """Where the canal passes the disc; None where it is not seen there."""
    if not len(line):
        return None
    apart = np.linalg.norm(line - (disc.centre + disc.posterior * disc.reach), axis=1)
    nearest = int(apart.argmin())
    end = round(5 / PIXEL_MM)
    if apart[nearest] > 25 or nearest < end or nearest + end >= len(line):
        return None
    return line[nearest]


def canal_mass(canal, middle):
    x, y = int((middle[0] - 12) / PIXEL_MM), int((middle[1] - 8) / PIXEL_MM)
    return float(canal[max(y, 0) : max(y + int(16 / PIXEL_MM), 0), max(x, 0) : max(x + int(24 / PIXEL_MM), 0)].sum())


def middle_slice(mass, first, last):
    top = first + int(np.argmax(mass[first : last + 1]))
    if mass[top] <= 0:
        return (first + last) / 2
    while top > 0 and mass[top - 1] > mass[top]:
        top -= 1
    while top + 1 < len(mass) and mass[top + 1] > mass[top]:
        top += 1
    feet = []
    for step in (-1, 1):
        least, at = mass[top], top
        while 0 <= at + step < len(mass) and 0 < mass[at + step] <= 1.2 * least:
            at += step
            least = min(least, mass[at])
        feet.append(at)
    k = np.arange(feet[0], feet[1] + 1)
    return float((mass[k] * k).sum() / mass[k].sum())


def slice_with_most(areas):
    best = int(np.argmax(areas))
    if best in (0, len(areas) - 1):
        return float(best)
    bend = areas[best - 1] - 2 * areas[best] + areas[best + 1]
    return best + (0.5 * (areas[best - 1] - areas[best + 1]) / bend if bend < 0 else 0.0)


def spine_seen(fine, coarse):
    chain, anchor = find_chain(fine, coarse)
    if not chain:
        return 0.0
    line = centre_line(canal_behind(fine[2], chain))
    return sum(one.score for one in chain if at_disc(line, one) is not None) * max(0.0, chain[anchor].anchor)


def spine_slices(fine, coarse, step_mm):
    seen = np.array([spine_seen(f, c) for f, c in zip(fine, coarse)])
    reach = int(12 / step_mm) if step_mm > 0 else len(seen)
    sums = [seen[max(k - reach, 0) : k + reach + 1].sum() for k in range(len(seen))]
    middle = int(np.argmax(sums))
    first, last = max(middle - reach, 0), min(middle + reach, len(seen) - 1)
    most = seen[first : last + 1].max()
    if most <= 0:
        return np.arange(len(seen))
    return np.array([k for k in range(first, last + 1) if seen[k] >= 0.5 * most])


# ---- the canal's fine outline


def trace(mask):
    """Points and diameters (pixels) along the longest path of the mask's skeleton, from the head down."""
    lines = cv2.ximgproc.thinning(mask.astype(np.uint8) * 255) > 0
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros((0, 2), int), np.zeros(0)
    rows, columns = np.nonzero(labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax()))
    index = -np.ones(np.add(mask.shape, 2), int)
    index[rows + 1, columns + 1] = np.arange(len(rows))
    edges = []
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        other = index[rows + 1 + down, columns + 1 + right]
        here = np.flatnonzero(other >= 0)
        edges.append((here, other[here], np.full(len(here), math.hypot(down, right))))
    a, b, length = (np.concatenate(part) for part in zip(*edges))
    graph = coo_matrix((length, (a, b)), shape=(len(rows), len(rows))).tocsr()
    end = int(np.argmax(dijkstra(graph, directed=False, indices=0)))
    far, previous = dijkstra(graph, directed=False, indices=end, return_predecessors=True)
    node, path = int(np.argmax(far)), []
    while node >= 0:
        path.append((columns[node], rows[node]))
        node = previous[node]
    if len(path) < 10:
        return np.zeros((0, 2), int), np.zeros(0)
    points = np.array(path if path[0][1] <= path[-1][1] else path[::-1])
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return points, 2.0 * distance[points[:, 1], points[:, 0]]


class Strip:
    def __init__(self, volume, edges, stride):
        self.view, self.volume = View(volume, OUTLINE_MM), volume
        pixels = np.array([self.view.pixel(edge) for edge in edges])
        low, high = pixels.min(0), pixels.max(0)
        rows = min(high[1] - low[1] + 70 / OUTLINE_MM, self.view.height)
        columns = min(high[0] - low[0] + 60 / OUTLINE_MM, self.view.width)
        self.x = int(np.clip(int(low[0] - 20 / OUTLINE_MM), 0, self.view.width - 1))
        self.y = int(np.clip(int(low[1] - 35 / OUTLINE_MM), 0, self.view.height - 1))
        width, height = (math.ceil(length / stride) * stride for length in (columns, rows))
        slices = []
        for k in range(len(volume.pixels)):
            part = self.view.slice(k)[self.y : self.y + height, self.x : self.x + width]
            slices.append(np.pad(part, ((0, height - part.shape[0]), (0, width - part.shape[1])), "edge"))
        slices = np.stack(slices)
        deviation = math.sqrt(max(0.0, float((slices.astype(float) ** 2).mean()) - float(slices.mean(dtype=float)) ** 2))
        self.slices = ((slices - slices.mean(dtype=float)) / max(deviation, 1e-6)).astype(np.float32)

    def pixel(self, patient):
        return self.view.pixel(patient) - (self.x, self.y)

    def slice_of(self, patient):
        step = self.volume.step_mm
        return (patient - self.volume.positions[0]) @ self.volume.normal / step if step else 0.0

    def patient(self, point, k):
        return self.view.patient((point[0] + self.x, point[1] + self.y), k)

    def input(self, k):
        def at(place):
            place = min(max(place, 0), len(self.slices) - 1)
            below = int(place)
            t = place - below
            return self.slices[below] if t < 1e-6 else self.slices[below] * (1 - t) + self.slices[below + 1] * t

        side = 1 / self.volume.step_mm if self.volume.step_mm else 0
        return np.stack([at(k - side), self.slices[k], at(k + side)])


def outlined_slices(strip, edges, central):
    step = strip.volume.step_mm
    beside = max(1.0, step / 2)
    middles = [strip.slice_of(edge) for edge in edges]
    return [k for k in range(len(strip.slices))
            if abs(k - central) * step <= 7.25 or any(abs(abs(k - m) * step - 7) <= beside for m in middles)]


def central_weights(areas, step_mm):
    likely = np.exp((areas / areas.max() - 1) / 0.02)
    weights = np.zeros(len(areas))
    for centre, share in enumerate(likely):
        near = [k for k in range(len(areas)) if abs(k - centre) * step_mm <= 2.75]
        weights[near] += share
    return weights / likely.sum()


def outline(network, volume, discs, edges, directions, central):
    """Point and diameter of the canal at every disc; None where it is not outlined."""
    strip = Strip(volume, edges, network.stride)
    chosen = outlined_slices(strip, edges, central)
    inputs = torch.from_numpy(np.stack([strip.input(k) for k in chosen]))
    maps = torch.cat([torch.sigmoid(network.timed(inputs[k : k + BATCH])[0][:, 0]) for k in range(0, len(chosen), BATCH)]).numpy()
    canal = dict(zip(chosen, maps))
    areas = np.zeros(len(volume.pixels))
    for k, one in canal.items():
        if abs(k - central) * volume.step_mm <= 4.5:
            areas[k] = np.count_nonzero(one > 0.5)
    if areas.max() <= 0:
        return [None] * len(discs)
    weights = central_weights(areas, volume.step_mm)
    traced = [(weights[k], k, *trace(one > 0.5)) for k, one in canal.items() if weights[k] >= 0.05]
    traced.sort(key=lambda one: -one[0])
    back = strip.view.direction((1, 0))
    found = []
    for disc, edge, up in zip(discs, edges, directions):
        rearmost = strip.pixel(edge + up * (up @ back) * disc.height / 2)
        point, total, weight = None, 0.0, 0.0
        for share, k, path, diameters in traced:
            if not len(path):
                continue
            apart = np.linalg.norm(path - rearmost, axis=1)
            nearest = int(apart.argmin())
            if apart[nearest] >= 25 / OUTLINE_MM:
                continue
            if point is None:
                point = strip.patient(path[nearest], k)
            near = np.linalg.norm(path - path[nearest], axis=1) <= 7 / OUTLINE_MM
            total += share * diameters[near].min() * OUTLINE_MM
            weight += share
        found.append(None if point is None else (point, total / weight))
    return found


# ---- a study


def find_levels(volume, locator, outliner):
    """(level, point, diameter) for each level in view."""
    view = View(volume, PIXEL_MM)
    chosen = range(len(volume.pixels))
    if len(chosen) > 32:
        raise SystemExit("a stack of more than 32 slices, of which the program takes 32: not compared")
    fine, coarse = locator_maps(locator, [view.slice(k) for k in chosen])
    slices = spine_slices(fine, coarse, volume.step_mm)
    mass = fine[slices, 2].sum((1, 2))
    naming = slices[mass >= 0.5 * mass.max()]
    mean_fine, mean_coarse = fine[naming].mean(0), coarse[naming].mean(0)
    chain, anchor = find_chain(mean_fine, mean_coarse)
    line = centre_line(canal_behind(mean_fine[2], chain))
    areas = np.zeros(len(fine))
    areas[slices] = (fine[slices, 2] > 0.5).sum((1, 2))
    central = slice_with_most(areas)
    discs, edges, ups, names = [], [], [], []
    for k, level in enumerate(LEVELS):
        place = anchor - 4 + k
        if not 0 <= place < len(chain):
            continue
        disc = chain[place]
        canal = at_disc(line, disc)
        around = canal if canal is not None else disc.centre + disc.posterior * 25
        middle = middle_slice(np.array([canal_mass(one[2], around) for one in fine]), slices[0], slices[-1])
        below, t = int(middle), middle - int(middle)
        above = min(below + 1, len(fine) - 1)

        def patient(point):
            return (1 - t) * view.patient(point / PIXEL_MM, below) + t * view.patient(point / PIXEL_MM, above)

        posterior, up = view.direction(disc.posterior), view.direction((disc.posterior[1], -disc.posterior[0]))
        left = np.cross(posterior, up)
        centre = patient(disc.centre)
        aside = (patient(canal) - centre) @ left if canal is not None else 0.0
        discs.append(disc)
        edges.append(centre + posterior * disc.depth / 2 + left * aside)
        ups.append(up)
        names.append(level)
    found = outline(outliner, volume, discs, edges, ups, central) if discs else []
    return [(level, *one) for level, one in zip(names, found) if one is not None]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="+", type=pathlib.Path)
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    locator, outliner = load_network(arguments.models, "locator"), load_network(arguments.models, "canal_outline")
    print("study_id,level,x_mm,y_mm,z_mm,diameter_mm")
    with torch.inference_mode():
        for folder in arguments.studies:
            begun, network_seconds[0] = time.perf_counter(), 0.0
            volumes = [(is_sagittal_t2(datasets[0]), Volume(datasets)) for datasets in read_series(folder)]
            sagittal = next(volume for is_wanted, volume in volumes if is_wanted)
            read = time.perf_counter()
            for level, point, diameter in find_levels(sagittal, locator, outliner):
                print(f"{folder.name},{level},{point[0]:.6f},{point[1]:.6f},{point[2]:.6f},{diameter:.6f}")
            if arguments.times:
                print(f"read {read - begun:.3f} levels {time.perf_counter() - read:.3f} networks {network_seconds[0]:.3f}",
                      file=sys.stderr)


if __name__ == "__main__":
    main()
