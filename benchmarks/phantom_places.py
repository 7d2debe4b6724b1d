#!/usr/bin/env python3
"""What `lumbargrade grade` finds in phantoms against their truth: the points that crops are centred on, the foramen's
slice and place, the recess's area on axial T2 against the true depth, the canal's diameter.

    phantom_places.py LUMBARGRADE PHANTOM [--bundle BUNDLE] [--studies N]

PHANTOM is a data set of `lumbargrade phantom` that the bundle has not learned from. A point's slice is the image of its
series (canal: sagittal T2, foramen: sagittal T1, recess: axial T2) that lies nearest to it; right is the image nearest
to the true point. A point whose level was not found is lost: it counts as wrong."""
import argparse
import json
import pathlib
import subprocess

import numpy as np
import pydicom

LEVELS = ["l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1"]
ANCHORS = {"canal": "T2", "foramen": "T1", "recess": "axial"}
FAR = 99


def graded(program, study, bundle):
    command = [program, "grade", study, "--format", "json"] + (["--bundle", bundle] if bundle else [])
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Series:
    """Where the slices of a series lie; it may be several blocks."""

    def __init__(self, folder):
        headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in sorted(folder.glob("*.dcm"))]
        self.instances = [int(h.InstanceNumber) for h in headers]
        self.position = np.array([h.ImagePositionPatient for h in headers], float)
        orientation = np.array([h.ImageOrientationPatient for h in headers], float).reshape(-1, 2, 3)
        self.normal = np.cross(orientation[:, 0], orientation[:, 1])
        spacing = np.array([h.PixelSpacing for h in headers], float)
        self.axes = orientation / spacing[:, ::-1, None]
        self.steps = orientation * spacing[:, ::-1, None]
        self.sizes = np.array([(h.Columns, h.Rows) for h in headers], float)

    def point(self, instance, column, row):
        k = self.instances.index(instance)
        return self.position[k] + column * self.steps[k, 0] + row * self.steps[k, 1]

    def nearest(self, point):
        distance = np.abs(np.einsum("ij,ij->i", point - self.position, self.normal))
        pixels = np.einsum("ikj,ij->ik", self.axes, point - self.position)
        outside = ((pixels < 0) | (pixels > self.sizes - 1)).any(1)
        return int(np.argmin(distance + 1e3 * outside))

    def slices_apart(self, found, truth):
        first, last = self.nearest(found), self.nearest(truth)
        if abs(self.normal[first] @ self.normal[last]) < 0.999:
            return FAR
        block = np.flatnonzero(np.abs(self.normal @ self.normal[last]) > 0.999)
        order = block[np.argsort(self.position[block] @ self.normal[last])]
        return abs(int(np.flatnonzero(order == first)[0]) - int(np.flatnonzero(order == last)[0]))

    def in_plane(self, found, truth):
        offset, normal = found - truth, self.normal[self.nearest(truth)]
        return np.linalg.norm(offset - normal * (offset @ normal))


def true_points(level):
    """(anchor, side) -> point."""
    points = {("canal", None): level["canal_point_patient_mm"]}
    for side in ("left", "right"):
        points["foramen", side] = level[side]["foramen_point_patient_mm"]
        points["recess", side] = level[side]["recess_point_patient_mm"]
    return {key: np.array(point) for key, point in points.items()}


def correlation(pairs):
    pairs = np.array(pairs)
    return np.corrcoef(pairs.T)[0, 1] if len(pairs) > 2 else float("nan")


def auc(narrow, wide):
    narrow, wide = np.array(narrow), np.array(wide)
    if len(narrow) == 0 or len(wide) == 0:
        return float("nan")
    return np.mean((narrow[:, None] < wide) + 0.5 * (narrow[:, None] == wide))


