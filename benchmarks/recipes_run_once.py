#!/usr/bin/env python3
"""Trains shipped recipes for one tiny epoch, to see that everything they name runs together.

    benchmarks/recipes_run_once.py --work DIR [--binary FILE] [RECIPE ...]

Makes four small phantom studies, shrinks the crops of each recipe to 32 px of the same extent, trains one fold (all
of them with a `stack`) for one epoch (twice with `drop_suspects`), checks the bundle with `model verify` and grades a study with it, all looks included.
Backbones, pooling, views, mixup, losses and ensembles stay as the recipe has them. Says the seconds of each recipe (alone on two
cores one to ten minutes). Checkpoints stay until a recipe is done: 30 GB of place-5.
"""

import argparse
import json
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE_PX = 32


def shrunk(recipe):
    for network in recipe["networks"]:
        for view in network["views"]:
            view["pixel_mm"] = min(5, round(view["pixel_mm"] * view["size_px"] / SIZE_PX, 4))
            view["size_px"] = SIZE_PX
    recipe["optimisation"].update(epochs=1, studies_per_batch=1)
    if "weighted_head" in recipe:
        recipe["weighted_head"]["epochs"] = 1
    if "stack" in recipe:
        recipe["stack"]["steps"] = 10
        recipe.update(folds=4)  # it needs all of them, and each trains on all studies but one, so on several grades
    else:
        recipe.update(folds=2, run_folds=[0])
    return recipe


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--binary", type=Path, default=ROOT / "build/default/src/cli/lumbargrade")
    parser.add_argument("recipes", nargs="*", default=["fast", "strong", "ensemble", *(f"place-{k}" for k in range(1, 10))], metavar="RECIPE")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)

    def run(*command):
        done = subprocess.run([str(part) for part in (arguments.binary, *command)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
        return done.stdout

    data = arguments.work / "data"
    if not data.exists():
        run("phantom", "--studies", 4, "--seed", 8, "--sagittal-matrix", 192, "--axial-matrix", 128, "--vendor-quirks", "rsna",
            "-o", data)
    study = next((data / "train_images").iterdir())
    for name in arguments.recipes:
        recipe = arguments.work / f"{name}.json"
        recipe.write_text(json.dumps(shrunk(json.loads((ROOT / f"models/recipes/{name}.json").read_text()))))
        bundle = arguments.work / name
        shutil.rmtree(bundle, ignore_errors=True)
        start = time.monotonic()
        run("train", "grader", "--data", data, "--recipe", recipe, "--out", bundle, "--checkpoint-every", 1000)
        trained = time.monotonic() - start
        run("model", "verify", bundle)
        rows = run("grade", study, "--bundle", bundle).strip().splitlines()
        source = rows[0].split(",").index("source")
        sources = sorted({row.split(",")[source] for row in rows[1:]})
        print(f"{name}: trained in {trained:.0f} s, verified, {len(rows) - 1} rows from {', '.join(sources)}", flush=True)
        shutil.rmtree(bundle / "checkpoint")


if __name__ == "__main__":
    main()
