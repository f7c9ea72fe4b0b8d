"""Do probabilities mean what they say? Confidence against accuracy, bin by bin.

Confidence is the largest probability of an image. Images are put into bins by it; in each, the share of
images that are right should be the mean confidence. The calibration error says how far it is off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import UsageError
from tenfold.functional import Floats

BINS = 15
"""As Guo et al. (2017) and most papers since."""

SCHEMES = ("equal-width", "equal-mass")


@dataclass(frozen=True, eq=False)
class Reliability:
    """What a reliability diagram draws.

    Parameters
    ----------
    edges : ndarray of shape (bins + 1,)
        Ends of the bins, ascending; a bin holds its upper end, the first its lower end too.
    images : ndarray of int64, shape (bins,)
        How many fall into each bin.
    confidence, accuracy : ndarray of shape (bins,)
        Mean confidence of a bin's images, and share of them that are right; NaN where there are none.
    """

    edges: Floats
    images: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the bins that hold images, as JSON holds them."""
        return [
            {
                "from": float(self.edges[k]),
                "to": float(self.edges[k + 1]),
                "images": int(self.images[k]),
                "confidence": float(self.confidence[k]),
                "accuracy": float(self.accuracy[k]),
            }
            for k in np.flatnonzero(self.images)
        ]


@dataclass(frozen=True, eq=False)
class Binning:
    """Images in bins of confidence.

    Parameters
    ----------
    confidence : ndarray of shape (N,)
        Largest probability of each image.
    correct : ndarray of bool, shape (N,)
        Whether its class is the true one.
    bins : int, default 15
        At least one.
    scheme : str, default "equal-width"
        ``equal-width``: the bins share the way from 0 to 1. ``equal-mass``: they share the images, in the
        order of confidence: bin b ends with image ``ceil(b N / bins)``, and with those as confident as it is.

    Raises
    ------
    UsageError
        When there is no such scheme, or no bin.
    """

    confidence: Floats
    correct: NDArray[np.bool_]
    bins: int = BINS
    scheme: str = "equal-width"

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise UsageError(f"scheme: '{self.scheme}'; expected {' or '.join(SCHEMES)}")
        if self.bins < 1:
            raise UsageError(f"bins: {self.bins}; expected at least 1")

    @property
    def edges(self) -> Floats:
        """Ends of the bins, shape (bins + 1,)."""
        if self.scheme == "equal-width":
            return np.linspace(0, 1, self.bins + 1)
        ascending = np.sort(self.confidence)
        upto = -(-np.arange(self.bins + 1) * len(ascending) // self.bins)  # images, rounded up
        ends: Floats = ascending[np.maximum(upto - 1, 0)]
        return ends

    @property
    def places(self) -> NDArray[np.int64]:
        """Bin of each image, shape (N,)."""
        return np.searchsorted(self.edges[1:-1], self.confidence)

    @property
    def reliability(self) -> Reliability:
        """Means of each bin."""
        places = self.places
        images = np.bincount(places, minlength=self.bins)
        means = []
        for values in (self.confidence, self.correct):
            sums = np.bincount(places, values, self.bins)
            means.append(np.divide(sums, images, out=np.full(self.bins, np.nan), where=images > 0))
        return Reliability(self.edges, images, *means)

    @property
    def columns(self) -> Floats:
        """What each image adds to its bin: itself, then how far it was underrated; shape (N, 2 × bins).

        From means of these columns, over all images or a resample, `expected_error` and `maximum_error`
        follow.
        """
        columns = np.zeros((len(self.confidence), 2, self.bins))
        rows, places = np.arange(len(columns)), self.places
        columns[rows, 0, places] = 1
        columns[rows, 1, places] = self.correct - self.confidence
        return columns.reshape(len(columns), -1)


def expected_error(means: Floats) -> Floats:
    r"""Return the mean distance between a bin's confidence and accuracy, each bin weighing as its images do.

    .. math:: \sum_b \frac{n_b}{N} \left| \mathrm{acc}_b - \mathrm{conf}_b \right|

    Parameters
    ----------
    means : ndarray of shape (..., 2 × bins)
        Of `Binning.columns`.
    """
    gaps = np.split(means, 2, axis=-1)[1]
    errors: Floats = np.abs(gaps).sum(axis=-1)
    return errors


def maximum_error(means: Floats) -> Floats:
    r"""Return the largest distance between a bin's confidence and accuracy, of bins that hold images.

    .. math:: \max_b \left| \mathrm{acc}_b - \mathrm{conf}_b \right|

    Parameters
    ----------
    means : ndarray of shape (..., 2 × bins)
        Of `Binning.columns`.
    """
    shares, gaps = np.split(means, 2, axis=-1)
    distances = np.divide(np.abs(gaps), shares, out=np.zeros_like(gaps), where=shares > 0)
    errors: Floats = distances.max(axis=-1)
    return errors


def calibration_error(
    probabilities: Floats, labels: NDArray[np.int64], bins: int = BINS, scheme: str = "equal-width"
) -> float:
    """Return the expected calibration error of the most probable class.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes)
        Rows that sum to one.
    labels : ndarray of int64, shape (N,)
        True classes.
    bins, scheme
        As in `Binning`.

    Returns
    -------
    float
        From 0, where confidence and accuracy agree in every bin, to 1.

    Raises
    ------
    UsageError
        When there is no such scheme, or no bin.

    References
    ----------
    M. P. Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015;
    C. Guo et al., "On calibration of modern neural networks", ICML 2017; bins of equal mass: K. Nguyen,
    B. O'Connor, "Posterior calibration and exploratory analysis for natural language processing
    models", EMNLP 2015.

    Examples
    --------
    Two images at 90 %, one of them wrong:

    >>> calibration_error(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1]))
    0.4
    """
    correct = probabilities.argmax(axis=1) == labels
    binning = Binning(probabilities.max(axis=1), correct, bins, scheme)
    return float(expected_error(binning.columns.mean(axis=0)))
