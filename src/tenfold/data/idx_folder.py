"""A folder of four IDX files, as MNIST and its relatives are handed out.

A file is known by its name: an optional prefix, ``train``, ``t10k`` or ``test``, then ``images`` or
``labels``, then ``-idx3-ubyte`` or ``.idx3-ubyte``, gzipped or not (the plain one is read where both are
there). QMNIST's labels end in ``-idx2-int`` and have eight columns, of which the first is the class.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tenfold.data.idx import read_idx
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.labels import check_labels, number_names
from tenfold.errors import DataError

Split = Literal["train", "test"]
Part = Literal["images", "labels"]

_NAME = re.compile(
    r"(?:(?P<prefix>.+)[-_.])?(?P<split>train|t10k|test)-(?P<part>images|labels)[-.]idx\d-(?:ubyte|int)(?:\.gz)?",
    re.IGNORECASE,
)


def find_idx_files(path: str | os.PathLike[str]) -> dict[tuple[Split, Part], Path]:
    """Find the IDX files of a folder, also in torchvision's layouts ``X/MNIST/raw`` and ``X/raw``.

    Parameters
    ----------
    path : path-like
        A folder.

    Returns
    -------
    dict
        The path of each file that is there, by split (``"train"``, ``"test"``) and part (``"images"``,
        ``"labels"``); empty where the folder holds none.

    Raises
    ------
    DataError
        When the folder holds more than one data set.
    """
    path = Path(path)
    for folders in ([path], [path / "raw"], sorted(path.glob("*/raw"))):
        found = [files for folder in folders if folder.is_dir() and (files := _files_of(folder))]
        if len(found) > 1:
            names = ", ".join(str(next(iter(files.values())).parent) for files in found)
            raise DataError(
                f"{path}: holds {len(found)} data sets ({names}); "
                "expected one: give the folder of one of them"
            )
        if found:
            return found[0]
    return {}


def _files_of(folder: Path) -> dict[tuple[Split, Part], Path]:
    """Return the IDX files that lie in this very folder."""
    files: dict[tuple[Split, Part], Path] = {}
    prefixes = set()
    for file in sorted(folder.iterdir()):  # a plain file sorts before its gzipped twin
        match = _NAME.fullmatch(file.name)
        if match is None or not file.is_file():
            continue
        prefixes.add(match["prefix"] or "")
        split: Split = "train" if match["split"].lower() == "train" else "test"
        part: Part = "images" if match["part"].lower() == "images" else "labels"
        files.setdefault((split, part), file)
    if len(prefixes) > 1:
        names = ", ".join(sorted(prefix or "no prefix" for prefix in prefixes))
        raise DataError(
            f"{folder}: holds IDX files of several data sets ({names}); "
            "expected one: move each into a folder of its own"
        )
    return files


def read_idx_images(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read an IDX file of grey images.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    ndarray of uint8, shape (N, H, W)

    Raises
    ------
    DataError
        When the file is not IDX, empty, damaged, not uint8, or not three-dimensional.
    """
    images = read_idx(path, ndim=3)
    if images.dtype != np.uint8:
        raise DataError(
            f"{path}: images are {images.dtype}; expected uint8 (IDX type 08): scale them to 0 to 255"
        )
    return images.astype(np.uint8, copy=False)


def read_idx_labels(path: str | os.PathLike[str]) -> NDArray[np.int64]:
    """Read an IDX file of labels.

    Parameters
    ----------
    path : path-like
        The file: one whole number an image, or QMNIST's rows of eight, of which the first is the class.

    Returns
    -------
    ndarray of int64, shape (N,)

    Raises
    ------
    DataError
        When the file is not IDX, damaged, or holds other than whole numbers from 0 to 9,999.
    """
    labels = read_idx(path)
    if labels.ndim == 2 and labels.shape[1] == 8 and labels.dtype == np.int32:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{path}: labels have shape {labels.shape}; expected (N,), or QMNIST's (N, 8) of int32: "
            "check that images and labels are not swapped"
        )
    return check_labels(labels, str(path))


def read_idx_split(path: str | os.PathLike[str], split: Split) -> ImageSet:
    """Read one split of a folder of IDX files; its classes are named ``"0"`` to the largest label.

    Parameters
    ----------
    path : path-like
        A folder as :func:`find_idx_files` knows it.
    split : {"train", "test"}
        The split to read.

    Returns
    -------
    ImageSet
        Grey images.

    Raises
    ------
    DataError
        When a file of the split is missing or damaged, or the two do not fit.
    """
    files = find_idx_files(path)
    _refuse_missing(path, [(split, "images"), (split, "labels")], files)
    images = read_idx_images(files[split, "images"])
    labels = read_idx_labels(files[split, "labels"])
    if len(images) != len(labels):
        raise DataError(
            f"{files[split, 'labels']}: {len(labels):,} labels, but {files[split, 'images'].name} holds "
            f"{len(images):,} images; expected one label an image: check that both files belong together"
        )
    return ImageSet(images, labels, number_names(labels), str(path))


def read_idx_folder(path: str | os.PathLike[str]) -> Splits:
    """Read a folder of four IDX files.

    Parameters
    ----------
    path : path-like
        A folder as :func:`find_idx_files` knows it.

    Returns
    -------
    Splits
        Train and test, with classes ``"0"`` to the largest label of both.

    Raises
    ------
    DataError
        When a file is missing or damaged, or images and labels do not fit.
    """
    _refuse_missing(
        path, [(s, p) for s in ("train", "test") for p in ("images", "labels")], find_idx_files(path)
    )
    train, test = (read_idx_split(path, split) for split in ("train", "test"))
    classes = number_names(train.labels, test.labels)
    return Splits(*(ImageSet(part.images, part.labels, classes, part.source) for part in (train, test)))


def _refuse_missing(
    path: str | os.PathLike[str], wanted: list[tuple[Split, Part]], files: dict[tuple[Split, Part], Path]
) -> None:
    missing = [
        f"{split.replace('test', 't10k')}-{part}" for split, part in wanted if (split, part) not in files
    ]
    if missing:
        raise DataError(
            f"{os.fspath(path)}: has no IDX file for {', '.join(missing)}; "
            "expected the four files train-images, train-labels, t10k-images and t10k-labels, "
            "each ending in -idx3-ubyte or -idx1-ubyte, gzipped or not"
        )
