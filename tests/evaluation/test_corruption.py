"""Corruptions against SciPy where they move pixels, by count where they draw, by hand where they recolour."""

import math

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tenfold.errors import UsageError
from tenfold.evaluation.corruption import (
    ANGLES,
    CORRUPTIONS,
    affine,
    convolution,
    corrupted,
    line_kernel,
)

EVERY = [(name, strength) for name in CORRUPTIONS for strength in range(1, 6)]
MOVING = ("shear", "scale", "rotate", "translate", "motion blur")

sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))
numbers = st.floats(-2, 2)


def pictures(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def blob(count=200, size=(28, 28)):
    """Copies of one lopsided picture: dark, with a light bar off the centre."""
    image = np.zeros(size, np.uint8)
    image[size[0] // 5 : size[0] // 2, size[1] // 3 : size[1] // 2] = 250
    return np.repeat(image[None], count, axis=0)


def almost(found, expected):
    """Equal but for a half that was rounded the other way."""
    difference = np.abs(found.astype(int) - np.rint(expected).astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.05 or np.abs(expected % 1 - 0.5)[difference > 0].max() < 1e-3


@given(sizes, st.lists(numbers, min_size=6, max_size=6), st.integers(0, 99))
def test_pixels_move_as_scipys(size, values, seed):
    matrix, shift = np.reshape(values[:4], (2, 2)), tuple(values[4:])
    images = pictures((2, *size), seed)
    centre = (np.array(size) - 1) / 2
    offset = centre - matrix @ centre - shift
    for found, image in zip(affine(size, matrix, shift).of(images), images, strict=True):
        expected = scipy.ndimage.affine_transform(
            image.astype(float), matrix, offset, order=1, mode="nearest"
        )
        almost(found, expected)


@given(sizes, st.floats(0.5, 12), st.sampled_from(ANGLES), st.integers(0, 99))
def test_pixels_spread_as_scipys(size, length, angle, seed):
    images, kernel = pictures((2, *size), seed), line_kernel(length, angle)
    for found, image in zip(convolution(size, kernel).of(images), images, strict=True):
        almost(found, scipy.ndimage.convolve(image.astype(float), kernel, mode="nearest"))


@given(st.floats(0.5, 20), st.floats(-45, 45))
def test_a_line_has_its_length_and_direction(length, angle):
    """Moments of an even line: none but the second, length²/12 along it; splatting widens it by under 1/4."""
    kernel = line_kernel(length, angle)
    assert kernel.sum() == pytest.approx(1)
    assert kernel == pytest.approx(kernel[::-1, ::-1])
    y, x = np.indices(kernel.shape) - len(kernel) // 2
    radians = math.radians(angle)
    along = x * math.cos(radians) - y * math.sin(radians)
    across = x * math.sin(radians) + y * math.cos(radians)
    assert 0 <= (kernel * across**2).sum() <= 0.26
    expected = length**2 / 12 * (1 + 1 / (4 * math.ceil(length / 2)))  # of points, ends included
    assert (kernel * along**2).sum() == pytest.approx(expected, abs=0.27)


def test_a_level_line_of_three_pixels_by_hand():
    kernel = line_kernel(2, 0)
    middle = len(kernel) // 2
    assert kernel[:middle].sum() == kernel[middle + 1 :].sum() == 0
    row = kernel[middle, middle - 1 : middle + 2]  # points at -1, -3/4 … 1: nine in all
    assert row * 9 == pytest.approx([2.5, 4, 2.5])


@pytest.mark.parametrize("strength", range(1, 6))
class TestStrengths:
    """What each strength does to one picture, whichever way was drawn."""

    @pytest.mark.parametrize(
        "name, ways",
        [
            ("shear", lambda k: [[[1, 0], [side * 0.2 * k, 1]] for side in (-1, 1)]),
            ("scale", lambda k: [np.eye(2) / (1, 0.9, 0.8, 0.7, 0.6, 0.5)[k]]),
            (
                "rotate",
                lambda k: [
                    [[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]] for a in (-0.2 * k, 0.2 * k)
                ],
            ),
        ],
    )
    def test_linear_maps(self, name, ways, strength):
        image, centre = blob(1)[0], np.array([13.5, 13.5])
        expected = []
        for way in ways(strength):
            matrix = np.array(way)
            offset = centre - matrix @ centre
            moved = scipy.ndimage.affine_transform(
                image.astype(float), matrix, offset, order=1, mode="nearest"
            )
            expected.append(np.rint(moved))
        assert_each_way(corrupted(blob(), name, strength), expected)

    def test_translation(self, strength):
        expected = [
            scipy.ndimage.shift(blob(1)[0], (down * strength, right * strength), order=0, mode="nearest")
            for down in (-1, 1)
            for right in (-1, 1)
        ]
        assert_each_way(corrupted(blob(), "translate", strength), expected)

    def test_motion_blur(self, strength):
        expected = [
            np.rint(
                scipy.ndimage.convolve(blob(1)[0].astype(float), line_kernel(4 * strength, a), mode="nearest")
            )
            for a in ANGLES
        ]
        assert_each_way(corrupted(blob(), "motion blur", strength), expected)

    def test_impulse_noise(self, strength):
        grey = np.full((50, 28, 28), 99, np.uint8)
        noisy = corrupted(grey, "impulse noise", strength)
        share = (0.03, 0.06, 0.09, 0.17, 0.27)[strength - 1]
        hit = noisy != 99
        assert set(np.unique(noisy[hit])) == {0, 255}
        assert scipy.stats.binomtest(int(hit.sum()), hit.size, share).pvalue > 1e-4
        assert scipy.stats.binomtest(int((noisy == 255).sum()), int(hit.sum()), 0.5).pvalue > 1e-4
        if strength > 1:
            weaker = corrupted(grey, "impulse noise", strength - 1)
            assert (noisy[weaker != 99] == weaker[weaker != 99]).all()

    def test_brightness(self, strength):
        lighter = corrupted(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), "brightness", strength)
        added = {1: 26, 2: 51, 3: 76, 4: 102, 5: 128}[strength]  # 25.5 and 76.5 round to even, 127.5 too
        assert lighter.ravel().tolist() == [min(value + added, 255) for value in range(256)]

    def test_stripe(self, strength):
        images = pictures((3, 5, 40))
        striped = corrupted(images, "stripe", strength).astype(int)
        band = 2 * strength
        assert (striped[:, :, band:-band] == images[:, :, band:-band]).all()
        for side in (slice(0, band), slice(40 - band, 40)):
            assert (striped[:, :, side] + images[:, :, side] == 255).all()


def assert_each_way(found, expected):
    """Every image is one of those expected, and each of these about as often."""
    distance = np.array([[np.abs(image - each).max() for each in expected] for image in found.astype(int)])
    assert (distance.min(axis=1) <= 1).all()
    counts = np.bincount(distance.argmin(axis=1), minlength=len(expected))
    if len(expected) > 1:
        assert scipy.stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("name, strength", EVERY)
def test_shape_and_type_stay_and_the_images_are_left_alone(name, strength):
    for shape in ((0, 5, 5), (3, 1, 1), (4, 7, 5), (2, 6, 9, 3)):
        images = pictures(shape)
        kept = images.copy()
        found = corrupted(images, name, strength)
        assert found.shape == shape and found.dtype == np.uint8
        np.testing.assert_array_equal(images, kept)
        np.testing.assert_array_equal(corrupted(images, name, strength), found)


@pytest.mark.parametrize("name", MOVING)
def test_there_is_no_ground_but_the_images_own(name):
    """A picture of one colour stays so: its border is carried on, dark or light."""
    for value in (0, 7, 255):
        images = np.full((20, 9, 12), value, np.uint8)
        assert all((corrupted(images, name, k) == value).all() for k in range(1, 6))


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name != "impulse noise"])
def test_channels_fare_as_grey_images_do(name):
    colour = pictures((30, 10, 11, 3))
    found = corrupted(colour, name, 3)
    for channel in range(3):
        np.testing.assert_array_equal(found[..., channel], corrupted(colour[..., channel], name, 3))


def test_batches_change_nothing(monkeypatch):
    images = pictures((10, 9, 9))
    whole = [corrupted(images, name, 4) for name in CORRUPTIONS]
    monkeypatch.setattr("tenfold.evaluation.corruption._BATCH", 200)
    for name, expected in zip(CORRUPTIONS, whole, strict=True):
        np.testing.assert_array_equal(corrupted(images, name, 4), expected)


def test_another_seed_draws_otherwise_and_other_strengths_do_not():
    def leftwards(seed, strength):
        return corrupted(blob(), "shear", strength, seed)[:, 6].argmax(axis=1) < 9

    assert (leftwards(0, 2) == leftwards(0, 5)).all()
    assert (leftwards(0, 3) != leftwards(1, 3)).any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("fog", 1), r"^corruption: 'fog'; expected shear, scale, rotate, translate, impulse noise, motion"),
        (("shear", 0), r"^strength: 0; expected 1 to 5$"),
        (("shear", 6), r"^strength: 6; expected 1 to 5$"),
        (("shear", 1, -1), r"^seed: -1; expected 0 or more$"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        corrupted(pictures((1, 4, 4)), *arguments)
