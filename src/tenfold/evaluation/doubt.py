"""How a model that may doubt does so: its prediction sets, and the images that it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.evaluation.intervals import wilson_interval


@dataclass(frozen=True, eq=False)
class SetFigures:
    """Prediction sets, counted.

    Parameters
    ----------
    nominal : float
        Share of sets that are meant to hold the true class.
    covered : int
        Sets that do hold it.
    sizes : ndarray of int64, shape (classes + 1,)
        Images whose set has 0, 1, 2 ... classes.
    """

    nominal: float
    covered: int
    sizes: NDArray[np.int64]

    @classmethod
    def counted(cls, sets: NDArray[np.bool_], labels: NDArray[np.int64], nominal: float) -> SetFigures:
        """Count sets.

        Parameters
        ----------
        sets : ndarray of bool, shape (N, classes)
            Whether a class is in an image's set.
        labels : ndarray of int64, shape (N,)
            True classes.
        nominal : float
            Share of sets that are meant to hold the true class.
        """
        covered = int(sets[np.arange(len(labels)), labels].sum())
        return cls(nominal, covered, np.bincount(sets.sum(axis=1), minlength=sets.shape[1] + 1))

    @property
    def total(self) -> int:
        """Number of images."""
        return int(self.sizes.sum())

    @property
    def coverage(self) -> float:
        """Share of sets that hold the true class."""
        return self.covered / self.total

    @property
    def coverage_interval(self) -> tuple[float, float]:
        """95 % interval of the coverage, by `wilson_interval`."""
        return wilson_interval(self.covered, self.total)

    @property
    def average_size(self) -> float:
        """Mean number of classes of a set."""
        return float(self.sizes @ np.arange(len(self.sizes))) / self.total

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them; sizes that no set has are left out."""
        return {
            "nominal_coverage": self.nominal,
            "coverage": self.coverage,
            "coverage_interval_95": list(self.coverage_interval),
            "average_size": self.average_size,
            "sizes": {str(size): int(count) for size, count in enumerate(self.sizes) if count},
        }


@dataclass(frozen=True)
class RefusalFigures:
    """Images of the model's own classes that it refuses to name, counted.

    Parameters
    ----------
    total : int
        Number of images.
    refused : int
        Of these, refused.
    refused_wrong : int
        Of the refused, those whose most probable class is not the true one.
    answered_wrong : int
        The same of the others.
    """

    total: int
    refused: int
    refused_wrong: int
    answered_wrong: int

    @classmethod
    def counted(cls, refused: NDArray[np.bool_], correct: NDArray[np.bool_]) -> RefusalFigures:
        """Count refusals.

        Parameters
        ----------
        refused : ndarray of bool, shape (N,)
            Whether an image is refused.
        correct : ndarray of bool, shape (N,)
            Whether its most probable class is the true one.
        """
        return cls(
            total=len(refused),
            refused=int(refused.sum()),
            refused_wrong=int((refused & ~correct).sum()),
            answered_wrong=int((~refused & ~correct).sum()),
        )

    @property
    def share(self) -> float:
        """Share of images that are refused."""
        return self.refused / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share, by `wilson_interval`."""
        return wilson_interval(self.refused, self.total)

    @property
    def answered_accuracy(self) -> float | None:
        """Share of right answers among the images that are answered; None where all are refused."""
        answered = self.total - self.refused
        return 1 - self.answered_wrong / answered if answered else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "refused": self.refused,
            "share": self.share,
            "share_interval_95": list(self.interval),
            "refused_wrong": self.refused_wrong,
            "answered_accuracy": self.answered_accuracy,
        }
