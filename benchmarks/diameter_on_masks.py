#!/usr/bin/env python3
"""The canal's diameter and the recess's depth against SPIDER's masks, on patients that the fold's network had not seen.

    diameter_on_masks.py BUNDLE [--own OWN.csv]

reads BUNDLE/crossvalidation (canal_held_out*.csv, canal_recess*.csv of three folds by patient) and prints mean absolute
error and correlation, by level, without each of the three worst levels, and of slices averaged to 4.5 mm (thick).

SPIDER's table measures all levels in the study's central slices, so that a crooked canal counts as narrow. OWN.csv, as
`canal_on_masks BUNDLE DATA > OWN.csv` prints it, has what the masks show in each level's own middle slices: with it the
figures are counted both ways, and apart for levels whose canal leaves the central slices."""
import argparse
import csv
import pathlib

import numpy as np

CENTRAL_MM = 2.75  # the table's central slices: src/levels/central_slices.h
LEVELS = ["L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"]


def table(folder, name):
    rows = []
    for path in sorted(folder.glob(f"{name}_[0-9].csv")):
        rows += csv.DictReader(path.open())
    return rows


def pairs_of(rows, measured, truth):
    rows = [row for row in rows if row[measured] and row[truth]]
    return rows, np.array([[float(row[measured]), float(row[truth])] for row in rows])


def own_middles(path, rows):
    """Diameter in the level's own middle slices, and how far these lie beside the study's, mm, of each row."""
    own = {(row["study_id"], row["level"]): row for row in csv.DictReader(path.open())}
    chosen = [own[row["study_id"], row["level"]] for row in rows]
    return np.array([[float(row["own_diameter_mm"]), float(row["aside_mm"])] for row in chosen]).T


def print_both_ways(rows, pairs, path):
    own_mm, aside_mm = own_middles(path, rows)
    own = np.column_stack([pairs[:, 0], own_mm])
    central = aside_mm <= CENTRAL_MM
    print(line("  in the level's own middle", own))
    print(line("  canal in the central slices", pairs[central]))
    print(line("    in the level's own middle", own[central]))
    beside = np.abs(own[~central, 0] - own[~central, 1])
    print(line("  canal beside them, own middle", own[~central]) + f"  within 2 mm {np.sum(beside <= 2)} of {len(beside)}")


def line(name, pairs):
    error = np.abs(pairs[:, 0] - pairs[:, 1])
    return (f"{name:34} n {len(pairs):4}  mean absolute error {error.mean():.3f} mm  r {np.corrcoef(pairs.T)[0, 1]:.3f}  "
            f"within 1 mm {np.mean(error <= 1):.2f}  median {np.median(error):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("--own", type=pathlib.Path, metavar="OWN.csv")
    arguments = parser.parse_args()
    folder = arguments.bundle / "crossvalidation"
    for kind in ("", "_thick"):
        rows, pairs = pairs_of(table(folder, f"canal_held_out{kind}"), "diameter_mm", "true_diameter_mm")
        print(line(f"diameter{kind}", pairs))
        if arguments.own:
            print_both_ways(rows, pairs, arguments.own)
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
