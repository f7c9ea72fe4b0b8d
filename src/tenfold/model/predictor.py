"""From a model and images to predictions: by the compiled part where it is there, with NumPy otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold import native
from tenfold.cores import available_cores
from tenfold.errors import ModelError, UsageError
from tenfold.functional import Floats
from tenfold.model.model_file import GOLDEN_TOLERANCE, Model

CHUNK = 1024
"""Images computed at a time: bounds memory, and keeps a layer's values near the processor."""

PRECISIONS = {"float32": GOLDEN_TOLERANCE, "bfloat16": 5e-2}
"""How to compute, and how far from NumPy's logits may then be: a share of the largest, if it exceeds one."""


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
    precision : str, default "float32"
        float32, or bfloat16 where the compiled part and the processor have it.
    threads : int, optional
        Threads of the compiled part; without a number, the cores at hand.

    Raises
    ------
    UsageError
        When the precision cannot be had here.
    """

    def __init__(self, model: Model, precision: str = "float32", threads: int | None = None) -> None:
        self.model = model
        self.precision = precision
        self._logits = _compiled(model, precision, threads or available_cores()) or model.logits

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
        if len(images) <= CHUNK:
            return self._logits(images)
        return np.concatenate([self._logits(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)])

    def probabilities(self, images: NDArray[np.uint8]) -> Floats:
        """Compute probabilities of shape (N, classes); each row sums to one."""
        return self.model.network.head.probabilities(self.logits(images))

    def predict(self, images: NDArray[np.uint8]) -> Iterator[Prediction]:
        """Yield a prediction for each image."""
        classes = self.model.classes
        for row in self.probabilities(images):
            probabilities = dict(zip(classes, map(float, row), strict=True))
            yield Prediction(classes[int(row.argmax())], probabilities)

    def check_golden(self) -> None:
        """Compute the model's golden examples, and compare with NumPy.

        Raises
        ------
        ModelError
            When the logits differ by more than the precision explains: this machine computes otherwise.
        """
        golden = self.model.logits(self.model.examples)
        difference = float(np.abs(self.logits(self.model.examples) - golden).max(initial=0.0))
        tolerance = PRECISIONS[self.precision] * max(1.0, float(np.abs(golden).max(initial=0.0)))
        if not difference <= tolerance:
            raise ModelError(
                f"golden examples give logits that differ from NumPy's by {difference:.2g} with "
                f"{self.precision}; expected at most {tolerance:.2g}: "
                f"this machine computes otherwise, {native.VARIABLE}=portable may mend it"
            )


def _compiled(model: Model, precision: str, threads: int) -> Callable[[NDArray[np.uint8]], Floats] | None:
    """Return what computes logits in the compiled part; nothing where NumPy has to."""
    if precision not in PRECISIONS:
        raise UsageError(f"precision: '{precision}'; expected {' or '.join(PRECISIONS)}")
    if absence := native.absence():
        if precision != "float32":
            raise UsageError(f"precision: '{precision}', but {absence}; expected float32")
        return None
    chosen = native.instruction_set()
    if precision not in chosen.precisions:
        raise UsageError(
            f"precision: '{precision}', but {chosen.name} has no such products here ({chosen.reason}); "
            f"expected {' or '.join(chosen.precisions)}"
        )
    from tenfold._native import Classifier

    weights = {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in model.weights.items()}
    classifier = Classifier(list(model.network.widths), chosen.name, precision, weights)
    scale = model.preprocessing
    mean, std = np.array(scale.mean, np.float32), np.array(scale.std, np.float32)

    def logits(images: NDArray[np.uint8]) -> Floats:
        scale.check(images)
        rows = np.ascontiguousarray(images).reshape(len(images), scale.features)
        return classifier.logits(rows, mean, std, threads)

    return logits
