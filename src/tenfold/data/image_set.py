"""Labelled images in memory, and the splits of a data set: what every reader returns."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenfold import native
from tenfold.errors import DataError

LARGEST_INPUT = 200_000
"""Values of an image, height x width x channels, that a row of input may have."""

LOPSIDED = 2
"""Beyond so many times the images of the smallest class, a set's classes are lopsided."""

_PIXELS = 1 << 18  # counted at a time: about 2 MB as the integers that NumPy counts


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images, their labels, and the names of the classes.

    Pixels stay uint8 until a batch is made, and may be memory-mapped.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Grey images, or colour images with ``C = 3`` (red, green, blue).
    labels : ndarray of int64, shape (N,)
        Index into ``classes``, one an image.
    classes : tuple of str
        Class names, in label order.
    source : str
        Where the images came from: a catalog name or a path.

    Raises
    ------
    DataError
        When shapes, types, counts or label values contradict each other.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim not in (3, 4):
            raise DataError(
                f"{self.source}: images are {self.images.dtype} of shape {self.images.shape}; "
                "expected uint8 of shape (N, H, W) or (N, H, W, C)"
            )
        if self.labels.dtype != np.int64 or self.labels.ndim != 1:
            raise DataError(
                f"{self.source}: labels are {self.labels.dtype} of shape {self.labels.shape}; "
                "expected int64 of shape (N,)"
            )
        if len(self.images) != len(self.labels):
            raise DataError(
                f"{self.source}: {len(self.images)} images but {len(self.labels)} labels; "
                "expected one label an image: check that both files belong together"
            )
        for name in self.classes:
            if not name.isprintable():
                raise DataError(
                    f"{self.source}: the class name {name!r} is no plain text; expected letters, digits, "
                    "signs: rename it (a folder from an archive may be in another encoding)"
                )
        outside = (self.labels < 0) | (self.labels >= len(self.classes))
        if outside.any():
            raise DataError(
                f"{self.source}: label {self.labels[outside][0]} of image {outside.argmax()} is out of "
                f"range; expected 0 to {len(self.classes) - 1} for {len(self.classes)} classes"
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def channels(self) -> int:
        """1 for grey images, C for colour."""
        return 1 if self.images.ndim == 3 else self.images.shape[3]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of images of each class, shape (len(classes),)."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def select(self, indices: NDArray[np.int64] | Sequence[int]) -> ImageSet:
        """Return the images at ``indices``, in that order."""
        return replace(self, images=self.images[indices], labels=self.labels[indices])

    def sha256(self) -> str:
        """Hash of pixels, shapes, labels and class names: two sets with equal hashes train alike."""
        digest = hashlib.sha256(repr((self.images.shape, self.classes)).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()


def is_lopsided(counts: NDArray[np.int64]) -> bool:
    """Say whether of the classes that have images one has more than twice as many as another.

    >>> is_lopsided(np.array([50, 0, 60])), is_lopsided(np.array([50, 0, 101]))
    (False, True)
    """
    present = counts[counts > 0]
    return bool(len(present)) and bool(present.max() > LOPSIDED * present.min())


def mean_and_std(images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure the pixels of each channel, as fractions of 255.

    The sums are whole numbers, so the figures are exact but for their last rounding, however many the images.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        At least one; may be memory-mapped.

    Returns
    -------
    mean, std : ndarray of float64, shape (C,)
        C is 1 for grey images; ``std`` is that of the whole population, divided by the number of pixels.

    Examples
    --------
    >>> mean_and_std(np.array([[[0, 255]]], dtype=np.uint8))
    (array([0.5]), array([0.5]))
    """
    channels = 1 if images.ndim == 3 else images.shape[3]
    counts = np.zeros((channels, 256), np.int64)
    step = max(1, _PIXELS // math.prod(images.shape[1:3]))
    for start in range(0, len(images), step):
        counts += _value_counts(images[start : start + step].reshape(-1, channels))
    values = np.arange(256)
    count = int(counts[0].sum())
    sums = [int(total) for total in counts @ values]
    squares = [int(total) for total in counts @ values**2]
    variances = [(count * q - s * s) / count**2 for s, q in zip(sums, squares, strict=True)]
    return np.array(sums) / count / 255, np.sqrt(variances) / 255


def _value_counts(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how often each channel (row) has each value (column)."""
    if native.absence() is None:
        from tenfold._native import pixel_counts

        return pixel_counts(np.ascontiguousarray(pixels))
    return np.stack([np.bincount(channel, minlength=256) for channel in pixels.T])


@dataclass(frozen=True)
class Splits:
    """The parts of a data set: same classes, same image size.

    Parameters
    ----------
    train, test : ImageSet
        What to learn from, and what only reports.
    validation : ImageSet, optional
        A third part, where the source has one.
    """

    train: ImageSet
    test: ImageSet
    validation: ImageSet | None = None

    def __post_init__(self) -> None:
        for name, part in self.parts.items():
            if part.images.shape[1:] != self.train.images.shape[1:]:
                raise DataError(
                    f"{part.source}: {name} images have shape {part.images.shape[1:]}, training images "
                    f"{self.train.images.shape[1:]}; expected the same: tenfold inspect shows which differ"
                )
            if part.classes != self.train.classes:
                raise DataError(
                    f"{part.source}: {name} classes {part.classes} differ from the training classes "
                    f"{self.train.classes}; expected the same names in the same order"
                )

    @property
    def parts(self) -> dict[str, ImageSet]:
        """The image sets by name, those that there are: ``train``, ``validation``, ``test``."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in parts.items() if part is not None}

    def sha256(self) -> str:
        """Hash of the names and contents of all parts."""
        contents = "".join(f"{name} {part.sha256()}\n" for name, part in self.parts.items())
        return hashlib.sha256(contents.encode()).hexdigest()
