"""Ranks the holdouts of {"x", "y", "seeds"} on standard input with a tuned CatBoost.

Prints {"splits": [{"seed", "train", "holdout", "auc"}]}: the positions are for the one it is compared with.
"""

import json
import sys

from catboost import CatBoostClassifier
from sklearn.metrics import roc_auc_score

from shared import holdout_of, read_request

# The best of tune_catboost.py.
TUNED = {"iterations": 386, "depth": 5, "learning_rate": 0.03, "l2_leaf_reg": 3}

request = read_request()
x, y = request["x"], request["y"]
splits = []
for seed in request["seeds"]:
    train, holdout = holdout_of(y, seed)
    model = CatBoostClassifier(**TUNED, random_seed=1, thread_count=1, verbose=False, allow_writing_files=False)
    model.fit(x[train], y[train])
    auc = roc_auc_score(y[holdout], model.predict_proba(x[holdout])[:, 1])
    splits.append({"seed": seed, "train": train.tolist(), "holdout": holdout.tolist(), "auc": auc})
json.dump({"splits": splits}, sys.stdout)
