#!/usr/bin/env python3
"""What a change of the program changed in its results: two programs on the same studies.

    compare_programs.py OLD NEW STUDY... [--options "--threads 1"]

Prints, over all rows of all studies: rows that only one of them has, grades that differ, and of points (mm), level
confidences, probabilities and every measure the largest and the mean difference."""
import argparse
import csv
import io
import math
import shlex
import subprocess

MEASURES = ["canal_ap_mm", "canal_ratio", "canal_fluid_ratio", "sac_area_mm2", "recess_area_mm2", "recess_depth_mm",
            "foramen_fat_share", "level_confidence", "normal_mild", "moderate", "severe"]


def rows_of(program, options, study):
    told = subprocess.run([program, "--quiet", "grade", study, *options], capture_output=True, text=True)
    if told.returncode != 0:
        return {}
    return {(row["study_id"], row["condition"], row["side"], row["level"]): row
            for row in csv.DictReader(io.StringIO(told.stdout))}


def number(row, column):
    return float(row[column]) if row.get(column) else None


def point_of(row):
    return [float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")] if row["x_mm"] else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--options", default="--threads 1")
    parser.add_argument("--worst", action="store_true", help="name the study and row of each largest difference")
    arguments = parser.parse_args()
    options = shlex.split(arguments.options)
    differences = {name: [] for name in ["point mm", *MEASURES]}
    unlike, grades, rows, failed = 0, 0, 0, 0
    for study in arguments.studies:
        old, new = (rows_of(program, options, study) for program in (arguments.old, arguments.new))
        failed += bool(old) != bool(new)
        unlike += len(set(old) ^ set(new))
        for key in sorted(set(old) & set(new)):
            rows += 1
            a, b = old[key], new[key]
            grades += a["grade"] != b["grade"]
            here = " ".join(key)
            if point_of(a) and point_of(b):
                differences["point mm"].append((math.dist(point_of(a), point_of(b)), here))
            for name in MEASURES:
                x, y = number(a, name), number(b, name)
                unlike += (x is None) != (y is None)
                if x is not None and y is not None:
                    differences[name].append((abs(x - y), here))
    print(f"{len(arguments.studies)} studies, {rows} rows; {failed} studies graded by one alone, {unlike} rows or values of "
          f"one alone, {grades} grades differ")
    print(f"{'':20} {'n':>6} {'mean':>9} {'90 %':>9} {'largest':>9}")
    for name, values in differences.items():
        if values:
            ordered = sorted(values)
            print(f"{name:20} {len(values):6} {sum(v for v, _ in values) / len(values):9.5f} "
                  f"{ordered[int(0.9 * (len(ordered) - 1))][0]:9.5f} {ordered[-1][0]:9.5f}"
                  + (f"  {ordered[-1][1]}" if arguments.worst else ""))


if __name__ == "__main__":
    main()
