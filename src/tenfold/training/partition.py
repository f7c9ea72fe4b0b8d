"""Which training images are learnt from, and which are held out, for calibration or early stopping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenfold.data.split import stratified_count
from tenfold.training.recipe import Recipe

LARGEST_SHARE = 10
"""At most a tenth of the training images is held out for each purpose."""

VALIDATION_IMAGES = 5_000

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Partition:
    """Places of training images by their purpose, each in rising order.

    Parameters
    ----------
    learn : ndarray of int64
        To learn from.
    calibration : ndarray of int64
        Never learnt from: for the calibration of probabilities.
    validation : ndarray of int64
        Never learnt from: for early stopping.
    """

    learn: Places
    calibration: Places
    validation: Places


def partition(labels: NDArray[np.int64], recipe: Recipe, has_validation: bool = False) -> Partition:
    """Hold out what a recipe asks for, stratified and drawn with the recipe's seed.

    Parameters
    ----------
    labels : ndarray of int64, shape (N,)
        Classes of the training images.
    recipe : Recipe
        How many for calibration, and whether early stopping needs others.
    has_validation : bool
        Whether the data brings validation images of its own.

    Examples
    --------
    >>> parts = partition(np.arange(100) % 2, Recipe.named("lecture").with_changes(calibration_images=2_000))
    >>> len(parts.learn), len(parts.calibration), len(parts.validation)
    (90, 10, 0)
    """
    limit = len(labels) // LARGEST_SHARE
    everything = np.arange(len(labels))
    calibration = stratified_count(labels, min(recipe.calibration_images, limit), recipe.seed)
    rest = np.delete(everything, calibration)
    wanted = min(VALIDATION_IMAGES, limit) if recipe.patience and not has_validation else 0
    validation = rest[stratified_count(labels[rest], wanted, recipe.seed)]
    return Partition(np.setdiff1d(rest, validation, assume_unique=True), calibration, validation)


def class_weights(labels: NDArray[np.int64], learn: Places, recipe: Recipe) -> NDArray[np.float32] | None:
    """Weigh every example so that each class counts the same among those that are learnt from.

    The weights of the images in ``learn`` have a mean of one, as scikit-learn's ``class_weight="balanced"``.

    Returns
    -------
    ndarray of float32, shape (N,), or None
        Nothing where the recipe does not ask for it.
    """
    if recipe.class_weight == "none":
        return None
    counts = np.bincount(labels[learn], minlength=int(labels.max()) + 1)
    present = np.count_nonzero(counts)
    weights = len(learn) / (present * np.maximum(counts, 1))
    return weights[labels].astype(np.float32)