def told(errors):
    errors = np.array(errors)
    if len(errors) == 0:
        return "none"
    return (f"{len(errors)}: slice exact {100 * np.mean(errors[:, 0] == 0):5.1f} %, within one "
            f"{100 * np.mean(errors[:, 0] <= 1):5.1f} %, in the plane median {np.median(errors[:, 1]):4.2f} mm, 95 % below "
            f"{np.quantile(errors[:, 1], 0.95):4.1f} mm")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("phantom", type=pathlib.Path)
    parser.add_argument("--bundle")
    parser.add_argument("--studies", type=int, help="only the first so many")
    arguments = parser.parse_args()
    points = {(anchor, level): [] for anchor in ANCHORS for level in LEVELS}
    sources = {}
    foramina, shares, areas, sacs, canals = [], [], [], [], []
    for study in json.loads((arguments.phantom / "truth.json").read_text())[: arguments.studies]:
        levels = {level["level"]: level for level in study["levels"]}
        folder = arguments.phantom / "train_images" / str(study["study_id"])
        ids = {s["contrast"] if "Sagittal" in s["description"] else "axial": s["series_id"] for s in study["series"]}
        ids.setdefault("T2", ids.get("STIR"))
        series = {anchor: Series(folder / str(ids[contrast])) for anchor, contrast in ANCHORS.items()}
        result = graded(arguments.program, str(folder), arguments.bundle)
        for level in result["spine"]["levels"]:
            key = level["level"].lower().replace("/", "_")
            truth = true_points(levels[key])
            found = {(p["anchor"], p["side"]): p for p in level.get("points", [])}
            for (anchor, side), point in truth.items():
                answer = found.get((anchor, side))
                if answer is None:
                    points[anchor, key].append((FAR, FAR))
                    continue
                place = np.array(answer["point_mm"])
                points[anchor, key].append((series[anchor].slices_apart(place, point), series[anchor].in_plane(place, point)))
                sources[anchor, answer["source"]] = sources.get((anchor, answer["source"]), 0) + 1
        for row in result["grades"]:
            level = levels[row["level"].lower().replace("/", "_")]
            measures = {measure["key"]: measure["value"] for measure in row["measures"]}
            if "foramen_fat_share" in measures:
                truth = true_points(level)["foramen", row["side"]]
                place = np.array(row["point_mm"])
                foramina.append((series["foramen"].slices_apart(place, truth), series["foramen"].in_plane(place, truth)))
                shares.append((measures["foramen_fat_share"], level[row["side"]]["foramen_grade"]))
            if "recess_area_mm2" in measures:
                areas.append((measures["recess_area_mm2"], level[row["side"]]["recess_mm"], level[row["side"]]["recess_grade"]))
            if "sac_area_mm2" in measures:
                sacs.append((measures["sac_area_mm2"], level["sac_area_mm2"]))
            if "canal_ap_mm" in measures:
                canals.append((measures["canal_ap_mm"], level["canal_mm"]))
    for anchor in ANCHORS:
        used = ", ".join(f"{count} {source}" for (own, source), count in sorted(sources.items()) if own == anchor)
        print(f"{anchor} points {told(sum((points[anchor, level] for level in LEVELS), []))} ({used})")
        for level in LEVELS:
            print(f"  {level}: {told(points[anchor, level])}")
    print(f"foramina where they were measured {told(foramina)}")
    print(f"  share of fat: AUC of moderate or worse "
          f"{auc([s for s, g in shares if g != 'normal_mild'], [s for s, g in shares if g == 'normal_mild']):.3f}, severe "
          f"{auc([s for s, g in shares if g == 'severe'], [s for s, g in shares if g != 'severe']):.3f}")
    print(f"recesses {len(areas)}: area on axial T2 against the true depth r {correlation([a[:2] for a in areas]):.3f}, AUC of "
          f"moderate or worse {auc([a for a, _, g in areas if g != 'normal_mild'], [a for a, _, g in areas if g == 'normal_mild']):.3f}"
          f", severe {auc([a for a, _, g in areas if g == 'severe'], [a for a, _, g in areas if g != 'severe']):.3f}")
    print(f"sacs {len(sacs)}: area on axial T2 against the true area r {correlation(sacs):.3f}")
    errors = np.array([abs(a - b) for a, b in canals])
    print(f"canals {len(canals)}: diameter within 1 mm {np.mean(errors <= 1):.2f}, median error {np.median(errors):.2f} mm")


if __name__ == "__main__":
    main()
