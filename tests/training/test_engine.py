"""What an engine trains on: rows normalised feature by feature, as the model's preprocessing does it."""

import numpy as np
import pytest

from tenfold.data.image_set import ImageSet
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Examples


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)])
def test_rows_of_images_are_those_of_the_preprocessing(shape):
    images = np.random.default_rng(0).integers(0, 256, (20, *shape)).astype(np.uint8)
    fitted = Preprocessing.fitted(images)
    examples = Examples.of(ImageSet(images, np.zeros(20, np.int64), ("a",), "memory"), fitted)
    assert examples.mean.shape == examples.std.shape == (fitted.channels,)
    chosen = np.array([3, 0, 19, 3])
    np.testing.assert_array_equal(examples.rows(chosen), fitted.normalise(images[chosen]))


@pytest.mark.parametrize("period", [1, 2, 6])
def test_feature_k_takes_entry_k_modulo_the_period(period):
    rng = np.random.default_rng(1)
    numbers, labels = rng.normal(size=(4, 6)).astype(np.float32), np.zeros(4, np.int64)
    mean, std = rng.uniform(1, 2, (2, period)).astype(np.float32)
    rows = Examples(numbers, labels, mean, std).rows(np.arange(4))
    for feature in range(6):
        expected = (numbers[:, feature] - mean[feature % period]) / std[feature % period]
        np.testing.assert_allclose(rows[:, feature], expected, rtol=1e-6)
