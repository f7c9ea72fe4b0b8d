"""Which augmentation suits the data: small trainings, each tried on images that it has not learnt from."""

from __future__ import annotations

import math

import numpy as np

from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.split import stratified_count
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.augmentation import AUGMENTATIONS
from tenfold.training.distortion import LARGEST_SIDE
from tenfold.training.engine import Engine
from tenfold.training.partition import partition
from tenfold.training.recipe import Recipe
from tenfold.training.trial import Trial

LEARN, VALIDATE, STEPS = 3_000, 2_000, 900
"""Images that a pilot learns from and is tried on, at most, and its steps."""


def best_augmentation(recipe: Recipe, splits: Splits, engine: Engine, threads: int) -> tuple[str, str]:
    """Try every augmentation that the images allow, on a part of the training images.

    A pilot learns from few images for many epochs: what then helps against learning by heart helps a long
    training on many images too. Images held out for calibration are left alone.

    Returns
    -------
    tuple of str
        Name of the best, and the accuracies of all in words.
    """
    names = candidates(splits.train)
    if len(names) == 1:
        return names[0], f"images of {splits.train.size[0]} x {splits.train.size[1]} pixels are not distorted"
    rest = partition(splits.train.labels, recipe, splits.validation is not None).learn
    labels = splits.train.labels
    tried_on = rest[stratified_count(labels[rest], min(VALIDATE, len(rest) // 4), recipe.seed)]
    if len(tried_on) == 0:
        return "none", f"{len(rest)} images are too few to try others on"
    others = np.setdiff1d(rest, tried_on, assume_unique=True)
    learn = others[stratified_count(labels[others], min(LEARN, len(others)), recipe.seed)]
    preprocessing = Preprocessing.fitted(splits.train.images)
    epochs = max(1, round(STEPS / math.ceil(len(learn) / recipe.batch_size)))

    def accuracy(name: str) -> float:
        pilot = recipe.with_changes(augmentation=AUGMENTATIONS[name], epochs=epochs, patience=0)
        return Trial(pilot, splits.train, preprocessing, learn, engine, threads).accuracy(tried_on)

    accuracies = {name: accuracy(name) for name in names}
    best = max(accuracies, key=lambda name: accuracies[name])
    figures = ", ".join(f"{name} {accuracy:.1%}" for name, accuracy in accuracies.items())
    return best, f"by pilots on {len(learn):,} images, tried on {len(tried_on):,} others: {figures}"


def candidates(images: ImageSet) -> list[str]:
    """Name what may be tried: characters are never mirrored, and extreme sizes not distorted."""
    if not 2 <= min(images.size) <= max(images.size) <= LARGEST_SIDE:
        return ["none"]
    characters = all(len(name) == 1 or name.isdecimal() for name in images.classes)
    return [name for name, numbers in AUGMENTATIONS.items() if not (characters and numbers.mirror)]
