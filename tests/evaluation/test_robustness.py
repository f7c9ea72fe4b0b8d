"""Figures on spoilt images, against scikit-learn and by hand."""

import json

import numpy as np
import pytest
import sklearn.metrics

from tenfold.data.image_set import ImageSet
from tenfold.errors import UsageError
from tenfold.evaluation.corruption import CORRUPTIONS, corrupted
from tenfold.evaluation.robustness import Figures, Robustness, robustness


def halves(pixels):
    """Say which half of a picture is lighter: sure of it, but never more than 90 %."""
    means = pixels.reshape(len(pixels), -1, 2, 5).mean(axis=(1, 3)) / 255  # (n, halves)
    right = np.clip(0.5 + means[:, 1] - means[:, 0], 0.1, 0.9)
    return np.stack([1 - right, right], axis=1)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    pixels = rng.integers(0, 60, (200, 8, 10))
    pixels[labels == 0, 2:6, 1:5] += 150
    pixels[labels == 1, 2:6, 5:9] += 150
    return ImageSet(pixels.astype(np.uint8), labels, ("left", "right"), "halves")


def test_each_figure_is_that_of_the_spoilt_images(images):
    found = robustness(halves, images, seed=3)
    assert list(found.corruptions) == list(CORRUPTIONS)
    for name, row in found.corruptions.items():
        guesses = [halves(corrupted(images.images, name, k, 3)).argmax(axis=1) for k in range(1, 6)]
        expected = [sklearn.metrics.accuracy_score(images.labels, guess) for guess in guesses]
        assert [each.accuracy for each in row] == pytest.approx(expected)
    assert found.clean.accuracy == 1
    worst = min(each.accuracy for row in found.corruptions.values() for each in row)
    assert worst < 1
    assert found == robustness(halves, images, seed=3)


def test_confidence_that_is_always_the_same_is_off_by_its_distance_from_accuracy(images):
    def always(pixels):
        return np.tile([0.8, 0.2], (len(pixels), 1))

    found = robustness(always, images)
    accuracy = (images.labels == 0).mean()
    for row in found.corruptions.values():
        assert {each.accuracy for each in row} == {accuracy}
        assert [each.calibration_error for each in row] == pytest.approx([abs(0.8 - accuracy)] * 5)
    assert found.mean_corruption_error == pytest.approx(1 - accuracy)
    assert found.relative_corruption_error == pytest.approx(0)


def test_means_and_plain_values_by_hand():
    row = tuple(Figures(accuracy, 0.25) for accuracy in (1.0, 0.5))
    found = Robustness(8, 0, Figures(1.0, 0.125), {"fog": row, "snow": (Figures(0.0, 0.5),) * 2})
    assert found.mean_corruption_error == pytest.approx(0.625)
    assert found.relative_corruption_error == pytest.approx(0.625)
    values = json.loads(json.dumps(found.to_dict()))
    assert values["corruptions"]["fog"] == {"accuracy": [1.0, 0.5], "calibration_error": [0.25, 0.25]}
    assert (values["images"], values["accuracy"], values["strengths"]) == (8, 1.0, [1, 2, 3, 4, 5])


def test_a_seed_below_zero_is_refused(images):
    with pytest.raises(UsageError, match=r"^seed: -1; expected 0 or more$"):
        robustness(halves, images, seed=-1)
