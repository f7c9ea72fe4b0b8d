"""A small model to save, load and ask."""

import numpy as np
import pytest

from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 6, 5)).astype(np.uint8)
    network = Network.for_task(30, (8,), 3)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.shapes.items()}
    return Model(
        network=network,
        weights=weights,
        classes=("ant", "bee", "蝶"),
        preprocessing=Preprocessing.fitted(images),
        examples=images,
        provenance={"recipe": {"name": "lecture"}},
        calibration={"temperature": 1.25},
    )
