r"""Which pictures are none of the classes: those that neither look like the answer nor speak to the network.

Two things are measured. How little the picture looks like the training images of the class that the network
names (`Subspaces.strangeness`); and how little evidence the network has for any class, its energy

.. math:: E(z) = -\log \sum_k e^{z_k}

of the logits ``z``, before any temperature. Each is counted in standard deviations above its mean over
held-out images, below the mean as zero, so that no confidence, however high, makes up for a strange look.
The root of the sum of their squares is the score. The threshold is a quantile of the held-out images' own
scores, so that one of their kind is refused no more often than the false-alarm rate says.

References
----------
W. Liu et al., "Energy-based out-of-distribution detection", NeurIPS 2020.
H. Wang et al., "ViM: out-of-distribution with virtual-logit matching", CVPR 2022, for what directions leave
over, joined with the energy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import ModelError
from tenfold.functional import Floats, Labels
from tenfold.model.subspaces import Subspaces, averaged

FALSE_ALARM_RATE = 0.005
HIGHEST_RATE = 0.05
"""Share of genuine pictures refused: what is aimed at, and the most that few held-out images may cost."""

CHUNK = 1024
"""Images measured at a time."""

REASONS = ("unlike the training images of the likeliest class", "the network finds evidence for no class")


@dataclass(frozen=True, eq=False)
class Refusal:
    """A score of how foreign a picture is, and the limit beyond which it is none of the classes.

    Parameters
    ----------
    subspaces : Subspaces
        What the images of each class look like.
    means, deviations : tuple of float
        Mean and standard deviation of strangeness and of energy over the held-out images.
    threshold : float
        Scores above it are refused.
    false_alarm_rate : float
        Share of pictures like the training images that are refused, at most, on average.
    """

    subspaces: Subspaces
    means: tuple[float, float]
    deviations: tuple[float, float]
    threshold: float
    false_alarm_rate: float

    @classmethod
    def fitted(
        cls,
        learnt: NDArray[np.uint8],
        labels: Labels,
        held_out: NDArray[np.uint8],
        logits: Floats,
    ) -> Refusal | None:
        """Learn what is familiar.

        Parameters
        ----------
        learnt : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Images that were learnt from; about a thousand a class are enough.
        labels : ndarray of int, shape (N,)
            Their classes.
        held_out : ndarray of uint8, shape (n, H, W) or (n, H, W, C)
            Images that were not.
        logits : ndarray of float32, shape (n, outputs)
            What the network gives for these.

        Returns
        -------
        Refusal or None
            Nothing where fewer than 19 images were held out: every twentieth genuine picture, or more,
            would have to be refused.
        """
        if HIGHEST_RATE * (len(held_out) + 1) < 1:
            return None
        subspaces = Subspaces.fitted(learnt, labels, max(2, logits.shape[1]))
        parts = _parts(subspaces, held_out, logits)
        means, deviations = parts.mean(axis=0), parts.std(axis=0)
        deviations[deviations == 0] = 1  # where all are alike
        alarms = max(1, math.floor(FALSE_ALARM_RATE * (len(held_out) + 1) + 1e-9))
        refusal = cls(
            subspaces,
            (float(means[0]), float(means[1])),
            (float(deviations[0]), float(deviations[1])),
            threshold=0.0,
            false_alarm_rate=alarms / (len(held_out) + 1),
        )
        return refusal._with_threshold(np.sort(refusal.scores(held_out, logits))[-alarms])

    def _with_threshold(self, threshold: float) -> Refusal:
        return Refusal(self.subspaces, self.means, self.deviations, float(threshold), self.false_alarm_rate)

    def scores(self, images: NDArray[np.uint8], logits: Floats) -> Floats:
        """Measure how foreign images are.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of the model's shape.
        logits : ndarray of float32, shape (N, outputs)
            What the network gives for them.

        Returns
        -------
        ndarray of float32, shape (N,)
            From 0, in standard deviations; larger is more foreign.
        """
        return _length(self._excess(images, logits))

    def reasons(self, images: NDArray[np.uint8], logits: Floats) -> list[str | None]:
        """Say for each image why it is none of the classes; nothing where it may be one.

        The two parts of the score are told apart: the larger gives the reason.

        Parameters
        ----------
        images, logits
            As `scores` takes them.
        """
        excess = self._excess(images, logits)
        scores = _length(excess)
        reasons: list[str | None] = [None] * len(scores)
        for place in np.flatnonzero(scores > self.threshold):
            why = REASONS[int(excess[place].argmax())]
            reasons[place] = f"{why} (score {scores[place]:.1f}, limit {self.threshold:.1f})"
        return reasons

    def check(self, shape: tuple[int, ...], classes: int) -> None:
        """Refuse to stand beside a network for other images or classes.

        Raises
        ------
        ModelError
            When the parts do not fit one another.
        """
        features = averaged(np.zeros((1, *shape), np.uint8), self.subspaces.block).shape[1]
        if self.subspaces.means.shape != (classes, features):
            raise ModelError(
                f"refusal knows means of shape {self.subspaces.means.shape}; "
                f"this model's images and classes need {(classes, features)}"
            )

    def _excess(self, images: NDArray[np.uint8], logits: Floats) -> Floats:
        """Return both parts of the score, shape (N, 2)."""
        parts = np.empty((len(images), 2), np.float32)
        for start in range(0, len(images), CHUNK):
            chunk = slice(start, start + CHUNK)
            parts[chunk] = _parts(self.subspaces, images[chunk], logits[chunk])
        above = (parts - np.array(self.means, np.float32)) / np.array(self.deviations, np.float32)
        return np.maximum(above, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "subspaces": self.subspaces.to_dict(),
            "means": list(self.means),
            "deviations": list(self.deviations),
            "threshold": self.threshold,
            "false_alarm_rate": self.false_alarm_rate,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Refusal:
        """Read what `to_dict` gives.

        Raises
        ------
        KeyError, TypeError, ValueError
            When the values are not what `to_dict` could have given.
        """
        strangeness, energy = (float(value) for value in values["means"])
        per_strangeness, per_energy = (float(value) for value in values["deviations"])
        refusal = cls(
            Subspaces.from_dict(values["subspaces"]),
            (strangeness, energy),
            (per_strangeness, per_energy),
            float(values["threshold"]),
            float(values["false_alarm_rate"]),
        )
        numbers = (*refusal.means, *refusal.deviations, refusal.threshold)
        if not all(map(math.isfinite, numbers)) or min(*refusal.deviations, refusal.false_alarm_rate) <= 0:
            raise ValueError(f"refusal: {numbers}; expected finite numbers and deviations above zero")
        return refusal


def energy(logits: Floats) -> Floats:
    """Return the energy of logits: minus the logarithm of the sum of their exponentials.

    Parameters
    ----------
    logits : ndarray of shape (N, outputs)
        One logit a class; or a single one ``z`` of a sigmoid head, which stands for ``-z/2`` and ``z/2``.

    Returns
    -------
    ndarray of shape (N,)
        Lower is more evidence for some class.

    Examples
    --------
    >>> energy(np.array([[0.0, 0.0], [9.0, 0.0]])).round(4)
    array([-0.6931, -9.0001])
    """
    logits = _one_a_class(logits)
    largest = logits.max(axis=1)
    return np.asarray(-largest - np.log(np.exp(logits - largest[:, np.newaxis]).sum(axis=1)))


def _one_a_class(logits: Floats) -> Floats:
    return np.concatenate([-logits, logits], axis=1) / 2 if logits.shape[1] == 1 else logits


def _length(excess: Floats) -> Floats:
    return np.asarray(np.sqrt((excess * excess).sum(axis=1)))


def _parts(subspaces: Subspaces, images: NDArray[np.uint8], logits: Floats) -> Floats:
    """Return strangeness and energy, shape (N, 2)."""
    strangeness = subspaces.strangeness(images, _one_a_class(logits).argmax(axis=1))
    return np.stack([strangeness, energy(logits)], axis=1)
