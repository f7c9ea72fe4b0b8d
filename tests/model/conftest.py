"""A small calibrated model to save, load and ask."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from tenfold.data.image_set import ImageSet
from tenfold.model.calibration import Calibration
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing

CLASSES = ("ant", "bee", "蝶")


@pytest.fixture
def uncalibrated():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 6, 5)).astype(np.uint8)
    network = Network.for_task(30, (8,), 3)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.shapes.items()}
    return Model(
        network=network,
        weights=weights,
        classes=CLASSES,
        preprocessing=Preprocessing.fitted(images),
        examples=images,
        provenance={"recipe": {"name": "lecture"}},
    )


@pytest.fixture
def model(uncalibrated):
    """Labels are drawn so that a temperature of two would be right, but for the label smoothing."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (300, 6, 5)).astype(np.uint8)
    logits = uncalibrated.logits(pictures)
    labels = (softmax(logits / 2, axis=1).cumsum(axis=1) < rng.random((300, 1))).sum(axis=1)
    images = ImageSet(pictures, labels, CLASSES, "memory")
    calibration = Calibration.fitted(uncalibrated.network.head, images, images, logits, 0.1, seed=0)
    return replace(uncalibrated, calibration=calibration)
