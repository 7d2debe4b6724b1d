#!/usr/bin/env python3
"""How well the canal's measures tell Sudirman's boxes of stenosis, which nothing was trained on and which only judge.

    canal_on_boxes.py BUNDLE DATA

BUNDLE has crossvalidation/named_canals.csv (`lumbargrade train measures --named`), DATA has level_points.csv and
sudirman/midsagittal_boxes (class 2 is stenosis). A level L1/L2 to L4/L5 counts as stenotic where a box of stenosis lies
behind its disc. Printed: area under the ROC curve of each measure over all levels; of a logistic model with an intercept
per level, by five folds of patients; and of P(moderate or worse) as the bundle's model gives it."""
import argparse
import csv
import json
import pathlib

import numpy as np

from canal_figures import mid_ranks, moderate

LEVELS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5"]
NEAR = 0.4  # of the distance between discs


def auc(scores, positive):
    n, m = positive.sum(), (~positive).sum()
    return (mid_ranks(scores)[positive].sum() - n * (n + 1) / 2) / (n * m)


def stenotic_levels(data):
    """(file, level) -> whether a box of stenosis lies there, for images with boxes."""
    points = {}
    for row in csv.DictReader((data / "level_points.csv").open()):
        if row["set"].startswith("sudirman"):
            points.setdefault(row["file"], {})[row["level"]] = (float(row["relative_x"]), float(row["relative_y"]))
    found = {}
    for file, levels in points.items():
        boxes = data / "sudirman/midsagittal_boxes" / file.replace(".png", ".txt")
        if not boxes.exists():
            continue
        stenoses = [tuple(map(float, line.split()[1:3])) for line in boxes.read_text().splitlines()
                    if line.split()[0] == "2"]
        step = (levels["L5/S1"][1] - levels["L1/L2"][1]) / 4
        for level in LEVELS:
            x, y = levels[level]
            found[(file, level)] = any(abs(sy - y) < NEAR * step and sx > x for sx, sy in stenoses)
    return found


def folded(columns, level, positive, patient):
    """Scores of a ridge logistic regression on logarithms with an intercept per level, by five folds of patients."""
    patients = sorted(set(patient))
    fold = np.array([patients.index(p) % 5 for p in patient])
    features = np.column_stack([np.log(np.maximum(column, 0.02)) for column in columns])
    features = (features - features.mean(0)) / features.std(0)
    features = np.column_stack([features, np.eye(len(LEVELS))[level]])
    scores = np.zeros(len(level))
    for k in range(5):
        train = fold != k
        weights = np.zeros(features.shape[1])
        for _ in range(30):
            p = 1 / (1 + np.exp(-features[train] @ weights))
            curve = (features[train].T * (p * (1 - p))) @ features[train] + 0.1 * np.eye(len(weights))
            weights += np.linalg.solve(curve, features[train].T @ (positive[train] - p) - 0.1 * weights)
        scores[~train] = features[~train] @ weights
    return auc(scores, positive)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    arguments = parser.parse_args()
    truth = stenotic_levels(arguments.data)
    rows = [row for row in csv.DictReader((arguments.bundle / "crossvalidation/named_canals.csv").open())
            if (row["file"], row["level"]) in truth and row["patient"].startswith("sudirman")]
    positive = np.array([truth[(row["file"], row["level"])] for row in rows])
    level = np.array([LEVELS.index(row["level"]) for row in rows])
    patient = [row["patient"] for row in rows]
    fluid, diameter = (np.array([float(row[name]) for row in rows]) for name in ("fluid_ratio", "diameter_mm"))
    ratio = np.array([float(row["ratio"] or 1) for row in rows])
    model = json.loads((arguments.bundle / "manifest.json").read_text())["grading"]["fluid_measure"]
    grade = np.array([moderate(model, row["level"], f, d) for row, f, d in zip(rows, fluid, diameter)])
    print(f"{len(rows)} levels of {len(set(patient))} patients, {positive.sum()} with a box of stenosis")
    print("measure                      AUC    with an intercept per level, five folds")
    for name, columns in (("diameter", [diameter]), ("ratio", [ratio]), ("fluid ratio", [fluid]),
                          ("diameter and fluid ratio", [diameter, fluid])):
        alone = f"{auc(-columns[0], positive):.3f}" if len(columns) == 1 else "-"
        print(f"{name:28} {alone:6} {folded(columns, level, positive, patient):.3f}")
    print(f"{'P(moderate or worse)':28} {auc(grade, positive):.3f}")


if __name__ == "__main__":
    main()
