#!/usr/bin/env python3
"""Whether canals behind discs that SPIDER's radiologist read as narrowed, bulging, herniated or slipped are graded higher
than those behind intact discs of the same level. Readings set no threshold: they only judge.

    canal_on_readings.py BUNDLE DATA

BUNDLE has crossvalidation/named_canals.csv (`lumbargrade train measures --named`: single mid-sagittal T2 slices), DATA has
spider/radiological_gradings.csv (IVD label 1 is the lowest disc, L5/S1). Printed, for each reading and score, the area
under the ROC curve within levels (pairs of discs of one level, all levels pooled by their number of pairs) and the
two-sided p of van Elteren's stratified rank test. Scores: P(moderate or worse) of the bundle's model, and what it is made
of, the smaller the worse."""
import argparse
import csv
import json
import math
import pathlib

import numpy as np

from canal_figures import mid_ranks, moderate

LEVELS = ["L5/S1", "L4/L5", "L3/L4", "L2/L3", "L1/L2"]  # by IVD label, from 1
READINGS = {"narrowed": "Disc narrowing", "bulging": "Disc bulging", "herniated": "Disc herniation",
            "slipped": "Spondylolisthesis"}


def rank_test(scores, positive, level):
    """AUC within levels and the two-sided p of van Elteren's test with locally best weights."""
    wins = pairs = statistic = variance = 0
    for stratum in np.unique(level):
        chosen = level == stratum
        ranks, is_positive = mid_ranks(scores[chosen]), positive[chosen]
        m, n = is_positive.sum(), (~is_positive).sum()
        if m == 0 or n == 0:
            continue
        above = ranks[is_positive].sum() - m * (m + 1) / 2
        wins, pairs = wins + above, pairs + m * n
        statistic += (above - m * n / 2) / (m + n + 1)
        variance += m * n / (m + n) * ranks.var() / (m + n + 1) ** 2 * (m + n) / max(m + n - 1, 1)
    return wins / pairs, math.erfc(abs(statistic) / math.sqrt(2 * variance))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    arguments = parser.parse_args()
    readings = {(row["Patient"], LEVELS[int(row["IVD label"]) - 1]): row
                for row in csv.DictReader((arguments.data / "spider/radiological_gradings.csv").open())
                if 1 <= int(row["IVD label"]) <= len(LEVELS)}
    rows = [(row, readings[key]) for row in csv.DictReader((arguments.bundle / "crossvalidation/named_canals.csv").open())
            if row["patient"].startswith("spider")
            and (key := (row["patient"].rsplit("/", 1)[1], row["level"])) in readings]
    model = json.loads((arguments.bundle / "manifest.json").read_text())["grading"]["fluid_measure"]
    level = np.array([LEVELS.index(row["level"]) for row, _ in rows])
    fluid, diameter = (np.array([float(row[name]) for row, _ in rows]) for name in ("fluid_ratio", "diameter_mm"))
    scores = {"P(moderate or worse)": np.array([moderate(model, row["level"], f, d)
                                                for (row, _), f, d in zip(rows, fluid, diameter)]),
              "fluid ratio": -fluid, "diameter": -diameter}
    intact = np.array([all(reading[name] == "0" for name in READINGS.values()) for _, reading in rows])
    print(f"{len(rows)} discs of {len({row['patient'] for row, _ in rows})} patients; {intact.sum()} read as intact")
    print(f"{'reading':22} {'discs':>5}  " + "  ".join(f"{name:>26}" for name in scores))
    for name, column in READINGS.items():
        positive = np.array([reading[column] != "0" for _, reading in rows])
        compared = positive | intact
        figures = (rank_test(score[compared], positive[compared], level[compared]) for score in scores.values())
        print(f"{name + ' against intact':22} {positive.sum():5}  " +
              "  ".join(f"{f'AUC {auc:.3f}, p {p:.1g}':>26}" for auc, p in figures))


if __name__ == "__main__":
    main()
