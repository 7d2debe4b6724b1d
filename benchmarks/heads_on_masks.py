#!/usr/bin/env python3
"""What a bundle's networks, alone, say of real canals and recesses that were measured on masks.

    benchmarks/heads_on_masks.py canal  --bundle BUNDLE --spider DATA/spider
    benchmarks/heads_on_masks.py recess --bundle BUNDLE --axials DIR      (DIR: of `bundle_data axials`)
    benchmarks/heads_on_masks.py recess --bundle BUNDLE --axials DIR --folds BUNDLE/training/folds.csv

Grades SPIDER's studies (recess: as axial slices made of their slabs) with a copy of BUNDLE in which the condition's
networks count fully and the measure not at all, and compares the expected grade (0 normal/mild, 1 moderate, 2 severe)
with the masks' canal diameter (and ratio) or recess depth: Spearman's correlation (-1: as it should be) over all places
and, for the first measure, as the mean of the five levels, where the prior tells nothing; and how well the narrowest
tenth is told (area under the ROC curve). The second row is the prior by level, what is known without
looking. To networks trained on phantoms alone every patient here is unseen. Of networks that trained on DIR, give
--folds: every patient is then graded by the network of the fold that held it out, where that fold ran. Needs scipy
and scikit-learn.
"""

import argparse
import csv
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
CONDITIONS = {"canal": "spinal_canal_stenosis", "recess": "subarticular_stenosis"}
ROLES = {"spinal_canal_stenosis": "canal", "subarticular_stenosis": "subarticular"}  # of networks in a manifest


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def prior_of(bundle, condition):
    """Probabilities by level."""
    return json.loads((bundle / "manifest.json").read_text())["grading"]["prior"][condition]


def networks_only(bundle, folder, condition, fold=None):
    """A copy whose head of the condition listens to nothing but its networks, or to that of one fold. False, and no copy,
    where the fold has no network."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    for head in manifest["grading"]["heads"]:
        if head["condition"] == condition:
            head.update(model_weight=1.0, measure_weight=0.0)
    if fold is not None:
        role = ROLES[condition]
        own = [n for n in manifest["networks"] if n["role"] == role and n["name"].endswith(f"_{fold}")]
        if not own:
            return False
        manifest["networks"] = [n for n in manifest["networks"] if n["role"] != role] + own
    shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("checkpoint", "crops", "training"))
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    return True


def expected_grade(row):
    return float(row["moderate"]) + 2 * float(row["severe"])


def graded(binary, bundle, images, folder, condition):
    """(study, side, level) -> expected grade of the rows that a network graded; the canal's side is empty."""
    subprocess.run([binary, "batch", images, "-o", folder, "--bundle", bundle], check=True, stderr=subprocess.DEVNULL)
    return {(row["study_id"], row["side"], row["level"]): expected_grade(row) for row in rows_of(folder / "grades.csv")
            if row["condition"] == condition and "network" in row["source"]}


def graded_held_out(arguments, condition, images, scratch):
    """The same, each study by the network of the fold that held it out."""
    fold_of = {row["study_id"]: row["fold"] for row in rows_of(arguments.folds)}
    grades = {}
    for fold in sorted(set(fold_of.values())):
        bundle = scratch / f"bundle{fold}"
        if not networks_only(arguments.bundle, bundle, condition, fold):
            continue
        studies = scratch / f"images{fold}"
        studies.mkdir()
        for study in images.iterdir():
            if fold_of.get(study.name) == fold:
                (studies / study.name).symlink_to(study.resolve())
        grades.update(graded(arguments.binary, bundle, studies, scratch / f"graded{fold}", condition))
    return grades


def truth_of(arguments):
    """(study, side, level) -> measures by name."""
    if arguments.condition == "canal":
        return {(row["study_id"], "", row["level"]): {"diameter": float(row["ap_mm"]), "ratio": float(row["ratio"])}
                for row in rows_of(arguments.spider / "canal_measurements.csv") if row["ap_mm"] and row["ratio"]}
    return {(row["study_id"], row["side"], row["level"]): {"depth": float(row["depth_mm"])}
            for row in rows_of(arguments.axials / "recess_depths.csv")}


def within_levels(grades, values, levels):
    """Mean over the levels of Spearman's correlation; nothing where a level's grades are all the same."""
    figures = []
    for level in set(levels):
        rows = [k for k, own in enumerate(levels) if own == level]
        if len({grades[k] for k in rows}) < 2:
            return "-"
        figures.append(spearmanr([grades[k] for k in rows], [values[k] for k in rows]).statistic)
    return f"{sum(figures) / len(figures):.2f}"


def figures(name, grades, measures, levels):
    first = [measure[next(iter(measure))] for measure in measures]
    limit = sorted(first)[len(first) // 10 - 1]
    cells = [f"{spearmanr(grades, [measure[key] for measure in measures]).statistic:.2f}" for key in measures[0]]
    narrow = roc_auc_score([value <= limit for value in first], grades)
    return f"| {name} | {len(grades)} | " + " | ".join([*cells, within_levels(grades, first, levels), f"{narrow:.3f} |"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("condition", choices=CONDITIONS)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--axials", type=Path, help="for recess")
    parser.add_argument("--folds", type=Path, help="training/folds.csv of networks that trained on these studies")
    parser.add_argument("--spider", type=Path, help="for canal")
    parser.add_argument("--binary", type=Path, default=ROOT / "build/default/src/cli/lumbargrade")
    arguments = parser.parse_args()
    if arguments.condition == "recess" and not arguments.axials:
        parser.error("recess needs --axials")
    if arguments.condition == "canal" and not arguments.spider:
        parser.error("canal needs --spider")
    condition = CONDITIONS[arguments.condition]
    images = (arguments.spider if arguments.condition == "canal" else arguments.axials) / "train_images"
    truth = truth_of(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.folds:
            grades = graded_held_out(arguments, condition, images, Path(scratch))
        else:
            networks_only(arguments.bundle, Path(scratch) / "bundle", condition)
            grades = graded(arguments.binary, Path(scratch) / "bundle", images, Path(scratch) / "graded", condition)
    found = [key for key in truth if key in grades]
    measures = [truth[key] for key in found]
    levels = [key[2] for key in found]
    names = list(measures[0])
    print("| | places | " + " | ".join(f"Spearman, {name}" for name in names) +
          " | within levels | AUC narrowest tenth |")
    print("|---" * (len(names) + 4) + "|")
    print(figures("networks alone", [grades[key] for key in found], measures, levels))
    prior = prior_of(arguments.bundle, condition)
    by_level = [prior[level.lower().replace("/", "_")] for level in levels]
    print(figures("prior by level", [p[1] + 2 * p[2] for p in by_level], measures, levels))


if __name__ == "__main__":
    main()
