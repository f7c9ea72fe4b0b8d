"""Loss and gradient of one layer over all examples at once, for solvers that do not go batch by batch.

Two ways, the same numbers to rounding: `compiled_loss` in float32, `exact_loss` in float64. Both have the
same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from tenfold.model.network import Network, Weights
from tenfold.training.engine import Examples

Matrix = NDArray[np.float64]
"""Shape (outputs, features + 1): each output's weights and, last, its bias; or a gradient."""

TotalLoss = Callable[[Matrix], tuple[float, Matrix]]
"""From weights to the weighted sum of the examples' losses in nats, and its gradient."""

BATCH = 256  # examples that the compiled part takes at a time
CHUNK = 1_024  # examples that NumPy takes at a time


def tensors(matrix: Matrix) -> Weights:
    """Return the network's tensors, in float32."""
    return {
        "l1.weight": np.ascontiguousarray(matrix[:, :-1], np.float32),
        "l1.bias": np.ascontiguousarray(matrix[:, -1], np.float32),
    }


def compiled_loss(
    network: Network, train: Examples, places: NDArray[np.int64], threads: int, instruction_set: str
) -> TotalLoss:
    """Sum over ``places`` by the compiled part.

    A training with learning rate 0 and momentum 1 changes no weight, and leaves the sum of the batches'
    gradients in the momentum.
    """
    from tenfold._native import Trainer

    still = {name: np.zeros(shape, np.float32) for name, shape in network.shapes.items()}
    whole = len(places) // BATCH * BATCH
    parts = [part for part in (places[:whole], places[whole:]) if len(part)]  # batches of one size each

    def loss(matrix: Matrix) -> tuple[float, Matrix]:
        total, gradient = 0.0, np.zeros_like(matrix)
        for part in parts:
            trainer = Trainer(
                widths=list(network.widths),
                head=network.head_name,
                isa=instruction_set,
                precision="float32",
                threads=threads,
                weights=tensors(matrix),
                momentum=still,
            )
            size = min(BATCH, len(part))
            losses = trainer.train(
                train.inputs,
                train.labels,
                train.mean,
                train.std,
                part,
                batch_size=size,
                learning_rates=np.zeros(len(part) // size, np.float32),
                momentum=1.0,
                nesterov=False,
                weight_decay=0.0,
                label_smoothing=0.0,
                weights=train.weights,
            )
            sums = trainer.momentum()
            total += size * float(losses.sum())
            gradient[:, :-1] += size * sums["l1.weight"].astype(np.float64)
            gradient[:, -1] += size * sums["l1.bias"].astype(np.float64)
        return total, gradient

    return loss


def exact_loss(network: Network, train: Examples, places: NDArray[np.int64], pool: Executor) -> TotalLoss:
    """Sum over ``places`` with NumPy, chunks of examples side by side."""
    head = network.head
    chunks = [places[start : start + CHUNK] for start in range(0, len(places), CHUNK)]

    def loss(matrix: Matrix) -> tuple[float, Matrix]:
        weight, bias = matrix[:, :-1], matrix[:, -1]

        def of_chunk(chunk: NDArray[np.int64]) -> tuple[float, Matrix]:
            rows, labels = train.rows(chunk).astype(np.float64), train.labels[chunk]
            counts = 1.0 if train.weights is None else train.weights[chunk].astype(np.float64)
            logits = rows @ weight.T + bias  # (n, outputs)
            by_logits = head.loss_gradient(logits, labels, weights=counts)  # of the mean
            by_matrix = np.column_stack([by_logits.T @ rows, by_logits.sum(axis=0)])
            return len(chunk) * head.loss(logits, labels, weights=counts), len(chunk) * by_matrix

        return _added(list(pool.map(of_chunk, chunks)))

    return loss


def _added(parts: Sequence[tuple[float, Matrix]]) -> tuple[float, Matrix]:
    """Add one by one, in their order."""
    total, gradient = parts[0]
    for part, by_matrix in parts[1:]:
        total += part
        gradient += by_matrix
    return total, gradient
