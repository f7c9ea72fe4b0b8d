"""The split: every image once, every class on both sides, the same draw each time."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from tenfold.data.image_set import ImageSet
from tenfold.data.split import stratified_count, stratified_indices, stratified_split
from tenfold.errors import UsageError


@given(
    st.lists(st.integers(0, 5), max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 2**32 - 1),
)
def test_properties(labels: list[int], fraction: float, seed: int) -> None:
    array = np.array(labels, np.int64)
    rest, held_out = stratified_indices(array, fraction, seed)
    assert sorted([*rest, *held_out]) == list(range(len(labels)))
    assert (np.diff(rest) > 0).all() and (np.diff(held_out) > 0).all()
    for label in set(labels):
        count, taken = labels.count(label), int((array[held_out] == label).sum())
        assert taken == 0 if count == 1 else 1 <= taken <= count - 1
        assert count == 1 or abs(taken - count * fraction) <= 1
    again = stratified_indices(array, fraction, seed)
    assert all((a == b).all() for a, b in zip((rest, held_out), again, strict=True))


def test_the_draw_stays_the_same_for_ever() -> None:
    """A model may have learnt from whatever is not held out here: these numbers must never change."""
    _, held_out = stratified_indices(np.arange(100) % 3)
    assert held_out.tolist() == [
        5,
        6,
        8,
        29,
        33,
        37,
        40,
        49,
        51,
        59,
        60,
        64,
        67,
        71,
        75,
        77,
        78,
        85,
        86,
        91,
        93,
    ]
    _, held_out = stratified_indices(np.zeros(50, np.int64), 0.2, seed=3)
    assert held_out.tolist() == [6, 9, 12, 13, 28, 31, 39, 45, 47, 48]


def test_one_class_is_drawn_as_numpy_draws() -> None:
    _, held_out = stratified_indices(np.zeros(50, np.int64), 0.2, seed=3)
    assert held_out.tolist() == sorted(np.random.RandomState(3).permutation(50)[:10])
    assert held_out.tolist() != stratified_indices(np.zeros(50, np.int64), 0.2, seed=4)[1].tolist()


def test_images_stay_with_their_labels() -> None:
    labels = np.repeat(np.arange(3), 10)
    images = np.arange(30, dtype=np.uint8).reshape(30, 1, 1)
    rest, held_out = stratified_split(ImageSet(images, labels, ("a", "b", "c"), "here"))
    assert rest.counts.tolist() == [8, 8, 8] and held_out.counts.tolist() == [2, 2, 2]
    for part in (rest, held_out):
        assert (part.images[:, 0, 0] // 10 == part.labels).all() and part.classes == ("a", "b", "c")


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(UsageError, match="expected a share between 0 and 1"):
        stratified_indices(np.zeros(4, np.int64), fraction)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range(seed: int) -> None:
    with pytest.raises(UsageError, match=f"seed is {seed}; expected 0 to 4,294,967,295"):
        stratified_indices(np.zeros(4, np.int64), seed=seed)


label_lists = st.lists(st.integers(0, 5), max_size=80)


@given(label_lists, st.data(), st.integers(0, 2**32 - 1))
def test_a_count_is_drawn_exactly_and_every_class_gives_its_share(
    labels: list[int], data: st.DataObject, seed: int
) -> None:
    count = data.draw(st.integers(0, len(labels)))
    array = np.array(labels, np.int64)
    drawn = stratified_count(array, count, seed)
    assert len(drawn) == count
    assert (np.diff(drawn) > 0).all() and set(drawn.tolist()) <= set(range(len(labels)))
    for label in set(labels):
        quota = Fraction(labels.count(label) * count, len(labels))
        assert int((array[drawn] == label).sum()) in {math.floor(quota), math.ceil(quota)}
    np.testing.assert_array_equal(stratified_count(array, count, seed), drawn)


def test_counts_of_classes_are_those_of_scikit_learn() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(4), [400, 200, 150, 50]))
    (_, theirs), *_ = StratifiedShuffleSplit(1, test_size=80, random_state=0).split(labels, labels)
    drawn = stratified_count(labels, 80, seed=0)
    np.testing.assert_array_equal(np.bincount(labels[drawn]), np.bincount(labels[theirs]))


def test_another_seed_draws_others_and_no_image_is_preferred() -> None:
    labels = np.arange(30) % 3
    draws = [stratified_count(labels, 6, seed) for seed in range(500)]
    assert len({tuple(drawn.tolist()) for drawn in draws}) > 450
    often = np.bincount(np.concatenate(draws), minlength=30)
    assert abs(often - 100).max() < 50  # binomial, five standard deviations


def test_the_count_stays_the_same_draw_for_ever() -> None:
    """A model may have learnt from whatever is not held out here: these numbers must never change."""
    assert stratified_count(np.arange(50) % 3, 10, seed=7).tolist() == [4, 7, 23, 24, 25, 33, 38, 39, 47, 48]
