"""What images that were never learnt from say of a network: temperature, prediction sets, refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tenfold.data.image_set import ImageSet
from tenfold.functional import Floats, Labels
from tenfold.model.conformal import Conformal
from tenfold.model.head import Head
from tenfold.model.refusal import Refusal
from tenfold.model.smoothing import unsmoothed
from tenfold.model.temperature import fitted_temperature

AMOUNTS = (1.0, 1.5, 2.0)
"""Multiples of the label smoothing learnt with, of which the likeliest is undone: who learns from distorted
images doubts more than the labels ask for."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What makes a network's outputs probabilities; a part of the model file.

    Parameters
    ----------
    images : int
        Training images that were held out for it.
    seed : int
        Seed with which they were drawn.
    label_smoothing : float
        That `logits` undoes: what the network learnt with, or more.
    temperature : float
        What logits are divided by before they become probabilities.
    conformal : Conformal
        Evidence for prediction sets.
    refusal : Refusal, optional
        How foreign input is told; nothing where there were too few images.
    """

    images: int
    seed: int
    label_smoothing: float
    temperature: float
    conformal: Conformal
    refusal: Refusal | None

    @classmethod
    def fitted(
        cls,
        head: Head,
        learnt: ImageSet,
        held_out: ImageSet,
        logits: Floats,
        label_smoothing: float,
        seed: int,
    ) -> Calibration:
        """Calibrate a trained network.

        Parameters
        ----------
        head : Head
            What makes probabilities of logits.
        learnt : ImageSet
            Images that were learnt from; about a thousand a class are enough.
        held_out : ImageSet
            Images that were not.
        logits : ndarray of float32, shape (len(held_out), outputs)
            What the network gives for these.
        label_smoothing : float
            With which it learnt.
        seed : int
            With which they were drawn.
        """
        smoothing, temperature = _likeliest(logits, held_out.labels, head, label_smoothing)
        sharp = unsmoothed(logits, smoothing, head)
        probabilities = head.probabilities(sharp / np.float32(temperature))
        return cls(
            images=len(held_out),
            seed=seed,
            label_smoothing=smoothing,
            temperature=temperature,
            conformal=Conformal.fitted(probabilities, held_out.labels, seed),
            refusal=Refusal.fitted(learnt.images, learnt.labels, held_out.images, logits),
        )

    def logits(self, logits: Floats, head: Head) -> Floats:
        """Turn a network's logits into those of calibrated probabilities: smoothing undone, then cooled.

        Parameters
        ----------
        logits : ndarray of float32, shape (N, outputs)
            What the network gives.
        head : Head
            What makes probabilities of them.
        """
        return unsmoothed(logits, self.label_smoothing, head) / np.float32(self.temperature)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "images": self.images,
            "seed": self.seed,
            "label_smoothing": self.label_smoothing,
            "temperature": self.temperature,
            "conformal": self.conformal.to_dict(),
            "refusal": None if self.refusal is None else self.refusal.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Calibration:
        """Read what `to_dict` gives.

        Raises
        ------
        KeyError, TypeError, ValueError
            When the values describe no calibration.
        """
        temperature = float(values["temperature"])
        if not 0 < temperature < float("inf"):
            raise ValueError(f"temperature {temperature}; expected a number above zero")
        smoothing = float(values["label_smoothing"])
        if not 0 <= smoothing < 1:
            raise ValueError(f"label_smoothing {smoothing}; expected a share from 0 to below 1")
        refusal = values["refusal"]
        return cls(
            images=int(values["images"]),
            seed=int(values["seed"]),
            label_smoothing=smoothing,
            temperature=temperature,
            conformal=Conformal.from_dict(values["conformal"]),
            refusal=None if refusal is None else Refusal.from_dict(refusal),
        )


def _likeliest(logits: Floats, labels: Labels, head: Head, learnt_with: float) -> tuple[float, float]:
    """Find the smoothing to undo, and the temperature then, under which held-out images are most likely."""

    def outcome(smoothing: float) -> tuple[float, float, float]:
        sharp = unsmoothed(logits, smoothing, head)
        temperature = fitted_temperature(sharp, labels, head)
        return head.loss(sharp / np.float32(temperature), labels), smoothing, temperature

    _, smoothing, temperature = min(outcome(s) for s in {times * learnt_with for times in AMOUNTS} if s < 1)
    return smoothing, temperature
