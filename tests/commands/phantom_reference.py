"""Measures a phantom data set's label files with numpy and compares with its truth.json and train.csv.

    phantom_reference.py DATA_SET

Nothing of the product's measuring code is used: label pixels are read by pydicom and counted. Canal: area of the sac in
axial slices within 5 mm of the disc. Recess: free way along the posterior direction through the truth's point, in axial
slices that pass within .7 mm of it. Foramen: nerve and the fat around it in sagittal slices that pass within .7 mm.
Sides, levels and units are proven by asymmetry: with left and right swapped, or levels shifted by one, the same
comparison must fail by far. Ends with 1 and a sentence for each promise that does not hold.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import pydicom

CSF, ROOT, CORD, EPIDURAL_FAT, FAT, LIGAMENT, EXITING_NERVE = 9, 10, 11, 12, 2, 14, 18
SAC = (CSF, ROOT, CORD)
FREE = (CSF, ROOT, CORD, EPIDURAL_FAT, LIGAMENT, EXITING_NERVE)
NEAR_MM = 0.7
GRADES = {"normal_mild": "Normal/Mild", "moderate": "Moderate", "severe": "Severe"}


class Slice:
    """One label image and its place in patient space (LPS, mm)."""

    def __init__(self, path):
        data = pydicom.dcmread(path)
        self.labels = data.pixel_array
        self.origin = np.array(data.ImagePositionPatient, float)
        orientation = np.array(data.ImageOrientationPatient, float)
        row_spacing, column_spacing = map(float, data.PixelSpacing)
        self.along_row, self.along_column = orientation[:3], orientation[3:]  # directions of growing column and row
        self.normal = np.cross(self.along_row, self.along_column)
        self.spacing = np.array([column_spacing, row_spacing])
        self.pixel_mm2 = row_spacing * column_spacing

    def distance(self, point):
        return float(self.normal @ (np.asarray(point) - self.origin))

    def index(self, points):
        """(..., 3) mm -> column and row, as floats."""
        offset = np.asarray(points) - self.origin
        return offset @ self.along_row / self.spacing[0], offset @ self.along_column / self.spacing[1]

    def at(self, points):
        column, row = (np.rint(i).astype(int) for i in self.index(points))
        rows, columns = self.labels.shape
        inside = (0 <= row) & (row < rows) & (0 <= column) & (column < columns)
        return np.where(inside, self.labels[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)], 0)


def read_series(folder):
    return [Slice(path) for path in sorted(folder.glob("*.dcm"), key=lambda path: int(path.stem))]


def sac_area(slices, level):
    """Least area of the sac, mm2 across the spine, over the axial slices that pass within 5 mm of the disc's canal."""
    up, point = np.array(level["up"]), level["canal_point_patient_mm"]
    areas = []
    for image in slices:
        tilt = abs(image.normal @ up)
        if abs(image.distance(point)) / tilt > 5 or not all(
            0 <= i < n for i, n in zip(image.index(point), image.labels.T.shape)
        ):
            continue
        areas.append(np.isin(image.labels, SAC).sum() * image.pixel_mm2 * tilt)
    return min(areas, default=None)


def nearest(slices, point):
    best = min(slices, key=lambda image: abs(image.distance(point)))
    return best if abs(best.distance(point)) < NEAR_MM else None


def recess(slices, level, side):
    """Longest free way along the posterior direction, mean of three lines 1 mm apart, mm."""
    point = np.array(level[side]["recess_point_patient_mm"])
    image = nearest(slices, point)
    if image is None:
        return None
    in_plane = np.array(level["posterior"]) - (np.array(level["posterior"]) @ image.normal) * image.normal
    lengths = []
    for lateral in (-1, 0, 1):
        way = np.arange(-14, 14, 0.2)
        line = point + lateral * image.along_row + way[:, None] * in_plane
        free = np.concatenate([[False], np.isin(image.at(line), FREE), [False]])
        edges = np.flatnonzero(np.diff(free.astype(int)))
        runs = [(b - a) * 0.2 for a, b in zip(edges[::2], edges[1::2]) if way[a] < 4 and way[b - 1] > -4]
        lengths.append(max(runs, default=0))
    return float(np.mean(lengths))


