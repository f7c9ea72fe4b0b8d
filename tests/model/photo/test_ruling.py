"""Printed lines go, strokes stay: both are drawn apart, so that the answer is known."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenfold.model.photo.figure import EDGE
from tenfold.model.photo.ruling import without_ruling

LEAST = 12


def lines(spacing, thickness, slope, level, upright):
    """Draw ruled paper of 256 × 256 pixels; the lines rise by ``slope`` of their length."""
    y, x = np.mgrid[:256, :256]
    ink = np.where((y + slope * x + spacing / 2) % spacing < thickness, level, 0)
    return ink.T if upright else ink


ruled = st.builds(
    lines, st.integers(16, 60), st.integers(1, 4), st.floats(-0.1, 0.1), st.integers(30, 200), st.booleans()
)


def remains(page):
    """Return which share of the ink is left; a line that only cuts a corner may be."""
    return without_ruling(page, LEAST).sum() / page.sum()


@given(ruled)
def test_a_ruled_page_becomes_empty(page):
    assert (without_ruling(page, LEAST) > LEAST).mean() < 0.02


squared = st.builds(
    lines, st.integers(24, 60), st.integers(1, 3), st.floats(-0.1, 0.1), st.integers(30, 200), st.just(False)
)


@given(squared, squared)
@example(lines(24, 3, -1 / 128, 30, False), lines(24, 3, -1 / 256, 30, False))
def test_a_squared_page_becomes_nearly_empty(page, other):
    """Lines on the outermost rows and columns stay: what reaches these is never part of a figure."""
    left = without_ruling(np.maximum(page, other.T), LEAST) > LEAST
    assert left[EDGE:-EDGE, EDGE:-EDGE].mean() < 0.02


@given(ruled, st.integers(8, 20))
def test_a_stroke_across_the_lines_stays_whole(page, width):
    stroke = np.zeros((256, 256), np.bool_)
    y, x = np.mgrid[:256, :256]
    stroke[60:200] = (np.abs(x - 80 - y / 3) < width / 2)[60:200]
    written = without_ruling(np.where(stroke, 220, page), LEAST)
    assert (written[stroke] > 110).mean() > 0.97


@pytest.mark.parametrize("upright", [False, True])
def test_a_long_straight_stroke_is_no_line(upright):
    ink = np.zeros((256, 256), np.int64)
    ink[125:130, 60:190] = 200
    ink = ink.T if upright else ink
    np.testing.assert_array_equal(without_ruling(ink, LEAST), ink)


def test_a_picture_without_lines_stays():
    ink = np.zeros((256, 100), np.int64)
    ink[40:200, 30:36] = ink[40:46, 30:70] = 90
    np.testing.assert_array_equal(without_ruling(ink, LEAST), ink)
