"""The split: every image once, every class on both sides, the same draw each time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.image_set import ImageSet
from tenfold.data.split import stratified_indices, stratified_split
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
