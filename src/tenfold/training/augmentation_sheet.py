"""See what an augmentation does: a row a class, an image as it is, and how the first epochs would see it."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.contact_sheet import contact_sheet
from tenfold.training.augmentation import Augmentation
from tenfold.training.distortion import distorted

EPOCHS = 15


def augmentation_sheet(
    images: ImageSet, augmentation: Augmentation, path: str | os.PathLike[str], *, seed: int = 0
) -> None:
    """Draw the first image of every class, and beside it what ``EPOCHS`` epochs with this seed make of it.

    Parameters
    ----------
    images : ImageSet
        Training images.
    augmentation : Augmentation
        How far to distort them.
    path : path-like
        The file to write, ending in ``.png``.
    seed : int
        Of the training that is shown.

    Raises
    ------
    UsageError
        When the images cannot be distorted, or ``path`` does not end in ``.png``.
    DataError
        When the file cannot be written.
    """
    present, first = np.unique(images.labels, return_index=True)
    originals = images.images[first]
    epochs = [distorted(originals, first, augmentation, seed, epoch) for epoch in range(EPOCHS)]
    versions = np.stack([originals, *epochs], axis=1)  # (classes, 1 + EPOCHS, H, W[, C])
    shown = replace(
        images,
        images=versions.reshape(-1, *originals.shape[1:]),
        labels=np.repeat(present, 1 + EPOCHS),
        source=f"{images.source}, as it is and as {EPOCHS} epochs see it",
    )
    contact_sheet(shown, path, columns=1 + EPOCHS)
