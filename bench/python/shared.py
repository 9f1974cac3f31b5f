"""What the scripts of the benchmarks share."""

import json
import sys

import numpy as np
from sklearn.model_selection import train_test_split


def read_request():
    """The JSON on standard input; "x" (null = missing) and "y" as arrays."""
    request = json.load(sys.stdin)
    request["x"] = np.array(request["x"], dtype=np.float32)
    request["y"] = np.array(request["y"], dtype=np.int32)
    return request


def holdout_of(y, seed):
    """Positions of the training part and of the holdout of a split, ascending."""
    parts = train_test_split(np.arange(len(y)), test_size=0.2, stratify=y, random_state=seed)
    return [np.sort(part) for part in parts]
