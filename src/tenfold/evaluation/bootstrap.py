"""Intervals by the bootstrap: how far a figure moves when the images are drawn again, with replacement.

Every figure here is a function of means over the images: the loss is a mean itself, a calibration error a sum
of absolute means, one a bin. So each resample needs nothing but its means, and those of all resamples are
one matrix product: how often each image was drawn, times what each image adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tenfold.functional import Floats

RESAMPLES = 1000
"""Enough that an interval's ends move by a few hundredths of its width from one seed to another."""

_DRAWS = 1 << 20  # images drawn at a time: 8 MB of numbers


class Estimate(NamedTuple):
    """A figure, and the 95 % interval in which the true one lies."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        return self.low, self.high


class Bootstrap:
    """Means over the images, and over seeded resamples of them.

    Parameters
    ----------
    columns : ndarray of shape (N, M)
        What each of N images adds to each of M means.
    resamples : int, default 1000
        How often N images are drawn.
    seed : int, default 0
        Of the draws: equal for figures that are to be compared.

    Attributes
    ----------
    means : ndarray of shape (M,)
        Over the images.
    resampled : ndarray of shape (resamples, M)
        Over each resample.

    References
    ----------
    B. Efron, R. J. Tibshirani, "An introduction to the bootstrap", 1993.
    """

    def __init__(self, columns: Floats, resamples: int = RESAMPLES, seed: int = 0) -> None:
        n = len(columns)
        rng = np.random.default_rng(seed)
        step = max(1, _DRAWS // n)
        self.means: Floats = columns.mean(axis=0)
        self.resampled: Floats = np.empty((resamples, columns.shape[1]))
        for start in range(0, resamples, step):
            part = self.resampled[start : start + step]
            drawn = rng.integers(0, n, (len(part), n))  # (step, N)
            drawn += np.arange(len(part))[:, np.newaxis] * n
            times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
            np.matmul(times.astype(np.float64), columns, out=part)
        self.resampled /= n

    def estimate(self, statistic: Callable[[Floats], Floats]) -> Estimate:
        """Give a figure its 95 % interval.

        The interval is the basic (reverse percentile) one: the resamples lie about the measured figure as
        measured figures lie about the true one. That matters for a calibration error, where noise only adds:
        resamples exceed what was measured by about what this exceeds the truth. The interval is
        cut at zero, and widened to hold the measured figure where it would not.

        Parameters
        ----------
        statistic : callable (ndarray (..., M)) -> ndarray (...)
            From means to a figure that is never negative.
        """
        value = float(statistic(self.means))
        lower, upper = np.quantile(statistic(self.resampled), (0.025, 0.975))
        return Estimate(
            value, min(value, max(0.0, float(2 * value - upper))), max(value, float(2 * value - lower))
        )
