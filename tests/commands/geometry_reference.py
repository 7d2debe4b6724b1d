"""Compares the matrices of `lumbargrade inspect --json` with those that pydicom's values give.

    geometry_reference.py LUMBARGRADE FOLDER...

Each folder holds one study or series. Every block that `inspect` lists must have the matrix of one set of parallel
slices of its series, read here by pydicom, to 1e-4 mm over the whole block. Ends with 1 where one has not.
"""

import collections
import json
import pathlib
import subprocess
import sys

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

TOLERANCE_MM = 1e-4


def planes(dataset):
    """(position, orientation, pixel spacing) of each frame."""
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        yield dataset.ImagePositionPatient, dataset.ImageOrientationPatient, dataset.PixelSpacing
        return
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        def group(name):
            return frame[name][0] if name in frame else shared[name][0]
        yield (group("PlanePositionSequence").ImagePositionPatient,
               group("PlaneOrientationSequence").ImageOrientationPatient, group("PixelMeasuresSequence").PixelSpacing)


def reference_stacks(folder):
    """series UID -> list of (columns, rows, {position: plane}) with one entry per orientation."""
    stacks = collections.defaultdict(dict)
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
        except InvalidDicomError:
            continue
        if "Rows" not in dataset:
            continue
        for position, orientation, spacing in planes(dataset):
            key = (dataset.Rows, dataset.Columns, *np.round(np.array(orientation, float), 4))
            stacks[dataset.SeriesInstanceUID].setdefault(key, {})[tuple(map(float, position))] = (
                np.array(orientation, float), np.array(spacing, float))
    return stacks


def matrix(positions, plane):
    """3 x 4, slices along the given order of positions."""
    orientation, spacing = plane
    columns = orientation[:3] * spacing[1]
    rows = orientation[3:] * spacing[0]
    step = (positions[-1] - positions[0]) / max(1, len(positions) - 1)
    return np.column_stack([columns, rows, step, positions[0]])


def largest_difference(block, slices):
    """At the corners of the block, in mm; infinite where the sizes differ."""
    ours = np.array(block["patient_from_index"])
    positions = np.array(list(slices))
    plane = next(iter(slices.values()))
    normal = np.cross(plane[0][:3], plane[0][3:])
    positions = positions[np.argsort(positions @ normal)]
    if len(positions) != block["slices"]:
        return np.inf
    theirs = matrix(positions, plane)
    if len(positions) > 1 and ours[:, 2] @ theirs[:, 2] < 0:
        theirs = matrix(positions[::-1], plane)
    if len(positions) == 1:
        theirs[:, 2] = ours[:, 2]  # one slice says nothing of the step
    corners = np.array([[c, r, s, 1] for c in (0, block["columns"] - 1) for r in (0, block["rows"] - 1)
                        for s in (0, block["slices"] - 1)]).T
    return np.abs((ours - theirs) @ corners).max()


def main():
    program, *folders = sys.argv[1:]
    worst, compared, bad = 0.0, 0, 0
    for folder in map(pathlib.Path, folders):
        output = subprocess.run([program, "inspect", folder, "--json"], capture_output=True, text=True, check=True)
        stacks = reference_stacks(folder)
        for series in json.loads(output.stdout)["series"]:
            for block in series["blocks"]:
                candidates = stacks[series["series_instance_uid"]]
                difference = min((largest_difference(block, slices) for key, slices in candidates.items()
                                  if key[:2] == (block["rows"], block["columns"])), default=np.inf)
                compared += 1
                worst = max(worst, difference)
                if not difference <= TOLERANCE_MM:
                    bad += 1
                    print(f"{folder}, series {series['series_number']}: {block['slices']} slices differ by "
                          f"{difference} mm")
    print(f"{compared} blocks, largest difference {worst:.2e} mm, {bad} beyond {TOLERANCE_MM} mm")
    return 1 if bad or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
