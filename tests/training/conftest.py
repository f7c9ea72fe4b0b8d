"""Small trainings for the engines to run."""

import numpy as np
import pytest

from tenfold.model.network import Network
from tenfold.training.engine import Examples
from tenfold.training.recipe import Recipe


@pytest.fixture
def recipe():
    """Three epochs of seven batches, the last of them short, a loss line every third."""
    lecture = Recipe.named("lecture")
    return lecture.with_changes(epochs=3, batch_size=16, lr=0.1, hidden=(12, 9), log_interval=3, seed=4)


@pytest.fixture
def examples():
    """A hundred images of 6 x 5 pixels in three classes that can be told apart."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 100)
    pixels = (rng.integers(0, 80, (100, 30)) + 60 * (labels[:, None] == np.arange(30) % 3)).astype(np.uint8)
    return Examples(pixels, labels, np.float32([0.2]), np.float32([0.15]))


@pytest.fixture
def network(recipe):
    return Network.for_task(30, recipe.hidden, 3)
