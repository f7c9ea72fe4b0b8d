"""From a model and images to predictions, with NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.functional import Floats
from tenfold.model.model_file import Model

CHUNK = 1024
"""Images computed at a time: bounds memory, and keeps a layer's values near the processor."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one picture.

    Parameters
    ----------
    label : str
        The most probable class.
    probabilities : dict of str to float
        One a class, in label order; they sum to one.
    """

    label: str
    probabilities: dict[str, float]

    @property
    def confidence(self) -> float:
        """Probability of the label."""
        return self.probabilities[self.label]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {"label": self.label, "probabilities": self.probabilities}


class Predictor:
    """Answers for batches of images of the model's own size.

    Parameters
    ----------
    model : Model
        What to ask.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def logits(self, images: NDArray[np.uint8]) -> Floats:
        """Compute logits chunk by chunk.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of the model's shape.

        Returns
        -------
        ndarray of float32, shape (N, outputs)
            As `Model.logits`.

        Raises
        ------
        ModelError
            When the images have another shape or type.
        """
        chunks = [self.model.logits(images[i : i + CHUNK]) for i in range(0, max(len(images), 1), CHUNK)]
        return np.concatenate(chunks)

    def probabilities(self, images: NDArray[np.uint8]) -> Floats:
        """Compute probabilities of shape (N, classes); each row sums to one."""
        return self.model.network.head.probabilities(self.logits(images))

    def predict(self, images: NDArray[np.uint8]) -> Iterator[Prediction]:
        """Yield a prediction for each image."""
        classes = self.model.classes
        for row in self.probabilities(images):
            probabilities = dict(zip(classes, map(float, row), strict=True))
            yield Prediction(classes[int(row.argmax())], probabilities)
