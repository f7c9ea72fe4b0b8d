"""A photograph of something written becomes an image framed like the training images, by steps one can see.

=============  ==========================================================================================
step           what it does (and where)
=============  ==========================================================================================
picture        scaled so that its longer side has 256 pixels; grey is three equal channels (`resampling`)
closer         only where the figure is shorter than 85 pixels of these: the part of the picture around it,
               three times as long, taken from the full picture and scaled in the same way
ink            distance from the paper's colour towards the ink's, whatever these are (`ink`)
without lines  ruled and squared paper taken away (`ruling`)
figure         the main piece of ink and what belongs to it, at full contrast (`figure`)
input          thin strokes widened, scaled into the box, centred by its mass (`framing`); nothing where
               much ink lies elsewhere (`figure.stands_alone`): a picture full of things is no page
=============  ==========================================================================================

All of it is arithmetic on whole numbers below 2**53, so that every language gets the same bits. Divisions
round down, ``a // b = floor(a / b)``, also where ``a`` is negative; where they shall round to the nearest,
``b // 2`` is added first. Sorted lists are counted from 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenfold.model.photo.figure import figure_of, stands_alone
from tenfold.model.photo.framing import box_of, framed
from tenfold.model.photo.ink import ink_of
from tenfold.model.photo.resampling import Integers, resized
from tenfold.model.photo.ruling import without_ruling

SIDE = 256
"""Pixels of the longer side at which a picture is looked at; all other lengths in pixels refer to it."""
SMALL = SIDE // 3
"""A shorter figure is looked at more closely."""


class Step(NamedTuple):
    """What a picture has become.

    Parameters
    ----------
    name : str
        One or two words: what was done.
    image : ndarray of uint8, shape (h, w) or (h, w, 3)
        The picture after it.
    """

    name: str
    image: NDArray[np.uint8]


def photo_steps(picture: NDArray[np.uint8], size: tuple[int, int], ink_box: int) -> list[Step]:
    """Turn a picture into an image of light ink on black, framed.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w) or (h, w, 3)
        Of any size.
    size : tuple of int
        Height and width of the image that is wanted.
    ink_box : int
        The longer side of the ink in it, in pixels.

    Returns
    -------
    list of Step
        The last is the image; it is black all over where the picture shows no single figure.

    Examples
    --------
    >>> paper = np.full((300, 400, 3), 240, np.uint8)
    >>> paper[60:200, 150:170] = (40, 50, 160)
    >>> steps = photo_steps(paper, (28, 28), ink_box=20)
    >>> [step.name for step in steps]
    ['picture', 'ink', 'without lines', 'figure', 'input']
    >>> image = steps[-1].image
    >>> np.flatnonzero(image.any(axis=1))[[0, -1]], np.flatnonzero(image.any(axis=0))
    (array([ 4, 23]), array([13, 14, 15]))
    """
    steps, level, alone = _looked_at(picture)
    near = _around(level, picture.shape)
    if near is not None:
        closer, level, alone = _looked_at(picture[near])
        steps += [Step("closer", closer[0].image), *closer[1:]]
    return [*steps, Step("input", framed(level if alone else np.zeros_like(level), size, ink_box))]


def _looked_at(picture: NDArray[np.uint8]) -> tuple[list[Step], Integers, bool]:
    """Find the figure in a picture: how much of it is in each pixel, 0 to 255, and if it stands alone."""
    longest = max(picture.shape[:2])
    height, width = (max((2 * SIDE * side + longest) // (2 * longest), 1) for side in picture.shape[:2])
    small = resized(picture, height, width)
    ink, least = ink_of(small if small.ndim == 3 else np.repeat(small[..., np.newaxis], 3, axis=2))
    written = without_ruling(ink, least)
    level = figure_of(written, least)
    images = {
        "picture": small,
        "ink": ink,
        "without lines": written,
        "figure": level,
    }
    steps = [Step(name, np.minimum(image, 255).astype(np.uint8)) for name, image in images.items()]
    return steps, level, stands_alone(written, level, least)


def _around(level: Integers, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return where in the full picture a small figure lies, with as much on every side as it is long."""
    box = box_of(level >= 128)
    longest = max(side.stop - side.start for side in box)
    if longest == 0 or longest >= SMALL or max(shape) <= SIDE:
        return None
    around = max(longest, (SMALL - longest) // 2)
    rows, columns = (
        slice(max(side.start - around, 0) * full // part, min(side.stop + around, part) * full // part)
        for side, part, full in zip(box, level.shape, shape, strict=False)
    )
    return rows, columns
