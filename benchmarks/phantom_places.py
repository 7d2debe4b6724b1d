#!/usr/bin/env python3
"""What `lumbargrade grade` finds in phantoms against their truth: the foramen's slice and place, the recess's area on
axial T2 against the true depth, the canal's diameter.

    phantom_places.py LUMBARGRADE PHANTOM

PHANTOM is a data set of `lumbargrade phantom` that the bundle has not learned from. A foramen's slice is the image that
the row names; right is the image of its series nearest to the true point."""
import argparse
import csv
import io
import json
import pathlib
import subprocess

import numpy as np
import pydicom

LEVELS = ["l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1"]


def graded(program, study):
    text = subprocess.run([program, "grade", study], check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(io.StringIO(text)))


class Stack:
    """Where the slices of a series lie along their normal."""

    def __init__(self, folder):
        headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in folder.glob("*.dcm")]
        row, column = np.array(headers[0].ImageOrientationPatient, float).reshape(2, 3)
        self.normal = np.cross(row, column)
        heights = [(np.array(h.ImagePositionPatient, float) @ self.normal, h.SOPInstanceUID) for h in headers]
        self.order = {uid: k for k, (_, uid) in enumerate(sorted(heights))}
        self.heights = np.array(sorted(height for height, _ in heights))

    def slices_apart(self, uid, point):
        return abs(self.order[uid] - int(np.argmin(np.abs(self.heights - point @ self.normal))))

    def in_plane(self, offset):
        return np.linalg.norm(offset - self.normal * (offset @ self.normal))


def correlation(pairs):
    pairs = np.array(pairs)
    return np.corrcoef(pairs.T)[0, 1] if len(pairs) > 2 else float("nan")


def auc(narrow, wide):
    narrow, wide = np.array(narrow), np.array(wide)
    if len(narrow) == 0 or len(wide) == 0:
        return float("nan")
    return np.mean((narrow[:, None] < wide) + 0.5 * (narrow[:, None] == wide))


def told(foramina):
    return (f"exact {np.mean(foramina[:, 0] == 0):.2f}, within one slice {np.mean(foramina[:, 0] <= 1):.3f}, "
            f"median in the plane {np.median(foramina[:, 1]):.1f} mm")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("phantom", type=pathlib.Path)
    arguments = parser.parse_args()
    foramina, shares, areas, sacs, canals = [], [], [], [], []
    for study in json.loads((arguments.phantom / "truth.json").read_text()):
        levels = {level["level"]: level for level in study["levels"]}
        folder = arguments.phantom / "train_images" / str(study["study_id"])
        t1 = next(series["series_id"] for series in study["series"] if series["contrast"] == "T1")
        stack = Stack(folder / str(t1))
        for row in graded(arguments.program, str(folder)):
            level = levels.get(row["level"].lower().replace("/", "_"))
            if level is None:
                continue
            if row["foramen_fat_share"]:
                side = level[row["side"]]
                found = np.array([float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")])
                truth = np.array(side["foramen_point_patient_mm"])
                foramina.append((stack.slices_apart(row["sop_instance_uid"], truth), stack.in_plane(found - truth),
                                 LEVELS.index(level["level"])))
                shares.append((float(row["foramen_fat_share"]), side["foramen_grade"]))
            if row["recess_area_mm2"]:
                areas.append((float(row["recess_area_mm2"]), level[row["side"]]["recess_mm"],
                              level[row["side"]]["recess_grade"]))
            if row["sac_area_mm2"]:
                sacs.append((float(row["sac_area_mm2"]), level["sac_area_mm2"]))
            if row["canal_ap_mm"]:
                canals.append((float(row["canal_ap_mm"]), level["canal_mm"]))
    foramina = np.array(foramina)
    errors = np.array([abs(a - b) for a, b in canals])
    print(f"foramina {len(foramina)}: {told(foramina)}")
    for k, name in enumerate(LEVELS):
        print(f"  {name}: {told(foramina[foramina[:, 2] == k])}")
    print(f"  share of fat: AUC of moderate or worse "
          f"{auc([s for s, g in shares if g != 'normal_mild'], [s for s, g in shares if g == 'normal_mild']):.3f}, severe "
          f"{auc([s for s, g in shares if g == 'severe'], [s for s, g in shares if g != 'severe']):.3f}")
    print(f"recesses {len(areas)}: area on axial T2 against the true depth r {correlation([a[:2] for a in areas]):.3f}, AUC of "
          f"moderate or worse {auc([a for a, _, g in areas if g != 'normal_mild'], [a for a, _, g in areas if g == 'normal_mild']):.3f}"
          f", severe {auc([a for a, _, g in areas if g == 'severe'], [a for a, _, g in areas if g != 'severe']):.3f}")
    print(f"sacs {len(sacs)}: area on axial T2 against the true area r {correlation(sacs):.3f}")
    print(f"canals {len(canals)}: diameter within 1 mm {np.mean(errors <= 1):.2f}, median error {np.median(errors):.2f} mm")


if __name__ == "__main__":
    main()
