"""How good a classifier is, from its probabilities and the true labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import is_lopsided
from tenfold.functional import Floats

NORMAL_95 = 1.959963984540054
"""The standard normal distribution lies within this many deviations 95 % of the time."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of a model on a set of images.

    Parameters
    ----------
    classes : tuple of str
        Class names, in label order.
    confusion : ndarray of int64, shape (classes, classes)
        Images by true class (row) and predicted class (column).
    loss : float
        Mean negative log-likelihood in nats.
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    loss: float

    @property
    def total(self) -> int:
        """Number of images."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Images whose most probable class is the true one."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of correct images."""
        return self.correct / self.total

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy, by `wilson_interval`."""
        return wilson_interval(self.correct, self.total)

    @property
    def recall(self) -> Floats:
        """Share of each true class that was found; NaN for a class without images."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that have images: each counts the same, however many they are."""
        return float(np.nanmean(self.recall))

    @property
    def is_lopsided(self) -> bool:
        """Whether a class has more than twice the images of another, so that accuracy flatters."""
        return is_lopsided(self.confusion.sum(axis=1))

    @property
    def precision(self) -> Floats:
        """Share of each predicted class that was right; NaN for a class never predicted."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them; a ratio of nothing by nothing is null."""
        per_class = {
            name: {"images": int(count), "recall": _plain(recall), "precision": _plain(precision)}
            for name, count, recall, precision in zip(
                self.classes, self.confusion.sum(axis=1), self.recall, self.precision, strict=True
            )
        }
        return {
            "images": self.total,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.accuracy_interval),
            "balanced_accuracy": self.balanced_accuracy,
            "loss": self.loss,
            "classes": per_class,
            "confusion": self.confusion.tolist(),
        }


def evaluation(
    probabilities: Floats, labels: NDArray[np.int64], classes: tuple[str, ...], loss: float
) -> Evaluation:
    """Count hits and misses.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes)
        The largest of a row is the prediction.
    labels : ndarray of int64, shape (N,)
        True classes.
    classes : tuple of str
        Class names, in label order.
    loss : float
        Mean loss, computed from the logits, which hold more digits than the probabilities.
    """
    cells = labels * len(classes) + probabilities.argmax(axis=1)
    counts = np.bincount(cells, minlength=len(classes) ** 2)
    return Evaluation(classes, counts.reshape(len(classes), len(classes)), loss)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion, which holds near 0 and 1 as well.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Examples
    --------
    >>> low, high = wilson_interval(9750, 10_000)
    >>> round(low, 4), round(high, 4)
    (0.9718, 0.9779)
    """
    share, z2 = successes / trials, NORMAL_95**2 / trials
    centre = (share + z2 / 2) / (1 + z2)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials)) / (1 + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
