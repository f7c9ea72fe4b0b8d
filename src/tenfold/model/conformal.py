"""Prediction sets that hold the true class as often as asked, by split conformal prediction.

A prediction set is all classes whose scores (`tenfold.model.conformity`) reach no higher than a threshold: of
the scores of n held-out images' true classes, the ``ceil((n + 1) coverage)``-th smallest. The true class of a
new image lies in its set with at least that probability, whatever the network, as long as the new image is
like those that were held out.

The sets of ``aps`` and ``raps`` are as long as a random number an image says, so that they cover neither less
nor more than asked. Without such numbers they end with the class at which ``above + p``, and the penalty of
its rank, reaches the threshold: no smaller than any set that the numbers could give, and always the same.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenfold.errors import UsageError
from tenfold.functional import Floats, Labels
from tenfold.model.conformity import K_REG, LAMBDA_REG, METHODS, Standing, conformity_scores

COVERAGES = (0.99, 0.95, 0.9)
"""What to ask for: the first that the held-out images allow."""


@dataclass(frozen=True, eq=False)
class Conformal:
    """What held-out images say of probabilities: enough for sets of any method and coverage.

    Parameters
    ----------
    classes : int
        How many there are.
    labels : ndarray of uint16, shape (n,)
        True classes of the held-out images.
    true : Standing
        Of the true classes, arrays of shape (n,).
    draws : ndarray of float, shape (n,)
        Uniform random numbers from 0 to below 1: ``u`` of the held-out images.
    k_reg : int, default 5
        Rank up to which ``raps`` adds no penalty.
    lambda_reg : float, default 0.01
        Penalty of each rank beyond.

    Examples
    --------
    Nine held-out images allow a coverage of 90 %: the threshold is the largest of their scores.

    >>> probabilities = np.linspace([0.9, 0.1, 0.0], [0.5, 0.3, 0.2], 9)
    >>> conformal = Conformal.fitted(probabilities, np.zeros(9, int))
    >>> conformal.best_coverage()
    0.9
    >>> conformal.thresholds(0.9)
    array([0.5, 0.5, 0.5])
    >>> conformal.sets([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3]], coverage=0.9)
    array([[ True,  True, False],
           [ True, False, False]])
    """

    classes: int
    labels: NDArray[np.uint16]
    true: Standing
    draws: Floats
    k_reg: int = K_REG
    lambda_reg: float = LAMBDA_REG

    @classmethod
    def fitted(cls, probabilities: Floats, labels: Labels, seed: int = 0) -> Conformal:
        """Keep how the true classes of held-out images stand.

        Parameters
        ----------
        probabilities : ndarray of shape (n, classes)
            Of images that were not learnt from, calibrated as those of later images will be.
        labels : ndarray of int, shape (n,)
            Their true classes.
        seed : int, default 0
            Of the uniform random numbers that ``aps`` and ``raps`` take for these images.
        """
        standing = Standing.of(probabilities)
        return cls(
            classes=standing.rank.shape[1],
            labels=np.asarray(labels, np.uint16),
            true=standing.of_classes(labels),
            draws=np.random.default_rng(seed).random(len(labels), np.float32),
        )

    def best_coverage(self, by_class: bool = False) -> float | None:
        """Return the largest of 99, 95 and 90 % that the held-out images allow; None where all need more."""
        images = self._images(by_class).min()
        return next((coverage for coverage in COVERAGES if images >= images_needed(coverage)), None)

    def thresholds(
        self, coverage: float = 0.99, method: str = "lac", by_class: bool = False
    ) -> NDArray[np.float64]:
        """Return the highest score that belongs to a set.

        Parameters
        ----------
        coverage : float, default 0.99
            How often the true class shall be in the set; between 0 and 1.
        method : str, default "lac"
            lac, aps or raps.
        by_class : bool, default False
            Whether each class shall be covered that often (Mondrian, or label-conditional), instead of all
            images together.

        Returns
        -------
        ndarray of float64, shape (classes,)
            One a class; all the same unless ``by_class``.

        Raises
        ------
        UsageError
            When there is no such method or coverage, or too few images were held out for it.
        """
        _check(coverage, method)
        self._check_images(coverage, by_class)
        scores = self._scores(method, self.true, self.draws)
        if by_class:
            return np.array([_quantile(scores[self.labels == k], coverage) for k in range(self.classes)])
        return np.full(self.classes, _quantile(scores, coverage))

    def sets(
        self,
        probabilities: ArrayLike,
        coverage: float = 0.99,
        method: str = "lac",
        by_class: bool = False,
        draws: ArrayLike | None = None,
        with_top: bool = True,
    ) -> NDArray[np.bool_]:
        """Say which classes belong to the prediction sets of images.

        A class belongs to the set where its score is at most its threshold, compared in float64 without
        tolerance; probabilities are taken as float32. Another implementation whose probabilities differ by
        1e-5 can differ only in classes that lie so near to the threshold.

        Parameters
        ----------
        probabilities : array_like of shape (N, classes)
            As those of `fitted`.
        coverage, method, by_class
            As in `thresholds`.
        draws : array_like of shape (N,), optional
            Uniform random numbers from 0 to below 1, one an image: ``aps`` and ``raps`` then cover as often
            as asked, where without they cover more. ``lac`` needs none.
        with_top : bool, default True
            Whether the most probable class joins every set, so that none is empty.

        Returns
        -------
        ndarray of bool, shape (N, classes)
            True where a class belongs to the image's set.

        Raises
        ------
        UsageError
            As in `thresholds`.
        """
        thresholds = self.thresholds(coverage, method, by_class)
        standing = Standing.of(np.asarray(probabilities))
        u = None if draws is None else np.asarray(draws)[:, np.newaxis]
        members: NDArray[np.bool_] = self._scores(method, standing, u) <= thresholds
        return members | (standing.rank == 1) if with_top else members

    def _scores(self, method: str, standing: Standing, draws: Floats | None) -> NDArray[np.float64]:
        return conformity_scores(method, standing, draws, self.k_reg, self.lambda_reg)

    def _images(self, by_class: bool) -> NDArray[np.int64]:
        return np.bincount(self.labels, minlength=self.classes) if by_class else np.array([len(self.labels)])

    def _check_images(self, coverage: float, by_class: bool) -> None:
        images = self._images(by_class)
        if images.min() >= images_needed(coverage):
            return
        whose = f" of class {images.argmin()} (counted from 0)" if by_class else ""
        lower = self.best_coverage(by_class)
        mend = "" if lower is None else f"ask for {_percent(lower)}, or "
        raise UsageError(
            f"coverage: {_percent(coverage)} takes {images_needed(coverage)} held-out images{whose}, "
            f"there are {images.min()}; {mend}hold out more with calibration_images"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them: arrays as base64 of their little-endian bytes."""
        arrays = {name: _packed(values, name) for name, values in self._arrays().items()}
        return {"classes": self.classes, "k_reg": self.k_reg, "lambda_reg": self.lambda_reg, **arrays}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"labels": self.labels, **self.true._asdict(), "draws": self.draws}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Conformal:
        """Read what `to_dict` gives.

        Raises
        ------
        KeyError, TypeError, ValueError
            When the values are not what `to_dict` could have given.
        """
        arrays = {name: _unpacked(values[name], name) for name in TYPES}
        conformal = cls(
            classes=int(values["classes"]),
            labels=arrays["labels"],
            true=Standing(arrays["probability"], arrays["above"], arrays["rank"]),
            draws=arrays["draws"],
            k_reg=int(values["k_reg"]),
            lambda_reg=float(values["lambda_reg"]),
        )
        conformal._check_values()
        return conformal

    def _check_values(self) -> None:
        arrays = self._arrays()
        if len({len(array) for array in arrays.values()}) > 1:
            raise ValueError(f"prediction sets: {', '.join(arrays)} are of different lengths")
        limits = {
            "labels": (0, self.classes - 1),
            "probability": (0, 1),
            "above": (0, 1.001),
            "rank": (1, self.classes),
            "draws": (0, 1),
        }
        for name, (low, high) in limits.items():
            if not ((arrays[name] >= low) & (arrays[name] <= high)).all():
                raise ValueError(f"prediction sets: {name} beyond {low} to {high}")
        if self.k_reg < 0 or not 0 <= self.lambda_reg < math.inf:
            raise ValueError(f"prediction sets: k_reg {self.k_reg}, lambda_reg {self.lambda_reg}")


