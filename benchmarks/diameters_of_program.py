#!/usr/bin/env python3
"""The canal's diameters that programs give for SPIDER's studies against its table of radiologists' masks.

    diameters_of_program.py SPIDER PROGRAM [PROGRAM ...] [--limit N] [--options "--threads 1"]

SPIDER has train_images and canal_measurements.csv. The shipped networks learned from these patients: the figures compare
programs, they do not say how well one measures (MODEL_CARD.md does). Prints, for each program, levels with a diameter,
mean absolute error and correlation."""
import argparse
import csv
import io
import pathlib
import shlex
import subprocess

import numpy as np


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spider", type=pathlib.Path)
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--options", default="--threads 1")
    arguments = parser.parse_args()
    truth = {(row["study_id"], row["level"]): float(row["ap_mm"])
             for row in csv.DictReader((arguments.spider / "canal_measurements.csv").open()) if row["ap_mm"]}
    studies = sorted((arguments.spider / "train_images").iterdir())[: arguments.limit or None]
    print(f"{'program':60} {'levels':>6} {'found':>6} {'mean abs mm':>11} {'r':>6}")
    for program in arguments.programs:
        pairs, wanted = [], 0
        for study in studies:
            told = subprocess.run([program, "--quiet", "grade", str(study), *shlex.split(arguments.options)],
                                  capture_output=True, text=True).stdout
            found = {row["level"]: float(row["canal_ap_mm"]) for row in csv.DictReader(io.StringIO(told))
                     if row["condition"] == "spinal_canal_stenosis" and row["canal_ap_mm"]}
            for (name, level), diameter in truth.items():
                wanted += name == study.name
                if name == study.name and level in found:
                    pairs.append((found[level], diameter))
        pairs = np.array(pairs)
        print(f"{program[-60:]:60} {wanted:6} {len(pairs):6} {abs(pairs[:, 0] - pairs[:, 1]).mean():11.3f} "
              f"{np.corrcoef(pairs.T)[0, 1]:6.3f}")


if __name__ == "__main__":
    main()
