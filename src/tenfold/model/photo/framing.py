"""Ink becomes a framed image: as thick, as large and as centred as what the network was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.model.photo.resampling import Integers, resized

SAMPLE = 1_000
"""Training images that are looked at."""
FAINT, FULL = 32, 192
"""Below the one a pixel counts as background; the other is reached by the ink of a training image."""
THINNEST = 10
"""A stroke is at least a tenth as thick as its figure is long: 2 of MNIST's 20, the lower quartile there."""


def ink_box_of(images: NDArray[np.uint8]) -> int | None:
    """Measure whether images are framed, as MNIST's are: ink of one length in the middle of black.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W)
        Light ink on black. At most 1,000 of them are looked at, evenly spaced.

    Returns
    -------
    int or None
        The most frequent length of the ink's longer side, 20 for MNIST; None where fewer than 98 % of the
        images are framed with it, or where it leaves no border.
    """
    sample = images[:: max(len(images) // SAMPLE, 1)][:SAMPLE]
    ink_box = int(np.bincount(_lengths(sample >= FAINT)).argmax())
    if not 0 < ink_box <= min(images.shape[1:3]) - 2:
        return None
    return ink_box if 100 * int(are_framed(sample, ink_box).sum()) >= 98 * len(sample) else None


def are_framed(images: NDArray[np.uint8], ink_box: int) -> NDArray[np.bool_]:
    """Say which images are light ink on black, as long as it should be and centred by its mass.

    Both within one pixel; what is below 32 counts as black, and the ink must reach 192.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W)
        Of the training images' size.
    ink_box : int
        The longer side of the ink that is wanted, in pixels.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    ink = np.where(images >= FAINT, images, 0).astype(np.int64)
    are: NDArray[np.bool_] = ink.max(axis=(1, 2), initial=0) >= FULL
    are &= abs(_lengths(ink > 0) - ink_box) <= 1
    for axis, side in ((1, images.shape[1]), (2, images.shape[2])):
        are &= abs(_middle(ink.sum(axis=3 - axis)) - side // 2) <= 1
    return are


def reaches_border(image: NDArray[np.uint8]) -> bool:
    """Say whether anything but black, 32 or more, touches the border of an image."""
    return bool(max(image[0].max(), image[-1].max(), image[:, 0].max(), image[:, -1].max()) >= FAINT)


def box_of(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns from the first to the last that has ink; both empty where there is none."""
    sides = []
    for axis in (1, 0):
        places = np.flatnonzero(mask.any(axis))
        sides.append(slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0))
    return sides[0], sides[1]


def _lengths(masks: NDArray[np.bool_]) -> Integers:
    """Return the longer side of the box around each mask, (N, H, W); 0 where it is empty."""
    lengths = []
    for axis in (1, 2):
        is_inked = np.asarray(masks.any(axis))
        before, after = is_inked.argmax(axis=1), is_inked[:, ::-1].argmax(axis=1)
        lengths.append(np.where(is_inked.any(axis=1), is_inked.shape[1] - before - after, 0))
    longer: Integers = np.maximum(*lengths)
    return longer


def thickened(level: Integers) -> Integers:
    """Widen the strokes of a thin pen to a tenth of the figure's longer side.

    Each pixel becomes the greatest of those at most ``(length - 10 * width + 10) // 20`` rows and columns
    away, or stays where that is negative; the image grows by as much on every side.

    Parameters
    ----------
    level : ndarray of int64, shape (H, W)
        Ink from 0 to 255.

    Returns
    -------
    ndarray of int64, shape (H + 2 radius, W + 2 radius)
    """
    mask = level >= 128
    length = max(side.stop - side.start for side in box_of(mask))
    radius = max(length - THINNEST * stroke_width(mask) + THINNEST, 0) // (2 * THINNEST)
    wide = np.pad(level, 2 * radius)
    for axis in (0, 1):
        wide = np.lib.stride_tricks.sliding_window_view(wide, 2 * radius + 1, axis).max(2)
    return wide


def stroke_width(mask: NDArray[np.bool_]) -> int:
    """Estimate the strokes' thickness in pixels, rounded down: twice the area by the length of the outline.

    An outline crosses more edges between pixels than it is long, 4 / pi in the mean over all directions.
    Hence ``2 * area / (edges * pi / 4)``, computed as ``2546 * area // (1000 * edges)``.

    Examples
    --------
    >>> bar = np.zeros((70, 12), bool)
    >>> bar[5:65, 4:9] = True
    >>> stroke_width(bar)
    5
    """
    framed = np.pad(mask, 1)
    edges = int((framed[1:] != framed[:-1]).sum() + (framed[:, 1:] != framed[:, :-1]).sum())
    return 2546 * int(mask.sum()) // max(1000 * edges, 1)


def framed(level: Integers, size: tuple[int, int], ink_box: int) -> NDArray[np.uint8]:
    """Widen thin ink, scale it into a box, keeping its shape, and lay its centre of mass on the middle.

    Parameters
    ----------
    level : ndarray of int64, shape (h, w)
        Ink from 0 to 255.
    size : tuple of int
        Height and width of the image.
    ink_box : int
        The longer side of the ink in it.

    Returns
    -------
    ndarray of uint8, shape size
        Light ink on 0; nothing but 0 where there is no ink.
    """
    image = np.zeros(size, np.uint8)
    level = thickened(level)
    ink = level[box_of(level >= 128)]
    if ink.size == 0:
        return image
    longest = max(ink.shape)
    height, width = (max((2 * side * ink_box + longest) // (2 * longest), 1) for side in ink.shape)
    small = resized(ink, height, width)
    top, left = (
        min(max(side // 2 - int(_middle(small.sum(1 - axis))), 0), side - small.shape[axis])
        for axis, side in enumerate(size)
    )
    image[top : top + height, left : left + width] = small
    return image


def _middle(masses: Integers) -> Integers:
    """Return the place of the centre of mass along the last axis, rounded; 0 where there is no mass."""
    total = masses.sum(axis=-1)
    middle: Integers = (2 * (masses @ np.arange(masses.shape[-1])) + total) // np.maximum(2 * total, 1)
    return middle
