"""The score of refusal as ONNX nodes: the operations of `tenfold.model.refusal`, in the same order.

How strange an image is to the class that the network names is computed for all classes, and one is picked:
a single matrix product, where a class's own directions would have to be copied for every image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.exporting.graph import Graph
from tenfold.exporting.onnx_answers import both_classes
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing
from tenfold.model.refusal import Refusal
from tenfold.model.subspaces import Subspaces

WITHIN_ROW = np.array([1], np.int64)
"""The axis of classes, and of an image's values."""


def add_refusal(
    graph: Graph, pixels: str, logits: str, network: Network, preprocessing: Preprocessing, refusal: Refusal
) -> str:
    """Add `Refusal.scores`, infinite for a picture of one colour: that is above every threshold.

    Parameters
    ----------
    graph : Graph
        What to add to.
    pixels : str
        float32 of shape (N, H, W) or (N, H, W, C), from 0 to 255.
    logits : str
        What the network gives.
    network, preprocessing, refusal
        Parts of the model.
    """
    if network.head_name == "sigmoid":
        logits = graph.add("Div", both_classes(graph, logits), np.float32(2))
    values = _averaged(graph, pixels, preprocessing, refusal.subspaces.block)
    parts = _strangeness(graph, values, logits, refusal.subspaces), _energy(graph, logits)
    excess = graph.add("Sub", graph.add("Concat", *parts, axis=1), np.array(refusal.means, np.float32))
    above = graph.add("Div", excess, np.array(refusal.deviations, np.float32))
    above = graph.add("Max", above, np.float32(0))
    squares = graph.add("ReduceSum", graph.add("Mul", above, above), WITHIN_ROW, keepdims=0)
    scores = graph.add("Sqrt", squares)
    return graph.add("Where", _is_blank(graph, pixels), np.float32(np.inf), scores, name="refusal")


def _is_blank(graph: Graph, pixels: str) -> str:
    flat = graph.add("Flatten", pixels)
    ends = [graph.add(operator, flat, axes=[1], keepdims=0) for operator in ("ReduceMin", "ReduceMax")]
    return graph.add("Equal", *ends)


def _averaged(graph: Graph, pixels: str, preprocessing: Preprocessing, block: int) -> str:
    """Add `averaged`: zeros fill the last blocks, which are divided by the pixels that they had."""
    if block == 1:
        return graph.add("Flatten", pixels)
    (height, width), channels = preprocessing.size, preprocessing.channels
    rows, columns = _pixels_in_blocks(height, block), _pixels_in_blocks(width, block)
    missing = np.zeros((2, len(preprocessing.shape) + 1), np.int64)  # before and after, a column a dimension
    missing[1, 1:3] = block * len(rows) - height, block * len(columns) - width
    shape = np.array([0, len(rows), block, len(columns), block, channels], np.int64)  # 0 keeps N
    blocks = graph.add("Reshape", graph.add("Pad", pixels, missing.ravel()), shape)
    sums = graph.add("ReduceSum", blocks, np.array([2, 4], np.int64), keepdims=0)
    counts = np.outer(rows, columns).astype(np.float32)
    return graph.add("Flatten", graph.add("Div", sums, counts[:, :, np.newaxis]))


def _pixels_in_blocks(size: int, block: int) -> NDArray[np.int64]:
    return np.bincount(np.arange(size) // block)


def _strangeness(graph: Graph, values: str, logits: str, subspaces: Subspaces) -> str:
    """Add `Subspaces.strangeness` to the most probable class, shape (N, 1)."""
    classes, rank, features = subspaces.directions.shape
    named = graph.add("ArgMax", logits, axis=1, keepdims=1)  # (N, 1)
    mean = graph.add("Flatten", graph.add("Gather", _as_floats(graph, subspaces.means, "means"), named))
    d = graph.add("Div", graph.add("Sub", values, mean), np.float32(255))  # (N, F)
    whole = graph.add("ReduceSum", graph.add("Mul", d, d), WITHIN_ROW, keepdims=1)
    left = whole
    if rank > 0:
        directions = subspaces.directions.reshape(classes * rank, features)
        lengths = np.maximum(np.linalg.norm(directions.astype(np.float32), axis=1), 1)
        products = graph.add("Gemm", d, _as_floats(graph, directions, "directions"), transB=1)
        along = graph.add("Div", products, lengths)
        squares = graph.add("Reshape", graph.add("Mul", along, along), np.array([0, classes, rank], np.int64))
        explained = graph.add("ReduceSum", squares, np.array([2], np.int64), keepdims=0)  # (N, classes)
        own = graph.add("GatherElements", explained, named, axis=1)
        left = graph.add("Max", graph.add("Sub", whole, own), np.float32(0))
    share = graph.add("Div", left, graph.add("Max", whole, np.finfo(np.float32).tiny))
    return graph.add("Mul", share, left)


def _as_floats(graph: Graph, values: NDArray[np.uint8] | NDArray[np.int8], name: str) -> str:
    """Add constants of one byte each, a quarter of what they would take as float32."""
    return graph.add("Cast", graph.constant(values, name), to=1)


def _energy(graph: Graph, logits: str) -> str:
    """Add `energy`, shape (N, 1)."""
    largest = graph.add("ReduceMax", logits, axes=[1], keepdims=1)
    exponentials = graph.add("Exp", graph.add("Sub", logits, largest))
    total = graph.add("ReduceSum", exponentials, WITHIN_ROW, keepdims=1)
    return graph.add("Neg", graph.add("Add", largest, graph.add("Log", total)))
