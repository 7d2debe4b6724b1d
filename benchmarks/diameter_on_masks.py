#!/usr/bin/env python3
"""The canal's diameter and the recess's depth against SPIDER's masks, on patients that the fold's network had not seen.

    diameter_on_masks.py BUNDLE

reads BUNDLE/crossvalidation (canal_held_out*.csv, canal_recess*.csv of three folds by patient) and prints mean absolute
error and correlation, by level, without each of the three worst levels, and of slices averaged to 4.5 mm (thick)."""
import argparse
import csv
import pathlib

import numpy as np

LEVELS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]


def table(folder, name):
    rows = []
    for path in sorted(folder.glob(f"{name}_[0-9].csv")):
        rows += csv.DictReader(path.open())
    return rows


def pairs_of(rows, measured, truth):
    rows = [row for row in rows if row[measured] and row[truth]]
    return rows, np.array([[float(row[measured]), float(row[truth])] for row in rows])


def line(name, pairs):
    error = np.abs(pairs[:, 0] - pairs[:, 1])
    return (f"{name:34} n {len(pairs):4}  mean absolute error {error.mean():.3f} mm  r {np.corrcoef(pairs.T)[0, 1]:.3f}  "
            f"within 1 mm {np.mean(error <= 1):.2f}  median {np.median(error):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=pathlib.Path)
    folder = parser.parse_args().bundle / "crossvalidation"
    for kind in ("", "_thick"):
        rows, pairs = pairs_of(table(folder, f"canal_held_out{kind}"), "diameter_mm", "true_diameter_mm")
        print(line(f"diameter{kind}", pairs))
        if kind == "":
            for level in LEVELS:
                print(line(f"  {level}", pairs[[row["level"] == level for row in rows]]))
            worst = np.argsort(-np.abs(pairs[:, 0] - pairs[:, 1]))[:3]
            told = ", ".join(f"{rows[k]['study_id']} {rows[k]['level']} {pairs[k, 0]:.1f} for {pairs[k, 1]:.1f}" for k in worst)
            print(line("  without the three worst", np.delete(pairs, worst, axis=0)) + f" ({told})")
        recesses = table(folder, f"canal_recess{kind}")
        for side in ("left", "right"):
            _, pairs = pairs_of([row for row in recesses if row["side"] == side], "depth_mm", "true_depth_mm")
            print(line(f"recess depth{kind}, {side}", pairs))


if __name__ == "__main__":
    main()
