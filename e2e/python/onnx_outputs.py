"""Checks the model of {"model": path, "rows": [[number or null]]} on standard input and prints its outputs."""

import json
import sys

import numpy as np
import onnx
import onnxruntime

request = json.load(sys.stdin)
model = onnx.load(request["model"])
onnx.checker.check_model(model, full_check=True)

rows = np.array(request["rows"], dtype=np.float32)  # None becomes NaN
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(
    model.SerializeToString(), options, providers=["CPUExecutionProvider"]
)
(outputs,) = session.run(["outputs"], {"features": rows})
json.dump(outputs.astype(float).tolist(), sys.stdout)
