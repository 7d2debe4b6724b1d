"""Prints the figures that tests/metric/agreement_test.cpp compares with, computed by scikit-learn on
tests/data/metric/small_*.csv.

    python -m pip install numpy scikit-learn && python tests/metric/make_reference.py
"""

import csv
import pathlib

import numpy as np
from sklearn.metrics import cohen_kappa_score, log_loss, roc_auc_score

DATA = pathlib.Path(__file__).parent.parent / "data" / "metric"
CLASSES = ["normal_mild", "moderate", "severe"]


def rows(name):
    with open(DATA / name, newline="") as file:
        return {r["row_id"]: np.array([float(r[c]) for c in CLASSES]) for r in csv.DictReader(file)}


truth, model = rows("small_solution.csv"), rows("small_model.csv")
for condition in ["spinal_canal_stenosis", "neural_foraminal_narrowing", "subarticular_stenosis"]:
    ids = [i for i in truth if condition in i]
    y = np.array([truth[i].argmax() for i in ids])
    p = np.array([model[i] / model[i].sum() for i in ids])
    print(condition, "counts", np.bincount(y, minlength=3))
    print("  auc severe", roc_auc_score(y == 2, p[:, 2]))
    print("  auc moderate or worse", roc_auc_score(y > 0, p[:, 1] + p[:, 2]))
    print("  kappa", cohen_kappa_score(y, p.argmax(1), weights="quadratic"))
    for level in ["l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1"]:
        at = np.array([i.endswith(level) for i in ids])
        w = np.array([1, 2, 4])[y[at]]
        print("  loss", level, log_loss(y[at], p[at], sample_weight=w, labels=[0, 1, 2]))
