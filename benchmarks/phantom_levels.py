"""Tells how well the five levels were found in phantom studies, whose truth is known.

    lumbargrade phantom --studies 24 --seed 5 --vendor-quirks rsna -o PHANTOM
    lumbargrade batch PHANTOM -o GRADED
    python benchmarks/phantom_levels.py PHANTOM GRADED/grades.csv [PICTURES]

The point of each canal row is compared with `canal_point_patient_mm` of truth.json in the sagittal plane. `near`: the
right level's point lies within 10 mm; `shifted`: another level's point does, so the disc was seen and misnamed; `off`: no
level's. With a folder PICTURES, each study's middle slice is drawn there: green the truth, red what was found.
Needs numpy and pydicom; pictures need pillow.
"""
import csv
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pydicom

LEVELS = ["l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1"]  # truth.json; grades.csv writes L1/L2
NEAR_MM = 10


def found_points(table):
    """study -> level -> point in patient space (mm); levels that were not found are left out. And study -> its flags."""
    points, flags = defaultdict(dict), defaultdict(set)
    with open(table) as rows:
        for row in csv.DictReader(rows):
            if row["condition"] != "spinal_canal_stenosis":
                continue
            flags[row["study_id"]].update(row["flags"].split())
            if row["x_mm"]:
                points[row["study_id"]][row["level"].lower().replace("/", "_")] = np.array([float(row[k]) for k in ("x_mm", "y_mm", "z_mm")])
    return points, flags


def outcome(found, truth, level):
    """How one level was found."""
    if level not in found:
        return "missing"
    distance = {other: np.hypot(*(found[level] - point)[1:]) for other, point in truth.items()}
    if distance[level] <= NEAR_MM:
        return "near"
    return "shifted" if min(distance.values()) <= NEAR_MM else "off"


def variants(study):
    """What makes a study's names harder to tell than usual."""
    names = []
    if study["series"][1]["contrast"] == "STIR":
        names.append("STIR")
    if study["lumbar_count_by_ribs"] != 5:
        names.append(f"{study['lumbar_count_by_ribs']} lumbar")
    names += [name for key, name in (("transitional_l5_s1", "transitional"), ("rudimentary_s1_s2_disc", "S1/S2 disc"))
              if study[key]]
    return names


def draw(root, study, truth, found, path):
    from PIL import Image, ImageDraw

    files = list((root / "train_images" / str(study["study_id"]) / str(study["series"][1]["series_id"])).glob("*.dcm"))
    slices = [pydicom.dcmread(file) for file in files]
    middle = min(slices, key=lambda s: abs(float(s.ImagePositionPatient[0]) - truth["l3_l4"][0]))
    pixels = middle.pixel_array.astype(float)
    picture = Image.fromarray((np.clip(pixels / np.percentile(pixels, 99), 0, 1) * 255).astype(np.uint8)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    axes = np.array(middle.ImageOrientationPatient, float).reshape(2, 3)
    origin, spacing = np.array(middle.ImagePositionPatient, float), float(middle.PixelSpacing[0])
    for points, colour in ((truth, "lime"), (found, "red")):
        for level, point in points.items():
            x, y = axes @ (point - origin) / spacing
            pen.ellipse([x - 4, y - 4, x + 4, y + 4], outline=colour, width=2)
            pen.text((x + (8 if colour == "lime" else -40), y - 6), level, fill=colour)
    picture.save(path)


def main():
    root, pictures = Path(sys.argv[1]), Path(sys.argv[3]) if len(sys.argv) > 3 else None
    points, flags = found_points(sys.argv[2])
    total, by_kind = Counter(), defaultdict(Counter)
    print("| study | outcome, L1/L2 to L5/S1 | variants | flags |\n|---|---|---|---|")
    for study in json.loads((root / "truth.json").read_text()):
        name = str(study["study_id"])
        truth = {level["level"]: np.array(level["canal_point_patient_mm"]) for level in study["levels"]}
        found = points.get(name, {})
        outcomes = [outcome(found, truth, level) for level in LEVELS]
        names = variants(study)
        all_near = outcomes.count("near") == len(LEVELS)
        by_kind["plain" if not names else "variant or STIR"]["all five near" if all_near else "not"] += 1
        total.update(outcomes)
        shown = ", ".join(sorted(flags[name] - {"research_use_only"}))
        print(f"| {name} | {' '.join(outcomes)} | {', '.join(names)} | {shown} |")
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
            draw(root, study, truth, found, pictures / f"{name}.png")
    count = sum(total.values())
    print()
    for name in ("near", "shifted", "off", "missing"):
        print(f"{name}: {total[name]} of {count} levels ({total[name] / count:.1%})")
    for kind, counts in sorted(by_kind.items()):
        print(f"{kind}: all five near in {counts['all five near']} of {sum(counts.values())} studies")


if __name__ == "__main__":
    main()