TYPES = {"labels": "<u2", "probability": "<f4", "above": "<f8", "rank": "<u2", "draws": "<f4"}
"""Of the arrays in a model file."""


def _packed(values: NDArray[Any], name: str) -> str:
    return base64.b64encode(values.astype(TYPES[name]).tobytes()).decode()


def _unpacked(content: str, name: str) -> NDArray[Any]:
    stored = np.frombuffer(base64.b64decode(content, validate=True), TYPES[name])
    return stored.astype(stored.dtype.newbyteorder("="))


def images_needed(coverage: float) -> int:
    """Return how many held-out images a coverage takes: at least ``coverage / (1 - coverage)``.

    With fewer, even the largest of their scores is no threshold high enough.

    Examples
    --------
    >>> [images_needed(coverage) for coverage in (0.9, 0.95, 0.99, 0.999)]
    [9, 19, 99, 999]
    """
    share = _exactly(coverage)
    return math.ceil(share / (1 - share))


def _quantile(scores: NDArray[np.float64], coverage: float) -> float:
    place = math.ceil((len(scores) + 1) * _exactly(coverage)) - 1
    return float(np.partition(scores, place)[place])


def _exactly(coverage: float) -> Fraction:
    """Return the coverage as it is written: 0.99 is 99/100, and no binary fraction near it."""
    return Fraction(str(coverage))


def _check(coverage: float, method: str) -> None:
    if method not in METHODS:
        raise UsageError(f"method: '{method}'; expected {', '.join(METHODS)}")
    if not 0 < coverage < 1:
        raise UsageError(f"coverage: {coverage}; expected a share above 0 and below 1, such as 0.99")


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
