import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from tenfold.data.image_set import LARGEST_INPUT
from tenfold.model.network import MAX_CLASSES
from tenfold.model.subspaces import BYTES, LEAST_RANK, Subspaces, averaged, block_size, rank_for

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    return np.rint(images * 255 / 16).astype(np.uint8).reshape(-1, 8, 8), labels


def test_strangeness_is_what_the_principal_components_of_a_class_leave_over(digits):
    images, labels = digits
    subspaces = Subspaces.fitted(images[:1_500], labels[:1_500], 10)
    rank = subspaces.directions.shape[1]
    new = images[1_500:].reshape(-1, 64) / 255
    for label in range(10):
        pca = PCA(rank, svd_solver="full").fit(images[:1_500][labels[:1_500] == label].reshape(-1, 64) / 255)
        left = ((new - pca.inverse_transform(pca.transform(new))) ** 2).sum(axis=1)
        expected = left**2 / ((new - pca.mean_) ** 2).sum(axis=1)
        found = subspaces.strangeness(images[1_500:], np.full(len(new), label))
        # Means and directions are rounded to bytes.
        np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.05)


def test_strangeness_is_its_formula():
    images = RNG.integers(0, 256, (40, 5, 4), np.uint8)
    classes = RNG.integers(0, 3, 40)
    subspaces = Subspaces.fitted(images, classes, 3)
    expected = []
    for image, label in zip(images, classes, strict=True):
        difference = (image.reshape(-1).astype(float) - subspaces.means[label]) / 255
        left = np.sum(difference**2)
        for direction in subspaces.directions[label].astype(float):
            left -= np.dot(direction / np.linalg.norm(direction), difference) ** 2
        expected.append(left**2 / np.sum(difference**2))
    np.testing.assert_allclose(subspaces.strangeness(images, classes), expected, rtol=1e-4)


def test_the_mean_itself_is_not_strange():
    images = RNG.integers(0, 256, (30, 6, 6), np.uint8)
    subspaces = Subspaces.fitted(images, np.zeros(30, int), 2)
    assert subspaces.strangeness(subspaces.means[:1].reshape(1, 6, 6), np.zeros(1, int))[0] == 0


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from([(), (3,)]), st.integers(1, 35))
def test_blocks_are_averaged_as_pillow_does(height, width, channels, block):
    image = np.random.default_rng(height * width).integers(0, 256, (height, width, *channels), np.uint8)
    planes = np.moveaxis(image.reshape(height, width, -1), 2, 0).astype(np.float32)
    expected = np.stack([np.asarray(Image.fromarray(plane).reduce(block)) for plane in planes], axis=2)
    np.testing.assert_allclose(averaged(image[np.newaxis], block)[0], expected.reshape(-1), rtol=1e-5)


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.sampled_from([1, 3]), st.integers(2, MAX_CLASSES))
def test_the_model_file_stays_small(height, width, channels, classes):
    if height * width * channels > LARGEST_INPUT:
        return
    block = block_size((height, width, channels), classes)
    features = -(-height // block) * -(-width // block) * channels
    rank = rank_for(features, classes)
    assert classes * features * (1 + rank) <= BYTES
    if 1 < block < max(height, width) and features >= 4 * LEAST_RANK:
        assert rank >= LEAST_RANK


@pytest.mark.parametrize("shape", [(300, 200, 3), (28, 28, 3), (1, 1), (3, 70)])
def test_images_of_any_shape(shape):
    images = RNG.integers(0, 256, (12, *shape), np.uint8)
    subspaces = Subspaces.fitted(images, np.arange(12) % 3, 3)
    strangeness = subspaces.strangeness(images, np.arange(12) % 3)
    assert np.isfinite(strangeness).all()
    assert (strangeness >= 0).all()


def test_classes_of_few_images_one_and_none():
    images = RNG.integers(0, 256, (9, 8, 8), np.uint8)
    labels = np.array([0, 0, 0, 0, 0, 1, 2, 2, 2])
    images[6:] = images[6]  # a class whose images are all the same
    subspaces = Subspaces.fitted(images, labels, 4)
    assert [np.any(own, axis=1).sum() for own in subspaces.directions] == [4, 0, 0, 0]
    strangeness = subspaces.strangeness(images, labels)
    assert strangeness[5:].tolist() == [0, 0, 0, 0]
    assert strangeness[:5].max() < 0.01  # five images lie in their own four directions


def test_bytes_do_not_change_with_the_number_of_threads(digits):
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(Subspaces.fitted(*digits, 10))
    assert np.array_equal(found[0].directions, found[1].directions)


@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 4), st.integers(1, 300))
def test_written_and_read(height, width, classes, count):
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, height, width), np.uint8)
    labels = rng.integers(0, classes, count)
    subspaces = Subspaces.fitted(images, labels, classes)
    read = Subspaces.from_dict(json.loads(json.dumps(subspaces.to_dict())))
    assert np.array_equal(read.strangeness(images, labels), subspaces.strangeness(images, labels))


@pytest.mark.parametrize(
    "damage",
    [
        {"block": 0},
        {"block": None},
        {"shape": [3, 5]},
        {"shape": [3, 5, 21]},
        {"shape": [3, -5, 20]},
        {"means": "AAAA"},
        {"means": "no base64!"},
        {"directions": ""},
    ],
)
def test_damaged_values_are_refused(damage):
    images = RNG.integers(0, 256, (40, 5, 4), np.uint8)
    values = Subspaces.fitted(images, np.arange(40) % 3, 3).to_dict()
    assert values["shape"] == [3, 5, 20]
    with pytest.raises((TypeError, ValueError)):
        Subspaces.from_dict(values | damage)
