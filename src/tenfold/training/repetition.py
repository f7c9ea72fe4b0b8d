"""What trainings that differ in their seed alone say together: mean, spread, and how sure the mean is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev
from typing import Any

from tenfold.training.run import Run

COVERAGE = 0.95

T_QUANTILES = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
)  # fmt: skip
"""Of Student's distribution at 97.5 %, for 1 to 20 degrees of freedom (any statistics textbook's table)."""


@dataclass(frozen=True)
class Repetition:
    """Runs of one recipe with different seeds.

    Parameters
    ----------
    runs : tuple of Run
        In the order of their seeds.
    accuracies : tuple of float
        On the test images, one a run.
    """

    runs: tuple[Run, ...]
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean accuracy."""
        return fmean(self.accuracies)

    @property
    def standard_deviation(self) -> float:
        """Spread between seeds, that of a sample; 0 for a single run."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the mean over all seeds lies with 95 % confidence, by Student's t.

        It tells nothing of other test images: `tenfold.evaluate` gives the interval for those.
        """
        n = len(self.accuracies)
        half = t_quantile(n - 1) * self.standard_deviation / math.sqrt(n) if n > 1 else math.inf
        return max(0.0, self.mean - half), min(1.0, self.mean + half)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "runs": [str(run.path) for run in self.runs],
            "seeds": [run.recipe.seed for run in self.runs],
            "accuracies": list(self.accuracies),
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "interval": list(self.interval),
        }


def t_quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's distribution.

    Beyond the table by the first two terms of Cornish and Fisher's expansion, right to four digits.

    Parameters
    ----------
    freedom : int
        Degrees of freedom, from 1.

    References
    ----------
    M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5.
    """
    if freedom <= len(T_QUANTILES):
        return T_QUANTILES[freedom - 1]
    z = NormalDist().inv_cdf((1 + COVERAGE) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2
