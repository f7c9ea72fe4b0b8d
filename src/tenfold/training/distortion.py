"""Random distortion of training images: turned, scaled, slanted, shifted and pulled like rubber.

A distortion says for every pixel of the new image where in the old one its value is to be found (Simard,
Steinkraus and Platt 2003). These moves are given at 7 x 7 control points, and a cubic B-spline carries them
to the pixels:

.. code-block:: text

    ·   ·   ·   ·   ·   ·   ·
      ┌───┬───┬───┬───┐            The image has 4 x 4 cells; control points lie on their
    · │ · │ · │ · │ · │ ·   ·      corners and one step around. A pixel is moved by the
      ├───┼───┼───┼───┤            4 x 4 points around it, by the near ones most.

    Philox (seed, epoch, image) ─▶ 106 draws ─▶ moves of the points ─▶ moves of the pixels ─▶ new pixels

A spline reproduces a linear function, so that turning, scaling and slanting go through the same points as the
rubber.

All numbers are integers: fixed point with 10 binary digits after the point for pixels and weights, 24 for
the entries of matrices. So `tenfold._native`, which does the same in C++, has the same bits on every machine,
and an image's distortion depends on seed, epoch and its index alone: not on its batch, threads or an
interruption.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tenfold import native
from tenfold.errors import UsageError
from tenfold.training.augmentation import Augmentation

Pixels = NDArray[np.uint8]
Integers = NDArray[np.int64]

CELLS = 4
POINTS = CELLS + 3
DRAWS = 8 + 2 * POINTS * POINTS
LARGEST_SIDE = 512

ONE = 1 << 10
"""One pixel, or a weight of one."""
UNIT = 1 << 24
"""One, as an entry of a matrix or a factor."""


def distorted(images: Pixels, indices: Integers, augmentation: Augmentation, seed: int, epoch: int) -> Pixels:
    """Distort each image in its own way.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, H, W) or (n, H, W, C)
        Sides from 2 to 512 pixels.
    indices : ndarray of int64, shape (n,)
        Where each image stands in the training set: it is part of the key to its random numbers.
    augmentation : Augmentation
        How far.
    seed : int
        From 0 to 2**32 - 1.
    epoch : int
        Counted from zero.

    Returns
    -------
    ndarray of uint8, same shape
        New images; what comes from outside the old ones is their border, carried on.

    Raises
    ------
    UsageError
        When an image is too small or too large.

    Examples
    --------
    >>> image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    >>> distorted(image, np.array([7]), Augmentation(mirror=True), seed=0, epoch=0)[0, 0]
    array([3, 2, 1, 0], dtype=uint8)
    >>> np.array_equal(distorted(image, np.array([7]), Augmentation(), seed=0, epoch=0), image)
    True
    """
    check_size(images)
    if native.absence() is not None:
        return distorted_by_numpy(images, indices, augmentation, seed, epoch)
    from tenfold._native import Distortion

    height, width = images.shape[1:3]
    rows = np.ascontiguousarray(images).reshape(len(images), math.prod(images.shape[1:]))
    made = Distortion(amplitudes(augmentation), height, width, rows.shape[1] // (height * width))
    new = made.distort(
        rows,
        np.ascontiguousarray(indices, np.int64),
        seed=seed,
        epoch=epoch,
        isa=native.instruction_set().name,
        threads=1,
    )
    return new.reshape(images.shape)


def distorted_by_numpy(
    images: Pixels, indices: Integers, augmentation: Augmentation, seed: int, epoch: int
) -> Pixels:
    """Do what `distorted` does, in NumPy: the oracle, bit for bit, of the compiled part."""
    check_size(images)
    height, width = images.shape[1:3]
    random = draws(seed, epoch, indices)
    x, y = control_points(random, amplitudes(augmentation), height, width)
    new = sampled(images, pixel_moves(x, height, width), pixel_moves(y, height, width))
    if augmentation.mirror:
        mirrored = random[:, 6] < 0
        new[mirrored] = new[mirrored, :, ::-1]
    return new


def check_size(images: Pixels) -> None:
    """Raise unless images of this shape can be distorted."""
    height, width = images.shape[1:3]
    if not 2 <= min(height, width) <= max(height, width) <= LARGEST_SIDE:
        raise UsageError(
            f"augmentation: the images are {height} x {width} pixels; expected sides from 2 to "
            f"{LARGEST_SIDE}: prepare them at another size, or train without augmentation"
        )


def amplitudes(augmentation: Augmentation) -> tuple[int, int, int, int, int, int]:
    """Return rotation (radians), scaling, shear, shift, elastic in units of 2**-16, and mirror as 0 or 1."""
    shares = (
        math.radians(augmentation.rotation),
        augmentation.scaling,
        augmentation.shear,
        augmentation.shift,
        augmentation.elastic,
    )
    rotation, scaling, shear, shift, elastic = (round(share * (1 << 16)) for share in shares)
    return rotation, scaling, shear, shift, elastic, int(augmentation.mirror)


# 1. Random numbers


def philox(counter: Integers, key: tuple[int, int]) -> Integers:
    """Encrypt counters with Philox4x32-10 [1]_.

    Parameters
    ----------
    counter : ndarray of int64, shape (..., 4)
        Words of 32 bits.
    key : tuple of int
        Two words of 32 bits.

    Returns
    -------
    ndarray of int64, shape (..., 4)
        Random words of 32 bits.

    References
    ----------
    .. [1] Salmon, Moraes, Dror, Shaw (2011). Parallel random numbers: as easy as 1, 2, 3. SC'11.
    """
    mask = np.uint64(0xFFFFFFFF)
    a, b, c, d = np.moveaxis(counter.astype(np.uint64), -1, 0)
    for turn in range(10):
        first, second = (
            np.uint64((word + turn * weyl) & 0xFFFFFFFF)
            for word, weyl in zip(key, (0x9E3779B9, 0xBB67AE85), strict=True)
        )
        left, right = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b = (right >> np.uint64(32)) ^ b ^ first, right & mask
        c, d = (left >> np.uint64(32)) ^ d ^ second, left & mask
    return np.stack([a, b, c, d], axis=-1).astype(np.int64)


def draws(seed: int, epoch: int, indices: Integers) -> Integers:
    """Draw 106 numbers for each image, uniform from -2**15 to 2**15 - 1: shape (n, 106).

    They are: rotation, scale x and y, shear, shift x and y, mirror, one unused; then the elastic moves of the
    7 x 7 points along x, and along y.
    """
    blocks = np.arange(-(-DRAWS // 8))
    counter = np.empty((len(indices), len(blocks), 4), np.int64)
    counter[..., 0] = (indices & 0xFFFFFFFF)[:, None]
    counter[..., 1] = (indices >> 32)[:, None]
    counter[..., 2] = epoch
    counter[..., 3] = blocks
    words = philox(counter, (seed, 0))
    halves = np.stack([words & 0xFFFF, words >> 16], axis=-1).reshape(len(indices), 8 * len(blocks))
    return (halves[:, :DRAWS] ^ 0x8000) - 0x8000  # two's complement


# 2. Moves of the control points


def rounded(number: Integers, bits: int) -> Integers:
    """Divide by 2**bits and round to nearest."""
    return (number + (1 << (bits - 1))) >> bits


def control_points(
    random: Integers, amplitudes: tuple[int, ...], height: int, width: int
) -> tuple[Integers, Integers]:
    """Return how far each control point is moved along x and y: two of shape (n, 7, 7), in 1/1024 pixel.

    The source of a point p, seen from the image's centre, is A p + shift + elastic with
    A = [[cos, -sin], [sin, cos]] [[1, shear], [0, 1]] diag(scale x, scale y). Its move is that less p.
    """
    rotation, scaling, shear, shift, elastic, _ = amplitudes
    angle = rounded(
        rotation * random[:, 0], 7
    )  # 16 binary digits of the amplitude and 15 of the draw, less 24
    scale_x, scale_y = (UNIT + rounded(scaling * random[:, i], 7) for i in (1, 2))
    slant = rounded(shear * random[:, 3], 7)
    cos, sin = cosine(angle), sine(angle)
    xx, yx = product(cos, scale_x), product(sin, scale_x)
    xy, yy = product(product(cos, slant) - sin, scale_y), product(product(sin, slant) + cos, scale_y)

    steps = 256 * np.arange(-(POINTS // 2), POINTS // 2 + 1)  # points are a quarter of the side apart
    at_x, at_y = width * steps, height * steps[:, None]
    pull = random[:, 8:DRAWS].reshape(-1, 2, POINTS, POINTS)

    def moves(by_x: Integers, by_y: Integers, side: int, axis: int) -> Integers:
        linear = rounded(by_x[:, None, None] * at_x + by_y[:, None, None] * at_y, 24)
        shifted = rounded(side * shift * random[:, 4 + axis], 21)
        return linear + shifted[:, None, None] + rounded(side * elastic * pull[:, axis], 21)

    return moves(xx - UNIT, xy, width, 0), moves(yx, yy - UNIT, height, 1)


def product(a: Integers, b: Integers) -> Integers:
    """Multiply two numbers of 24 binary digits."""
    return rounded(a * b, 24)


def cosine(angle: Integers) -> Integers:
    """Compute 1 - a²/2 (1 - a²/12 (1 - a²/30 (1 - a²/56))), by Taylor: off by 3e-8 at 45 degrees."""
    return alternating_series(product(angle, angle), (56, 30, 12, 2))


def sine(angle: Integers) -> Integers:
    """Compute a (1 - a²/6 (1 - a²/20 (1 - a²/42 (1 - a²/72)))), in the same way."""
    return product(angle, alternating_series(product(angle, angle), (72, 42, 20, 6)))


def alternating_series(square: Integers, divisors: tuple[int, ...]) -> Integers:
    """Sum a series from its last term on."""
    total = np.full_like(square, UNIT)
    for divisor in divisors:
        total = UNIT - product(square, total) // divisor
    return total


# 3. Moves of the pixels


def spline_weights(side: int) -> Integers:
    """Return how much each pixel of a side takes from each of 7 control points: shape (side, 7), in 1/1024.

    With t the place of the pixel's centre in its cell, from 0 to 1, the four points around it weigh
    (1 - t)³/6, (3 t³ - 6 t² + 4)/6, (-3 t³ + 3 t² + 3 t + 1)/6 and t³/6. The second is what the others leave
    of one.
    """
    cell, t = np.divmod(2 * (2 * np.arange(side) + 1), side)  # t in units of 1/side

    def weight(sixfold: Integers) -> Integers:
        whole = 6 * side**3
        return (2 * ONE * sixfold + whole) // (2 * whole)

    first = weight((side - t) ** 3)
    third = weight(-3 * t**3 + 3 * t**2 * side + 3 * t * side**2 + side**3)
    last = weight(t**3)
    weights = np.zeros((side, POINTS), np.int64)
    for offset, column in enumerate((first, ONE - first - third - last, third, last)):
        weights[np.arange(side), cell + offset] = column
    return weights


def pixel_moves(points: Integers, height: int, width: int) -> Integers:
    """Carry moves of control points, shape (n, 7, 7), to the pixels: shape (n, H, W), in 1/1024 pixel."""
    along_x = rounded(points @ spline_weights(width).T, 10)
    return rounded(spline_weights(height) @ along_x, 10)


# 4. New pixels


def sampled(images: Pixels, moves_x: Integers, moves_y: Integers) -> Pixels:
    """Take each pixel from where its move leads: a bilinear mean of the four pixels there."""
    count, height, width = moves_x.shape
    old: Integers = (images if images.ndim == 4 else images[..., None]).astype(np.int64)
    left, x = pixel_and_fraction(ONE * np.arange(width) + moves_x, width)
    top, y = pixel_and_fraction(ONE * np.arange(height)[:, None] + moves_y, height)
    image = np.arange(count)[:, None, None]
    upper = between(old[image, top, left], old[image, top, left + 1], x)
    lower = between(old[image, top + 1, left], old[image, top + 1, left + 1], x)
    return rounded(between(upper, lower, y), 20).astype(np.uint8).reshape(images.shape)


def pixel_and_fraction(place: Integers, side: int) -> tuple[Integers, Integers]:
    """Return the pixel before a place along one axis and, with one axis more, the rest in 1/1024."""
    place = np.clip(place, 0, ONE * (side - 1))
    before = np.minimum(place // ONE, side - 2)
    return before, (place - ONE * before)[..., None]


def between(a: Integers, b: Integers, fraction: Integers) -> Integers:
    """Return 1024 times the number at ``fraction``/1024 of the way from a to b."""
    return a * (ONE - fraction) + b * fraction
