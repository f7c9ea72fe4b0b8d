"""The curvature of a softmax regression's objective, and the directions of descent that follow from it.

The Hessian of the mean loss has a block for each pair of outputs; the block of output k with itself is
``Σ w p (1 - p) u uᵀ``, with u the inputs and a one for the bias. `Curvature` inverts these blocks alone, as
measured on a sample; `Memory`, which is L-BFGS, learns from the steps what they leave out.

References
----------
D. Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of Statistical Mathematics
44 (1992), for the Hessian. D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale
optimization", Mathematical Programming 45 (1989).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from tenfold.functional import Floats
from tenfold.model.network import Network
from tenfold.training.engine import Examples
from tenfold.training.total_loss import Matrix

MOST_ROWS = 16_384  # of the sample on which curvature is measured
MOST_NUMBERS = 1 << 26  # of the sample, in float32
MOST_BLOCK_NUMBERS = 1 << 24  # of all blocks together, in float64
ROWS_A_NUMBER = 5  # examples that a block is made of, for each of its rows: enough to be near the whole sum
LEAST_ROWS = 4_096
LEAST_CURVATURE = 1e-12  # of p (1 - p): an example that is certain still counts
DAMPING = {"float64": 1e-9, "float32": 1e-5}  # of a diagonal of ones: rounding never makes a block singular
CHEAP = 10**8  # multiplications that take no time worth saving
STEPS = 30  # that L-BFGS remembers


class Curvature:
    """The inverse of the Hessian's diagonal blocks at some point, nearly.

    Where the blocks would be too large there is one for all outputs, their mean; where that is too large,
    their diagonals alone.

    Parameters
    ----------
    network : Network
        Of one layer.
    train : Examples
        Whose curvature.
    places : ndarray of int64, shape (M,)
        The rows that count.
    pool : Executor
        Where blocks are inverted, side by side.
    """

    def __init__(self, network: Network, train: Examples, places: NDArray[np.int64], pool: Executor) -> None:
        random = np.random.default_rng(0)
        size = network.inputs + 1
        count = min(len(places), MOST_ROWS, max(1, MOST_NUMBERS // size))
        sample = places if count == len(places) else np.sort(random.choice(places, count, replace=False))
        self._rows = np.ones((count, size), np.float32)
        self._rows[:, :-1] = train.rows(sample)
        counts = np.ones(count) if train.weights is None else train.weights[sample].astype(np.float64)
        self._counts = counts / counts.sum()
        self._draws = random.random(count)
        self.shape = (network.widths[1], size)
        self._head, self._pool = network.head, pool
        self._wanted = max(LEAST_ROWS, ROWS_A_NUMBER * size)
        self.is_cheap = self.shape[0] * count * size**2 <= CHEAP
        self._inverse: Callable[[Matrix], Floats]

    def measure(self, point: Matrix, ridge: NDArray[np.float64]) -> None:
        """Compute the blocks where the weights are ``point``, and invert them.

        Parameters
        ----------
        point : ndarray of float64, shape (outputs, features + 1)
            Weights and, last, biases.
        ridge : ndarray of float64, shape (features + 1,)
            What the penalty adds to each diagonal.
        """
        outputs, size = self.shape
        curvatures = self._curvatures(point)  # (rows, outputs)
        if size**2 > MOST_BLOCK_NUMBERS:
            diagonals = curvatures.T @ np.square(self._rows) + ridge
            diagonals[:, -1] += LEAST_CURVATURE
            self._inverse = lambda gradient: gradient / diagonals
            return
        equal = bool((curvatures == curvatures[:, :1]).all())  # as at the start
        if equal or outputs * size**2 > MOST_BLOCK_NUMBERS:
            inverse = self._inverse_block(curvatures.mean(axis=1), ridge)
            self._inverse = lambda gradient: gradient.astype(inverse.dtype) @ inverse
            return
        inverses = list(self._pool.map(lambda each: self._inverse_block(each, ridge), curvatures.T))
        self._inverse = lambda gradient: np.stack(
            [inverse @ row for inverse, row in zip(inverses, gradient.astype(inverses[0].dtype), strict=True)]
        )

    def solve(self, gradient: Matrix) -> Matrix:
        """Multiply a gradient by the inverse blocks: the step that they would take, but for its sign.

        A softmax sees no difference when all outputs move alike, and the penalty is least where their weights
        sum to zero; so do these steps. Blocks that know nothing of one another would leave that path.
        """
        step = self._inverse(_balanced(gradient)).astype(np.float64)
        return _balanced(step)

    def _curvatures(self, point: Matrix) -> Matrix:
        """Return ``w p (1 - p)`` of each row and output."""
        logits = self._rows @ point.T.astype(np.float32)
        p = self._head.probabilities(logits)[:, -len(point) :].astype(np.float64)
        curvatures: Matrix = self._counts[:, np.newaxis] * np.maximum(p * (1 - p), LEAST_CURVATURE)
        return curvatures

    def _inverse_block(self, curvatures: NDArray[np.float64], ridge: NDArray[np.float64]) -> Floats:
        """Invert ``Σ curvature u uᵀ`` plus ridge: of all rows, or of some, likelier the more they curve."""
        if len(curvatures) <= self._wanted:
            rows, damping = self._rows * np.sqrt(curvatures)[:, np.newaxis], DAMPING["float64"]
        else:
            share = np.minimum(1, self._wanted * curvatures / curvatures.sum())
            chosen = self._draws < share
            factors = np.sqrt(curvatures[chosen] / share[chosen]).astype(np.float32)
            rows, damping = self._rows[chosen] * factors[:, np.newaxis], DAMPING["float32"]
        block = (rows.T @ rows).astype(np.float64)  # (features + 1, features + 1)
        block.flat[:: len(ridge) + 1] += ridge
        scale = 1 / np.sqrt(block.diagonal())
        scales = np.outer(scale, scale)
        block *= scales
        block.flat[:: len(ridge) + 1] += damping
        inverse: Floats = np.linalg.inv(block.astype(rows.dtype))
        inverse *= scales
        return inverse.astype(rows.dtype)


def _balanced(matrix: Matrix) -> Matrix:
    """Take away what all outputs have in common; a single output keeps what it has."""
    return matrix - matrix.mean(axis=0) if len(matrix) > 1 else matrix


class Memory:
    """The last steps, and how they changed the gradient: L-BFGS."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Matrix, Matrix, float]] = deque(maxlen=STEPS)

    def learn(self, step: Matrix, change: Matrix) -> None:
        """Remember a step and the change of the gradient along it; one without curvature teaches nothing."""
        product = float((step * change).sum())
        if product > 0:
            self._steps.append((step, change, product))

    def direction(self, gradient: Matrix, curvature: Curvature) -> Matrix:
        """Return where to go, by the two loops of L-BFGS around the curvature."""
        rest, shares = gradient.copy(), []
        for step, change, product in reversed(self._steps):
            shares.append(float((step * rest).sum()) / product)
            rest -= shares[-1] * change
        way = curvature.solve(rest)
        if self._steps:
            _, change, product = self._steps[-1]
            way *= product / float((change * curvature.solve(change)).sum())  # as long as the last step was
        for (step, change, product), share in zip(self._steps, reversed(shares), strict=True):
            way += (share - float((change * way).sum()) / product) * step
        return -way
