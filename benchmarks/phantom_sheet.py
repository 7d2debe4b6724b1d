"""Makes docs/phantom-sheet.png: real slices above, phantom slices below.

    lumbargrade phantom --studies 3 --seed 11 -o /tmp/phantom
    python benchmarks/phantom_sheet.py /tmp/phantom DATA_FOLDER docs/phantom-sheet.png

Needs numpy, pillow, pydicom with a JPEG-LS decoder. Columns: sagittal T1, sagittal T2 in the middle, sagittal T2 through
the foramina, axial (real: T1, phantom: T2), coronal reformat of a sagittal T2 series through the canal. Real: SPIDER
(van der Graaf et al. 2024) and Sudirman et al. (Mendeley Data k57fr854j2), both CC BY 4.0.
"""
import csv
import json
import sys
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

TILE = 380


def grey(pixels):
    pixels = pixels.astype(float)
    return (np.clip(pixels / np.percentile(pixels, 99.3), 0, 1) * 255).astype(np.uint8)


def tile(pixels, width_mm, height_mm, crop=None):
    """Scaled to its physical shape, the middle on a square tile."""
    image = Image.fromarray(grey(pixels))
    if crop:
        image = image.crop(tuple(int(f * n) for f, n in zip(crop, (image.width, image.height) * 2)))
        width_mm, height_mm = width_mm * (crop[2] - crop[0]), height_mm * (crop[3] - crop[1])
    scale = TILE / max(width_mm, height_mm)
    image = image.resize((round(width_mm * scale), round(height_mm * scale)), Image.BICUBIC)
    out = Image.new("L", (TILE, TILE))
    out.paste(image, ((TILE - image.width) // 2, (TILE - image.height) // 2))
    return np.asarray(out)


def png(path, crop=None):
    pixels = np.asarray(Image.open(path).convert("L"))
    return tile(pixels, pixels.shape[1], pixels.shape[0], crop)


class Series:
    def __init__(self, folder):
        slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
        normal = np.cross(*np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3))
        slices.sort(key=lambda s: float(normal @ np.array(s.ImagePositionPatient, float)))
        self.slices, self.normal = slices, normal
        self.pixels = np.stack([s.pixel_array for s in slices]).astype(float)
        self.spacing = float(slices[0].PixelSpacing[0])
        origins = [float(normal @ np.array(s.ImagePositionPatient, float)) for s in slices]
        self.step = abs(origins[-1] - origins[0]) / max(1, len(origins) - 1)

    def nearest(self, point):
        distance = [abs(self.normal @ (np.array(point) - np.array(s.ImagePositionPatient, float))) for s in self.slices]
        return int(np.argmin(distance))

    def slice(self, index, crop=None):
        rows, columns = self.pixels.shape[1:]
        return tile(self.pixels[index], columns * self.spacing, rows * self.spacing, crop)

    def coronal(self, column, width_mm=60, height_mm=110):
        """Lateral position across, rows down, around the middle: what a stack of sagittal slices shows in this plane."""
        half = int(width_mm / self.step / 2)
        middle = len(self.pixels) // 2
        strip = self.pixels[max(0, middle - half) : middle + half + 1, :, column].T
        rows = int(height_mm / self.spacing)
        first = (strip.shape[0] - rows) // 2
        strip = strip[first : first + rows]
        return tile(strip, strip.shape[1] * self.step, strip.shape[0] * self.spacing)


def phantom_row(root):
    study = json.loads((root / "truth.json").read_text())[1]
    folder = root / "train_images" / str(study["study_id"])
    t1, t2, axial = (Series(folder / str(s["series_id"])) for s in study["series"])
    level = study["levels"][2]
    middle, foramen = t2.nearest(level["canal_point_patient_mm"]), t2.nearest(level["left"]["foramen_point_patient_mm"])
    canal = np.array(level["canal_point_patient_mm"])
    image = t2.slices[middle]
    column = int((canal - np.array(image.ImagePositionPatient, float)) @ np.array(image.ImageOrientationPatient[:3], float)
                 / t2.spacing)
    sagittal = (0.2, 0.05, 0.9, 0.95)
    return [t1.slice(middle, sagittal), t2.slice(middle, sagittal), t2.slice(foramen, sagittal),
            axial.slice(axial.nearest(canal), (0.1, 0.1, 0.9, 0.9)), t2.coronal(column)]


def real_row(data):
    spider = data / "spider"
    with open(spider / "midsagittal.csv") as table:
        typical = [r["patient"] for r in csv.DictReader(table) if r["contrast"] == "t2" and r["discs"] == "7"]
    patient = typical[3]
    study = sorted((spider / "train_images").iterdir())[4]
    space = Series(next(study.iterdir()))
    masks = spider / "masks" / study.name / next(study.iterdir()).name
    middle = len(space.pixels) // 2
    mask = np.asarray(Image.open(masks / f"{space.slices[middle].InstanceNumber}.png"))
    column = int(np.median(np.where(mask == 3)[1]))
    axial = sorted((data / "sudirman" / "axial_t1").glob("*l4_l5.png"))[3]
    return [png(spider / "midsagittal" / f"{patient}_t1.png"), png(spider / "midsagittal" / f"{patient}_t2.png"),
            space.slice(0, (0.1, 0.05, 0.9, 0.95)), png(axial, (0.12, 0.3, 0.88, 1)), space.coronal(column)]


def main():
    phantom, data, out = map(Path, sys.argv[1:4])
    rows = [np.hstack(real_row(data)), np.hstack(phantom_row(phantom))]
    Image.fromarray(np.vstack(rows)).save(out, optimize=True)


if __name__ == "__main__":
    main()
