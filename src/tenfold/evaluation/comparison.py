"""Is one model better than another? Both answer for the same images, so only their disagreements tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.evaluation.intervals import NORMAL_95, wilson_interval

SCHEMA_VERSION = 1
"""Of what `Comparison.to_dict` gives; ``comparison.schema.json``, beside this file, describes it."""


@dataclass(frozen=True)
class Comparison:
    """Two models on the same images.

    Parameters
    ----------
    both, first, second, neither : int
        Images that both models name rightly, only the first, only the second, neither.
    """

    both: int
    first: int
    second: int
    neither: int

    @classmethod
    def counted(cls, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Comparison:
        """Count from two arrays of shape (N,): whether each model is right on each image."""
        return cls(
            both=int((first & second).sum()),
            first=int((first & ~second).sum()),
            second=int((~first & second).sum()),
            neither=int((~first & ~second).sum()),
        )

    @property
    def total(self) -> int:
        """Number of images."""
        return self.both + self.first + self.second + self.neither

    @property
    def accuracies(self) -> tuple[float, float]:
        """Share of images that the first and the second model name rightly."""
        return (self.both + self.first) / self.total, (self.both + self.second) / self.total

    @property
    def accuracy_intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """95 % intervals of the two accuracies, by `wilson_interval`."""
        return (
            wilson_interval(self.both + self.first, self.total),
            wilson_interval(self.both + self.second, self.total),
        )

    @property
    def difference(self) -> float:
        """Accuracy of the first model less that of the second."""
        return (self.first - self.second) / self.total

    @property
    def difference_interval(self) -> tuple[float, float]:
        """95 % interval of the difference, by `tango_interval`."""
        return tango_interval(self.first, self.second, self.total)

    @property
    def p_value(self) -> float:
        """Chance of disagreements at least as uneven between equally good models, by `mcnemar`."""
        return mcnemar(self.first, self.second)

    @property
    def mid_p_value(self) -> float:
        """The same, counting the observed disagreements by half."""
        return mcnemar(self.first, self.second, mid_p=True)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        models = zip(("first", "second"), self.accuracies, self.accuracy_intervals, strict=True)
        return {
            "schema_version": SCHEMA_VERSION,
            "images": self.total,
            "right": {
                "both": self.both,
                "only_first": self.first,
                "only_second": self.second,
                "neither": self.neither,
            },
            **{
                name: {"accuracy": accuracy, "accuracy_interval_95": list(interval)}
                for name, accuracy, interval in models
            },
            "difference": self.difference,
            "difference_interval_95": list(self.difference_interval),
            "mcnemar": {"p_value": self.p_value, "mid_p_value": self.mid_p_value},
        }


def mcnemar(first: int, second: int, mid_p: bool = False) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    Between equally good models each disagreement falls to either side like a coin: the test is that of the
    coin.

    Parameters
    ----------
    first, second : int
        Images that only the first model names rightly, and only the second.
    mid_p : bool, default False
        Count the observed outcome by half: nearer to the nominal level, where the exact test is cautious.

    Returns
    -------
    float
        From 0 to 1; 1 without disagreements.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947); M. W. Fagerland, S. Lydersen, P. Laake, "The McNemar test for
    binary matched-pairs data: mid-p and asymptotic are better than exact conditional", BMC Medical Research
    Methodology 13 (2013).

    Examples
    --------
    >>> round(mcnemar(1, 6), 6), round(mcnemar(1, 6, mid_p=True), 6)
    (0.125, 0.070312)
    """
    n, fewer = first + second, min(first, second)

    def chance(k: int) -> float:
        ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        return math.exp(ways - n * math.log(2))

    p = 2 * math.fsum(map(chance, range(fewer + 1))) - (chance(fewer) if mid_p else 0)
    return min(1.0, p)


def tango_interval(first: int, second: int, total: int) -> tuple[float, float]:
    r"""Return the 95 % interval of the difference between paired proportions, by Tango's score.

    The differences :math:`\delta` whose score

    .. math:: \frac{b - c - N \delta}{\sqrt{N (2 q + \delta (1 - \delta))}}

    lies within 1.96, where ``q`` is the most likely share of images that only the second model names rightly
    if the difference is :math:`\delta`. At zero the score is McNemar's. The ends are found by bisection.

    Parameters
    ----------
    first, second : int
        Images that only the first model names rightly (``b``), and only the second (``c``).
    total : int
        All images (``N``).

    References
    ----------
    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17 (1998).

    Examples
    --------
    >>> low, high = tango_interval(60, 30, 10_000)
    >>> round(low, 5), round(high, 5)
    (0.00117, 0.00495)
    """

    def score(delta: float) -> float:
        a, b = 2 * total, -first - second + (2 * total - first + second) * delta
        q = (math.sqrt(max(0.0, b * b + 4 * a * second * delta * (1 - delta))) - b) / (2 * a)
        spread = total * (2 * q + delta * (1 - delta))
        rest = first - second - total * delta
        return rest / math.sqrt(spread) if spread > 0 else math.copysign(math.inf, rest)

    middle = (first - second) / total

    def end(outside: float, bound: float) -> float:
        inside = middle
        for _ in range(60):
            half = (inside + outside) / 2
            inside, outside = (half, outside) if abs(score(half)) < bound else (inside, half)
        return inside

    return end(-1.0, NORMAL_95), end(1.0, NORMAL_95)
