"""Measured means, normalisation and pictures of other shapes, against NumPy in float64 and Pillow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tenfold.errors import ModelError, UsageError
from tenfold.model.photo.framing import framed
from tenfold.model.preprocessing import Preprocessing
from tests.photographs import HANDS, digit_of_strokes, take_photograph

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


@pytest.fixture(scope="module")
def framed_digits():
    """Sixty digits of strokes, light on dark, framed as MNIST's are."""
    digits = [digit_of_strokes(digit, hand) for digit in HANDS for hand in range(6)]
    return np.stack([framed(np.int64(255 * ink), (28, 28), 20) for ink in digits])


@pytest.fixture(scope="module")
def photograph():
    return take_photograph(digit_of_strokes(5, 1), np.random.default_rng(0), kind="coloured", paper="lined")


def test_framed_training_images_are_known_and_kept_in_the_file(framed_digits):
    fitted = Preprocessing.fitted(framed_digits)
    assert fitted.ink_box == 20
    assert Preprocessing.from_dict(fitted.to_dict()) == fitted
    older = {name: value for name, value in fitted.to_dict().items() if name != "ink_box"}
    assert Preprocessing.from_dict(older).ink_box is None


@pytest.mark.parametrize("light_on_dark", [True, False])
def test_framed_pictures_stay_and_take_the_polarity_of_training(framed_digits, light_on_dark):
    images = framed_digits if light_on_dark else 255 - framed_digits
    fitted = Preprocessing.fitted(images)
    for image in images:
        np.testing.assert_array_equal(fitted.prepare(image), image)
        np.testing.assert_array_equal(fitted.prepare(255 - image), image)


def test_a_photograph_gets_the_frame_in_either_polarity(framed_digits, photograph):
    light, dark = (Preprocessing.fitted(images) for images in (framed_digits, 255 - framed_digits))
    image = light.prepare(photograph)
    np.testing.assert_array_equal(dark.prepare(photograph), 255 - image)
    rows = np.flatnonzero(image.any(axis=1))
    assert rows[-1] - rows[0] + 1 == 20
    assert [step.name for step in light.steps(photograph)][-1] == "input"
    np.testing.assert_array_equal(light.steps(photograph)[-1].image, image)


def test_a_grey_picture_is_one_of_three_equal_channels(framed_digits, photograph):
    fitted, grey = Preprocessing.fitted(framed_digits), photograph[..., 1]
    np.testing.assert_array_equal(fitted.prepare(grey), fitted.prepare(np.repeat(grey[..., None], 3, axis=2)))


def test_the_steps_can_be_forced_and_forbidden(framed_digits, photograph):
    fitted = Preprocessing.fitted(framed_digits)
    assert [step.name for step in fitted.steps(photograph, "never")] == ["picture", "input"]
    assert len(fitted.steps(framed_digits[0])) == 2
    assert len(fitted.steps(framed_digits[0], "always")) > 2
    with pytest.raises(UsageError, match="photo: 'sometimes'; expected auto, always, never"):
        fitted.prepare(photograph, "sometimes")
    with pytest.raises(UsageError, match="photo: 'always', but.*expected auto or never"):
        Preprocessing.fitted(np.zeros((2, 9, 9), np.uint8)).prepare(photograph, "always")


@pytest.mark.parametrize(("channels", "ink_box"), [(1, 0), (1, 29), (3, 20)])
def test_an_ink_box_that_cannot_be_is_refused(channels, ink_box):
    with pytest.raises(ModelError, match=f"ink box of {ink_box} pixels in 28×28.*expected grey images"):
        Preprocessing((28, 28), channels, (0.1,) * channels, (0.3,) * channels, ink_box=ink_box)
