"""Prints shap's path-dependent values of {"base": number, "trees": [...], "rows": [[number or null]]} on standard input.

A tree is what shap takes as a dictionary: arrays by node, children of a leaf are -1.
"""

import json
import sys

import numpy as np
import shap

WHOLE = ("children_left", "children_right", "children_default", "feature")
REAL = ("threshold", "node_sample_weight")


def as_arrays(tree):
    whole = {name: np.array(tree[name], dtype=np.int32) for name in WHOLE}
    real = {name: np.array(tree[name], dtype=np.float64) for name in REAL}
    return {**whole, **real, "value": np.array(tree["value"], dtype=np.float64).reshape(-1, 1)}


request = json.load(sys.stdin)
explainer = shap.TreeExplainer(
    {"trees": [as_arrays(tree) for tree in request["trees"]], "base_offset": request["base"]},
    feature_perturbation="tree_path_dependent",
)
rows = np.array(request["rows"], dtype=np.float64)  # None becomes NaN
values = explainer.shap_values(rows, check_additivity=False)
json.dump({"base": float(np.ravel(explainer.expected_value)[0]), "values": values.tolist()}, sys.stdout)
