#!/usr/bin/env python3
"""How far the points that `lumbargrade grade` centres crops on lie from a data set's own coordinates.

    points_on_coordinates.py LUMBARGRADE DATA [--bundle BUNDLE] [--studies N]

DATA is in the challenge's layout, with train_label_coordinates.csv; for honest figures the bundle has not learned from it.
A point's slice is the image of the labelled series that lies nearest to it."""
import argparse
import csv
import pathlib
import subprocess

import numpy as np

from phantom_places import ANCHORS, Series, graded, told


def anchor_of(condition):
    words = condition.lower().replace("_", " ")
    side = words.split()[0] if words.split()[0] in ("left", "right") else None
    return next(anchor for anchor, word in zip(ANCHORS, ("spinal", "foraminal", "subarticular")) if word in words), side


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--bundle")
    parser.add_argument("--studies", type=int, help="only the first so many")
    arguments = parser.parse_args()
    rows = list(csv.DictReader(open(arguments.data / "train_label_coordinates.csv", newline="")))
    studies = sorted({row["study_id"] for row in rows})[: arguments.studies]
    errors = {anchor: [] for anchor in ANCHORS}
    lost = 0
    for study in studies:
        folder = arguments.data / "train_images" / study
        try:
            levels = graded(arguments.program, str(folder), arguments.bundle)["spine"]["levels"]
        except subprocess.CalledProcessError as error:
            print(f"{study}: {error.stderr.strip().splitlines()[-1]}")
            continue
        found = {(level["level"].lower().replace("/", "_"), p["anchor"], p["side"]): np.array(p["point_mm"])
                 for level in levels for p in level.get("points", [])}
        series = {}
        for row in (row for row in rows if row["study_id"] == study):
            anchor, side = anchor_of(row["condition"])
            place = found.get((row["level"].lower().replace("/", "_"), anchor, side))
            if place is None:
                lost += 1
                continue
            if row["series_id"] not in series:
                series[row["series_id"]] = Series(folder / row["series_id"])
            stack = series[row["series_id"]]
            truth = stack.point(int(row["instance_number"]), float(row["x"]), float(row["y"]))
            errors[anchor].append((stack.slices_apart(place, truth), stack.in_plane(place, truth)))
    for anchor in ANCHORS:
        print(f"{anchor} points {told(errors[anchor])}")
    print(f"{lost} points of levels that were not found")


if __name__ == "__main__":
    main()
