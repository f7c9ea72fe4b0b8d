"""Hold out a part of an image set: seeded, and the same share of every class.

The test images of a set that comes without any are always drawn with seed 0 and a fifth of each class,
whatever the seed of a training run: ``evaluate`` then meets the very images that ``train`` did not learn
from. So the draw has to outlive every version of NumPy, which freezes the stream of ``RandomState`` and of no
other generator (NEP 19, https://numpy.org/neps/nep-0019-rng-policy.html).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet
from tenfold.errors import UsageError

TEST_FRACTION = 0.2
TEST_SEED = 0
LARGEST_SEED = 2**32 - 1


def stratified_indices(
    labels: NDArray[np.int64], fraction: float = TEST_FRACTION, seed: int = TEST_SEED
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the places of the images to hold out, class by class.

    A class of n images gives ``round(n * fraction)`` of them, but at least one, and it keeps at least one;
    a class with a single image keeps it.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
        Class of each image.
    fraction : float
        Share of each class to hold out, between 0 and 1, both excluded.
    seed : int
        Seed of the draw, 0 to 4,294,967,295.

    Returns
    -------
    rest, held_out : ndarray of int64
        Places in ``labels``, each in rising order; together they are every place once.

    Raises
    ------
    UsageError
        When ``fraction`` or ``seed`` is out of range.

    Examples
    --------
    >>> rest, held_out = stratified_indices(np.array([0, 0, 0, 0, 1, 1, 2]), fraction=0.25)
    >>> len(rest), len(held_out)
    (5, 2)
    """
    if not 0 < fraction < 1:
        raise UsageError(f"fraction is {fraction}; expected a share between 0 and 1, such as {TEST_FRACTION}")
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"seed is {seed}; expected 0 to {LARGEST_SEED:,}")
    generator = np.random.RandomState(seed)
    is_held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) >= 2:
            count = min(max(round(len(members) * fraction), 1), len(members) - 1)
            is_held_out[generator.permutation(members)[:count]] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def stratified_count(labels: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Draw the places of exactly ``count`` images, the same share of every class.

    Each class gives ``count`` times its share, rounded down; the largest remainders give one more.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
        Class of each image.
    count : int
        How many, from 0 to N.
    seed : int
        Seed of the draw, 0 to 4,294,967,295.

    Returns
    -------
    ndarray of int64, shape (count,)
        Places in ``labels``, in rising order.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    >>> np.bincount(labels[stratified_count(labels, 3, seed=1)])
    array([2, 1])
    """
    generator = np.random.RandomState(seed)
    sizes = np.bincount(labels, minlength=1)
    quotas = sizes * count / max(len(labels), 1)
    shares = np.floor(quotas).astype(np.int64)
    rest = np.argsort(shares - quotas, kind="stable")[: count - shares.sum()]
    shares[rest] += 1
    by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    chosen = [generator.permutation(members)[:share] for members, share in zip(by_class, shares, strict=True)]
    return np.sort(np.concatenate(chosen))


def stratified_split(
    image_set: ImageSet, fraction: float = TEST_FRACTION, seed: int = TEST_SEED
) -> tuple[ImageSet, ImageSet]:
    """Part an image set in two, holding out the same share of every class.

    Parameters
    ----------
    image_set : ImageSet
        The images to part; their order is kept on both sides.
    fraction, seed
        As in :func:`stratified_indices`.

    Returns
    -------
    rest, held_out : ImageSet
        Every image is in one of the two.

    Raises
    ------
    UsageError
        When ``fraction`` or ``seed`` is out of range.
    """
    rest, held_out = stratified_indices(image_set.labels, fraction, seed)
    return image_set.select(rest), image_set.select(held_out)
