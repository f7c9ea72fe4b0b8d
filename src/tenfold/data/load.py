"""Any path to data becomes splits: this file finds out what the path is and calls the reader for it."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from tenfold.data.arrays import read_npz
from tenfold.data.folder import read_folder
from tenfold.data.idx_folder import find_idx_files, read_idx_folder
from tenfold.data.image_set import LARGEST_INPUT, ImageSet, Splits
from tenfold.data.listing import is_hidden
from tenfold.data.picture import check_size, picture_format, scale
from tenfold.data.split import stratified_split
from tenfold.data.table import find_csv_files, read_csv, read_csv_folder
from tenfold.errors import DataError

ACCEPTED = (
    "a folder of pictures with one folder a class, a folder of four IDX files, a CSV table or an .npz file"
)


def load_path(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None) -> Splits:
    """Read the images at a path, whatever form they have.

    A set that has no test split gets one: a fifth of every class, drawn with seed 0, so that all commands
    agree on it.

    Parameters
    ----------
    path : path-like
        A folder of pictures, a folder of IDX files (also torchvision's ``X/MNIST/raw``), a ``.csv`` table or
        a folder with ``train.csv``, an ``.npz`` file.
    size : tuple of int, optional
        Height and width to scale every image to.

    Returns
    -------
    Splits
        Training and test images, at least two classes.

    Raises
    ------
    DataError
        When the path is missing, of no known form, or its content is damaged.
    UsageError
        When ``size`` is out of range.
    """
    path = Path(path)
    if size is not None:
        check_size(size)
    try:
        splits = _read(path, size)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected {ACCEPTED}") from None
    return usable(splits, size)


def usable(splits: Splits, size: tuple[int, int] | None) -> Splits:
    """Scale the images of splits that were read as they are, and refuse what nobody can learn from.

    Raises
    ------
    DataError
        When all training images are of one class, there is no test image, or images are too large to be rows
        of input values.
    """
    if size is not None:
        splits = _scaled(splits, size)
    _refuse_useless(splits)
    return splits


def _read(path: Path, size: tuple[int, int] | None) -> Splits:
    """Call the reader for a path."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; expected {ACCEPTED}")
    if not path.is_dir():
        return _read_file(path)
    if not any(not is_hidden(entry.name) for entry in path.iterdir()):
        raise DataError(f"{path}: is an empty folder; expected {ACCEPTED}")
    if find_idx_files(path):
        return read_idx_folder(path)
    if find_csv_files(path):
        return read_csv_folder(path)
    return read_folder(path, size=size)


def _read_file(path: Path) -> Splits:
    """Call the reader for a single file."""
    name = path.name.lower()
    if name.endswith(".npz"):
        return read_npz(path)
    if name.endswith((".csv", ".csv.gz")):
        return Splits(*stratified_split(read_csv(path)))
    with path.open("rb") as file:
        kind = picture_format(file.read(16))
    mend = "give the folder that holds it"
    if name.endswith((".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")):
        kind, mend = "archive", "unpack it and give the folder"
    elif "ubyte" in name or ".idx" in name or "-idx" in name:
        kind = "single IDX"
    raise DataError(
        f"{path}: is {f'one {kind}' if kind else 'another kind of'} file; expected {ACCEPTED}: {mend}"
    )


def _scaled(splits: Splits, size: tuple[int, int]) -> Splits:
    """Scale the images that their reader has not scaled already."""
    if splits.train.size == tuple(size):
        return splits

    def scaled(part: ImageSet) -> ImageSet:
        return replace(part, images=np.stack([scale(image, size) for image in part.images]))

    return Splits(**{name: scaled(part) for name, part in splits.parts.items()})


def _refuse_useless(splits: Splits) -> None:
    """Refuse images that no classifier can learn from, or be tested on."""
    train = splits.train
    if np.count_nonzero(train.counts) < 2:
        raise DataError(f"{train.source}: all training images are of one class; expected two or more classes")
    if not len(splits.test):
        raise DataError(
            f"{train.source}: there is no test image, and none to hold out; "
            "expected at least two images of some class: add some, or a test set, such as a folder test/"
        )
    shape = train.images.shape[1:]
    if math.prod(shape) > LARGEST_INPUT:
        raise DataError(
            f"{train.source}: images of shape {shape} make {math.prod(shape):,} input values; "
            f"expected at most {LARGEST_INPUT:,}: --size 28x28, say, scales every picture"
        )
