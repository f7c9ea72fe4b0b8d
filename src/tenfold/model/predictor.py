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

BLANK = "it shows no single figure"

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
    prediction_set : tuple of str, optional
        Classes that hold the true one as often as ``coverage`` says, in label order, the label always among
        them; nothing where the model is not calibrated. One class is an answer, several are doubt.
    coverage : float, optional
        Share of pictures like the training images whose set holds their true class.
    refusal : str, optional
        Why the picture is none of these; nothing where the label stands.
    """

    label: str
    probabilities: dict[str, float]
    prediction_set: tuple[str, ...] | None = None
    coverage: float | None = None
    refusal: str | None = None

    @property
    def confidence(self) -> float:
        """Probability of the label."""
        return self.probabilities[self.label]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "label": self.label,
            "probabilities": self.probabilities,
            "prediction_set": None if self.prediction_set is None else list(self.prediction_set),
            "coverage": self.coverage,
            "refusal": self.refusal,
        }


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
        return self.probabilities_of(self.logits(images))

    def probabilities_of(self, logits: Floats) -> Floats:
        """Turn logits into probabilities, calibrated if the model is."""
        head, calibration = self.model.network.head, self.model.calibration
        return head.probabilities(logits if calibration is None else calibration.logits(logits, head))

    def refusals(self, images: NDArray[np.uint8], logits: Floats) -> list[str | None]:
        """Say for each image why it is none of the classes; nothing where it may be one."""
        calibration = self.model.calibration
        if calibration is None or calibration.refusal is None:
            reasons: list[str | None] = [None] * len(images)
        else:
            reasons = calibration.refusal.reasons(images, logits)
        flat = images.reshape(len(images), self.model.preprocessing.features)
        for place in np.flatnonzero(flat.min(axis=1, initial=255) == flat.max(axis=1, initial=0)):
            reasons[place] = BLANK
        return reasons

    def predict(
        self,
        images: NDArray[np.uint8],
        *,
        coverage: float | None = None,
        method: str = "lac",
        by_class: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each image.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of the model's shape.
        coverage : float, optional
            Share of pictures whose prediction set holds the true class; without one, 99 % or what the
            calibration images allow.
        method : str, default "lac"
            How sets are made: lac, aps or raps.
        by_class : bool, default False
            Whether each class is covered so often by itself.

        Raises
        ------
        UsageError
            When the model is not calibrated, or by too few images for this coverage.
        ModelError
            When the images have another shape or type.
        """
        for start in range(0, len(images), CHUNK):
            chunk = images[start : start + CHUNK]
            logits = self.logits(chunk)
            probabilities = self.probabilities_of(logits)
            sets = self.sets(probabilities, coverage, method, by_class)
            for place, reason in enumerate(self.refusals(chunk, logits)):
                yield self._prediction(probabilities[place], sets and (sets[0][place], sets[1]), reason)

    def _prediction(
        self, probabilities: Floats, found: tuple[NDArray[np.bool_], float] | None, refusal: str | None
    ) -> Prediction:
        classes = self.model.classes
        members, coverage = found or (None, None)
        return Prediction(
            label=classes[int(probabilities.argmax())],
            probabilities=dict(zip(classes, map(float, probabilities), strict=True)),
            prediction_set=None if members is None else tuple(np.array(classes)[members].tolist()),
            coverage=coverage,
            refusal=refusal,
        )

    def sets(
        self,
        probabilities: Floats,
        coverage: float | None = None,
        method: str = "lac",
        by_class: bool = False,
    ) -> tuple[NDArray[np.bool_], float] | None:
        """Return prediction sets, shape (N, classes), and their coverage; nothing where none can be had.

        Parameters
        ----------
        probabilities : ndarray of float32, shape (N, classes)
            As `probabilities` gives them.
        coverage : float, optional
            Without one, the largest of 99, 95 and 90 % that the calibration images allow.
        method, by_class
            As in `tenfold.model.conformal.Conformal.sets`.

        Raises
        ------
        UsageError
            When a coverage is asked for and the model is not calibrated, or by too few images.
        """
        calibration = self.model.calibration
        if calibration is None:
            if coverage is not None:
                raise UsageError(
                    f"coverage: {coverage:g}, but the model is not calibrated; train with --calibrate"
                )
            return None
        if coverage is None:
            coverage = calibration.conformal.best_coverage(by_class)
        if coverage is None:
            return None
        return calibration.conformal.sets(probabilities, coverage, method, by_class), coverage

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
