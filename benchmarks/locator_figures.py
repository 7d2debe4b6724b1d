#!/usr/bin/env python3
"""Prints the locator's figures on single mid-sagittal images that training did not use.

    locator_figures.py LOCATE_IMAGES BUNDLE|WEIGHTS SUDIRMAN [--limit N]

LOCATE_IMAGES is the program of benchmarks/locate_images.cpp, SUDIRMAN the folder with midsagittal/ and
midsagittal_boxes/ (classes 0, 1, 4 and 5 are discs: degenerated, normal, bulging; the lowest disc box is L5/S1; class 2
is stenosis). The boxes only judge.

Reported, for T1 and T2: images with all five names right (each disc within half the distance between discs of its box),
images shifted by one level; of whole images and of images cut through L5 or above, the share flagged as uncertain;
area under the ROC curve of the canal ratio at L1-L5 against stenosis boxes.
"""
import argparse
import csv
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score

LEVELS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
DISC_CLASSES = {0, 1, 4, 5}
ASSUMED_WIDTH_MM = 280
UNCERTAIN = {"level_names_uncertain", "nothing_found", "fewer_than_five_discs"}


def read_boxes(path, width, height):
    boxes = []
    for line in path.read_text().splitlines():
        kind, x, y, w, h = line.split()
        boxes.append((int(kind), float(x) * width, float(y) * height, float(w) * width, float(h) * height))
    return boxes


def named_discs(boxes):
    """The five lowest disc boxes, L1/L2 first, or None where boxes are missing, doubled or unevenly spaced."""
    discs = []
    for kind, x, y, _, height in sorted(boxes, key=lambda box: box[2]):
        if kind in DISC_CLASSES and not (discs and y - discs[-1][1] < 0.4 * height):  # a disc may have two boxes
            discs.append((x, y))
    if len(discs) < 5:
        return None
    discs = np.array(discs[-5:])
    steps = np.linalg.norm(np.diff(discs, axis=0), axis=1)
    return discs if steps.max() < 1.7 * steps.min() else None


def run(program, weights, rows):
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as listing:
        writer = csv.writer(listing)
        writer.writerow(["file", "pixel_mm", "rows"])
        writer.writerows(rows)
        listing.flush()
        output = subprocess.run([program, weights, listing.name], check=True, capture_output=True, text=True).stdout
    found = {}
    for row in csv.DictReader(output.splitlines()):
        found.setdefault((row["file"], row["rows"]), []).append(row)
    return found


def is_uncertain(rows):
    return bool(UNCERTAIN & set(rows[0]["flags"].split()))


def judge(truth, rows):
    """(all five right, shifted by one, errors in mm)"""
    step = np.linalg.norm(np.diff(truth, axis=0), axis=1).mean()
    centres = {row["level"]: (float(row["x"]), float(row["y"])) for row in rows if row["level"]}
    errors = [np.linalg.norm(np.subtract(centres[level], truth[k])) if level in centres else np.inf
              for k, level in enumerate(LEVELS)]
    shifted = any(
        all(level in centres and 0 <= k + shift < 5
            and np.linalg.norm(np.subtract(centres[level], truth[k + shift])) < step / 2
            for k, level in enumerate(LEVELS) if 0 <= k + shift < 5)
        for shift in (-1, 1))
    pixel_mm = float(rows[0]["pixel_mm"]) if rows[0]["pixel_mm"] else np.nan
    return max(errors) < step / 2, shifted, [e * pixel_mm for e in errors if np.isfinite(e)]


def stenosis_scores(boxes, truth, rows):
    """(is stenotic, -ratio) for L1/L2 ... L4/L5."""
    step = np.linalg.norm(np.diff(truth, axis=0), axis=1).mean()
    stenoses = [(x, y) for kind, x, y, _, _ in boxes if kind == 2]
    for row in rows:
        if row["level"] in LEVELS[:4] and row["ratio"]:
            disc = truth[LEVELS.index(row["level"])]
            stenotic = any(abs(y - disc[1]) < 0.4 * step and x > disc[0] for x, y in stenoses)
            yield stenotic, -float(row["ratio"])


def cut_row(truth, random):
    """A row from the middle of L5 up to the middle of L3: the scan ends there."""
    low, high = truth[2:4, 1].mean(), truth[3:5, 1].mean()
    return int(random.uniform(low, high))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("weights")
    parser.add_argument("sudirman", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=0, help="images per contrast, 0: all")
    parser.add_argument("--misses", action="store_true", help="name the images with a wrong level")
    arguments = parser.parse_args()
    random = np.random.default_rng(1)

    print(f"{'set':4} {'images':>6} {'five right':>10} {'shifted':>8} {'median mm':>9} {'90 % mm':>8} "
          f"{'flagged whole':>13} {'flagged cut':>11} {'AUC stenosis':>12}")
    for contrast in ("t2", "t1"):
        cases = {}
        for path in sorted((arguments.sudirman / "midsagittal").glob(f"*_{contrast}.png")):
            boxes_path = arguments.sudirman / "midsagittal_boxes" / (path.stem + ".txt")
            if not boxes_path.exists():
                continue
            width, height = Image.open(path).size
            boxes = read_boxes(boxes_path, width, height)
            truth = named_discs(boxes)
            if truth is not None:
                cases[str(path)] = (boxes, truth, ASSUMED_WIDTH_MM / width, cut_row(truth, random))
        cases = dict(list(cases.items())[: arguments.limit or None])
        if not cases:
            continue
        listing = [(f, p, 0) for f, (_, _, p, _) in cases.items()] + [(f, p, c) for f, (_, _, p, c) in cases.items()]
        found = run(arguments.program, arguments.weights, listing)

        right, shifted, errors, labels, scores = 0, 0, [], [], []
        for file, (boxes, truth, _, _) in cases.items():
            rows = found[(file, "0")]
            is_right, is_shifted, mm = judge(truth, rows)
            right += is_right
            shifted += is_shifted
            errors += mm
            for stenotic, score in stenosis_scores(boxes, truth, rows):
                labels.append(stenotic)
                scores.append(score)
            if arguments.misses and not is_right:
                print("  miss:", file, "shifted" if is_shifted else "", rows[0]["flags"], file=sys.stderr)
        n = len(cases)
        whole = sum(is_uncertain(found[(f, "0")]) for f in cases)
        cut = sum(is_uncertain(found[(f, str(c[3]))]) for f, c in cases.items())
        print(f"{contrast:4} {n:6} {100 * right / n:9.1f}% {100 * shifted / n:7.1f}% {np.median(errors):9.2f} "
              f"{np.percentile(errors, 90):8.2f} {100 * whole / n:12.1f}% {100 * cut / n:10.1f}% "
              f"{roc_auc_score(labels, scores):12.3f}")


if __name__ == "__main__":
    main()
