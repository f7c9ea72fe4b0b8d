"""Confident learning: which labels are wrong, from them and from out-of-sample probabilities alone.

A class is believed of an image where its probability reaches what the class's own images have on average.
Counting given labels against believed classes estimates how many labels of each class are wrong; so many of
its images, those with the least probability of their label, are suspects.

References
----------
C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70 (2021): the confident joint, equations 1 to 3, and pruning by
class, section 3.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.functional import Floats

Labels = NDArray[np.int64]

TOLERANCE = 1e-6
"""A probability that is smaller than a threshold by no more than this reaches it."""


def label_quality(labels: Labels, probabilities: Floats) -> Floats:
    """Return the probability of each image's own label, its self-confidence: the lower, the more suspect.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
        Given classes.
    probabilities : ndarray of shape (N, classes)
        Out of sample: of a network that has not learnt from the image.

    Returns
    -------
    ndarray of shape (N,)
    """
    quality: Floats = probabilities[np.arange(len(labels)), labels]
    return quality


def confident_joint(labels: Labels, probabilities: Floats) -> Labels:
    """Estimate how many images of each given class belong to each class in truth.

    Images with a believed class are counted; each row is then scaled to the number of images with that label
    and rounded, the largest remainders up.

    Parameters
    ----------
    labels, probabilities
        As in `label_quality`.

    Returns
    -------
    ndarray of int64, shape (classes, classes)
        Images by given class (row) and true class (column).

    Examples
    --------
    >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.1, 0.9], [0.05, 0.95]])
    >>> confident_joint(np.array([0, 0, 1, 1, 1]), probabilities)
    array([[2, 0],
           [1, 2]])
    """
    classes = probabilities.shape[1]
    believed = _believed_classes(labels, probabilities)
    known = believed >= 0
    counts = np.bincount(labels[known] * classes + believed[known], minlength=classes**2)
    counts = counts.reshape(classes, classes)
    np.fill_diagonal(counts, counts.diagonal().clip(min=1))
    totals = np.bincount(labels, minlength=classes)
    return _rounded(counts / counts.sum(axis=1, keepdims=True) * totals[:, np.newaxis], totals)


def label_issues(labels: Labels, probabilities: Floats) -> NDArray[np.bool_]:
    """Find the images whose label is probably wrong.

    Of each class as many as `confident_joint` estimates, but not all, those of the least `label_quality`;
    never an image whose own label is the most probable.

    Parameters
    ----------
    labels, probabilities
        As in `label_quality`.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    joint = confident_joint(labels, probabilities)
    totals = joint.sum(axis=1)
    wrong = np.minimum(totals - joint.diagonal(), np.maximum(totals - 1, 0))
    quality = label_quality(labels, probabilities)
    order = np.lexsort((quality, labels))  # class after class, the least probable first
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - (np.cumsum(totals) - totals)[labels[order]]
    issues: NDArray[np.bool_] = (rank < wrong[labels]) & (quality < probabilities.max(axis=1))
    return issues


def _believed_classes(labels: Labels, probabilities: Floats) -> Labels:
    """Return the class believed of each image, -1 where none is.

    Where several classes reach their thresholds it is the most probable of all, as in the authors' cleanlab.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    sums = np.bincount(labels, label_quality(labels, probabilities), minlength=len(counts))
    means = np.maximum(sums / np.maximum(counts, 1), 2 * TOLERANCE)
    reached = probabilities >= np.where(counts > 0, means, np.inf) - TOLERANCE
    number = reached.sum(axis=1)
    believed = np.where(number > 1, probabilities.argmax(axis=1), reached.argmax(axis=1))
    return np.where(number > 0, believed, -1)


def _rounded(rows: Floats, totals: Labels) -> Labels:
    """Round to whole numbers so that each row keeps its total."""
    whole = np.floor(rows).astype(np.int64)
    order = np.argsort(whole - rows, axis=1, kind="stable")
    places = np.argsort(order, axis=1)  # 0 for a row's largest remainder
    missing = totals - whole.sum(axis=1)
    return np.where(places < missing[:, np.newaxis], whole + 1, whole)
