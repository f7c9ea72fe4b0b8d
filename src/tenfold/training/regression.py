r"""Softmax regression to the optimum: without hidden layers the problem is convex, and needs no recipe.

With inputs ``x`` as fractions of 255, labels ``y`` and an example's weight ``w`` (one, if none are given),

.. math:: F(W, b) = \frac{1}{2} \lVert W \rVert^2 + C \sum_i w_i \, \ell(W x_i + b, y_i)

has one minimum. This is scikit-learn's ``LogisticRegression``; the bias is not penalised. Three ideas find
the minimum fast:

1. *Coordinates.* The network sees ``u = (x - mean) / std``; its weights are ``U = W std``. So the penalty
   becomes a ridge ``1 / std²`` for each feature, and the weights found are the network's own.
2. *Directions* are those of L-BFGS, which learns the curvature from the last steps. It begins with each
   class's own block of the Hessian, inverted: what hundreds of steps would have to learn
   (`tenfold.training.curvature`).
3. *Objective and gradient* of all examples come from the compiled part (`tenfold.training.total_loss`). Where
   float32 sees no lower point, or nothing is compiled, NumPy goes on in float64.

>>> rows = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
>>> scale = np.zeros(1, np.float32), np.ones(1, np.float32)
>>> examples = Examples(rows, np.array([0, 1, 0, 1]), *scale)
>>> *_, last = solve(Network((1, 1), "sigmoid"), examples, c=1.0, threads=1)
>>> print(f"{last.objective:.4f}", last.weights["l1.weight"].round(2))
2.5483 [[0.45]]

References
----------
J. Nocedal, S. J. Wright, "Numerical Optimization" (2006), chapters 3 (line search) and 7 (L-BFGS).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from tenfold import native
from tenfold.errors import DataError, UsageError
from tenfold.model.network import Network, Weights
from tenfold.training.curvature import Curvature, Memory
from tenfold.training.engine import Examples
from tenfold.training.total_loss import Matrix, TotalLoss, compiled_loss, exact_loss, tensors

TOLERANCE, CHEAP_TOLERANCE = 3e-4, 3e-5
"""Share of the objective by which it may still fall when it counts as minimal; less where steps are cheap."""

MOST_ITERATIONS = 1_000
WINDOW = 8  # iterations whose falls are compared to foretell the falls to come
MOST_TRIALS = 20  # step lengths, each at most half the last
SUFFICIENT = 1e-4  # share of the fall that the slope promises
CAUTION = 5  # convergence slows down: so many times what is foretold
NOTHING = 1e-10  # share of the objective that is no gain
LEAST_SHARE = 1e-10  # of the objective at the start: less counts as this


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a solution stands.

    Parameters
    ----------
    iteration : int
        Steps taken, counted from one.
    objective : float
        ``F`` as scikit-learn counts it: half the squared weights, plus C times the sum of the losses.
    loss : float
        Weighted mean loss in nats, without the penalty.
    is_last : bool
        Whether this is the result.
    remark : str, optional
        What there is to say of a result that is not the minimum: never an error, often good enough.
    coefficients : ndarray of float64, shape (outputs, features + 1)
        Weights and, last, bias, for normalised inputs.
    """

    iteration: int
    objective: float
    loss: float
    is_last: bool
    remark: str | None
    coefficients: Matrix

    @property
    def weights(self) -> Weights:
        """The network's tensors in float32, for normalised inputs."""
        return tensors(self.coefficients)


def solve(
    network: Network, train: Examples, c: float, threads: int, instruction_set: str | None = None
) -> Iterator[Progress]:
    """Minimise the objective of softmax regression; under a sigmoid head, of logistic regression.

    It ends when the falls of the last iterations, continued as a geometric series, and the fall that the
    next step promises both come to less than `TOLERANCE` of the objective, or `CHEAP_TOLERANCE`. Results
    have the same bits on any number of threads.

    Parameters
    ----------
    network : Network
        Of one layer.
    train : Examples
        On what; only ``places``, if there are any, each as much as ``weights`` say.
    c : float
        How much a loss counts against the penalty: scikit-learn's ``C``, above zero.
    threads : int
        How many work at the same time.
    instruction_set : str, optional
        Of the compiled part; without a name, the one that `tenfold.native` chooses.

    Yields
    ------
    Progress
        After every iteration.

    Raises
    ------
    UsageError
        When the network has hidden layers, or ``c`` is not a number above zero.
    DataError
        When no example counts.
    """
    if network.layers != 1:
        raise UsageError(f"hidden: the network is {network}; expected no hidden layers: use --hidden none")
    if not (math.isfinite(c) and c > 0):
        raise UsageError(f"c: {c}; expected a finite number above 0, such as 1.0")
    places = np.arange(len(train.labels)) if train.places is None else train.places
    if train.weights is not None:
        places = places[train.weights[places] > 0]
    if not len(places):
        raise DataError("no example has a weight above zero; expected at least one: check places and weights")

    with ThreadPoolExecutor(threads) as pool:
        losses = [exact_loss(network, train, places, pool)]
        if native.absence() is None:
            isa = instruction_set or native.instruction_set().name
            losses.insert(0, compiled_loss(network, train, places, threads, isa))
        curvature = Curvature(network, train, places, pool)
        libraries = ThreadpoolController()
        with libraries.limit(limits=1):  # threads share whole pieces of work, which fixes every sum
            descent = _Descent(losses, curvature, train, places, c)
        while not descent.is_over:
            with libraries.limit(limits=1):
                descent.step()
            yield descent.progress()


