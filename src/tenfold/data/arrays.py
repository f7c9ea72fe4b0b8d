"""Images as the arrays of an ``.npz`` file, as Keras hands out MNIST.

Their names are ``x_train``, ``y_train``, ``x_test`` and ``y_test``; a validation split is ``x_val`` and
``y_val``. MedMNIST's names (``train_images``, ``train_labels``, ``val_images`` …) are understood as well.
Pickled objects are never loaded.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.data.idx import LARGE, SUSPECT_RATIO
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.labels import check_labels, number_names
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
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()}
            chosen = _choose(set(members), path)
            arrays = {
                split: (
                    _images(_read(archive, members[x], path), f"{path}: {x}"),
                    _labels(_read(archive, members[y], path), f"{path}: {y}"),
                )
                for split, (x, y) in chosen.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path}: damaged or not an .npz file ({reason}); {_EXPECTED}: save it again"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected an .npz file") from None
    classes = number_names(*(labels for _, labels in arrays.values()))
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


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[np.generic]:
    """Read one array, and no more bytes than its own header declares."""
    where = f"{path}: {info.filename}"
    if info.file_size > LARGE and info.file_size > SUSPECT_RATIO * info.compress_size:
        raise DataError(
            f"{where} declares {info.file_size:,} bytes, but is {info.compress_size:,} compressed; expected "
            f"an honest "
            "file: save it with numpy.savez if you trust it"
        )
    try:
        with archive.open(info) as member:
            version = np.lib.format.read_magic(member)
            read_header = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = read_header(member)
            if dtype.hasobject:
                raise DataError(
                    f"{where} holds pickled objects, which are never loaded; expected numbers: save it as "
                    f"uint8"
                )
            data = member.read()
    except ValueError as error:
        raise DataError(
            f"{where} is damaged ({' '.join(str(error).split())}); expected a NumPy array: save it again"
        ) from None
    expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(data) != expected:
        raise DataError(
            f"{where} holds {len(data):,} bytes; expected {expected:,} for its shape {shape}: save it again"
        )
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _images(array: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
    """Check type and shape of images."""
    if array.dtype != np.uint8:
        mend = (
            "multiply by 255, round and save as uint8"
            if array.dtype.kind == "f"
            else "save as uint8, 0 to 255"
        )
        raise DataError(f"{where} is {array.dtype}; expected images of uint8: {mend}")
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[:, :, :, 0]
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3) or not array.size:
        raise DataError(
            f"{where} has shape {array.shape}; expected (N, H, W), (N, H, W, 1) or (N, H, W, 3), at least "
            f"one image: "
            "reshape and save it again"
        )
    return np.ascontiguousarray(array, dtype=np.uint8)


def _labels(array: NDArray[np.generic], where: str) -> NDArray[np.int64]:
    """Check type, shape and range of labels."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{where} has shape {array.shape}; expected labels of shape (N,) or (N, 1): save the class of "
            f"each image, "
            "not one column a class"
        )
    return check_labels(array, where)


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
