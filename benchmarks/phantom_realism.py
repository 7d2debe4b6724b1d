"""Compares phantom sagittal T2 slices with real ones (SPIDER): brightness of tissues, spread inside them, gradient energy.

    lumbargrade phantom --studies 12 --seed 11 --labels -o /tmp/phantom
    python benchmarks/phantom_realism.py /tmp/phantom SPIDER_FOLDER

Needs numpy, pydicom with pylibjpeg or gdcm for JPEG-LS, and pillow. Prints a Markdown table: median and range (5-95 %) over
slices of the real and of the phantom images, and how many phantom slices lie inside the real range.
"""
import csv
import sys
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

DISC, VERTEBRA, CANAL = 1, 2, 3
PHANTOM_LABELS = {4: VERTEBRA, 20: VERTEBRA, 7: DISC, 8: DISC, 9: CANAL, 10: CANAL, 11: CANAL}


def statistics(image, mask, spacing_mm):
    """Dimensionless measures of one slice; empty when a tissue is hardly there."""
    image = image.astype(float)
    pixels = {tissue: image[mask == tissue] for tissue in (DISC, VERTEBRA, CANAL)}
    if min(p.size * spacing_mm**2 for p in pixels.values()) < 300:
        return None
    rows, columns = np.where(mask > 0)
    box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    dy, dx = np.gradient(box, spacing_mm)
    vertebra = np.median(pixels[VERTEBRA])
    return {
        "disc / vertebra": np.median(pixels[DISC]) / vertebra,
        "canal / vertebra": np.median(pixels[CANAL]) / vertebra,
        "spread in vertebra": pixels[VERTEBRA].std() / vertebra,
        "spread in disc": pixels[DISC].std() / vertebra,
        "spread in canal": pixels[CANAL].std() / vertebra,
        "gradient energy, 1/mm2": (dx**2 + dy**2).mean() / box.var(),
    }


def real_slices(root):
    for study in sorted((root / "train_images").iterdir()):
        for series in study.iterdir():
            masks = root / "masks" / study.name / series.name
            files = sorted(series.glob("*.dcm"), key=lambda path: int(path.stem))
            for path in files[len(files) // 3 : len(files) - len(files) // 3 : 2]:
                slice_ = pydicom.dcmread(path)
                mask = np.asarray(Image.open(masks / (path.stem + ".png")))
                yield statistics(slice_.pixel_array, mask, float(slice_.PixelSpacing[0]))


def phantom_slices(root):
    with open(root / "train_series_descriptions.csv") as table:
        for row in csv.DictReader(table):
            if row["series_description"] != "Sagittal T2/STIR":
                continue
            series = root / "train_images" / row["study_id"] / row["series_id"]
            labels = root / "labels" / row["study_id"] / row["series_id"]
            files = sorted(series.glob("*.dcm"), key=lambda path: int(path.stem))
            for path in files[len(files) // 2 - 2 : len(files) // 2 + 2]:
                slice_ = pydicom.dcmread(path)
                if "InversionTime" in slice_:
                    continue
                label = pydicom.dcmread(labels / path.name).pixel_array
                mask = np.zeros_like(label)
                for number, tissue in PHANTOM_LABELS.items():
                    mask[label == number] = tissue
                yield statistics(slice_.pixel_array, mask, float(slice_.PixelSpacing[0]))


def main():
    phantom = [s for s in phantom_slices(Path(sys.argv[1])) if s]
    real = [s for s in real_slices(Path(sys.argv[2])) if s]
    print(f"{len(real)} real slices, {len(phantom)} phantom slices\n")
    print("| measure | real: median (5-95 %) | phantom: median (5-95 %) | phantom slices inside |")
    print("|---|---|---|---|")
    for name in real[0]:
        a = np.array([s[name] for s in real])
        b = np.array([s[name] for s in phantom])
        low, high = np.percentile(a, [5, 95])
        inside = np.mean((b >= low) & (b <= high))
        print(
            f"| {name} | {np.median(a):.2f} ({low:.2f}-{high:.2f}) | {np.median(b):.2f} "
            f"({np.percentile(b, 5):.2f}-{np.percentile(b, 95):.2f}) | {inside:.0%} |"
        )


if __name__ == "__main__":
    main()