class _Descent:
    """A point on its way to the minimum; its objective is divided by C times the sum of the weights.

    Parameters
    ----------
    losses : list of TotalLoss
        The first is used until it sees no lower point, then the next.
    """

    def __init__(
        self,
        losses: list[TotalLoss],
        curvature: Curvature,
        train: Examples,
        places: NDArray[np.int64],
        c: float,
    ) -> None:
        counts = np.ones(len(places)) if train.weights is None else train.weights[places]
        self._losses, self._curvature, self._memory = losses, curvature, Memory()
        self._total, self._unit = float(counts.sum(dtype=np.float64)), c * float(counts.sum(dtype=np.float64))
        deviation = train.scale[1].astype(np.float64)
        self._ridge = np.append(1 / (self._unit * deviation**2), 0.0)  # the bias is free
        self._point: Matrix = np.zeros(curvature.shape)
        self._value, self._gradient = self._evaluate(self._point)
        self._values = [self._value]
        self._start = 0  # of the values by which to judge
        self._next_measurement = 0
        self._tolerance = CHEAP_TOLERANCE if curvature.is_cheap else TOLERANCE
        self._left = math.inf  # what may still be gained, as a share of the objective
        self.is_over = False

    def _evaluate(self, point: Matrix) -> tuple[float, Matrix]:
        loss, gradient = self._losses[0](point)
        return loss / self._total + self._penalty(point), gradient / self._total + self._ridge * point

    def _penalty(self, point: Matrix) -> float:
        return 0.5 * float((self._ridge * point**2).sum())

    def step(self) -> None:
        """Go to a lower point, if there is one."""
        iteration = len(self._values) - 1
        if iteration >= self._next_measurement:
            self._curvature.measure(self._point, self._ridge)
            # Where it costs little, each time; else at 0, 4, 16, 52 …, as it changes ever less.
            self._next_measurement = iteration + 1 if self._curvature.is_cheap else 3 * iteration + 4
        direction = self._memory.direction(self._gradient, self._curvature)
        slope = float((self._gradient * direction).sum())
        found = self._search(direction, slope)
        if found is None:
            self._change_loss()
        else:
            point, value, gradient = found
            self._memory.learn(point - self._point, gradient - self._gradient)
            self._point, self._value, self._gradient = point, value, gradient
            self._values.append(value)
        self._judge(promised=-slope / 2)

    def _search(self, direction: Matrix, slope: float) -> tuple[Matrix, float, Matrix] | None:
        """Shorten the step until the objective falls by its share of what the slope promises (Armijo)."""
        length = 1.0
        for _ in range(MOST_TRIALS):
            point = self._point + length * direction
            value, gradient = self._evaluate(point)
            if value < self._value + SUFFICIENT * length * slope:
                return point, value, gradient
            bend = 2 * (value - self._value - length * slope)  # of the parabola through what is known
            lowest = -slope * length**2 / bend if math.isfinite(bend) and bend > 0 else 0.0
            length = min(max(lowest, 0.1 * length), 0.5 * length)
        return None

    def _change_loss(self) -> None:
        """Go on with the next loss from where the last one saw no lower point; end where there is none."""
        if len(self._losses) == 1:
            self.is_over = True
            return
        self._losses = self._losses[1:]
        self._memory = Memory()
        self._value, self._gradient = self._evaluate(self._point)
        self._values.append(self._value)

    def _judge(self, promised: float) -> None:
        """End when little is left to gain, or after too long."""
        scale = max(self._value, LEAST_SHARE * self._values[0])
        to_come = 0.0 if self.is_over else falls_to_come(self._values[self._start :])
        self._left = max(promised, CAUTION * to_come) / scale
        if promised <= NOTHING * scale:
            self._left = 0.0
        if 0 < self._left <= self._tolerance and self._curvature.is_cheap and self._start == 0:
            self._memory, self._start = Memory(), len(self._values) - 1  # a second opinion, from here
            return
        self.is_over |= self._left <= self._tolerance or len(self._values) > MOST_ITERATIONS

    def progress(self) -> Progress:
        remark = None
        if self.is_over and self._left > self._tolerance:
            remark = (
                f"not at the minimum after {len(self._values) - 1} iterations: the objective may still fall "
                f"by {100 * min(self._left, 1.0):.2g} %; a smaller C would help, or features of similar size"
            )
        return Progress(
            iteration=len(self._values) - 1,
            objective=self._value * self._unit,
            loss=self._value - self._penalty(self._point),
            is_last=self.is_over,
            remark=remark,
            coefficients=self._point,
        )


def falls_to_come(values: list[float]) -> float:
    """Foretell how far objectives will still fall, from their last falls.

    They are taken for a geometric series, whose ratio over `WINDOW` falls is no less than a half.

    Examples
    --------
    >>> falls_to_come([1 + 0.5**k for k in range(2 * WINDOW)])
    inf
    >>> round(falls_to_come([1 + 0.95**k for k in range(40)]), 6), round(0.95**39, 6)
    (0.135276, 0.135276)
    """
    if len(values) <= 2 * WINDOW:
        return math.inf
    before = values[-1 - 2 * WINDOW] - values[-1 - WINDOW]
    last = values[-1 - WINDOW] - values[-1]
    if last <= 0:
        return 0.0
    ratio = max(last / before, 0.5) if before > 0 else 1.0
    return last * ratio / (1 - ratio) if ratio < 1 else math.inf
