"""Distortion: the compiled part against NumPy bit for bit, NumPy against SciPy's splines in float64."""

import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats
from scipy.interpolate import BSpline

from tenfold import native
from tenfold.errors import UsageError
from tenfold.training import distortion
from tenfold.training.augmentation import LIMITS, Augmentation
from tenfold.training.distortion import distorted, distorted_by_numpy, draws

MODERATE = Augmentation(rotation=15, scaling=0.15, shear=0.15, shift=0.06, elastic=0.12)
UTMOST = Augmentation(**LIMITS)

needs_compiled = pytest.mark.skipif(native.absence() is not None, reason="the compiled part was not built")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


augmentations = st.builds(
    Augmentation,
    **{name: st.just(0.0) | st.just(limit) | st.floats(0, limit) for name, limit in LIMITS.items()},
    mirror=st.booleans(),
)


# 1. The compiled part


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(2, 70), st.integers(2, 70), st.integers(1, 5)),
    augmentation=augmentations,
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 2**32 - 1),
    index=st.integers(0, 2**63 - 5),
)
def test_every_instruction_set_has_the_bits_of_numpy(shape, augmentation, seed, epoch, index):
    check_all_sets(noise(*shape, seed=seed), index + np.arange(shape[0]), augmentation, seed, epoch)


@needs_compiled
@pytest.mark.parametrize("shape", [(1, 512, 512), (2, 2, 512, 3), (2, 512, 2), (3, 28, 28), (2, 31, 33, 4)])
def test_every_instruction_set_has_the_bits_of_numpy_at_the_limits(shape):
    for seed in range(4):
        check_all_sets(noise(*shape), np.arange(shape[0]), UTMOST, seed, 0)


def check_all_sets(images, indices, augmentation, seed, epoch):
    from tenfold._native import Distortion, instruction_sets

    expected = distorted_by_numpy(images, indices, augmentation, seed, epoch)
    channels = images.shape[3] if images.ndim == 4 else 1
    compiled = Distortion(distortion.amplitudes(augmentation), *images.shape[1:3], channels)
    rows = images.reshape(len(images), -1)
    for name, _ in instruction_sets():
        for threads in range(1, 5):
            found = compiled.distort(rows, indices, seed=seed, epoch=epoch, isa=name, threads=threads)
            np.testing.assert_array_equal(found.reshape(images.shape), expected, f"{name}, {threads} threads")


def test_the_compiled_part_is_not_missed(monkeypatch):
    images, indices = noise(5, 20, 24, 3), np.array([3, 1, 4, 1, 5])
    before = distorted(images, indices, MODERATE, 9, 2)
    monkeypatch.setitem(sys.modules, "tenfold._native", None)
    np.testing.assert_array_equal(distorted(images, indices, MODERATE, 9, 2), before)


# 2. Random numbers


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, (0xFFFFFFFF,) * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            (0xA4093822, 0x299F31D0),
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_known_answers(counter, key, words):
    """Those of Random123, its authors' library."""
    assert distortion.philox(np.array([counter]), key)[0].tolist() == words


