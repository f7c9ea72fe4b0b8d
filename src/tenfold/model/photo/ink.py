"""How much ink is where: the paper's colour around each pixel, and how far from it the pixel is.

Paper and ink may have any colours, either may be the lighter one, and light may fall unevenly.
"""

from __future__ import annotations

import math

import numpy as np

from tenfold.model.photo.figure import main_piece
from tenfold.model.photo.resampling import Integers, blurred, resized

CELL = 8
"""Pixels a side of a cell, the unit in which the paper is known."""
WINDOW = 17
"""Cells whose median is the paper: so many that strokes take less than half of them."""
GLOW = 200
"""Added to the paper's brightness: on black, shadow and grain cannot be told apart."""
LEAST = 12
"""Levels by which anything differs from paper, JPEG's traces among it."""


def ink_of(picture: Integers) -> tuple[Integers, int]:
    """Measure how far each pixel is from the paper, in the direction of the ink's colour.

    The picture, blurred twice by one pixel, is compared with the paper: a channel between the darkest and
    the lightest paper differs by 0, else by the distance from the nearer. The difference's product with the
    ink's colour, divided by ``isqrt`` of that colour's own square, is the ink. It counts in shadow as in
    light: times the greatest brightness, divided by the pixel's own, where brightness is the sum over the
    channels of the lightest paper, plus 200.

    Parameters
    ----------
    picture : ndarray of int64, shape (H, W, 3)
        Values from 0 to 255.

    Returns
    -------
    ink : ndarray of int64, shape (H, W)
        0 where there is none, and where a pixel differs from the paper in the other direction than the ink.
    least : int
        What does not exceed it is grain of the paper.
    """
    colours = blurred(blurred(picture, 1), 1)
    darkest, lightest = paper_of(picture)
    difference = colours - np.clip(colours, darkest, lightest)
    colour = ink_colour(difference)
    towards = (difference @ colour) // max(math.isqrt(int(colour @ colour)), 1)
    brightness = lightest.sum(2) + GLOW
    ink = towards * int(brightness.max()) // brightness
    return np.maximum(ink, 0), least_ink(np.abs(ink))


def paper_of(picture: Integers) -> tuple[Integers, Integers]:
    """Estimate between which colours each pixel would be had nothing been written on it.

    The picture is scaled to ``ceil(H / 8)`` by ``ceil(W / 8)`` cells. The median of 17 cells along the row,
    and of 17 of these medians along the column, passes over strokes and follows light and shadow. Where the
    median of all cells (the upper one of two) is a colour of the picture's border, in every channel, the
    paper has no other colours than the border: from seven eighths of what an eighth of the border's pixels
    stay below to nine eighths of what an eighth exceed, plus 8. Near the edge of a shadow paper is known
    from either side: hence the least and the greatest of 3 × 3 cells, scaled to the picture's size and
    blurred twice by four pixels.

    Parameters
    ----------
    picture : ndarray of int64, shape (H, W, 3)
        Values from 0 to 255.

    Returns
    -------
    darkest, lightest : ndarray of int64, shape (H, W, 3)
        Of each channel by itself.
    """
    height, width = picture.shape[:2]
    cells = resized(picture, math.ceil(height / CELL), math.ceil(width / CELL))
    common = np.sort(cells.reshape(-1, 3), axis=0)[cells.size // 6]
    for axis in (1, 0):
        cells = np.sort(_windows(cells, WINDOW, axis), axis=3)[..., WINDOW // 2]
    low, high = _border_colours(picture)
    if (low <= common).all() and (common <= high).all():
        cells = np.clip(cells, low, high)
    darkest = _windows(_windows(cells, 3, 0).min(3), 3, 1).min(3)
    lightest = _windows(_windows(cells, 3, 0).max(3), 3, 1).max(3)
    return _spread(darkest, height, width), _spread(lightest, height, width)


def _windows(cells: Integers, side: int, axis: int) -> Integers:
    """Return the cells around each along an axis, itself in the middle; the edge mirrors them."""
    reach = side // 2
    ends = [(reach, reach) if axis == a else (0, 0) for a in range(3)]
    return np.lib.stride_tricks.sliding_window_view(np.pad(cells, ends, "symmetric"), side, axis)


def _border_colours(picture: Integers) -> tuple[Integers, Integers]:
    """Return the least and the greatest colour of the outermost pixels, as `paper_of` says."""
    border = np.sort(np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]), axis=0)
    eighth = len(border) // 8
    return border[eighth] * 7 // 8, border[-eighth - 1] * 9 // 8 + 8


def _spread(cells: Integers, height: int, width: int) -> Integers:
    return blurred(blurred(resized(cells, height, width), CELL // 2), CELL // 2)


def ink_colour(difference: Integers) -> Integers:
    """Find in which direction the ink's colour lies, seen from the paper's.

    Parameters
    ----------
    difference : ndarray of int64, shape (H, W, 3)
        From the paper; of either sign.

    Returns
    -------
    ndarray of int64, shape (3,)
        The mean difference, rounded down, over the main piece of what differs in any channel.
    """
    distance = np.abs(difference).max(2)
    piece = main_piece(distance, least_ink(distance))
    mean: Integers = difference[piece].sum(0) // max(int(piece.sum()), 1)
    return mean


def least_ink(distance: Integers) -> int:
    """Return what the paper's grain does not exceed: ten times what a third of all is below, or 12."""
    return max(10 * int(np.sort(distance, axis=None)[distance.size // 3]), LEAST)
