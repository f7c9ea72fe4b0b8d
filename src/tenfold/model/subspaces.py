"""What the images of each class look like: their mean, and the few directions in which they vary most.

An image of a class lies near the plane through the class's mean image along these directions (its principal
components); what the plane leaves over tells images of something else.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.functional import Floats, Labels

BYTES = 120_000
"""Most that means and directions may take together, which bounds the model file."""

LARGEST_RANK, LEAST_RANK = 16, 4
"""Directions a class: at most, and so many that images are rather averaged in blocks than to have fewer."""

ITERATIONS, OVERSAMPLING = 4, 8


@dataclass(frozen=True, eq=False)
class Subspaces:
    """A mean and a few directions a class, as bytes.

    Parameters
    ----------
    block : int
        Images are averaged over blocks of ``block`` × ``block`` pixels first; those at the right and lower
        border may be smaller. 1 leaves an image as it is. F is the number of values that result.
    means : ndarray of uint8, shape (K, F)
        Mean image of each class, rounded.
    directions : ndarray of int8, shape (K, R, F)
        Directions of greatest variance. Divided by its length, each has length one; zeros stand for a
        direction that is missing, as where a class has few images.
    """

    block: int
    means: NDArray[np.uint8]
    directions: NDArray[np.int8]

    @classmethod
    def fitted(cls, images: NDArray[np.uint8], labels: Labels, classes: int) -> Subspaces:
        """Find means and directions, by randomised subspace iteration.

        The bits are the same on any machine that has the same NumPy, if its matrix products use as many
        threads; rounding to bytes hides most of what differs otherwise.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            About a thousand a class are enough.
        labels : ndarray of int, shape (N,)
            Their classes.
        classes : int
            K.

        References
        ----------
        N. Halko, P.-G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM Review 53, 2011.
        """
        block = block_size(images.shape[1:], classes)
        values = averaged(images, block)
        rank = rank_for(values.shape[1], classes)
        means = np.zeros((classes, values.shape[1]), np.uint8)
        directions = np.zeros((classes, rank, values.shape[1]), np.int8)
        for label in np.unique(labels):
            own = values[labels == label]
            means[label] = np.rint(own.mean(axis=0))
            found = _principal_directions(own - means[label], rank)
            directions[label, : len(found)] = found
        return cls(block, means, directions)

    def strangeness(self, images: NDArray[np.uint8], classes: Labels) -> Floats:
        r"""Measure how little each image looks like the training images of one class.

        .. math:: \frac{r^2}{\|d\|^2}, \quad r = \|d\|^2 - \sum_j (v_j \cdot d)^2,
            \quad d = \frac{x - m}{255}

        where ``x`` is the image, averaged in blocks, ``m`` the mean image of the class and ``v`` its
        directions at length one: the squared distance ``r`` that the directions leave over, times its share
        in the whole. The share tells thin and faint pictures too, the distance tells full ones.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of the shape of those that were fitted.
        classes : ndarray of int, shape (N,)
            With which class to compare each.

        Returns
        -------
        ndarray of float32, shape (N,)
            From 0, and 0 for the mean itself.
        """
        differences = averaged(images, self.block) - self.means[classes]  # (N, F)
        differences /= np.float32(255)
        squared = np.einsum("nf,nf->n", differences, differences)
        along = (differences @ self._axes.T).reshape(len(images), *self.directions.shape[:2])  # (N, K, R)
        along = along[np.arange(len(images)), classes]  # (N, R)
        left = np.maximum(squared - np.einsum("nr,nr->n", along, along), 0)
        return np.asarray(left / np.maximum(squared, np.finfo(np.float32).tiny) * left, np.float32)

    @cached_property
    def _axes(self) -> Floats:
        """Return the directions at length one, float32 of shape (K × R, F)."""
        axes = self.directions.reshape(-1, self.directions.shape[2]).astype(np.float32)
        axes /= np.maximum(np.sqrt(np.einsum("af,af->a", axes, axes)), 1)[:, np.newaxis]
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them: arrays as base64 of their bytes."""
        return {
            "block": self.block,
            "shape": list(self.directions.shape),
            "means": base64.b64encode(self.means.tobytes()).decode(),
            "directions": base64.b64encode(self.directions.tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Subspaces:
        """Read what `to_dict` gives.

        Raises
        ------
        KeyError, TypeError, ValueError
            When the values are not what `to_dict` could have given.
        """
        classes, rank, features = (int(size) for size in values["shape"])
        means = np.frombuffer(base64.b64decode(values["means"], validate=True), np.uint8)
        directions = np.frombuffer(base64.b64decode(values["directions"], validate=True), np.int8)
        block = int(values["block"])
        if min(block, classes, features) < 1 or rank < 0:
            raise ValueError(f"subspaces: block {block}, shape {classes} × {rank} × {features}")
        return cls(block, means.reshape(classes, features), directions.reshape(classes, rank, features))


def averaged(images: NDArray[np.uint8], block: int) -> Floats:
    """Average images over square blocks; those at the right and lower border take what there is.

    Returns
    -------
    ndarray of float32, shape (N, F)
        From 0 to 255: sums of whole numbers, divided once.

    Examples
    --------
    >>> averaged(np.array([[[0, 2, 9], [4, 6, 11]]], np.uint8), 2)
    array([[ 3., 10.]], dtype=float32)
    """
    if block == 1:
        return images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float32)
    rows, columns = (np.arange(0, size, block) for size in images.shape[1:3])
    sums = np.add.reduceat(images, rows, axis=1, dtype=np.uint32)
    sums = np.add.reduceat(sums, columns, axis=2)  # (N, rows, columns) or (N, rows, columns, C)
    counts = np.outer(_lengths(rows, images.shape[1]), _lengths(columns, images.shape[2]))
    counts = counts.reshape(counts.shape + (1,) * (images.ndim - 3))
    averages = sums.astype(np.float32) / counts.astype(np.float32)
    return np.asarray(averages.reshape(len(images), math.prod(averages.shape[1:])))


def _lengths(starts: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    return np.diff(starts, append=end)


def block_size(shape: tuple[int, ...], classes: int) -> int:
    """Return the smallest block whose averages leave room for `LEAST_RANK` directions a class.

    Examples
    --------
    >>> block_size((28, 28), 10), block_size((28, 28), 100), block_size((32, 32, 3), 10)
    (1, 2, 2)
    """
    height, width, *channels = shape
    block = 1
    while block < max(height, width):
        features = -(-height // block) * -(-width // block) * int(np.prod(channels))
        if classes * features * (1 + LEAST_RANK) <= BYTES:
            break
        block += 1
    return block


def rank_for(features: int, classes: int) -> int:
    """Return how many directions a class has: few beside its values, and within `BYTES`.

    Examples
    --------
    >>> rank_for(784, 10), rank_for(64, 10), rank_for(2, 2)
    (14, 16, 0)
    """
    return max(0, min(LARGEST_RANK, features // 4, BYTES // (classes * features) - 1))


def _principal_directions(rows: Floats, rank: int) -> NDArray[np.int8]:
    """Return at most ``rank`` directions of centred rows, scaled to bytes, of decreasing variance."""
    rank = min(rank, len(rows) - 1)
    if rank < 1:
        return np.zeros((0, rows.shape[1]), np.int8)
    width = min(rank + OVERSAMPLING, *rows.shape)
    seen = rows.T @ np.random.default_rng(0).standard_normal((len(rows), width), np.float32)
    for _ in range(ITERATIONS):
        basis = np.linalg.qr(seen)[0]
        seen = rows.T @ (rows @ basis)
    basis = np.linalg.qr(seen)[0]
    _, sizes, turned = np.linalg.svd(rows @ basis, full_matrices=False)
    directions: Floats = turned[:rank] @ basis.T  # (rank, F)
    directions *= 127 / np.abs(directions).max(axis=1, keepdims=True)
    strongest = directions[np.arange(rank), np.abs(directions).argmax(axis=1)]
    directions *= np.where(strongest < 0, -1, 1)[:, np.newaxis]
    directions[sizes[:rank] <= 1e-6 * len(rows)] = 0  # identical images vary in no direction
    whole: NDArray[np.int8] = np.rint(directions).astype(np.int8)
    return whole
