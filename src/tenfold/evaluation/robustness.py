"""How a model bears spoilt images: accuracy and calibration error by corruption and strength."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenfold.data.image_set import ImageSet
from tenfold.evaluation.calibration_error import calibration_error
from tenfold.evaluation.corruption import CORRUPTIONS, STRENGTHS, Pixels, corrupted
from tenfold.functional import Floats


@dataclass(frozen=True)
class Figures:
    """What a model is worth on some images.

    Parameters
    ----------
    accuracy : float
        Share of the images that are right.
    calibration_error : float
        Expected calibration error, 15 bins of equal width.
    """

    accuracy: float
    calibration_error: float


@dataclass(frozen=True)
class Robustness:
    """Figures of a model on images as they are, and spoilt.

    Parameters
    ----------
    images : int
        How many.
    seed : int
        Of the corruptions.
    clean : Figures
        As they are.
    corruptions : dict of str to tuple of Figures
        By corruption, from strength 1 to 5: a curve each.
    """

    images: int
    seed: int
    clean: Figures
    corruptions: dict[str, tuple[Figures, ...]]

    @property
    def mean_corruption_error(self) -> float:
        """Mean share of wrong images over all corruptions and strengths, each counting the same.

        Hendrycks and Dietterich (2019) divide each corruption's error by that of another model; this is the
        error itself.
        """
        return 1 - float(np.mean([each.accuracy for row in self.corruptions.values() for each in row]))

    @property
    def relative_corruption_error(self) -> float:
        """By how much the mean corruption error exceeds the error on images as they are."""
        return self.mean_corruption_error - (1 - self.clean.accuracy)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        rows = {
            name: {
                "accuracy": [each.accuracy for each in row],
                "calibration_error": [each.calibration_error for each in row],
            }
            for name, row in self.corruptions.items()
        }
        return {
            "images": self.images,
            "seed": self.seed,
            "strengths": list(range(1, STRENGTHS + 1)),
            "accuracy": self.clean.accuracy,
            "calibration_error": self.clean.calibration_error,
            "mean_corruption_error": self.mean_corruption_error,
            "relative_corruption_error": self.relative_corruption_error,
            "corruptions": rows,
        }


def robustness(probabilities: Callable[[Pixels], Floats], images: ImageSet, seed: int = 0) -> Robustness:
    """Measure a model on images spoilt in every way and strength.

    Parameters
    ----------
    probabilities : callable (ndarray of uint8 (N, H, W[, C])) -> ndarray (N, classes)
        What is measured, such as `Predictor.probabilities`.
    images : ImageSet
        Labelled images.
    seed : int, default 0
        Of the corruptions.

    Raises
    ------
    UsageError
        When the seed is below zero.
    """

    def figures(pixels: Pixels) -> Figures:
        answers = probabilities(pixels)
        accuracy = float((answers.argmax(axis=1) == images.labels).mean())
        return Figures(accuracy, calibration_error(answers, images.labels))

    curves = {
        name: tuple(figures(corrupted(images.images, name, k, seed)) for k in range(1, STRENGTHS + 1))
        for name in CORRUPTIONS
    }
    return Robustness(len(images), seed, figures(images.images), curves)
