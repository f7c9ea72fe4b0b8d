"""Colours of numbers: their sign by hue, their size by how much is covered."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.evaluation.heat_map import ABOVE, BELOW, heat_map

values = arrays(np.float64, (3, 4), elements=st.floats(-1, 1))


@given(values)
def test_hue_tells_the_sign_and_opposites_mirror(numbers):
    colours = heat_map(numbers, 1.0).astype(int)
    warm = colours[..., 0] - colours[..., 2]  # red less blue: 213 or -178 where the colour is full
    assert (warm[numbers > 0.01] > 0).all()
    assert (warm[numbers < -0.01] < 0).all()
    assert (colours[numbers == 0] == 255).all()


@given(values)
def test_further_from_zero_is_more_colour(numbers):
    colours = heat_map(np.sort(np.abs(numbers).ravel())[None], 1.0)[0].astype(int)
    assert (np.diff(255 * 3 - colours.sum(axis=1)) >= 0).all()


def test_the_largest_has_full_colour_and_beyond_is_no_more():
    assert heat_map(np.array([[2.0, 9.0, -2.0, -9.0]]), 2.0).tolist() == [
        [list(ABOVE), list(ABOVE), list(BELOW), list(BELOW)]
    ]


def test_the_ground_shows_where_there_is_nothing():
    ground = np.array([[0, 100, 255]])
    assert heat_map(np.zeros((1, 3)), 0.0, ground)[0, :, 0].tolist() == [0, 100, 255]
