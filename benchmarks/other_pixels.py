#!/usr/bin/env python3
"""The same patient with other pixels: does the canal's diameter stay what it is?

    other_pixels.py LUMBARGRADE OUT [--studies 5] [--seed 91] [--spider TRAIN_IMAGES/STUDY ...]

Phantoms of one seed at sagittal matrices of 192 to 512 (the same patients), against the truth and against each other; and
real studies whose sagittal slices are brought to pixels of .35 to .9 mm as a scanner would have them, by cutting or filling
their k-space, against each other and the study as it is. OUT keeps what was made; what is there is used. Levels whose point
lies more than 10 mm from the true one (another name) are counted, not compared. Needs numpy and pydicom."""
import argparse
import copy
import csv
import io
import json
import pathlib
import subprocess

import numpy as np
import pydicom

MATRICES = (192, 256, 320, 384, 448, 512)
PIXELS_MM = (0.35, 0.469, 0.6, 0.75, 0.9)
NEAR_MM = 10
DOUBTED = {"level_uncertain", "level_names_uncertain", "levels_ambiguous", "canal_not_measured"}


def canals(program, study):
    """level -> (diameter or None, point, whether it is doubted)."""
    run = subprocess.run([program, "grade", str(study)], capture_output=True, text=True)
    if run.returncode != 0:
        return {}
    found = {}
    for row in csv.DictReader(io.StringIO(run.stdout)):
        if row["condition"] == "spinal_canal_stenosis" and row["x_mm"]:
            point = np.array([float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")])
            diameter = float(row["canal_ap_mm"]) if row["canal_ap_mm"] else None
            found[row["level"].lower().replace("/", "_")] = (diameter, point, bool(DOUBTED & set(row["flags"].split())))
    return found


def phantoms(program, out, studies, seed):
    """(study, level) -> truth and diameter by matrix."""
    table, misnamed = {}, 0
    for matrix in MATRICES:
        folder = out / f"phantom_{matrix}"
        if not (folder / "truth.json").exists():
            subprocess.run([program, "phantom", "--studies", str(studies), "--seed", str(seed), "--sagittal-matrix",
                            str(matrix), "--axial-matrix", "32", "-o", str(folder)], check=True, capture_output=True)
        for study in json.loads((folder / "truth.json").read_text()):
            found = canals(program, folder / "train_images" / str(study["study_id"]))
            for level in study["levels"]:
                diameter, point, doubted = found.get(level["level"], (None, None, True))
                truth = np.array(level["canal_point_patient_mm"])
                if point is not None and np.hypot(*(point - truth)[1:]) > NEAR_MM:
                    misnamed += 1
                    continue
                entry = table.setdefault((study["study_id"], level["level"]), (level["canal_mm"], {}))
                entry[1][matrix] = None if doubted else diameter
    return table, misnamed


def with_pixels(slice_pixels, factor):
    """The slice with `factor` times the pixel size: its spectrum cut or filled with zeros."""
    rows, columns = slice_pixels.shape
    new_rows, new_columns = (2 * round(n / factor / 2) for n in (rows, columns))
    spectrum = np.fft.fftshift(np.fft.fft2(slice_pixels))
    made = np.zeros((new_rows, new_columns), complex)
    r, c = min(rows, new_rows) // 2, min(columns, new_columns) // 2
    made[new_rows // 2 - r:new_rows // 2 + r, new_columns // 2 - c:new_columns // 2 + c] = \
        spectrum[rows // 2 - r:rows // 2 + r, columns // 2 - c:columns // 2 + c]
    scaled = np.fft.ifft2(np.fft.ifftshift(made)).real * (new_rows * new_columns) / (rows * columns)
    return np.clip(np.rint(scaled), 0, 4095).astype(np.uint16)


def write_resampled(study, folder, pixel_mm):
    for path in sorted(pathlib.Path(study).rglob("*.dcm")):
        image = pydicom.dcmread(path)
        made = copy.deepcopy(image)
        pixels = with_pixels(image.pixel_array.astype(float), pixel_mm / float(image.PixelSpacing[0]))
        made.Rows, made.Columns = pixels.shape
        made.PixelSpacing = [float(image.PixelSpacing[0]) * image.Rows / pixels.shape[0],
                             float(image.PixelSpacing[1]) * image.Columns / pixels.shape[1]]
        made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
        made.PixelData = pixels.tobytes()
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        made.save_as(target)


def resampled(program, out, study):
    """level -> diameter by pixel size."""
    table = {}
    for pixel_mm in PIXELS_MM:
        folder = out / f"{pathlib.Path(study).name}_{pixel_mm}"
        if not folder.exists():
            write_resampled(study, folder, pixel_mm)
        for level, (diameter, _, doubted) in canals(program, folder).items():
            table.setdefault(level, {})[pixel_mm] = None if doubted else diameter
    return table


def told(diameters):
    return "  ".join(f"{size}: " + ("-" if value is None else f"{value:.1f}") for size, value in diameters.items())


def spread(diameters):
    values = [value for value in diameters.values() if value is not None]
    return max(values) - min(values) if values else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--studies", type=int, default=5)
    parser.add_argument("--seed", type=int, default=91)
    parser.add_argument("--spider", nargs="*", default=[])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    table, misnamed = phantoms(arguments.program, arguments.out, arguments.studies, arguments.seed)
    for (study, level), (truth, diameters) in sorted(table.items()):
        print(f"{study} {level} truth {truth:.1f}  {told(diameters)}")
    errors = {matrix: np.array([abs(d[matrix] - truth) for truth, d in table.values() if d.get(matrix) is not None])
              for matrix in MATRICES}
    means = {matrix: np.mean([d[matrix] - truth for truth, d in table.values() if d.get(matrix) is not None])
             for matrix in MATRICES if len(errors[matrix])}
    for matrix, mean in means.items():
        print(f"matrix {matrix}: n {len(errors[matrix])}, within 1 mm of the truth {np.mean(errors[matrix] <= 1):.2f}, "
              f"median error {np.median(errors[matrix]):.2f} mm, mean difference {mean:+.2f} mm")
    every = [value for _, d in table.values() for value in d.values()]
    spreads = np.array([spread(d) for _, d in table.values()])
    print(f"phantoms: {len(every)} canals, doubted {np.mean([value is None for value in every]):.3f}, other names {misnamed}; "
          f"largest minus smallest of a canal: median {np.median(spreads):.2f} mm, at most 1 mm in {np.mean(spreads <= 1):.2f}")
    for study in arguments.spider:
        table = resampled(arguments.program, arguments.out, study)
        for level, diameters in table.items():
            print(f"{pathlib.Path(study).name} {level} {told(diameters)}  spread {spread(diameters):.2f}")


if __name__ == "__main__":
    main()
