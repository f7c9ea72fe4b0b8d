"""Measured means, normalisation and pictures of other shapes, against NumPy in float64 and Pillow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tenfold.errors import ModelError
from tenfold.model.preprocessing import Preprocessing

image_sets = arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 7), st.integers(1, 7))
    | st.tuples(st.integers(1, 9), st.integers(1, 7), st.integers(1, 7), st.just(3)),
)


def frame(background, ink, size=(28, 28)):
    """A square of ink in the middle of a background."""
    image = np.full(size, background, np.uint8)
    image[10:18, 10:18] = ink
    return image


@given(image_sets)
def test_mean_and_deviation_are_those_of_all_pixels_of_a_channel(images):
    fitted = Preprocessing.fitted(images)
    pixels = images.reshape(-1, 1 if images.ndim == 3 else 3) / 255
    np.testing.assert_allclose(fitted.mean, pixels.mean(axis=0), atol=0.5001e-4)
    deviation = pixels.std(axis=0)
    expected = np.where(np.round(deviation, 4) == 0, 1, deviation)
    np.testing.assert_allclose(fitted.std, expected, atol=0.5001e-4)


@given(image_sets)
def test_normalised_rows_have_mean_zero_and_deviation_one(images):
    fitted = Preprocessing.fitted(images)
    rows = fitted.normalise(images)
    assert rows.shape == (len(images), fitted.features)
    assert rows.dtype == np.float32
    exact = (images.reshape(len(images), -1, fitted.channels) / 255 - fitted.mean) / np.array(fitted.std)
    single = 3e-7 / min(fitted.std)  # float32 keeps seven digits of a fraction of 255
    np.testing.assert_allclose(rows, exact.reshape(len(images), -1), rtol=1e-6, atol=single)


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_grey_from_colour_is_pillows(picture):
    grey = Preprocessing(size=picture.shape[:2], channels=1, mean=(0.5,), std=(0.5,))
    np.testing.assert_array_equal(grey.prepare(picture), np.asarray(Image.fromarray(picture).convert("L")))


def test_colour_from_grey_repeats_it():
    colour = Preprocessing(size=(28, 28), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    picture = frame(0, 200)
    expected = np.asarray(Image.fromarray(picture).convert("RGB"))
    np.testing.assert_array_equal(colour.prepare(picture), expected)


@pytest.mark.parametrize(("background", "ink"), [(0, 255), (255, 0)])
def test_a_picture_takes_the_polarity_of_the_training_images(background, ink):
    fitted = Preprocessing.fitted(np.stack([frame(background, ink)] * 3))
    same, inverse = frame(background, ink), frame(ink, background)
    np.testing.assert_array_equal(fitted.prepare(same), same)
    np.testing.assert_array_equal(fitted.prepare(inverse), same)


def test_training_images_of_both_polarities_leave_pictures_alone():
    fitted = Preprocessing.fitted(np.stack([frame(0, 255), frame(255, 0)]))
    for picture in (frame(0, 255), frame(255, 0)):
        np.testing.assert_array_equal(fitted.prepare(picture), picture)


def test_a_picture_is_scaled_to_the_size_of_the_training_images():
    fitted = Preprocessing.fitted(np.stack([frame(0, 255)] * 2))
    prepared = fitted.prepare(np.kron(frame(0, 255), np.ones((4, 4), np.uint8)))
    assert prepared.shape == (28, 28)
    assert np.abs(prepared.astype(int) - frame(0, 255)).mean() < 6


def test_images_of_another_size_are_refused_with_both_sizes():
    fitted = Preprocessing.fitted(np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(ModelError, match="32×32.*28×28.*--size 28x28"):
        fitted.normalise(np.zeros((2, 32, 32), np.uint8))


def test_images_of_other_channels_are_refused_in_words():
    fitted = Preprocessing.fitted(np.zeros((2, 9, 9), np.uint8))
    with pytest.raises(ModelError, match="9×9×3.*trained on grey images"):
        fitted.normalise(np.zeros((2, 9, 9, 3), np.uint8))


@given(arrays(np.uint8, (4, 5, 5)))
def test_no_training_image_is_ever_inverted(images):
    fitted = Preprocessing.fitted(images)
    for image in images:
        np.testing.assert_array_equal(fitted.prepare(image), image)
