"""What a report says of a run: everything that has to be computed, computed once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet, Splits
from tenfold.evaluation.measure import measure
from tenfold.evaluation.metrics import Evaluation
from tenfold.evaluation.robustness import Robustness, robustness
from tenfold.evaluation.suspects import Suspects
from tenfold.functional import Floats
from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor
from tenfold.training.partition import Partition, partition
from tenfold.training.run import Run

NOISE_IMAGES = 1000
"""Pictures of uniform noise, of the model's own shape, that a model is asked about."""

SPOILT_VALUES = 10_000 * 28 * 28
"""Pixels of the images that are spoilt, at most, in all their channels: MNIST's whole test set."""


@dataclass(frozen=True)
class LabelSearch:
    """A search of the training labels for wrong ones.

    Parameters
    ----------
    seconds : float
        How long it took.
    suspects : Suspects, optional
        What it found.
    obstacle : str
        Why it found nothing, where it could not be made.
    """

    seconds: float
    suspects: Suspects | None = None
    obstacle: str = ""


@dataclass(frozen=True, eq=False)
class Foreignness:
    """How unlike the training images a model finds others.

    Parameters
    ----------
    scores : ndarray of shape (N,)
        Of the test images; the larger, the more foreign.
    threshold : float
        Beyond which an image is refused.
    false_alarm_rate : float
        Share of genuine images for which that threshold was set.
    noise_refused : float
        Share that is refused of ``NOISE_IMAGES`` pictures of noise.
    """

    scores: Floats
    threshold: float
    false_alarm_rate: float
    noise_refused: float

    @property
    def refused(self) -> NDArray[np.bool_]:
        """Which test images are refused."""
        beyond: NDArray[np.bool_] = self.scores > self.threshold
        return beyond


@dataclass(frozen=True, eq=False)
class Findings:
    """A run, its data, and what measuring its model on the test images gave.

    Parameters
    ----------
    run : Run
        The training.
    model : Model
        Its result.
    splits : Splits
        What it was trained and measured on.
    partition : Partition
        Which training images it learnt from.
    probabilities : ndarray of float32, shape (N, classes)
        What the model says of the test images, calibrated where it is.
    evaluation : Evaluation
        How good that is.
    foreignness : Foreignness, optional
        Of a model that refuses foreign images.
    robustness : Robustness
        On spoilt test images, of large sets on some.
    search : LabelSearch, optional
        For wrong training labels.
    """

    run: Run
    model: Model
    splits: Splits
    partition: Partition
    probabilities: Floats
    evaluation: Evaluation
    foreignness: Foreignness | None
    robustness: Robustness
    search: LabelSearch | None


def gather(run: Run, predictor: Predictor, splits: Splits, search: LabelSearch | None) -> Findings:
    """Compute what a report says.

    Parameters
    ----------
    run : Run
        A finished one.
    predictor : Predictor
        Of its model.
    splits : Splits
        What the model was trained on, unchanged.
    search : LabelSearch, optional
        Of the training labels.
    """
    logits = predictor.logits(splits.test.images)
    return Findings(
        run=run,
        model=predictor.model,
        splits=splits,
        partition=partition(splits.train.labels, run.recipe, splits.validation is not None),
        probabilities=predictor.probabilities_of(logits),
        evaluation=measure(predictor, splits.test),
        foreignness=_foreignness(predictor, splits.test.images, logits),
        robustness=robustness(predictor.probabilities, _to_spoil(splits.test)),
        search=search,
    )


def _to_spoil(test: ImageSet) -> ImageSet:
    """Return the test images, or so many of them, evenly spread, as take a few seconds."""
    most = max(100, SPOILT_VALUES // test.images[0].size)
    if len(test) <= most:
        return test
    return test.select(np.linspace(0, len(test) - 1, most).astype(int))


def _foreignness(predictor: Predictor, images: NDArray[np.uint8], logits: Floats) -> Foreignness | None:
    calibration = predictor.model.calibration
    if calibration is None or calibration.refusal is None:
        return None
    refusal = calibration.refusal
    noise = np.random.default_rng(0).integers(0, 256, (NOISE_IMAGES, *images.shape[1:]), np.uint8)
    refused = refusal.scores(noise, predictor.logits(noise)) > refusal.threshold
    return Foreignness(
        scores=refusal.scores(images, logits),
        threshold=refusal.threshold,
        false_alarm_rate=refusal.false_alarm_rate,
        noise_refused=float(refused.mean()),
    )
