"""Images that are equal pixel for pixel, and those among them whose labels contradict each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.data.inspection.set_faults import hash_pixels
from tenfold.evaluation.confident_learning import label_quality
from tenfold.functional import Floats

Places = NDArray[np.int64]


def first_copies(images: NDArray[np.uint8]) -> Places:
    """Return for each image the place of the first that has the same pixels: its own where it is the first.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)

    Returns
    -------
    ndarray of int64, shape (N,)

    Examples
    --------
    >>> first_copies(np.array([5, 7, 5, 7, 6], np.uint8).reshape(-1, 1, 1))
    array([0, 1, 0, 1, 4])
    """
    first: dict[bytes, int] = {}
    places = [first.setdefault(hash_pixels(image), place) for place, image in enumerate(images)]
    return np.array(places, np.int64)


def contradicted(labels: Places, copies: Places, probabilities: Floats) -> Places:
    """Find the copies of a picture whose label another copy contradicts, and is more probable.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
        Given classes.
    copies : ndarray of int64, shape (N,)
        Of `first_copies`.
    probabilities : ndarray of shape (N, classes)
        The same for all copies of a picture.

    Returns
    -------
    ndarray of int64, shape (N,)
        The place of the copy with the most probable label, or -1 for an image that nothing contradicts.
    """
    quality = label_quality(labels, probabilities)
    order = np.lexsort((labels, -quality, copies))  # picture after picture, its best label first
    _, starts = np.unique(copies[order], return_index=True)
    best = np.full(len(labels), -1)
    best[copies[order[starts]]] = order[starts]
    best = best[copies]
    return np.where(labels[best] != labels, best, -1)
