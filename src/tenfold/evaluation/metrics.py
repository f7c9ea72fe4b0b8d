"""How good a classifier is, from its logits and the true labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import is_lopsided
from tenfold.errors import DataError
from tenfold.evaluation.doubt import RefusalFigures, SetFigures
from tenfold.evaluation.intervals import wilson_interval
from tenfold.evaluation.scores import ProbabilityScores
from tenfold.functional import Floats, log_softmax

SCHEMA_VERSION = 1
"""Of what `Evaluation.to_dict` gives; ``evaluation.schema.json``, beside this file, describes it."""

TOP = (1, 2, 3, 5)
"""How many of the most probable classes may hold the true one, where a model has more classes."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures of a model on a set of images.

    Parameters
    ----------
    classes : tuple of str
        Class names, in label order.
    confusion : ndarray of int64, shape (classes, classes)
        Images by true class (row) and predicted class (column).
    top_k : dict of int to float
        Share of images whose true class is among the k most probable, for each k of 1, 2, 3, 5 below the
        number of classes.
    scores : ProbabilityScores
        Of the probabilities that the model gives: calibrated ones where it is calibrated.
    temperature : float, optional
        By which a calibrated model divides its logits.
    uncalibrated : ProbabilityScores, optional
        Of a calibrated model's probabilities without temperature.
    sets : SetFigures, optional
        Of a calibrated model's prediction sets.
    refusals : RefusalFigures, optional
        Of a model that refuses foreign images.
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    top_k: dict[int, float]
    scores: ProbabilityScores
    temperature: float | None = None
    uncalibrated: ProbabilityScores | None = None
    sets: SetFigures | None = None
    refusals: RefusalFigures | None = None

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
    def loss(self) -> float:
        """Mean negative log-likelihood in nats."""
        return self.scores.loss.value

    @property
    def recall(self) -> Floats:
        """Share of each true class that was found; NaN for a class without images."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def precision(self) -> Floats:
        """Share of each predicted class that was right; NaN for a class never predicted."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def f1(self) -> Floats:
        """Harmonic mean of each class's precision and recall; NaN for a class neither there nor predicted."""
        return _ratio(2 * np.diag(self.confusion), self.confusion.sum(axis=0) + self.confusion.sum(axis=1))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that have images: each counts the same, however many they are."""
        return float(np.nanmean(self.recall))

    @property
    def macro_precision(self) -> float:
        """Mean precision of the classes that were predicted."""
        return float(np.nanmean(self.precision))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that are there or were predicted."""
        return float(np.nanmean(self.f1))

    @property
    def is_lopsided(self) -> bool:
        """Whether a class has more than twice the images of another, so that accuracy flatters."""
        return is_lopsided(self.confusion.sum(axis=1))

    @property
    def confusions(self) -> list[tuple[str, str, int]]:
        """True class, predicted class, number of images: what is taken for what, the most frequent first."""
        wrong = self.confusion * ~np.eye(len(self.classes), dtype=np.bool_)
        cells = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
        pairs = zip(*np.unravel_index(cells, wrong.shape), strict=True)
        return [
            (self.classes[truth], self.classes[guess], int(wrong[truth, guess])) for truth, guess in pairs
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them; a ratio of nothing by nothing is null."""
        counts = self.confusion.sum(axis=1)
        rows = zip(self.classes, counts, self.precision, self.recall, self.f1, strict=True)
        return {
            "schema_version": SCHEMA_VERSION,
            "images": self.total,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.accuracy_interval),
            "balanced_accuracy": self.balanced_accuracy,
            "macro_precision": self.macro_precision,
            "macro_f1": self.macro_f1,
            "top_k": {str(k): share for k, share in self.top_k.items()},
            **self.scores.to_dict(),
            "temperature": self.temperature,
            "uncalibrated": self.uncalibrated and self.uncalibrated.to_dict(),
            "prediction_sets": self.sets and self.sets.to_dict(),
            "refusal": self.refusals and self.refusals.to_dict(),
            "classes": {
                name: {
                    "images": int(count),
                    "precision": _plain(precision),
                    "recall": _plain(recall),
                    "f1": _plain(f1),
                }
                for name, count, precision, recall, f1 in rows
            },
            "confusion": self.confusion.tolist(),
        }


def evaluation(
    logits: Floats,
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    temperature: float | None = None,
    calibrated: Floats | None = None,
    sets: SetFigures | None = None,
    refusals: RefusalFigures | None = None,
) -> Evaluation:
    """Measure what a model says by the true classes.

    Parameters
    ----------
    logits : ndarray of shape (N, classes), or (N, 1) under a sigmoid head
        The largest of a row is the prediction.
    labels : ndarray of int64, shape (N,)
        True classes.
    classes : tuple of str
        Class names, in label order.
    temperature : float, optional
        Of a calibrated model.
    calibrated : ndarray of the shape of ``logits``, optional
        Logits of the probabilities that a calibrated model gives.
    sets, refusals : optional
        What the model's prediction sets and refusals gave.

    Raises
    ------
    DataError
        When there are no images.
    """
    if not len(labels):
        raise DataError("images: none; expected at least one to measure a model on")
    log_p = _log_probabilities(logits)
    cells = labels * len(classes) + log_p.argmax(axis=1)
    counts = np.bincount(cells, minlength=len(classes) ** 2)
    raw = ProbabilityScores.measured(log_p, labels)
    return Evaluation(
        classes=classes,
        confusion=counts.reshape(len(classes), len(classes)),
        top_k=_top_k(log_p, labels),
        scores=raw
        if calibrated is None
        else ProbabilityScores.measured(_log_probabilities(calibrated), labels),
        temperature=temperature,
        uncalibrated=None if calibrated is None else raw,
        sets=sets,
        refusals=refusals,
    )


def _log_probabilities(logits: Floats) -> Floats:
    """Return log-probabilities of all classes; the one logit of a sigmoid head stands against zero."""
    z = logits.astype(np.float64)
    return log_softmax(np.concatenate([np.zeros_like(z), z], axis=1) if z.shape[1] == 1 else z)


def _top_k(scores: Floats, labels: NDArray[np.int64]) -> dict[int, float]:
    """Count true classes among the first k; of equal scores the earlier class comes first, as in argmax."""
    true = scores[np.arange(len(labels)), labels][:, np.newaxis]
    earlier = np.arange(scores.shape[1]) < labels[:, np.newaxis]
    rank = ((scores > true) | ((scores == true) & earlier)).sum(axis=1)
    return {k: float((rank < k).mean()) for k in TOP if k < scores.shape[1]}


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
