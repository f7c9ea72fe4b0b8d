"""From pixels to probabilities as ONNX nodes: the operations of `tenfold.model`, in the same order."""

from __future__ import annotations

import numpy as np

from tenfold.exporting.graph import Graph
from tenfold.model.calibration import Calibration
from tenfold.model.network import Network, Weights
from tenfold.model.preprocessing import Preprocessing
from tenfold.model.smoothing import LEAST_KEPT


def add_rows(graph: Graph, pixels: str, preprocessing: Preprocessing) -> str:
    """Add `Preprocessing.normalise`; ``pixels`` are float32 of shape (N, H, W) or (N, H, W, C)."""
    share = graph.add("Div", pixels, np.float32(255))
    centred = graph.add("Sub", share, np.array(preprocessing.mean, np.float32))
    scaled = graph.add("Div", centred, np.array(preprocessing.std, np.float32))
    return graph.add("Flatten", scaled, name="rows")


def add_layers(graph: Graph, rows: str, network: Network, weights: Weights) -> str:
    """Add `Network.forward`: layers by the names of the state dict, and ``logits``."""
    names = {name: graph.constant(weights[name], name) for name in network.shapes}
    values = rows
    for layer in range(1, network.layers + 1):
        is_last = layer == network.layers
        tensors = values, names[f"l{layer}.weight"], names[f"l{layer}.bias"]
        values = graph.add("Gemm", *tensors, name="logits" if is_last else f"l{layer}", transB=1)
        if not is_last:
            values = graph.add("Relu", values)
    return values


def add_probabilities(graph: Graph, logits: str, network: Network, calibration: Calibration | None) -> str:
    """Add `Predictor.probabilities_of`."""
    if calibration is not None:
        if calibration.label_smoothing > 0:
            logits = _unsmoothed(graph, logits, network, calibration.label_smoothing)
        logits = graph.add("Div", logits, np.float32(calibration.temperature))
    return _head(graph, logits, network, name="probabilities")


def _unsmoothed(graph: Graph, logits: str, network: Network, label_smoothing: float) -> str:
    share = np.float32(label_smoothing / network.classes)
    learnt = _head(graph, logits, network)
    lost = graph.add("Div", share, graph.add("Max", learnt, share))
    kept = graph.add("Max", graph.add("Sub", np.float32(1), lost), np.float32(LEAST_KEPT))
    change = graph.add("Log", kept)
    if network.head_name == "sigmoid":  # of class 1, less that of class 0
        change = graph.add("MatMul", change, np.array([[-1], [1]], np.float32))
    return graph.add("Add", logits, change)


def _head(graph: Graph, logits: str, network: Network, name: str | None = None) -> str:
    if network.head_name == "softmax":
        return graph.add("Softmax", logits, axis=1, name=name)
    return graph.add("Sigmoid", both_classes(graph, logits), name=name)


def both_classes(graph: Graph, logits: str) -> str:
    """Add the logits ``-z`` and ``z`` of a sigmoid head's single ``z``."""
    return graph.add("Concat", graph.add("Neg", logits), logits, axis=1)
