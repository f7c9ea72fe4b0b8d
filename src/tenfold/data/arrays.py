"""Images as the arrays of an ``.npz`` file, as Keras hands out MNIST.

Their names are ``x_train``, ``y_train``, ``x_test`` and ``y_test``; a validation split is ``x_val`` and
``y_val``. MedMNIST's names (``train_images``, ``train_labels``, ``val_images`` …) are understood as well.
``classes``, an array of text, names the classes where it is there; without it they are called by number.
Pickled objects are never loaded.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.inflation import believable
from tenfold.data.labels import check_labels, number_names
from tenfold.data.npy import read_npy_header
from tenfold.data.split import stratified_split
from tenfold.errors import DataError

NAMES = {  # split: names of images and labels
    "train": (("x_train", "y_train"), ("train_images", "train_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
    "validation": (("x_val", "y_val"), ("val_images", "val_labels")),
}
_EXPECTED = "expected x_train, y_train, x_test and y_test"


def read_npz(path: str | os.PathLike[str]) -> Splits:
    """Read an ``.npz`` file of images and labels.

    Images are uint8 of shape (N, H, W), (N, H, W, 1) or (N, H, W, 3); labels are integers of shape (N,) or
    (N, 1).

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Splits
        Without test arrays, a fifth of the training images is the test split (seed 0).

    Raises
    ------
    DataError
        When the file is missing or damaged, holds pickled objects, or its arrays are missing, of another type
        or shape, or do not fit.
    """
    path = Path(path)
    with opened_npz(path) as archive:
        members = members_of(archive)
        chosen = _choose(set(members), path)
        raw = {name: read_member(archive, members[name], path) for names in chosen.values() for name in names}
        named = read_member(archive, members["classes"], path) if "classes" in members else None
    arrays = {
        split: (_images(raw[x], f"{path}: {x}"), _labels(raw[y], f"{path}: {y}"))
        for split, (x, y) in chosen.items()
    }
    classes = number_names(*(labels for _, labels in arrays.values()))
    if named is not None:
        classes = _class_names(named, len(classes), f"{path}: classes")
    sets = {split: _image_set(*pair, classes, path, chosen[split]) for split, pair in arrays.items()}
    if "test" not in sets:
        sets["train"], sets["test"] = stratified_split(sets["train"])
    return Splits(**sets)


def _choose(names: set[str], path: Path) -> dict[str, tuple[str, str]]:
    """Find the arrays of each split by their names."""
    chosen: dict[str, tuple[str, str]] = {}
    for split, pairs in NAMES.items():
        for images, labels in pairs:
            present = names & {images, labels}
            if len(present) == 2:
                chosen.setdefault(split, (images, labels))
            elif present:
                missing = ({images, labels} - present).pop()
                raise DataError(f"{path}: has {present.pop()} but no {missing}; {_EXPECTED}: save both")
    if "train" not in chosen:
        found = ", ".join(sorted(names)[:10]) or "nothing"
        raise DataError(f"{path}: holds {found}; {_EXPECTED}: save the arrays under these names")
    return chosen


@contextmanager
def opened_npz(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an ``.npz`` file; whatever goes wrong with it in the body becomes a DataError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (DataError, MemoryError):
        raise
    except Exception as error:  # zipfile and its decompressors meet damage with errors of every type
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{path}: cannot be read ({error.strerror}); expected an .npz file") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{path}: damaged or not an .npz file ({reason}); {_EXPECTED}: save it again"
        ) from None


def members_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the arrays of an archive by name, in lower case."""
    return {info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()}


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[np.generic]:
    """Read one array of an opened file.

    Parameters
    ----------
    archive : ZipFile
        From :func:`opened_npz`.
    info : ZipInfo
        The array, one of :func:`members_of`.
    path : Path
        What errors call the file.

    Raises
    ------
    DataError
        When the array is empty, damaged, holds pickled objects, or inflates to more than is believed.
    """
    where = f"{path}: {info.filename}"
    if info.file_size > believable(info.compress_size):
        raise DataError(
            f"{where} declares {info.file_size:,} bytes, but is {info.compress_size:,} compressed; "
            "expected an honest file: save it with numpy.savez if you trust it"
        )
    with archive.open(info) as member:
        try:
            header = read_npy_header(member)
        except ValueError as error:
            raise DataError(
                f"{where} is damaged ({error}); expected a NumPy array of numbers: save it again"
            ) from None
        if header.dtype.hasobject:
            raise DataError(
                f"{where} holds pickled objects, which are never loaded; expected numbers: save it as uint8"
            )
        data = member.read()
    expected = math.prod(header.shape) * header.dtype.itemsize
    if not expected:
        raise DataError(f"{where} has shape {header.shape}; expected at least one image: save it again")
    if len(data) != expected:
        raise DataError(
            f"{where} holds {len(data):,} bytes; expected {expected:,} for its shape {header.shape}: "
            "save it again"
        )
    return np.frombuffer(data, header.dtype).reshape(header.shape, order="F" if header.fortran_order else "C")


def _images(array: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
    """Check type and shape of images."""
    if array.dtype != np.uint8:
        scaled = array.dtype.kind == "f"
        mend = "multiply by 255, round and save as uint8" if scaled else "save as uint8, 0 to 255"
        raise DataError(f"{where} is {array.dtype}; expected images of uint8: {mend}")
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[:, :, :, 0]
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise DataError(
            f"{where} has shape {array.shape}; expected (N, H, W), (N, H, W, 1) or (N, H, W, 3): "
            "reshape and save it again"
        )
    return np.ascontiguousarray(array, dtype=np.uint8)


def _labels(array: NDArray[np.generic], where: str) -> NDArray[np.int64]:
    """Check type, shape and range of labels."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{where} has shape {array.shape}; expected labels of shape (N,) or (N, 1): "
            "save the class of each image, not one column a class"
        )
    return check_labels(array, where)


def _class_names(array: NDArray[np.generic], least: int, where: str) -> tuple[str, ...]:
    """Check type, shape and number of class names."""
    if array.dtype.kind != "U" or array.ndim != 1 or len(set(array.tolist())) != len(array):
        raise DataError(
            f"{where} is {array.dtype} of shape {array.shape}; expected different names, an array of text of "
            "shape (classes,): save numpy.array of strings, or leave it out"
        )
    if len(array) < least:
        raise DataError(
            f"{where} holds {len(array)} names, but labels go up to {least - 1}; expected a name a class"
        )
    return tuple(map(str, array.tolist()))


def _image_set(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    path: Path,
    names: tuple[str, str],
) -> ImageSet:
    if len(images) != len(labels):
        raise DataError(
            f"{path}: {len(images):,} images in {names[0]}, but {len(labels):,} labels in {names[1]}; "
            "expected one label an image: save both from the same arrays"
        )
    return ImageSet(images, labels, classes, str(path))
