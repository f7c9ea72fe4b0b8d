"""Connected pieces of ink, and which of them are the figure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.model.photo.resampling import Integers

Mask = NDArray[np.bool_]

LARGE = 24
"""The main piece is at least a twenty-fourth as long as the picture."""
EDGE = 3
"""Rows and columns at the picture's border: what reaches them is a finger or the table."""
NEAR, SPECK = 6, 24
"""A sixth of the figure's length away a piece still belongs to it; a twenty-fourth of its area is a speck."""


def figure_of(ink: Integers, least: int) -> Integers:
    """Cut the figure out, at full contrast: the main piece of ink and what belongs to it.

    With ``m`` the median of the main piece's ink (the upper one of two), pieces are looked for anew where
    ink exceeds ``2 * m // 5``, or ``least``; those that reach the border are left out, unless the main
    piece does. The heaviest of those that share pixels with the main piece is kept, and whatever lies near
    it.

    Parameters
    ----------
    ink : ndarray of int64, shape (H, W)
        Without ruled lines.
    least : int
        What does not exceed it is none.

    Returns
    -------
    ndarray of int64, shape (H, W)
        From 0 to 255, ``(4 * ink - m) * 255 // (2 * m)``, at most two pixels away from what was kept: a ramp
        from a quarter to three quarters of the ink's own level.
    """
    main = main_piece(ink, least)
    if not main.any():
        return np.zeros_like(ink)
    level = int(np.sort(ink[main])[main.sum() // 2])
    labels = labelled(ink > max(2 * level // 5, least))
    inside = _inside(labels)
    if inside[main].any():
        labels = inside
    heaviest = labels == _heaviest(ink, np.where(main, labels, 0))
    kept = _with_neighbours(labels, heaviest)
    ramp = np.clip((4 * ink - level) * 255 // (2 * level), 0, 255)
    return np.where(widened(kept, 2), ramp, 0)


def stands_alone(ink: Integers, figure: Integers, least: int) -> bool:
    """Say whether a page shows nothing else: at least two thirds of its plain ink are the figure's.

    Plain is ink that reaches ``2 * least``, in pieces that do not reach the border, as fingers and table do.
    What is at most four pixels away from the figure is its own.

    Parameters
    ----------
    ink : ndarray of int64, shape (H, W)
        Without ruled lines.
    figure : ndarray of int64, shape (H, W)
        What `figure_of` has cut out of it.
    least : int
        What does not exceed it is none.
    """
    plain = np.where(_inside(labelled(ink >= 2 * least)) > 0, ink, 0)
    own = int(plain[widened(figure > 0, 4)].sum())
    return 3 * own >= 2 * int(plain.sum())


def main_piece(ink: Integers, least: int) -> Mask:
    """Find the piece of ink that stands out most, of those that are large enough and inside the picture.

    The threshold begins at half of what one pixel in 200 exceeds, and falls by a third until the heaviest
    piece inside is at least a twenty-fourth as long as the picture. Where it reaches ``least`` in vain, a
    figure may have been cut off: then it is the heaviest piece above the first threshold, or above
    ``3 * least``, provided that it takes at most a fourth of the picture's border.

    Parameters
    ----------
    ink : ndarray of int64, shape (H, W)
        What stands out of the paper.
    least : int
        What does not exceed it is none.

    Returns
    -------
    ndarray of bool, shape (H, W)
        False all over where there is no such piece.
    """
    first = level = max(int(np.sort(ink, axis=None)[-(ink.size // 200) - 1]) // 2, least)
    while True:
        inside = _inside(labelled(ink > level))
        piece: Mask = (inside > 0) & (inside == _heaviest(ink, inside))
        if _longest(piece) * LARGE >= max(ink.shape):
            return piece
        if level == least:
            return _cut_figure(ink, max(first, 3 * least))
        level = max(2 * level // 3, least)


def _cut_figure(ink: Integers, level: int) -> Mask:
    labels = labelled(ink > level)
    piece = (labels > 0) & (labels == _heaviest(ink, labels))
    border = np.concatenate([piece[0], piece[-1], piece[:, 0], piece[:, -1]])
    return piece if 4 * int(border.sum()) <= len(border) else np.zeros_like(piece)


def _heaviest(ink: Integers, labels: Integers) -> int:
    """Return the label with the most ink, the smallest of equals; 0 where there is none."""
    weights = np.bincount(labels.ravel(), ink.ravel())  # exact: float64 holds whole numbers below 2**53
    weights[0] = 0
    return int(weights.argmax())


def _inside(labels: Integers) -> Integers:
    """Leave out pieces that reach the outermost three rows or columns."""
    all_pixels = np.bincount(labels.ravel())
    middle = np.bincount(labels[EDGE:-EDGE, EDGE:-EDGE].ravel(), minlength=len(all_pixels))
    return np.where((middle == all_pixels)[labels], labels, 0)


def _with_neighbours(labels: Integers, kept: Mask) -> Mask:
    """Add pieces near what is kept, unless they are specks beside it, until none is left."""
    areas = np.bincount(labels.ravel())
    large = np.flatnonzero(areas * SPECK > kept.sum())
    before = np.zeros_like(kept)
    while (kept != before).any():
        before = kept
        near = np.unique(labels[widened(kept, _longest(kept) // NEAR)])
        kept = kept | np.isin(labels, np.intersect1d(near[near > 0], large))
    return kept


def _longest(mask: Mask) -> int:
    """Return the longer side of the box around a mask; 0 where it is empty."""
    places = [np.flatnonzero(mask.any(axis)) for axis in (0, 1)]
    return max(int(place[-1] - place[0]) + 1 for place in places) if mask.any() else 0


def widened(mask: Mask, radius: int) -> Mask:
    """Add all pixels at most ``radius`` rows and columns away."""
    wide = np.pad(mask, radius)
    for axis in (0, 1):
        wide = np.asarray(np.lib.stride_tricks.sliding_window_view(wide, 2 * radius + 1, axis).any(axis=2))
    return wide


def labelled(mask: Mask) -> Integers:
    """Give each connected piece of a mask a number; pixels that touch by a corner are connected.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        Where there is ink.

    Returns
    -------
    ndarray of int64, shape (H, W)
        0 where there is none; otherwise the number of the piece, counted from 1 in the order in which rows
        first meet them.

    Examples
    --------
    >>> labelled(np.array([[1, 0, 0, 1], [0, 1, 0, 1]], dtype=bool))
    array([[1, 0, 0, 2],
           [0, 1, 0, 2]])
    """
    first = np.arange(mask.size)  # of each pixel: the first of its piece that is known so far
    one, other = _neighbours(mask)
    while (first[one] != first[other]).any():
        low, high = np.minimum(first[one], first[other]), np.maximum(first[one], first[other])
        np.minimum.at(first, high, low)
        while (first != first[first]).any():
            first = first[first]
    labels = np.zeros(mask.size, np.int64)
    ink = np.flatnonzero(mask)
    labels[ink] = np.unique(first[ink], return_inverse=True)[1] + 1
    return labels.reshape(mask.shape)


def _neighbours(mask: Mask) -> tuple[Integers, Integers]:
    """List all pairs of ink pixels that touch, by their places."""
    places = np.arange(mask.size).reshape(mask.shape)
    pairs = []
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        both = mask[here] & mask[there]
        pairs.append((places[here][both], places[there][both]))
    one, other = zip(*pairs, strict=True)
    return np.concatenate(one), np.concatenate(other)
