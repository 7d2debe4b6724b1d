#!/usr/bin/env python3
"""Whether networks in 8-bit integers find what they find in float32: the same program and weights in both.

    precisions.py PROGRAM LOCATE_IMAGES BUNDLE DATA [--precisions float32 int8] [--limit N]

LOCATE_IMAGES is the program of benchmarks/locate_images.cpp. DATA holds spider/ (studies with masks' diameters) and
level_points.csv (images whose discs were named by hand). The shipped networks learned from some of these patients: the
figures compare precisions, they do not say how well the networks find levels (MODEL_CARD.md does). Prints, for each
precision, images with five right names, of the studies mean absolute error and correlation of the diameters, and what
changed against the first precision: names, the discs' places, diameters, fluid ratios, probabilities and grades.
"""
import argparse
import collections
import csv
import io
import pathlib
import subprocess
import tempfile

import numpy as np

LEVELS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]
USUAL_DISTANCE_MM = 35
CLASSES = ("normal_mild", "moderate", "severe")


def named_images(data):
    """path -> (height of each level as a share, mean distance of neighbours as a share of the height)"""
    points = collections.defaultdict(dict)
    for row in csv.DictReader((data / "level_points.csv").open()):
        points[data / row["set"] / row["file"]][row["level"]] = float(row["relative_y"])
    return {path: [levels[level] for level in LEVELS] for path, levels in points.items()
            if len(levels) == len(LEVELS) and path.exists()}


def located(arguments, images, precision):
    """path -> level -> (x, y), pixels"""
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "list.csv"
        with table.open("w") as out:
            out.write("file,pixel_mm,rows\n")
            for path, (size, heights) in images.items():
                pixel_mm = USUAL_DISTANCE_MM * 4 / ((heights[4] - heights[0]) * size[1])
                out.write(f"{path},{pixel_mm:.5f},0\n")
        told = subprocess.run([arguments.locate_images, arguments.bundle, table, precision], capture_output=True, text=True,
                              check=True).stdout
    found = collections.defaultdict(dict)
    for row in csv.DictReader(io.StringIO(told)):
        if row["level"]:
            found[pathlib.Path(row["file"])][row["level"]] = (float(row["x"]), float(row["y"]), float(row["pixel_mm"]))
    return found


def is_right(levels, size, heights):
    """All five lie nearer to their own height than to a neighbour's."""
    half = (heights[4] - heights[0]) / 8 * size[1]
    tilt = [0, 0, 0, 0, 0.35 * 2 * half]  # hand labels of L5/S1 lie on an edge, above the centre
    return all(level in levels and abs(levels[level][1] - heights[k] * size[1] - tilt[k]) < half
               for k, level in enumerate(LEVELS))


def graded(arguments, study, precision):
    told = subprocess.run([arguments.program, "--quiet", "grade", str(study), "--bundle", arguments.bundle, "--precision",
                           precision], capture_output=True, text=True, check=True).stdout
    return {(row["condition"], row["side"], row["level"]): row for row in csv.DictReader(io.StringIO(told))}


def differences(first, second, column):
    values = [abs(float(a[column]) - float(second[key][column])) for key, a in first.items()
              if a[column] and second[key][column]]
    return f"{np.median(values):.4f} / {np.quantile(values, 0.95):.4f} / {max(values):.4f} (n {len(values)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("locate_images")
    parser.add_argument("bundle")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--precisions", nargs="+", default=["float32", "int8"])
    parser.add_argument("--limit", type=int, default=None)
    arguments = parser.parse_args()
    from PIL import Image
    images = {path: (Image.open(path).size, heights)
              for path, heights in list(named_images(arguments.data).items())[: arguments.limit]}
    truth = {(row["study_id"], row["level"]): float(row["ap_mm"])
             for row in csv.DictReader((arguments.data / "spider" / "canal_measurements.csv").open()) if row["ap_mm"]}
    studies = sorted((arguments.data / "spider" / "train_images").iterdir())[: arguments.limit]
    base_places, base_rows = None, None
    for precision in arguments.precisions:
        places = located(arguments, images, precision)
        right = sum(is_right(places[path], *images[path]) for path in images)
        rows = {(study.name, *key): row for study in studies for key, row in graded(arguments, study, precision).items()}
        pairs = [(float(row["canal_ap_mm"]), truth[key[0], key[3]]) for key, row in rows.items()
                 if key[1] == "spinal_canal_stenosis" and row["canal_ap_mm"] and (key[0], key[3]) in truth]
        measured, true = np.array(pairs).T
        print(f"{precision}: {right} of {len(images)} images with five right names; {len(pairs)} diameters, mean absolute "
              f"error {np.abs(measured - true).mean():.3f} mm, r {np.corrcoef(measured, true)[0, 1]:.4f}")
        if base_rows is None:
            base_places, base_rows = places, rows
            continue
        shifts, renamed = [], 0
        for path in images:
            both = set(places[path]) & set(base_places[path])
            moved = [np.hypot(*(np.subtract(places[path][level][:2], base_places[path][level][:2]))) *
                     base_places[path][level][2] for level in both]
            renamed += set(places[path]) != set(base_places[path]) or any(shift > 10 for shift in moved)
            shifts += moved
        print(f"  against {arguments.precisions[0]}: images named otherwise {renamed}; median / 95 % / largest difference")
        print(f"    discs' places in the images, mm: {np.median(shifts):.3f} / {np.quantile(shifts, 0.95):.3f} / "
              f"{max(shifts):.3f} (n {len(shifts)})")
        for column in ("canal_ap_mm", "canal_fluid_ratio", "recess_depth_mm", "level_confidence", *CLASSES):
            print(f"    {column}: {differences(base_rows, rows, column)}")
        changed = sum(row["grade"] != rows[key]["grade"] for key, row in base_rows.items())
        print(f"    grades that changed: {changed} of {len(base_rows)}")


if __name__ == "__main__":
    main()
