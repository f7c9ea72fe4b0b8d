"""The two ways from logits to probabilities and to a loss: softmax and sigmoid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tenfold import functional
from tenfold.functional import Floats, Labels


@dataclass(frozen=True)
class Head:
    """What follows the last layer.

    Parameters
    ----------
    name : str
        ``softmax`` or ``sigmoid``.
    outputs : callable (int) -> int
        Number of logits for a number of classes.
    probabilities : callable (ndarray (N, outputs)) -> ndarray (N, classes)
        Rows that sum to one.
    loss : callable (logits (N, outputs), labels (N,), label_smoothing=0, weights=1) -> float
        Mean loss in nats.
    loss_gradient : callable (the same) -> ndarray (N, outputs)
        Gradient of that loss by the logits.
    """

    name: str
    outputs: Callable[[int], int]
    probabilities: Callable[[Floats], Floats]
    loss: Callable[..., float]
    loss_gradient: Callable[..., Floats]


def _both_classes(logits: Floats) -> Floats:
    return functional.sigmoid(np.concatenate([-logits, logits], axis=1))


def _bernoulli_loss(
    logits: Floats, labels: Labels, label_smoothing: float = 0.0, weights: ArrayLike = 1.0
) -> float:
    return functional.binary_cross_entropy(logits[:, 0], _smoothed(labels, label_smoothing), weights)


def _bernoulli_gradient(
    logits: Floats, labels: Labels, label_smoothing: float = 0.0, weights: ArrayLike = 1.0
) -> Floats:
    targets = _smoothed(labels, label_smoothing)
    return functional.binary_cross_entropy_gradient(logits[:, 0], targets, weights)[:, np.newaxis]


def _smoothed(labels: Labels, label_smoothing: float) -> ArrayLike:
    """Move labels from 0 and 1 towards the middle; the two classes share what is taken away."""
    return labels if label_smoothing == 0 else labels * (1 - label_smoothing) + label_smoothing / 2


HEADS = {
    "softmax": Head(
        name="softmax",
        outputs=lambda classes: classes,
        probabilities=functional.softmax,
        loss=functional.cross_entropy,
        loss_gradient=functional.cross_entropy_gradient,
    ),
    "sigmoid": Head(
        name="sigmoid",
        outputs=lambda classes: 1,
        probabilities=_both_classes,
        loss=_bernoulli_loss,
        loss_gradient=_bernoulli_gradient,
    ),
}
