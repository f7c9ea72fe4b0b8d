"""Images spoilt on purpose, in eight ways and five strengths, as MNIST-C spoils its digits.

=============  ==============================================================================================
shear          slanted to the left or right by 0.2, 0.4, 0.6, 0.8 or 1 pixel a row
scale          shrunk to 0.9, 0.8, 0.7, 0.6 or 0.5 of their size
rotate         turned either way by 0.2, 0.4, 0.6, 0.8 or 1 radian
translate      shifted along each axis, either way, by 1/28, 2/28, 3/28, 4/28 or 5/28 of its side
impulse noise  3, 6, 9, 17 or 27 % of the values become black or white
motion blur    smeared along a line of 1/7 … 5/7 of the shorter side, up to 45 degrees from the horizontal
brightness     made lighter by 10, 20, 30, 40 or 50 % of the way from black to white, cut off at white
stripe         negative in a band on the left and one on the right, each 5, 10, 15, 20 or 25 % of the width
=============  ==============================================================================================

Sides, angles and noise are drawn for each image from the seed, once for all strengths: a stronger corruption
takes the same image further the same way. Outside an image lies its border, carried on, dark or light.

The strengths are those of MNIST-C's program, but for motion blur, which there smears one way along a
Gaussian, and stripe, which there has one strength, the strongest here.

References
----------
N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision", 2019. D. Hendrycks, T. Dietterich,
"Benchmarking neural network robustness to common corruptions and perturbations", ICLR 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tenfold.errors import UsageError
from tenfold.functional import Floats

Pixels = NDArray[np.uint8]

STRENGTHS = 5
"""Strengths of each corruption, counted from 1."""

ANGLES = np.linspace(-45, 45, 9)
"""Directions of motion blur, in degrees."""

_BATCH = 1 << 22
"""Values mixed at a time: 16 MB as float32."""


def corrupted(images: Pixels, corruption: str, strength: int, seed: int = 0) -> Pixels:
    """Spoil images.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any size.
    corruption : str
        One of `CORRUPTIONS`.
    strength : int
        From 1 to 5.
    seed : int, default 0
        Of what is drawn.

    Returns
    -------
    ndarray of uint8
        New images of the same shape.

    Raises
    ------
    UsageError
        When there is no such corruption or strength, or the seed is below zero.

    Examples
    --------
    >>> corrupted(np.array([[[0, 250]]], np.uint8), "brightness", 1).tolist()
    [[[26, 255]]]
    """
    if corruption not in CORRUPTIONS:
        raise UsageError(f"corruption: '{corruption}'; expected {', '.join(CORRUPTIONS)}")
    if not 1 <= strength <= STRENGTHS:
        raise UsageError(f"strength: {strength}; expected 1 to {STRENGTHS}")
    if seed < 0:
        raise UsageError(f"seed: {seed}; expected 0 or more")
    generator = np.random.default_rng([seed, list(CORRUPTIONS).index(corruption)])
    return CORRUPTIONS[corruption](images, strength, generator)


@dataclass(frozen=True, eq=False)
class Mixture:
    """New pixels as sums of old ones.

    Parameters
    ----------
    places : ndarray of int64, shape (terms, H × W)
        The old pixels of each new one, counted row by row.
    shares : ndarray of float32, shape (terms, H × W) or (terms, 1)
        What each of them counts; one in total.
    """

    places: NDArray[np.int64]
    shares: Floats

    def of(self, images: Pixels) -> Pixels:
        """Mix the pixels of images of shape (N, H, W) or (N, H, W, C), rounded to whole numbers."""
        new = np.empty_like(images)
        pixels = self.places.shape[1]
        step = max(1, _BATCH // math.prod(images.shape[1:]))
        for start in range(0, len(images), step):
            part = images[start : start + step]
            columns = part.reshape(len(part), pixels, -1).swapaxes(0, 1)  # (H × W, n, C)
            old = np.ascontiguousarray(columns, np.float32).reshape(pixels, -1)
            total = np.zeros_like(old)
            for places, shares in zip(self.places, self.shares, strict=True):
                total += shares[:, np.newaxis] * old[places]
            mixed = np.rint(total).astype(np.uint8).reshape(columns.shape)
            new[start : start + step] = mixed.swapaxes(0, 1).reshape(part.shape)
        return new


def affine(size: tuple[int, int], matrix: Floats, shift: tuple[float, float] = (0.0, 0.0)) -> Mixture:
    """Move the pixels of images.

    Parameters
    ----------
    size : tuple of int
        Height and width.
    matrix : ndarray of shape (2, 2)
        The value of a new pixel p comes from ``matrix @ (p - centre) + centre - shift``, rows before columns,
        as the bilinear mean of the four pixels there; beyond the border from the nearest pixel.
    shift : tuple of float
        Pixels down, and to the right.
    """
    height, width = size
    centre = (np.array(size) - 1)[:, np.newaxis, np.newaxis] / 2
    source = np.tensordot(matrix, np.indices(size) - centre, axes=1) + centre
    y, x = (np.clip(source[axis] - shift[axis], 0, size[axis] - 1) for axis in (0, 1))
    top, left = (np.floor(place).astype(np.int64) for place in (y, x))
    down, right = y - top, x - left
    bottom, far = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    corners = [
        (top, left, (1 - down) * (1 - right)),
        (top, far, (1 - down) * right),
        (bottom, left, down * (1 - right)),
        (bottom, far, down * right),
    ]
    places = np.stack([(row * width + column).ravel() for row, column, _ in corners])
    return Mixture(places, np.stack([share.ravel() for *_, share in corners]).astype(np.float32))


def line_kernel(length: float, angle: float) -> Floats:
    """Spread one pixel evenly along a line through its centre.

    Parameters
    ----------
    length : float
        In pixels.
    angle : float
        In degrees, anticlockwise from the horizontal.

    Returns
    -------
    ndarray of float64, shape (side, side)
        Sums to one; ``side`` is odd.
    """
    reach = math.ceil(length / 2)
    kernel = np.zeros((2 * reach + 3, 2 * reach + 3))
    along = length * (np.arange(8 * reach + 1) / (8 * reach) - 0.5)  # eight points a pixel or more
    y, x = (
        reach + 1 + factor * along
        for factor in (-math.sin(math.radians(angle)), math.cos(math.radians(angle)))
    )
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    for row, by_row in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, by_column in ((left, 1 - (x - left)), (left + 1, x - left)):
            np.add.at(kernel, (row, column), by_row * by_column / len(along))
    return kernel


def convolution(size: tuple[int, int], kernel: Floats) -> Mixture:
    """Spread every pixel of images of a size (height, width) as a symmetric kernel says."""
    height, width = size
    rows, columns = np.nonzero(kernel)
    middle = len(kernel) // 2
    y = np.clip(np.arange(height) + (rows - middle)[:, np.newaxis], 0, height - 1)  # (terms, H)
    x = np.clip(np.arange(width) + (columns - middle)[:, np.newaxis], 0, width - 1)
    places = (y[:, :, np.newaxis] * width + x[:, np.newaxis]).reshape(len(rows), -1)
    return Mixture(places, kernel[rows, columns, np.newaxis].astype(np.float32))


def _either_way(images: Pixels, generator: Generator, mixtures: list[Mixture]) -> Pixels:
    """Give each image one of the mixtures, drawn."""
    drawn = generator.integers(len(mixtures), size=len(images))
    new = np.empty_like(images)
    for number, mixture in enumerate(mixtures):
        new[drawn == number] = mixture.of(images[drawn == number])
    return new


def _size(images: Pixels) -> tuple[int, int]:
    return images.shape[1], images.shape[2]


def _shear(images: Pixels, strength: int, generator: Generator) -> Pixels:
    slants = (-0.2 * strength, 0.2 * strength)
    matrices = [np.array([[1, 0], [slant, 1]]) for slant in slants]
    return _either_way(images, generator, [affine(_size(images), matrix) for matrix in matrices])


def _scale(images: Pixels, strength: int, generator: Generator) -> Pixels:
    return affine(_size(images), np.eye(2) / (1 - 0.1 * strength)).of(images)


def _rotate(images: Pixels, strength: int, generator: Generator) -> Pixels:
    sine, cosine = math.sin(0.2 * strength), math.cos(0.2 * strength)
    matrices = [np.array([[cosine, side], [-side, cosine]]) for side in (-sine, sine)]
    return _either_way(images, generator, [affine(_size(images), matrix) for matrix in matrices])


def _translate(images: Pixels, strength: int, generator: Generator) -> Pixels:
    height, width = _size(images)
    ways = [(down, right) for down in (-1, 1) for right in (-1, 1)]
    shifts = [(down * height * strength / 28, right * width * strength / 28) for down, right in ways]
    return _either_way(images, generator, [affine((height, width), np.eye(2), shift) for shift in shifts])


def _motion_blur(images: Pixels, strength: int, generator: Generator) -> Pixels:
    size = _size(images)
    kernels = [line_kernel(min(size) * strength / 7, angle) for angle in ANGLES]
    return _either_way(images, generator, [convolution(size, kernel) for kernel in kernels])


def _impulse_noise(images: Pixels, strength: int, generator: Generator) -> Pixels:
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[strength - 1]
    draw = generator.integers(1 << 16, size=images.shape, dtype=np.uint16)
    black_or_white = np.where(draw % 2, np.uint8(255), np.uint8(0))
    return np.where(draw < round(share * (1 << 16)), black_or_white, images)


def _brightness(images: Pixels, strength: int, generator: Generator) -> Pixels:
    lighter = round(25.5 * strength)
    return np.minimum(images, np.uint8(255 - lighter)) + np.uint8(lighter)


def _stripe(images: Pixels, strength: int, generator: Generator) -> Pixels:
    width = images.shape[2]
    band = round(width * strength / 20)
    new = images.copy()
    for part in (slice(0, band), slice(width - band, width)):
        new[:, :, part] = 255 - images[:, :, part]
    return new


CORRUPTIONS: dict[str, Callable[[Pixels, int, Generator], Pixels]] = {
    "shear": _shear,
    "scale": _scale,
    "rotate": _rotate,
    "translate": _translate,
    "impulse noise": _impulse_noise,
    "motion blur": _motion_blur,
    "brightness": _brightness,
    "stripe": _stripe,
}
