#!/usr/bin/env python3
"""What a bundle's canal networks, alone, say of real canals whose diameter is known from masks.

    benchmarks/canal_head_on_masks.py --bundle BUNDLE [--spider ../shared/data/spider] [--binary FILE]

Grades SPIDER's 30 studies with a copy of BUNDLE in which the canal networks count fully and the measured diameter not at
all, and compares the expected grade (0 normal/mild, 1 moderate, 2 severe) with canal_measurements.csv over 150 discs:
Spearman's correlation with the diameter and the ratio (-1: as it should be), and how well the narrowest tenth is told (area under
the ROC curve). The second row is the prior by level, what is known without looking. Networks trained on phantoms have
never seen a real image, so every patient here is unseen to them. Needs scipy and scikit-learn.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
CONDITION = "spinal_canal_stenosis"


def networks_only(bundle, folder):
    """A copy whose canal head listens to nothing but its networks."""
    shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("checkpoint", "crops", "training"))
    manifest = json.loads((folder / "manifest.json").read_text())
    for head in manifest["grading"]["heads"]:
        if head["condition"] == CONDITION:
            head.update(model_weight=1.0, measure_weight=0.0)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    return manifest["grading"]["prior"]


def graded(binary, bundle, spider, folder):
    """(study, level) -> expected grade of the canal rows that a network graded."""
    subprocess.run([binary, "batch", spider / "train_images", "-o", folder, "--bundle", bundle], check=True,
                   stderr=subprocess.DEVNULL)
    with open(folder / "grades.csv") as rows:
        return {(row["study_id"], row["level"]): float(row["moderate"]) + 2 * float(row["severe"])
                for row in csv.DictReader(rows) if row["condition"] == CONDITION and "network" in row["source"]}


def figures(name, scores, diameters, ratios):
    limit = sorted(diameters)[len(diameters) // 10]
    return (f"| {name} | {len(scores)} | {spearmanr(scores, diameters).statistic:.2f} "
            f"| {spearmanr(scores, ratios).statistic:.2f} "
            f"| {roc_auc_score([d < limit for d in diameters], scores):.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--spider", type=Path, default=Path(os.path.abspath(ROOT / "../shared/data/spider")))
    parser.add_argument("--binary", type=Path, default=ROOT / "build/default/src/cli/lumbargrade")
    arguments = parser.parse_args()
    with open(arguments.spider / "canal_measurements.csv") as rows:
        truth = {(row["study_id"], row["level"]): (float(row["ap_mm"]), float(row["ratio"]))
                 for row in csv.DictReader(rows) if row["ap_mm"] and row["ratio"]}
    with tempfile.TemporaryDirectory() as scratch:
        prior = networks_only(arguments.bundle, Path(scratch) / "bundle")[CONDITION]
        expected = graded(arguments.binary, Path(scratch) / "bundle", arguments.spider, Path(scratch) / "graded")
    found = [key for key in truth if key in expected]
    diameters, ratios = ([truth[key][k] for key in found] for k in (0, 1))
    print("| | discs | Spearman, diameter | Spearman, ratio | AUC narrowest tenth |\n|---|---|---|---|---|")
    print(figures("networks alone", [expected[key] for key in found], diameters, ratios))
    by_level = [prior[key[1].lower().replace("/", "_")] for key in found]
    print(figures("prior by level", [p[1] + 2 * p[2] for p in by_level], diameters, ratios))


if __name__ == "__main__":
    main()
