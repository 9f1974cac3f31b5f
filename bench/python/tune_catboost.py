"""Chooses CatBoost's parameters by 5-fold cross-validation inside the training part of split 42 of {"x", "y"} on
standard input, and prints them, best first. Not part of `make bench`: its outcome stands in auc.py."""

import itertools
import json
import sys

import numpy as np
from catboost import CatBoostClassifier, Pool
from sklearn.model_selection import StratifiedKFold

from shared import holdout_of, read_request

ROUNDS = 800
request = read_request()
train, _ = holdout_of(request["y"], 42)
x, y = request["x"][train], request["y"][train]
folds = list(StratifiedKFold(5, shuffle=True, random_state=1).split(x, y))
results = []
for depth, rate, l2 in itertools.product((4, 5, 6), (0.03, 0.06), (3, 10)):
    losses = np.zeros(ROUNDS)
    for inside, outside in folds:
        model = CatBoostClassifier(
            iterations=ROUNDS, depth=depth, learning_rate=rate, l2_leaf_reg=l2,
            random_seed=1, thread_count=2, verbose=False, allow_writing_files=False,
        )
        model.fit(Pool(x[inside], y[inside]), eval_set=Pool(x[outside], y[outside]), use_best_model=False)
        losses += np.array(model.get_evals_result()["validation"]["Logloss"]) / len(folds)
    best = int(losses.argmin())
    results.append((losses[best], {"iterations": best + 1, "depth": depth, "learning_rate": rate, "l2_leaf_reg": l2}))
    print(depth, rate, l2, best + 1, losses[best], file=sys.stderr)
for loss, parameters in sorted(results, key=lambda result: result[0]):
    print(json.dumps({"log_loss": loss, **parameters}))
