"""CPU seconds of one fit and rows per CPU second of LightGBM and CatBoost, one thread, for {"x", "y", "parameters"}
(ours, by our names) on standard input. Prints JSON; each figure is the median of several runs.
"""

import json
import statistics
import sys
import time

import lightgbm
import shap
from catboost import CatBoostClassifier

from shared import read_request

FITS = 5
SCORING_SECONDS = 1.0
BATCH = 256


def cpu_seconds(action):
    begun = time.process_time()
    action()
    return time.process_time() - begun


def rows_per_second(rows, action):
    """Of `action`, which handles `rows` rows, repeated for a while."""
    action()
    spent = runs = 0
    while spent < SCORING_SECONDS:
        spent += cpu_seconds(action)
        runs += 1
    return rows * runs / spent


request = read_request()
x, y, ours = request["x"], request["y"], request["parameters"]


def fit_lightgbm():
    return lightgbm.LGBMClassifier(
        n_estimators=ours["rounds"], max_depth=ours["depth"], num_leaves=2 ** ours["depth"],
        learning_rate=ours["learningRate"], reg_lambda=ours["l2"], subsample=ours["rowSampling"], subsample_freq=1,
        n_jobs=1, random_state=1, verbose=-1,
    ).fit(x, y)


def fit_catboost():
    return CatBoostClassifier(
        iterations=ours["rounds"], depth=ours["depth"], learning_rate=ours["learningRate"], l2_leaf_reg=ours["l2"],
        bootstrap_type="Bernoulli", subsample=ours["rowSampling"],
        thread_count=1, random_seed=1, verbose=False, allow_writing_files=False,
    ).fit(x, y)


def median_fit(fit):
    return statistics.median(cpu_seconds(fit) for _ in range(FITS))


model = fit_lightgbm()
explainer = shap.TreeExplainer(model)
predict = model.booster_.predict


def score_with_reasons(rows):
    predict(rows, num_threads=1)
    explainer.shap_values(rows)


batch, many = x[:BATCH], x[:2000]
json.dump(
    {
        "fitLightgbm": median_fit(fit_lightgbm),
        "fitCatboost": median_fit(fit_catboost),
        "lightgbmMargins": rows_per_second(BATCH, lambda: predict(batch, num_threads=1)),
        "lightgbmShap": rows_per_second(BATCH, lambda: score_with_reasons(batch)),
        "lightgbmShapMany": rows_per_second(2000, lambda: score_with_reasons(many)),
    },
    sys.stdout,
)
