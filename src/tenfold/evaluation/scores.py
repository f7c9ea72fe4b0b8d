"""What probabilities are worth, beyond the class that they name: loss, Brier score, calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.evaluation.bootstrap import Bootstrap, Estimate
from tenfold.evaluation.calibration_error import BINS, Binning, Reliability, expected_error, maximum_error
from tenfold.functional import Floats


@dataclass(frozen=True, eq=False)
class CalibrationError:
    """How far confidence and accuracy are apart, in bins of one scheme.

    Parameters
    ----------
    expected : Estimate
        Mean distance, each bin weighing as its images do.
    maximum : Estimate
        Largest distance of a bin.
    reliability : Reliability
        The bins.
    """

    expected: Estimate
    maximum: Estimate
    reliability: Reliability

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            **estimate_fields("expected", self.expected),
            **estimate_fields("maximum", self.maximum),
            "bins": self.reliability.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class ProbabilityScores:
    """Figures of probabilities, each with its 95 % bootstrap interval.

    Parameters
    ----------
    loss : Estimate
        Mean negative log-likelihood, in nats.
    brier : Estimate
        Brier score: mean over the images of the squared differences between probabilities and truth, summed
        over all classes, from 0 to 2.
    equal_width, equal_mass : CalibrationError
        In 15 bins of either scheme.
    """

    loss: Estimate
    brier: Estimate
    equal_width: CalibrationError
    equal_mass: CalibrationError

    @classmethod
    def measured(cls, log_probabilities: Floats, labels: NDArray[np.int64]) -> ProbabilityScores:
        """Measure probabilities by the true classes.

        Parameters
        ----------
        log_probabilities : ndarray of shape (N, classes)
            Logarithms, which hold more digits near zero.
        labels : ndarray of int64, shape (N,)
            True classes.
        """
        rows = np.arange(len(labels))
        probabilities = np.exp(log_probabilities)
        confidence = probabilities.max(axis=1)
        correct = log_probabilities.argmax(axis=1) == labels
        width, mass = (Binning(confidence, correct, BINS, scheme) for scheme in ("equal-width", "equal-mass"))
        probabilities[rows, labels] -= 1
        losses, squares = -log_probabilities[rows, labels], (probabilities**2).sum(axis=1)
        bootstrap = Bootstrap(np.column_stack([losses, squares, width.columns, mass.columns]))

        def errors(binning: Binning, first: int) -> CalibrationError:
            mine = slice(first, first + 2 * BINS)
            return CalibrationError(
                bootstrap.estimate(lambda means: expected_error(means[..., mine])),
                bootstrap.estimate(lambda means: maximum_error(means[..., mine])),
                binning.reliability,
            )

        return cls(
            loss=bootstrap.estimate(lambda means: means[..., 0]),
            brier=bootstrap.estimate(lambda means: means[..., 1]),
            equal_width=errors(width, 2),
            equal_mass=errors(mass, 2 + 2 * BINS),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            **estimate_fields("loss", self.loss),
            **estimate_fields("brier", self.brier),
            "calibration_error": {
                "equal_width": self.equal_width.to_dict(),
                "equal_mass": self.equal_mass.to_dict(),
            },
        }


def estimate_fields(name: str, estimate: Estimate) -> dict[str, Any]:
    """Return a figure and its interval as two fields of JSON."""
    return {name: estimate.value, f"{name}_interval_95": list(estimate.interval)}
