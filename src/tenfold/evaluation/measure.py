"""Let a model answer for labelled images, and measure the answers."""

from __future__ import annotations

import numpy as np

from tenfold.data.image_set import ImageSet
from tenfold.evaluation.doubt import RefusalFigures, SetFigures
from tenfold.evaluation.metrics import Evaluation, evaluation
from tenfold.model.predictor import Predictor


def measure(predictor: Predictor, images: ImageSet) -> Evaluation:
    """Measure a model on labelled images.

    Parameters
    ----------
    predictor : Predictor
        Of the model.
    images : ImageSet
        Of the model's shape, with labels that count the model's classes.

    Raises
    ------
    DataError
        When there are no images.
    ModelError
        When the images have another shape.
    """
    logits = predictor.logits(images.images)
    calibration = predictor.model.calibration
    if calibration is None:
        return evaluation(logits, images.labels, predictor.model.classes)
    head = predictor.model.network.head
    calibrated = calibration.logits(logits, head)
    probabilities = head.probabilities(calibrated)
    correct = probabilities.argmax(axis=1) == images.labels
    refused = np.array([reason is not None for reason in predictor.refusals(images.images, logits)])
    found = predictor.sets(probabilities)
    return evaluation(
        logits,
        images.labels,
        predictor.model.classes,
        temperature=calibration.temperature,
        calibrated=calibrated,
        sets=SetFigures.counted(found[0], images.labels, found[1]) if found else None,
        refusals=RefusalFigures.counted(refused, correct) if calibration.refusal else None,
    )
