"""Exact averages in whole numbers: pictures of another size, and neighbourhoods.

Every division rounds to the nearest, halves up: ``(a + b // 2) // b``. All sums stay below 2**53.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def resized(image: NDArray[np.integer], height: int, width: int) -> Integers:
    """Scale an image so that each new pixel is the mean of the area that it covers.

    New pixel ``i`` of ``n`` covers the old ones from ``i * m / n`` to ``(i + 1) * m / n``, the first and the
    last in part. The sums are exact; a pixel is rounded once, after both directions.

    Parameters
    ----------
    image : ndarray of int, shape (H, W) or (H, W, C)
        Values from 0 to 65,535.
    height, width : int
        The new size in pixels, smaller or larger.

    Returns
    -------
    ndarray of int64, shape (height, width) or (height, width, C)

    Examples
    --------
    >>> resized(np.array([[0, 30, 60]]), 1, 2)
    array([[10, 50]])
    """
    area = image.shape[0] * image.shape[1]
    sums = _area_sums(_area_sums(image, height, 0), width, 1)
    means: Integers = (sums + area // 2) // area
    return means


_PIECE = 1 << 20  # numbers that NumPy widens to 64 bits at once


def _area_sums(image: NDArray[np.integer], new: int, axis: int) -> Integers:
    """Sum what each new pixel covers along one axis, in units of ``1 / new`` of an old pixel."""
    old = image.shape[axis]
    whole, part = np.divmod(np.arange(new + 1) * old, new)  # where the edges between new pixels lie
    starts = np.unique(whole[:-1])
    pieces = np.array_split(image, image.size // _PIECE + 1, 1 - axis)
    stretches = np.concatenate(
        [np.add.reduceat(piece, starts, axis, dtype=np.int64) for piece in pieces], 1 - axis
    )
    before = np.insert(np.cumsum(stretches, axis), 0, 0, axis)  # sums of all that lies before each start
    cut = np.take(image, np.minimum(whole, old - 1), axis) * part.reshape(-1, *[1] * (image.ndim - 1 - axis))
    sums: Integers = np.take(before, np.searchsorted(starts, whole), axis) * new + cut
    return sums[1:] - sums[:-1] if axis == 0 else sums[:, 1:] - sums[:, :-1]


def blurred(image: Integers, radius: int) -> Integers:
    """Average each pixel with its neighbours, ``2 * radius + 1`` rows and columns, rounded once.

    Beyond the image its border goes on.

    Parameters
    ----------
    image : ndarray of int64, shape (H, W) or (H, W, C)
        Values of either sign.
    radius : int
        Neighbours on each side.

    Returns
    -------
    ndarray of int64
        Of the image's shape.
    """
    side = 2 * radius + 1
    for axis in (0, 1):
        ends = [(radius + 1, radius) if axis == a else (0, 0) for a in range(image.ndim)]
        total = np.cumsum(np.pad(image, ends, "edge"), axis)
        far, near = [slice(None)] * image.ndim, [slice(None)] * image.ndim
        far[axis], near[axis] = slice(side, None), slice(None, -side)
        image = total[tuple(far)] - total[tuple(near)]
    return (image + side * side // 2) // (side * side)
