"""Rows of numbers as scikit-learn's users bring them: how often each is taken, in what order, on what scale.

Whoever repeats a row, and whoever gives it a weight instead, means the same, and the order of rows means
nothing. A training that takes its examples one after the other would still see a difference. So each row is
taken as often an epoch as its weight says, and the rows are first put in an order that depends on nothing but
what they hold: from there on the two are the same training, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import UsageError

Rows = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.uint8]
Doubles = NDArray[np.float64]
Places = NDArray[np.int64]

LARGEST_MEAN_WEIGHT = 10
"""Weights with a larger mean are scaled down to it: an epoch becomes at most so many times as long."""

FARTHEST = 5
"""Deviations that a value may lie from the mean. Features that vary rarely, such as a picture's border, have
deviations so small that their few values would lie hundreds away, and one of them would undo many steps."""

LARGEST_VALUE = 1e38
"""A third of what float32 holds: the difference of any two such values is a number still."""

CHUNK_VALUES = 1 << 18
"""Numbers that are widened at a time: few enough to stay near the processor."""


def fingerprints(rows: Rows) -> NDArray[np.uint64]:
    """Hash each row: its 32-bit words times odd random numbers, summed modulo 2⁶⁴.

    Equal rows have equal hashes. Rows that differ hardly ever do, and then merely keep the order in which
    they came.

    Parameters
    ----------
    rows : ndarray of shape (N, features)
        C-contiguous.

    Returns
    -------
    ndarray of uint64, shape (N,)

    References
    ----------
    J. L. Carter, M. N. Wegman, "Universal classes of hash functions", JCSS 18 (1979).
    """
    whole_words = rows.shape[1] * rows.itemsize % 4 == 0
    words: NDArray[Any] = rows.view(np.uint32 if whole_words else np.uint8)  # (N, words)
    factors = np.random.RandomState(0).randint(0, 2**64, words.shape[1], dtype=np.uint64) | np.uint64(1)
    return np.concatenate([words[chunk] @ factors for chunk in _chunks(*words.shape)])


def taken_places(
    rows: Rows, labels: NDArray[np.int64], weights: Doubles | None
) -> tuple[Places, Doubles | None]:
    """List the rows that an epoch takes, and how much each counts when it is taken.

    A row of weight w is taken ⌈w⌉ times, and counts w / ⌈w⌉ each time; rows of weight zero are not taken.

    Parameters
    ----------
    rows : ndarray of shape (N, features)
        C-contiguous.
    labels : ndarray of int64, shape (N,)
        Class indices.
    weights : ndarray of float64, shape (N,), optional
        None below zero, one at least above it; without them, all are one.

    Returns
    -------
    places : ndarray of int64, shape (M,)
        Indices of rows, in an order that does not depend on theirs.
    counts : ndarray of float64, shape (N,), or None
        Above zero and at most one where a row is taken; None where all rows count one.

    Examples
    --------
    >>> rows = np.array([[1.0], [2.0], [3.0]])
    >>> places, counts = taken_places(rows, np.array([0, 0, 1]), np.array([2.0, 0.0, 0.5]))
    >>> sorted(places.tolist()), counts.tolist()
    ([0, 0, 2], [1.0, 0.0, 0.5])
    """
    keys = fingerprints(rows)
    if weights is None:
        return np.lexsort((labels, keys)), None
    mean = weights[weights > 0].mean()
    scaled = weights * min(1.0, LARGEST_MEAN_WEIGHT / mean)
    times = np.ceil(scaled).astype(np.int64)
    counts = scaled / np.maximum(times, 1)
    order = np.lexsort((scaled, labels, keys))
    return np.repeat(order, times[order]), counts


def refuse_huge(rows: Rows) -> None:
    """Refuse values that float32 arithmetic cannot subtract a mean from.

    Raises
    ------
    UsageError
        When one is larger than `LARGEST_VALUE`, or smaller than minus that.
    """
    for extreme in (rows.min(), rows.max()):
        if abs(extreme) > LARGEST_VALUE:
            raise UsageError(
                f"X: a value of {extreme:g}; expected {-LARGEST_VALUE:g} to {LARGEST_VALUE:g}: scale or drop "
                "what is larger"
            )


def class_indices(classes: NDArray[Any], labels: NDArray[Any], weights: Doubles | None) -> NDArray[np.int64]:
    """Look labels up among sorted classes; those of weight zero may be anything.

    Raises
    ------
    UsageError
        When another is not among them.
    """
    indices = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    unknown = classes[indices] != labels
    if weights is not None:
        unknown &= weights > 0
    if unknown.any():
        raise UsageError(f"y: label {labels[unknown][0]}; expected one of the classes {listed(classes)}")
    return indices.astype(np.int64, copy=False)


def listed(classes: NDArray[Any]) -> str:
    """Name the first classes, on one line."""
    names = ", ".join(map(str, classes[:10]))
    return names if len(classes) <= 10 else f"{names}, … ({len(classes):,} in all)"


@dataclass(frozen=True, eq=False)
class Scale:
    """What is subtracted from rows, and by what they are then divided, in the rows' own unit.

    Parameters
    ----------
    mean, std : ndarray of float64, shape (features,) or (1,)
        One of each a feature; or, for pixels, one for all.
    """

    mean: Doubles
    std: Doubles

    @classmethod
    def measured(cls, rows: Rows, places: Places, counts: Doubles | None) -> Scale:
        """Measure the rows that are taken, each feature for itself, pixels all together.

        Where a value lies more than `FARTHEST` deviations from the mean, the deviation is taken as so much
        larger; of a feature that never changes it is one. Sums are over distances from the first of the rows,
        so that a large mean costs no digits.
        """
        origin = rows[places[0]].astype(np.float64)  # (features,)
        total, sums, squares = 0.0, np.zeros_like(origin), np.zeros_like(origin)
        lowest, highest = rows[places[0]], rows[places[0]]
        for chunk in _chunks(len(places), rows.shape[1]):
            taken = rows[places[chunk]]
            lowest, highest = np.minimum(lowest, taken.min(axis=0)), np.maximum(highest, taken.max(axis=0))
            distances = taken - origin  # (chunk, features), float64
            share = np.float64(1) if counts is None else counts[places[chunk], np.newaxis]
            total += np.broadcast_to(share, (len(taken), 1)).sum()
            sums += (share * distances).sum(axis=0)
            distances *= distances
            squares += (share * distances).sum(axis=0)
        shift = sums / total
        mean, variance = origin + shift, np.maximum(squares / total - shift**2, 0)
        if rows.dtype == np.uint8:
            pixels = np.array([variance.mean() + mean.var()])
            return cls(np.array([mean.mean()]), _divisor(np.sqrt(pixels)))
        farthest = np.maximum(highest - mean, mean - lowest)
        return cls(mean, _divisor(np.maximum(np.sqrt(variance), farthest / FARTHEST)))

    @classmethod
    def unchanged(cls, rows: Rows) -> Scale:
        """Leave rows as they are, pixels as fractions of 255."""
        return cls(np.zeros(1), np.full(1, 255.0 if rows.dtype == np.uint8 else 1.0))

    def for_engine(
        self, rows: Rows
    ) -> tuple[NDArray[np.uint8] | NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return rows, mean and deviation as `tenfold.training.engine.Examples` takes them.

        Pixels and float32 rows are returned as they are; others are normalised here, before they lose digits,
        to infinity where a row lies too far from the mean for float32.
        """
        if rows.dtype == np.uint8 or rows.dtype == np.float32:
            unit = 255 if rows.dtype == np.uint8 else 1
            raw: Any = rows
            return raw, (self.mean / unit).astype(np.float32), (self.std / unit).astype(np.float32)
        normalised = np.empty(rows.shape, np.float32)
        for chunk in _chunks(*rows.shape):
            with np.errstate(over="ignore"):
                normalised[chunk] = self.normalised(rows[chunk])
        return normalised, np.zeros(1, np.float32), np.ones(1, np.float32)

    def normalised(self, rows: Rows) -> Doubles:
        """Return ``(rows - mean) / std`` in float64."""
        return (rows - self.mean) / self.std


def _divisor(std: Doubles) -> Doubles:
    return np.where(std > np.finfo(np.float32).tiny, std, 1.0)


def _chunks(count: int, width: int) -> Iterator[slice]:
    """Cut ``count`` rows of ``width`` numbers into slices of about `CHUNK_VALUES` numbers."""
    step = max(1, CHUNK_VALUES // width)
    return (slice(start, start + step) for start in range(0, count, step))
