"""Look at data, and at this machine."""

from __future__ import annotations

import os

from tenfold.data.catalog import load_data
from tenfold.data.download import Progress
from tenfold.data.drawing import png_path, refuse_among_pictures
from tenfold.data.inspection import Inspection, inspect_data
from tenfold.diagnosis import Diagnosis, diagnose
from tenfold.errors import UsageError
from tenfold.training.augmentation import AUGMENTATIONS
from tenfold.training.augmentation_sheet import augmentation_sheet

PathLike = str | os.PathLike[str]


def inspect(
    data: PathLike,
    *,
    size: tuple[int, int] | None = None,
    sheet: PathLike | None = None,
    augment: PathLike | None = None,
    augmentation: str = "handwriting",
    progress: Progress | None = None,
) -> Inspection:
    """Say what is in a data set and what is wrong with it.

    Parameters
    ----------
    data : str or path-like
        Catalog name or path.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    sheet : path-like, optional
        A PNG to draw: a row of pictures a class.
    augment : path-like, optional
        A PNG to draw: what an augmentation makes of a picture of each class.
    augmentation : str, default "handwriting"
        Which augmentation that is.
    progress : callable, optional
        Told of a download.

    Returns
    -------
    Inspection
        Figures and faults, each with its mend.

    Raises
    ------
    UsageError
        When an argument cannot be; when a drawing would lie among the pictures.
    DataError
        When there is nothing at the path, or a drawing cannot be written.
    """
    if augmentation not in AUGMENTATIONS:
        raise UsageError(f"augmentation: '{augmentation}'; expected {', '.join(AUGMENTATIONS)}")
    if augment is not None:
        refuse_among_pictures(png_path(augment, "an augmentation's sheet"), data)
    found = inspect_data(data, size=size, sheet=sheet, progress=progress)
    if augment is not None:
        augmentation_sheet(load_data(data, size=size).train, AUGMENTATIONS[augmentation], augment)
    return found


def doctor() -> Diagnosis:
    """Say which engine, instruction set, precision, threads and data will be used here, and why."""
    return diagnose()
