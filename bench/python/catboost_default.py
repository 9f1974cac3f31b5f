"""Ranks the holdouts of {"columns", "y", "seeds"} on standard input with CatBoost as it comes.

A column is {"isCategory", "values"}; null is missing. Prints {"splits": [{"seed", "train", "holdout", "auc"}]}: the
positions are for the one it is compared with.
"""

import json
import sys

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from sklearn.metrics import roc_auc_score

from shared import holdout_of

request = json.load(sys.stdin)
y = np.array(request["y"], dtype=np.int32)
columns = {}
categories = []
for i, column in enumerate(request["columns"]):
    if column["isCategory"]:
        categories.append(i)
        columns[i] = ["missing" if value is None else str(value) for value in column["values"]]
    else:
        columns[i] = np.array([np.nan if value is None else float(value) for value in column["values"]])
x = pd.DataFrame(columns)

splits = []
for seed in request["seeds"]:
    train, holdout = holdout_of(y, seed)
    model = CatBoostClassifier(thread_count=2, verbose=False, allow_writing_files=False)
    model.fit(x.iloc[train], y[train], cat_features=categories)
    auc = roc_auc_score(y[holdout], model.predict_proba(x.iloc[holdout])[:, 1])
    splits.append({"seed": seed, "train": train.tolist(), "holdout": holdout.tolist(), "auc": auc})
json.dump({"splits": splits}, sys.stdout)