def foramen(slices, level, side):
    """Nerve area in mm2, share of fat within 1.4 mm of it above, behind, below, in front, height and width of the
    foramen in mm."""
    point = np.array(level[side]["foramen_point_patient_mm"])
    image = nearest(slices, point)
    if image is None:
        return None
    posterior, up = np.array(level["posterior"]), np.array(level["up"])
    step = 0.1
    grid = np.arange(-9, 9.01, step)
    back, high = np.meshgrid(grid, grid)
    labels = image.at(point + back[..., None] * posterior + high[..., None] * up)
    nerve = connected(labels == EXITING_NERVE, len(grid) // 2)
    ring = distance_within(nerve, int(1.4 / step)) & ~nerve
    fat = np.isin(labels, (EPIDURAL_FAT, FAT))
    quarters = {"up": high > abs(back), "back": back > abs(high), "down": -high > abs(back), "front": -back > abs(high)}
    shares = [fat[ring & quarter].mean() if (ring & quarter).any() else 0.0 for quarter in quarters.values()]
    way = np.arange(0, 30, 0.1)
    reach = {}
    for name, direction in (("up", up), ("down", -up), ("back", posterior), ("front", -posterior)):
        blocked = ~np.isin(image.at(point + way[:, None] * direction), FREE + (FAT,))
        reach[name] = way[np.argmax(blocked)] if blocked.any() else way[-1]
    return nerve.sum() * step * step, shares, reach["up"] + reach["down"], reach["back"] + reach["front"]


def connected(mask, centre):
    """The part of a mask that hangs together with its middle."""
    found = np.zeros_like(mask)
    found[centre, centre] = mask[centre, centre]
    while True:
        grown = distance_within(found, 1) & mask
        if (grown == found).all():
            return found
        found = grown


def distance_within(mask, pixels):
    grown = mask.copy()
    for dy in range(-pixels, pixels + 1):
        for dx in range(-pixels, pixels + 1):
            if dx * dx + dy * dy <= pixels * pixels and (dx or dy):
                grown |= np.roll(np.roll(mask, dy, 0), dx, 1)
    return grown


class Comparison:
    """Pairs of (truth, measured) with what the truth of the other side or of a neighbouring level would be."""

    def __init__(self):
        self.pairs, self.other = [], []

    def add(self, truth, measured, other):
        if measured is None:
            return
        self.pairs.append((truth, measured))
        self.other.append((other, measured))

    @staticmethod
    def error(pairs):
        pairs = np.array(pairs)
        return float(np.median(abs(pairs[:, 0] - pairs[:, 1]))) if len(pairs) else float("nan")

    def nearer_share(self, apart):
        """Of the pairs whose own and other truth differ by more than `apart`: how many are nearer to their own."""
        own, other = np.array(self.pairs), np.array(self.other)
        tell = abs(own[:, 0] - other[:, 0]) > apart
        nearer = abs(own[:, 0] - own[:, 1]) < abs(other[:, 0] - other[:, 1])
        return (float(nearer[tell].mean()) if tell.any() else 0.0), int(tell.sum())

    def summary(self, name):
        pairs = np.array(self.pairs)
        correlation = np.corrcoef(pairs.T)[0, 1]
        return (f"{name}: {len(pairs)} pairs, median error {self.error(self.pairs):.2f}, r {correlation:.3f}, "
                f"median error against the other side or level {self.error(self.other):.2f}"), correlation


def main():
    root = pathlib.Path(sys.argv[1])
    with open(root / "train.csv") as table:
        grades = {int(row["study_id"]): row for row in csv.DictReader(table)}
    comparisons = {name: Comparison() for name in ("sac area", "recess", "nerve area", "most fat", "foramen height", "foramen width")}
    recess_grades, foramen_grades, wrong_tables = [], [], []
    for study in json.loads((root / "truth.json").read_text()):
        series = [read_series(root / "labels" / str(study["study_id"]) / str(s["series_id"])) for s in study["series"]]
        levels = study["levels"]
        for k, level in enumerate(levels):
            key = level["level"]
            shifted = levels[k - 1 if k else 1]
            comparisons["sac area"].add(level["sac_area_mm2"], sac_area(series[2], level), shifted["sac_area_mm2"])
            wrong_tables += [f"canal {key}"] * (
                grades[study["study_id"]][f"spinal_canal_stenosis_{key}"] != GRADES[level["canal_grade"]])
            for side, opposite in (("left", "right"), ("right", "left")):
                own, other = level[side], level[opposite]
                row = grades[study["study_id"]]
                wrong_tables += [f"{side} recess {key}"] * (
                    row[f"{side}_subarticular_stenosis_{key}"] != GRADES[own["recess_grade"]])
                wrong_tables += [f"{side} foramen {key}"] * (
                    row[f"{side}_neural_foraminal_narrowing_{key}"] != GRADES[own["foramen_grade"]])
                room = recess(series[2], level, side)
                comparisons["recess"].add(own["recess_mm"], room, other["recess_mm"])
                if room is not None:
                    recess_grades.append(("severe" if room < 2.5 else "moderate" if room < 4 else "normal_mild",
                                          own["recess_grade"]))
                measured = foramen(series[0], level, side)
                if measured is None:
                    continue
                area, fat, height, width = measured
                comparisons["foramen height"].add(own["foramen_height_mm"], height, other["foramen_height_mm"])
                comparisons["foramen width"].add(own["foramen_width_mm"], width, other["foramen_width_mm"])
                comparisons["nerve area"].add(own["nerve_area_mm2"], area, other["nerve_area_mm2"])
                most = max(own["foramen_fat_up_back_down_front"])
                comparisons["most fat"].add(most, max(fat), max(other["foramen_fat_up_back_down_front"]))
                grade = ("severe" if area < 0.75 * own["nerve_rest_area_mm2"] else
                         "moderate" if max(fat) < 0.2 else "normal_mild")
                foramen_grades.append((grade, own["foramen_grade"]))

    failures = [f"train.csv and truth.json differ: {', '.join(wrong_tables)}"] if wrong_tables else []
    limits = {"sac area": (12.0, 0.95), "recess": (0.6, 0.9), "nerve area": (2.5, 0.9), "most fat": (0.12, 0.85),
              "foramen height": (1.0, 0.9), "foramen width": (0.8, 0.9)}
    for name, comparison in comparisons.items():
        text, correlation = comparison.summary(name)
        print(text)
        most_error, least_correlation = limits[name]
        error = comparison.error(comparison.pairs)
        if len(comparison.pairs) < 12:
            failures.append(f"{name}: only {len(comparison.pairs)} pairs")
        if error > most_error or correlation < least_correlation:
            failures.append(f"{name} does not agree with the labels: {text}")
        # With sides swapped or levels shifted by one, this share would be its complement.
        share, told = comparison.nearer_share(2 * error)
        print(f"{name}: {share:.0%} of {told} asymmetrical pairs are nearer to their own side and level")
        if told < 5 or share < 0.7:
            failures.append(f"{name}: the other side or level fits as well: {text}")
    for name, pairs in (("recess", recess_grades), ("foramen", foramen_grades)):
        same = np.mean([a == b for a, b in pairs])
        print(f"{name}: {same:.0%} of {len(pairs)} grades measured alike")
        if same < 0.8:
            failures.append(f"{name}: only {same:.0%} of the grades measured alike")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
