"""Pieces of ink against SciPy, and which of them make a figure."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from tenfold.model.photo.figure import figure_of, labelled, main_piece, stands_alone, widened

sides = st.integers(1, 30)
masks = arrays(np.bool_, st.tuples(sides, sides))
SQUARE = np.ones((3, 3))


@given(masks)
def test_pieces_are_numbered_as_scipy_does(mask):
    np.testing.assert_array_equal(labelled(mask), ndimage.label(mask, SQUARE)[0])


def test_a_long_spiral_is_one_piece():
    mask = np.zeros((255, 255), np.bool_)
    mask[::2] = True
    mask[1::4, -1] = mask[3::4, 0] = True  # one snake through all rows
    np.testing.assert_array_equal(labelled(mask), mask)


@given(masks, st.integers(0, 4))
def test_widening_is_a_dilation(mask, radius):
    side = 2 * radius + 1
    expected = ndimage.binary_dilation(mask, np.ones((side, side)))
    np.testing.assert_array_equal(widened(mask, radius), expected)


def page(*rectangles):
    """Ink of some level in rectangles of 256 × 256 pixels: (top, bottom, left, right, level)."""
    ink = np.zeros((256, 256), np.int64)
    for top, bottom, left, right, level in rectangles:
        ink[top:bottom, left:right] = level
    return ink


STROKE = (80, 180, 100, 115, 200)


def found(*others):
    """Say which rectangles beside the stroke belong to the figure: they are full or empty."""
    figure = figure_of(page(STROKE, *others), 12)
    assert (figure[80:180, 100:115] == 255).all()
    return [bool((figure[a:b, c:d] == 255).all()) for a, b, c, d, _ in others]


def test_a_near_piece_belongs_to_the_figure_even_through_another():
    assert found((80, 95, 125, 170, 190), (85, 100, 180, 200, 190)) == [True, True]


def test_specks_and_far_pieces_do_not_belong():
    assert found((120, 124, 120, 124, 200), (20, 60, 200, 215, 200)) == [False, False]


def test_what_reaches_the_border_is_no_figure_however_heavy():
    assert found((200, 256, 0, 256, 400), (0, 256, 240, 256, 150)) == [False, False]


def test_pale_ink_beside_dark_borders_is_found():
    ink = page((80, 180, 100, 115, 30), (0, 40, 0, 256, 400))
    np.testing.assert_array_equal(main_piece(ink, 12), page((80, 180, 100, 115, 1)) > 0)


def test_a_cut_off_figure_is_found_and_a_frame_is_not():
    assert main_piece(page((0, 180, 100, 115, 200)), 12).any()
    frame = page((0, 256, 0, 256, 200), (10, 246, 10, 246, 0))
    assert not main_piece(frame, 12).any()


def test_a_figure_stands_alone_beside_a_table_but_not_among_other_figures():
    table, others = (200, 256, 0, 256, 400), (20, 60, 200, 215, 300)
    for other, alone in ((table, True), (others, False)):
        ink = page(STROKE, other)
        figure = np.where(page(STROKE) > 0, 255, 0)
        assert stands_alone(ink, figure, 12) == alone


def test_nothing_is_found_on_nothing():
    assert not figure_of(page(), 12).any()
    assert not figure_of(page((80, 180, 100, 115, 12)), 12).any()
