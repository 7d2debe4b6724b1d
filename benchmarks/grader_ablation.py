#!/usr/bin/env python3
"""Trains variants of a grader recipe on one phantom set and scores each, through the whole program, on another.

    benchmarks/grader_ablation.py --train DIR [--test DIR] --work DIR [--base BUNDLE] [--epochs 8] [VARIANT ...]

DIR are outputs of `lumbargrade phantom`. Every variant is `train grader` (crops shared in --work/crops), `submission` on
the test images, so with the locator's points, and `score`. Without --test, what the folds said of the studies they held
out is scored: at the points of the data set, and much cheaper. Finished variants are not repeated. Prints a Markdown table;
the first two rows never look at an image: "train constant" is the training labels' frequency by column times the
metric's weights, "best constant" the same from the test labels, which no constant can beat.
"""

import argparse
import contextlib
import copy
import csv
import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOME_STUDIES_FAILED = 3  # they get the prior
WEIGHTS = {"Normal/Mild": 1, "Moderate": 2, "Severe": 4}


def unchanged(recipe):
    pass


def no_mirror(recipe):
    recipe["augmentation"]["mirror_canals"] = False
    for network in recipe["networks"]:
        for view in network["views"]:
            view["mirrored"] = False


def no_jitter(recipe):
    recipe["augmentation"]["jitter_mm"] = 0
    recipe["augmentation"]["jitter_slices"] = 0


def unweighted(recipe):
    recipe["optimisation"].update(class_weights=[1, 1, 1], any_severe=0)


def mean_pooling(recipe):
    for network in recipe["networks"]:
        network["parameters"]["pooling"] = "mean"


def second_stage(recipe):
    recipe["stack"] = {"kind": "linear"}


VARIANTS = {
    "all parts": unchanged,
    "no mirror": no_mirror,
    "no jitter": no_jitter,
    "unweighted loss": unweighted,
    "mean pooling": mean_pooling,
    "second stage": second_stage,
}


def run(*command, log=None, accepted=(0,)):
    with open(log, "w") if log else contextlib.nullcontext() as stderr:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=stderr)
    if done.returncode not in accepted:
        raise SystemExit(f"{command[1]} ended with {done.returncode}; see {log}")
    return done.stdout


def labels(path):
    with open(path) as file:
        return {row.pop("study_id"): row for row in csv.DictReader(file)}


def constant_submission(path, source, studies):
    """Class counts of `source` by column, times the metric's weights, for all `studies`."""
    columns = next(iter(source.values())).keys()
    with open(path, "w") as file:
        file.write("row_id,normal_mild,moderate,severe\n")
        for study in studies:
            for column in columns:
                grades = [row[column] for row in source.values() if row[column]]
                weighted = [weight * (grades.count(grade) + 1e-3) for grade, weight in WEIGHTS.items()]
                shares = ",".join(str(value / sum(weighted)) for value in weighted)
                file.write(f"{study}_{column},{shares}\n")


def score(binary, truth, submission):
    return json.loads(run(binary, "score", "--truth", truth, "--submission", submission, "--json"))["metric"]


def table_row(name, metric):
    def cell(key):
        loss = metric[key]["loss"]
        low, high = metric[key].get("interval_95", (float("nan"),) * 2)
        return f"{loss:.3f} ({low:.3f}-{high:.3f})" if key == "score" else f"{loss:.3f}"

    return f"| {name} | " + " | ".join(cell(key) for key in METRICS) + " |"


METRICS = ["score", "spinal", "foraminal", "subarticular", "any_severe_spinal"]


def trained(name, arguments):
    """The folder of a variant, whose bundle/ is trained."""
    folder = arguments.work / name.replace(" ", "_")
    if (folder / "bundle/manifest.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    recipe = copy.deepcopy(json.loads(arguments.recipe.read_text()))
    if arguments.epochs:
        recipe["optimisation"]["epochs"] = arguments.epochs
    VARIANTS[name](recipe)
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=1))
    cache = arguments.work / ("crops_not_mirrored" if name == "no mirror" else "crops")
    command = [arguments.binary, "train", "grader", "--data", arguments.train, "--recipe", folder / "recipe.json",
               "--out", folder / "bundle", "--cache", cache, "--threads", arguments.threads, "--resume"]
    run(*command, *(["--base", arguments.base] if arguments.base else []), log=folder / "train.log")
    return folder


def out_of_fold_metric(name, arguments):
    training = trained(name, arguments) / "bundle/training"
    return score(arguments.binary, training / "out_of_fold_labels.csv", training / "out_of_fold.csv")


def predicted(name, arguments):
    submission = arguments.work / name.replace(" ", "_") / "submission.csv"
    if submission.exists():
        return submission
    folder = trained(name, arguments)
    run(arguments.binary, "submission", "--data", arguments.test, "-o", submission, "--bundle", folder / "bundle",
        "--jobs", arguments.threads, log=folder / "submission.log", accepted=(0, SOME_STUDIES_FAILED))
    return submission


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--recipe", type=Path, default=ROOT / "models/recipes/phantom_full.json")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/default/src/cli/lumbargrade")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    print("| | score (95 %) | canal | foraminal | subarticular | any severe |\n|---|---|---|---|---|---|", flush=True)
    if not arguments.test:
        for name in arguments.variants or VARIANTS:
            print(table_row(name, out_of_fold_metric(name, arguments)), flush=True)
        return
    truth = arguments.test / "train.csv"
    for name, source in (("train constant", arguments.train), ("best constant", arguments.test)):
        submission = arguments.work / (name.replace(" ", "_") + ".csv")
        constant_submission(submission, labels(source / "train.csv"), labels(truth))
        print(table_row(name, score(arguments.binary, truth, submission)), flush=True)
    for name in arguments.variants or VARIANTS:
        print(table_row(name, score(arguments.binary, truth, predicted(name, arguments))), flush=True)


if __name__ == "__main__":
    main()
