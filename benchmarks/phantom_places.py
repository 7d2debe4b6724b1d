#!/usr/bin/env python3
"""What `lumbargrade grade` finds in phantoms against their truth: the foramen's slice and place, the recess's area on
axial T2 against the true depth, the canal's diameter.

    phantom_places.py LUMBARGRADE PHANTOM

PHANTOM is a data set of `lumbargrade phantom`."""
import argparse
import csv
import io
import json
import pathlib
import subprocess

import numpy as np

SLICE_MM = 4.5


def graded(program, study):
    text = subprocess.run([program, "grade", study], check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(io.StringIO(text)))


def correlation(pairs):
    pairs = np.array(pairs)
    return np.corrcoef(pairs.T)[0, 1] if len(pairs) > 2 else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("phantom", type=pathlib.Path)
    arguments = parser.parse_args()
    foramina, areas, sacs, canals = [], [], [], []
    for study in json.loads((arguments.phantom / "truth.json").read_text()):
        levels = {level["level"]: level for level in study["levels"]}
        for row in graded(arguments.program, str(arguments.phantom / "train_images" / str(study["study_id"]))):
            level = levels.get(row["level"].lower().replace("/", "_"))
            if level is None:
                continue
            if row["foramen_fat_share"]:
                found = np.array([float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")])
                offset = found - np.array(level[row["side"]]["foramen_point_patient_mm"])
                foramina.append((abs(offset[0]) / SLICE_MM, np.hypot(offset[1], offset[2])))
            if row["recess_area_mm2"]:
                areas.append((float(row["recess_area_mm2"]), level[row["side"]]["recess_mm"]))
            if row["sac_area_mm2"]:
                sacs.append((float(row["sac_area_mm2"]), level["sac_area_mm2"]))
            if row["canal_ap_mm"]:
                canals.append((float(row["canal_ap_mm"]), level["canal_mm"]))
    foramina = np.array(foramina)
    errors = np.array([abs(a - b) for a, b in canals])
    print(f"foramina {len(foramina)}: within half a slice {np.mean(foramina[:, 0] <= 0.5):.2f}, within one and a half "
          f"{np.mean(foramina[:, 0] <= 1.5):.3f}, median in the plane {np.median(foramina[:, 1]):.1f} mm")
    print(f"recesses {len(areas)}: area on axial T2 against the true depth r {correlation(areas):.3f}")
    print(f"sacs {len(sacs)}: area on axial T2 against the true area r {correlation(sacs):.3f}")
    print(f"canals {len(canals)}: diameter within 1 mm {np.mean(errors <= 1):.2f}, median error {np.median(errors):.2f} mm")


if __name__ == "__main__":
    main()
