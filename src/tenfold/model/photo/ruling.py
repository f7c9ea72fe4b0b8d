"""Printed lines: found as long straight rows of thin ink, and taken away without what crosses them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.model.photo.resampling import Integers

Mask = NDArray[np.bool_]

BLOCK = 8
"""Columns that vote together: within them even a steep line hardly rises."""
REACH = 3
"""Rows above and below its middle that a line takes at most."""
STEEPEST = 4
"""A line rises at most a fourth of its length, about 14 degrees."""
THIN, THICK = 3, 2
"""Votes of a block of columns for a line: ink as thin as one, and thick ink, which may hide it."""
ONE_VOTE = 1 << 24
"""More than all ink along a line."""
SEVERAL = 3
"""So many lines are believed with fewer votes: three fifths of all, where one needs three quarters."""


def without_ruling(ink: Integers, least: int) -> Integers:
    """Take ruled and squared paper away: level lines and upright ones, slanted by up to 14 degrees.

    Parameters
    ----------
    ink : ndarray of int64, shape (H, W)
        As `tenfold.model.photo.ink.ink_of` gives it.
    least : int
        What does not exceed it is none.

    Returns
    -------
    ndarray of int64, shape (H, W)
    """
    return _without_level_lines(_without_level_lines(ink, least).T, least).T


def _without_level_lines(ink: Integers, least: int) -> Integers:
    """Take away what is not taller than a line, along each line, and at most twice as dark as it.

    Along a line lie seven rows. What is printed in one is the upper quartile of its thin ink, or of that of
    the row above or below, where this is more. A pixel that reaches ``2 * printed + least`` stays; else it
    becomes what `_tall` is there.
    """
    tall = _tall(ink)
    written = ink.copy()
    for line in _lines(ink - tall, tall, least):
        rows = np.clip(line + np.arange(-REACH, REACH + 1)[:, None], 0, len(ink) - 1)  # (7, W)
        columns = np.arange(len(line))
        along, rest = written[rows, columns], tall[rows, columns]
        printed = np.pad(np.sort(along - rest, axis=1)[:, len(line) * 3 // 4, None], ((1, 1), (0, 0)))
        printed = np.maximum(np.maximum(printed[:-2], printed[1:-1]), printed[2:])
        written[rows, columns] = np.where(along >= 2 * printed + least, along, rest)
    return written


def _tall(ink: Integers) -> Integers:
    """Keep what is taller than a line: the greatest least of all seven rows around a pixel.

    Beyond the image its border goes on.
    """
    rows = 2 * REACH + 1
    padded = np.pad(ink, ((2 * REACH, 2 * REACH), (0, 0)), "edge")
    least = np.lib.stride_tricks.sliding_window_view(padded, rows, 0).min(2)
    tall: Integers = np.lib.stride_tricks.sliding_window_view(least, rows, 0).max(2)
    return tall


def _lines(thin: Integers, thick: Integers, least: int) -> list[Integers]:
    """Find straight rows of thin ink; of each line return its row in every column.

    Every line, by its rise over the picture's width and its row in the middle, counts the votes of all whole
    blocks that it meets (a Hough transform). The line with most votes is taken first; of equals the one with
    the most thin ink in these blocks, then the one that rises least, then the highest. Thereupon all lines
    whose middle is at most four rows away are out.
    """
    width = thin.shape[1]
    blocks = width // BLOCK
    if blocks < BLOCK:
        return []
    counts = np.where(_lit(thin > least), THIN, np.where(_lit(thick > least), THICK, 0))
    amounts = thin[:, : blocks * BLOCK].reshape(len(thin), blocks, BLOCK).sum(2)
    votes, rises = _votes(counts * ONE_VOTE + amounts, width)
    found, sure = [], []
    while (most := int(votes.max()) // ONE_VOTE) * 5 >= THIN * blocks * 3:
        rise, row = np.unravel_index(int(votes.argmax()), votes.shape)
        line = row + _offsets(rises[rise], np.arange(width), width)
        found.append(line)
        if most * 4 >= THIN * blocks * 3:
            sure.append(line)
        votes[:, max(row - REACH - 1, 0) : row + REACH + 2] = 0
    return found if len(found) >= SEVERAL else sure


def _lit(mask: Mask) -> Mask:
    """Say in which rows half of a block's eight columns have ink, one row up or down allowed; (H, blocks)."""
    blocks = mask.shape[1] // BLOCK
    padded = np.pad(mask[:, : blocks * BLOCK], ((1, 1), (0, 0)))
    near = padded[:-2] | padded[1:-1] | padded[2:]
    lit: Mask = near.reshape(len(mask), blocks, BLOCK).sum(2) * 2 >= BLOCK
    return lit


def _votes(counts: Integers, width: int) -> tuple[Integers, Integers]:
    """Add up the votes for every line; return them, of shape (rises, H), and the rises."""
    height, blocks = counts.shape
    steepest = width // STEEPEST
    rises = np.arange(-steepest, steepest + 1)
    middles = BLOCK * np.arange(blocks) + BLOCK // 2
    padded = np.pad(counts, ((steepest, steepest), (0, 0)))
    rows = np.arange(height)[:, None] + steepest
    offsets = _offsets(rises[:, None], middles, width)  # (rises, blocks)
    return np.stack([padded[rows + offset, np.arange(blocks)].sum(1) for offset in offsets]), rises


def _offsets(rise: Integers, column: Integers, width: int) -> Integers:
    """Return by how many rows a line has left its middle row in a column; it rises so much over the width."""
    return (rise * (2 * column - width) + width) // (2 * width)
