"""Calibration recovers what blurred the probabilities of simulated networks."""

import numpy as np
import pytest

from tenfold.data.image_set import ImageSet
from tenfold.model.calibration import Calibration
from tenfold.model.head import HEADS

IMAGES, CLASSES = 40_000, 5


@pytest.mark.parametrize("learnt_with, doubt", [(0.1, 0.1), (0.1, 0.15), (0.1, 0.2), (0.3, 0.3), (0.0, 0.0)])
@pytest.mark.parametrize("temperature", [0.7, 1.5])
def test_doubt_and_temperature_are_found_again(learnt_with, doubt, temperature):
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.ones(CLASSES), IMAGES)
    labels = (rng.random((IMAGES, 1)) > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    cooled = true**temperature / (true**temperature).sum(axis=1, keepdims=True)
    logits = np.log((1 - doubt) * cooled + doubt / CLASSES + 1e-9).astype(np.float32)
    pictures = rng.integers(0, 256, (IMAGES, 2, 2)).astype(np.uint8)
    held_out = ImageSet(pictures, labels, tuple("abcde"), "simulated")
    found = Calibration.fitted(HEADS["softmax"], held_out, held_out, logits, learnt_with, seed=0)
    assert found.label_smoothing == pytest.approx(doubt)
    assert found.temperature == pytest.approx(temperature, rel=0.05)


def test_smoothing_is_never_undone_beyond_all_of_it():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    pictures = rng.integers(0, 256, (100, 4, 4)).astype(np.uint8)
    held_out = ImageSet(pictures, labels, ("a", "b"), "simulated")
    logits = rng.normal(size=(100, 2)).astype(np.float32)
    found = Calibration.fitted(HEADS["softmax"], held_out, held_out, logits, 0.8, seed=0)
    assert found.label_smoothing == 0.8
