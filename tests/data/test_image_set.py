"""Figures of the pixels against exact fractions, and the parts and hash of a split data set."""

import tracemalloc
from dataclasses import replace
from fractions import Fraction
from statistics import mean, pvariance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.data import image_set
from tenfold.data.image_set import ImageSet, Splits, mean_and_std

pytestmark = pytest.mark.usefixtures("with_and_without_compiled_part")
SHAPES = st.one_of(
    st.tuples(*[st.integers(1, 4)] * 3), st.tuples(*[st.integers(1, 4)] * 3).map(lambda s: (*s, 3))
)


@given(arrays(np.uint8, SHAPES))
def test_figures_are_those_of_exact_arithmetic(images: np.ndarray) -> None:
    channels = images.reshape(-1, 1 if images.ndim == 3 else 3).T.tolist()
    means, stds = mean_and_std(images)
    for pixels, found_mean, found_std in zip(channels, means, stds, strict=True):
        exact = [Fraction(pixel, 255) for pixel in pixels]
        assert found_mean == pytest.approx(float(mean(exact)), rel=1e-15)
        assert found_std == pytest.approx(float(pvariance(exact)) ** 0.5, rel=1e-15)


@pytest.mark.parametrize("shape", [(70, 5, 3), (70, 5, 3, 3)])
def test_figures_are_the_same_in_any_pieces(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    whole = mean_and_std(images)
    for pixels in (1, 100, 10**6):
        monkeypatch.setattr(image_set, "_PIXELS", pixels)
        np.testing.assert_array_equal(mean_and_std(images), whole)


def test_figures_take_little_memory() -> None:
    images = np.ones((10_000, 28, 28), np.uint8)
    tracemalloc.start()
    try:
        mean_and_std(images)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < images.nbytes


@pytest.fixture
def splits() -> Splits:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    part = ImageSet(pixels, np.array([0, 1, 1]), ("a", "b"), "here")
    return Splits(part, part.select([0, 1]), part.select([2]))


def test_parts_are_those_that_there_are(splits: Splits) -> None:
    assert list(splits.parts.items()) == [
        ("train", splits.train),
        ("validation", splits.validation),
        ("test", splits.test),
    ]
    assert list(replace(splits, validation=None).parts) == ["train", "test"]


def test_the_hash_tells_contents_and_parts(splits: Splits) -> None:
    train, test, validation = splits.train, splits.test, splits.validation
    assert validation is not None
    altered = train.images.copy()
    altered[-1, -1, -1] += 1
    others = [
        Splits(train, test),
        Splits(test, train, validation),
        Splits(train, validation, test),
        Splits(replace(train, images=altered), test, validation),
        Splits(replace(train, labels=train.labels[::-1].copy()), test, validation),
        Splits(*(replace(part, classes=("a", "c")) for part in (train, test, validation))),
    ]
    assert len({splits.sha256(), *(other.sha256() for other in others)}) == 7
    elsewhere = Splits(*(replace(part, source="there") for part in (train, test, validation)))
    assert elsewhere.sha256() == splits.sha256()
