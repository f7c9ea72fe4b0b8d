"""A training without a run: its accuracy is that of the weights that the engine ends with."""

import numpy as np
import pytest
import torch

from tenfold.data.image_set import ImageSet
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.partition import class_weights
from tenfold.training.reference import ReferenceEngine
from tenfold.training.trial import Trial


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_its_accuracy_is_that_of_the_trained_weights(recipe, class_weight):
    rng = np.random.default_rng(0)
    labels = np.minimum(rng.integers(0, 5, 120), 2)
    pixels = rng.integers(0, 120, (120, 6, 5)) + 25 * labels[:, None, None]
    images = ImageSet(pixels.astype(np.uint8), labels, ("a", "b", "c"), "memory")
    learn, others = np.arange(0, 90), np.arange(90, 120)
    recipe = recipe.with_changes(precision="float32", class_weight=class_weight)
    trial = Trial(recipe, images, Preprocessing.fitted(images.images), learn, ReferenceEngine(), threads=1)

    fitted = Preprocessing.fitted(images.images)
    weights = class_weights(labels, learn, recipe)
    examples = Examples.of(images, fitted, places=learn, weights=weights)
    start = initial_snapshot(trial.network, recipe, threads=1)
    *_, last = ReferenceEngine().fit(trial.network, recipe, examples, start)
    tensors = {name: torch.tensor(tensor) for name, tensor in last.snapshot().weights.items()}
    values = torch.tensor(fitted.normalise(images.images[others]))
    for layer in (1, 2, 3):
        values = torch.nn.functional.linear(values, tensors[f"l{layer}.weight"], tensors[f"l{layer}.bias"])
        values = values.relu() if layer < 3 else values
    right = (values.argmax(dim=1).numpy() == labels[others]).mean()
    assert 0.4 < right < 1
    assert trial.accuracy(others) == pytest.approx(right)