def test_draws_are_the_halves_of_the_words():
    index, epoch, seed = (7 << 32) + 5, 11, 3
    (found,) = draws(seed, epoch, np.array([index]))
    assert found.shape == (106,)
    for number, draw in enumerate(found.tolist()):
        word = distortion.philox(np.array([5, 7, epoch, number // 8]), (seed, 0))[number // 2 % 4]
        half = int(word) >> 16 * (number % 2) & 0xFFFF
        assert draw == (half if half < 0x8000 else half - 0x10000)


def test_draws_are_uniform_and_independent():
    found = np.concatenate([draws(0, epoch, np.arange(2000)) for epoch in range(10)])
    count, width = found.shape
    sixteenths = np.apply_along_axis(np.bincount, 0, (found + 2**15) >> 12, minlength=16)
    assert stats.chisquare(sixteenths).pvalue.min() > 1e-3 / width
    scaled = (found - found.mean(0)) / found.std(0)
    pairs = (scaled.T @ scaled / count)[np.triu_indices(width, 1)]
    assert abs(pairs).max() * np.sqrt(count) < 5.5  # the largest of 5,565 is near 4
    images = found[:, 0].reshape(10, 2000).astype(float)  # of epochs one after the other, and of neighbours
    for a, b in ((images[1:], images[:-1]), (images[:, 1:], images[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) * np.sqrt(a.size) < 4


# 3. Moves and pixels


def in_float64(random, augmentation, height, width):
    """Where each pixel comes from, along y and x: two of shape (H, W)."""
    u = random / 2**15
    angle = np.radians(augmentation.rotation) * u[0]
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slanted = np.array([[1, augmentation.shear * u[3]], [0, 1]])
    matrix = turned @ slanted @ np.diag(1 + augmentation.scaling * u[1:3])
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    y, x = np.meshgrid(rows - height / 2, columns - width / 2, indexing="ij")
    source_x, source_y = np.einsum("ij,jhw->ihw", matrix, np.stack([x, y]))
    across = BSpline(np.arange(-3, 8), np.eye(7), 3)(4 * columns / width)
    down = BSpline(np.arange(-3, 8), np.eye(7), 3)(4 * rows / height)
    pull_x, pull_y = (down @ pull @ across.T for pull in augmentation.elastic * u[8:].reshape(2, 7, 7))
    source_x += width * (augmentation.shift * u[4] + pull_x + 0.5) - 0.5
    source_y += height * (augmentation.shift * u[5] + pull_y + 0.5) - 0.5
    return source_y, source_x


@settings(max_examples=60, deadline=None)
@given(
    augmentation=augmentations,
    height=st.integers(2, 64),
    width=st.integers(2, 64),
    seed=st.integers(0, 2**32 - 1),
)
def test_moves_agree_with_float64(augmentation, height, width, seed):
    random = draws(seed, 1, np.array([2]))
    expected = in_float64(random[0], augmentation, height, width)
    points = distortion.control_points(random, distortion.amplitudes(augmentation), height, width)
    for move, place, here in zip(points[::-1], expected, np.indices((height, width)), strict=True):
        found = here + distortion.pixel_moves(move, height, width)[0] / 1024
        largest = abs(move).max() / 1024  # weights are rounded to 1/1024, two times four of them
        np.testing.assert_allclose(found, place, rtol=0, atol=0.003 + 4 * largest / 1024)


@pytest.mark.parametrize("shape", [(28, 28), (32, 32), (48, 20), (17, 40)])
@pytest.mark.parametrize("augmentation", [MODERATE, UTMOST], ids=["moderate", "utmost"])
def test_smooth_pictures_agree_with_scipy(shape, augmentation):
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(30, *shape)), (0, 3, 3))
    images = np.uint8(np.clip(128 + smooth * 40 / smooth.std(), 0, 255))
    indices = np.arange(30)
    found = distorted_by_numpy(images, indices, augmentation, 1, 0)
    for image, new, random in zip(images, found, draws(1, 0, indices), strict=True):
        places = in_float64(random, augmentation, *shape)
        expected = ndimage.map_coordinates(image.astype(float), places, order=1, mode="nearest")
        np.testing.assert_allclose(new, expected, rtol=0, atol=2)


def test_channels_are_distorted_alike():
    images, indices = noise(4, 12, 15, 3), np.arange(4)
    together = distorted(images, indices, MODERATE, 0, 0)
    for channel in range(3):
        alone = distorted(images[..., channel], indices, MODERATE, 0, 0)
        np.testing.assert_array_equal(together[..., channel], alone)


@pytest.mark.parametrize("side", [2, 3, 28, 101, 512])
def test_weights_are_those_of_a_spline(side):
    weights = distortion.spline_weights(side)
    exact = BSpline(np.arange(-3, 8), np.eye(7), 3)(4 * (np.arange(side) + 0.5) / side)
    assert (weights >= 0).all()
    assert (weights.sum(1) == 1024).all()
    np.testing.assert_allclose(weights / 1024, exact, rtol=0, atol=1.5 / 1024)


def test_nothing_overflows_32_bits():
    """The compiled part sums moves times weights in 32 bits; weights sum to 1024 and none is negative."""
    extremes = np.array(list(product([-(2**15), 2**15 - 1], repeat=6)))
    steps = np.linspace(-(2**15), 2**15 - 1, 65).astype(np.int64)
    affine = np.concatenate([np.column_stack([np.full(64, angle), extremes[:, 1:]]) for angle in steps])
    for pull in (-(2**15), 2**15 - 1):
        random = np.concatenate([affine, np.full((len(affine), 100), pull)], axis=1)
        for moves in distortion.control_points(random, distortion.amplitudes(UTMOST), 512, 512):
            assert abs(moves).max() <= 1373 * 1024 < (2**31 - 512) / 1024 - 1


# 4. What may be relied on


def test_no_amplitude_changes_nothing():
    for shape in ((3, 2, 2), (2, 28, 28), (1, 512, 300), (2, 9, 7, 3)):
        images = noise(*shape)
        np.testing.assert_array_equal(distorted(images, np.arange(shape[0]), Augmentation(), 5, 6), images)


def test_a_mirror_exchanges_left_and_right_of_every_second_image():
    images, indices = noise(1000, 6, 7, 2), np.arange(1000)
    mirror = Augmentation(mirror=True)
    once = distorted(images, indices, mirror, 0, 0)
    turned = (once == images[:, :, ::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(once[~turned], images[~turned])
    assert 420 < turned.sum() < 580
    np.testing.assert_array_equal(distorted(once, indices, mirror, 0, 0), images)


def test_a_mirrored_image_is_the_finished_one_left_for_right():
    images, indices = noise(40, 11, 8), np.arange(40)
    mirrored = distorted(images, indices, Augmentation(**(MODERATE.to_dict() | {"mirror": True})), 3, 1)
    plain = distorted(images, indices, MODERATE, 3, 1)
    negative = draws(3, 1, indices)[:, 6] < 0
    np.testing.assert_array_equal(mirrored, np.where(negative[:, None, None], plain[:, :, ::-1], plain))


@given(seed=st.integers(0, 100))
@settings(max_examples=10, deadline=None)
def test_company_and_order_do_not_matter(seed):
    images, rng = noise(20, 10, 13, seed=seed), np.random.default_rng(seed)
    together = distorted(images, np.arange(20), MODERATE, seed, 4)
    order = rng.permutation(20)[:15]
    np.testing.assert_array_equal(distorted(images[order], order, MODERATE, seed, 4), together[order])
    np.testing.assert_array_equal(distorted(images[7:8], np.array([7]), MODERATE, seed, 4), together[7:8])


def test_seed_epoch_and_index_each_matter():
    image = noise(1, 28, 28)
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 1 << 32)]
    made = {
        distorted(image, np.array([index]), MODERATE, seed, epoch).tobytes() for seed, epoch, index in keys
    }
    assert len(made) == len(keys)


def test_no_images_stay_none():
    assert distorted(noise(0, 8, 9), np.arange(0), MODERATE, 0, 0).shape == (0, 8, 9)
    assert distorted_by_numpy(noise(0, 8, 9), np.arange(0), MODERATE, 0, 0).shape == (0, 8, 9)


@pytest.mark.parametrize("function", [distorted, distorted_by_numpy])
@pytest.mark.parametrize("size", ["1 x 28", "28 x 1", "513 x 20", "20 x 513"])
def test_a_size_that_cannot_be_distorted_is_refused(function, size):
    shape = [int(side) for side in size.split(" x ")]
    with pytest.raises(UsageError, match=f"the images are {size} pixels; expected sides from 2 to 512: "):
        function(noise(1, *shape), np.array([0]), MODERATE, 0, 0)
