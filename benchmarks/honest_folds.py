#!/usr/bin/env python3
"""Whether out-of-fold scores flatter, and what the points that training centres crops on are worth.

    benchmarks/honest_folds.py --train DIR --test DIR --work DIR [--epochs N] [VARIANT ...]

DIR are outputs of `lumbargrade phantom` with the same noise, of seeds that were fixed before anything was run. The training
set's coordinates are made as people's are, by `phantom`'s own options or, where it was made without, by --people: 2 mm off along
rows and columns, half of them on a neighbouring slice, one in twenty and those of every tenth study left out. Variants differ in
the points that crops are centred on in training: given, predicted by networks that had not seen the study, given ones jittered, all
mixed, or, without coordinates, offsets from the levels. Every variant
is `train challenge`, then `submission` on the test images and `score`. Prints a Markdown table: the score that the folds
told, the whole program's on the fresh studies with its 95 % interval, and their difference. Finished steps are not repeated.
The bar: the variant "mixed" differs by at most .02 on at least 400 fresh studies.
"""

import argparse
import csv
import json
import random
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOME_STUDIES_FAILED = 3  # they get the prior
SEED = 1903
OFFSETS = "offsets"  # the data set without coordinates: the usual places, and what geometry finds
VARIANTS = {
    "mixed": {"given": 0.2, "predicted": 0.4, "jittered": 0.4},
    "predicted": {"given": 1e-9, "predicted": 1 - 1e-9},  # never given, but of the same crops as the others
    "given": {"given": 1},
    "jittered": {"jittered": 1},
    OFFSETS: {"predicted": 1},
}


def run(*command, log, accepted=(0,)):
    with open(log, "a") as stderr:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=stderr)
    if done.returncode not in accepted:
        raise SystemExit(f"{' '.join(map(str, command[:3]))} ended with {done.returncode}; see {log}")
    return done.stdout


def instances(folder):
    return {int(path.stem) for path in folder.glob("*.dcm")}


def as_people_place_them(source, target, pixel_mm):
    """The data set with links to its images and coordinates as people's."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("train_images", "train.csv", "train_series_descriptions.csv"):
        if not (target / name).exists():
            (target / name).symlink_to((source / name).resolve())
    draw = random.Random(SEED)
    rows = list(csv.DictReader(open(source / "train_label_coordinates.csv")))
    absent = {study for study in sorted({row["study_id"] for row in rows}) if draw.random() < 0.1}
    with open(target / "train_label_coordinates.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            if row["study_id"] in absent or draw.random() < 0.05:
                continue
            there = instances(source / "train_images" / row["study_id"] / row["series_id"])
            moved = int(row["instance_number"]) + (draw.choice((-1, 1)) if draw.random() < 0.5 else 0)
            row["instance_number"] = moved if moved in there else row["instance_number"]
            for axis in ("x", "y"):
                row[axis] = f"{max(0, float(row[axis]) + draw.gauss(0, 2) / pixel_mm):.2f}"
            writer.writerow(row)
    return target


def without_coordinates(source, target):
    """The data set with links to everything but its coordinates."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("train_images", "train.csv", "train_series_descriptions.csv"):
        if not (target / name).exists():
            (target / name).symlink_to((source / name).resolve())
    return target


def begin_at_learned_points(bundle, work):
    """Points do not depend on where graders are centred: another variant's are taken, as its own call would learn them."""
    learned = next(work.glob("*/bundle/points/manifest.json"), None)
    if bundle.exists() or learned is None:
        return
    shutil.copytree(learned.parent, bundle / "points")
    shutil.copytree(learned.parent.parent / "training", bundle / "training", ignore=lambda _, names: set(names) - {"run.json"})


def score(binary, truth, submission, log):
    return json.loads(run(binary, "score", "--truth", truth, "--submission", submission, "--json", log=log))["metric"]


def measured(name, shares, data, arguments):
    folder = arguments.work / name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    recipe = json.loads(arguments.recipe.read_text())
    recipe["points"] = shares
    recipe["run_folds"] = list(range(arguments.folds))
    if arguments.epochs:
        recipe["optimisation"]["epochs"] = arguments.epochs
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=1))
    bundle = folder / "bundle"
    if not (bundle / "manifest.json").exists():
        cache = arguments.work / ("crops_offsets" if name == OFFSETS else "crops")
        if name == OFFSETS:
            data = without_coordinates(data, arguments.work / "data_offsets")
        else:
            begin_at_learned_points(bundle, arguments.work)
        run(arguments.binary, "train", "challenge", "--data", data, "--recipe", folder / "recipe.json", "--out", bundle,
            "--cache", cache, "--threads", arguments.threads, "--point-iterations", arguments.point_iterations, log=log)
    submission = folder / "submission.csv"
    if not submission.exists():
        run(arguments.binary, "submission", "--data", arguments.test, "-o", submission, "--bundle", bundle, "--jobs",
            arguments.threads, log=log, accepted=(0, SOME_STUDIES_FAILED))
    training = bundle / "training"
    told = score(arguments.binary, training / "out_of_fold_labels.csv", training / "out_of_fold.csv", log)
    fresh = score(arguments.binary, arguments.test / "train.csv", submission, log)
    return told, fresh


def cell(metric):
    low, high = metric["score"]["interval_95"]
    return f"{metric['score']['loss']:.3f} ({low:.3f}-{high:.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--people", type=float, metavar="PIXEL_MM",
                        help="place coordinates as people do; the sagittal pixel in mm")
    parser.add_argument("--recipe", type=Path, default=ROOT / "models/recipes/phantom_full.json")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--folds", type=int, default=2, help="of the recipe's folds that run")
    parser.add_argument("--point-iterations", type=int, default=600, help="steps of each network that finds points")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/default/src/cli/lumbargrade")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    arguments = parser.parse_args()
    arguments.binary = arguments.binary.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    data = as_people_place_them(arguments.train, arguments.work / "data", arguments.people) if arguments.people else arguments.train
    count = sum(1 for _ in open(arguments.test / "train.csv")) - 1
    print(f"{count} fresh studies\n\n| points | out of fold (95 %) | whole program, fresh studies (95 %) | difference |")
    print("|---|---|---|---|", flush=True)
    for name in arguments.variants or VARIANTS:
        told, fresh = measured(name, VARIANTS[name], data, arguments)
        difference = fresh["score"]["loss"] - told["score"]["loss"]
        print(f"| {name} | {cell(told)} | {cell(fresh)} | {difference:+.3f} |", flush=True)


if __name__ == "__main__":
    main()
