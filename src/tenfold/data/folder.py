"""Folders of pictures, one folder a class.

Two layouts are read:

- ``train/`` and ``test/`` (or ``testing/``), each with one folder a class; ``val/``, ``valid/`` or
  ``validation/`` is the validation split, or the test split where there is no other;
- one folder of class folders, of which a fifth of every class is held out as the test split (seed 0,
  stratified).

The training folder names the classes, in natural order (1, 2, 10); the other folders may lack some of them.
When any picture is in colour, the whole set is.
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.data.cache import cached_pixels
from tenfold.data.decoding import decode_pictures
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.listing import Listing, class_folders, find_parts, is_hidden, list_pictures
from tenfold.data.picture import check_size
from tenfold.data.split import stratified_indices
from tenfold.errors import DataError

_RULES = 2  # raise it when picture.py changes what a file becomes, or split.py which files are held out

_Members = tuple[list[str], NDArray[np.int64]]  # paths and labels


def read_folder(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None) -> Splits:
    """Read a folder of pictures, from the cache when none of them has changed.

    Parameters
    ----------
    path : path-like
        A folder in one of the two layouts above.
    size : tuple of int, optional
        Height and width to scale every picture to; without it all must have the same size.

    Returns
    -------
    Splits
        Images memory-mapped and read-only, class by class, within a class by file name.

    Raises
    ------
    DataError
        When the folder has another layout, a class without pictures, pictures that are damaged or of
        different sizes, or test classes that are not in training.
    UsageError
        When ``size`` is out of range.
    """
    root = Path(path)
    if size is not None:
        check_size(size)
        size = (size[0], size[1])
    try:
        parts = find_parts(root)
        listings = {role: list_pictures(folder) for role, folder in (parts or {"train": root}).items()}
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}); expected a folder") from None
    _check_classes(listings["train"])
    if "test" not in listings and "validation" in listings:
        listings["test"] = listings.pop("validation")
    train = listings["train"]
    members = {role: (listing.paths, _common_labels(listing, train)) for role, listing in listings.items()}
    if "test" not in members:
        members = _hold_out(*members["train"])
    pixels = _read_pixels(root, [name for names, _ in members.values() for name in names], listings, size)
    sets = {}
    start = 0
    for role, (names, labels) in members.items():
        sets[role] = ImageSet(pixels[start : start + len(names)], labels, train.classes, str(path))
        start += len(names)
    return Splits(**sets)


def _hold_out(paths: list[str], labels: NDArray[np.int64]) -> dict[str, _Members]:
    """Draw the test pictures before any is decoded, so that both splits are plain views of one file."""
    rest, held_out = stratified_indices(labels)
    return {
        role: ([paths[k] for k in indices], labels[indices])
        for role, indices in (("train", rest), ("test", held_out))
    }


def _read_pixels(
    root: Path, paths: list[str], listings: dict[str, Listing], size: tuple[int, int] | None
) -> NDArray[np.uint8]:
    key = f"{root.resolve()}\n{size}"
    state = f"{_RULES}\n" + "".join(f"{role} {listing.fingerprint}\n" for role, listing in listings.items())
    fingerprint = hashlib.sha256(state.encode()).hexdigest()
    return cached_pixels(key, fingerprint, len(paths), partial(decode_pictures, paths, size))


def _check_classes(train: Listing) -> None:
    """Refuse a training folder without two classes, each with pictures."""
    expected = "expected one folder a class, with the pictures of the class in it"
    if not train.classes:
        files = [entry for entry in train.folder.iterdir() if not is_hidden(entry.name)]
        found = f"holds {len(files):,} files but no folder" if files else "is an empty folder"
        raise DataError(f"{train.folder}: {found}; {expected}")
    counts = np.bincount(train.labels, minlength=len(train.classes))
    if not counts.any():
        raise DataError(f"{train.folder}: its {len(counts)} folders hold no picture; {expected}")
    if len(train.classes) == 1:
        only = train.folder / train.classes[0]
        hint = (
            f": is {only} the folder you mean?"
            if class_folders(only)
            else ": sort the pictures into their classes"
        )
        raise DataError(
            f"{train.folder}: has only one class folder, {only.name}/; expected two or more{hint}"
        )
    if not counts.all():
        empty = train.folder / train.classes[int(counts.argmin())]
        raise DataError(
            f"{empty}: holds no picture; expected some of the class: remove the folder or fill it"
        )


def _common_labels(listing: Listing, train: Listing) -> NDArray[np.int64]:
    """Return labels that count the classes of the training folder."""
    places = {name: label for label, name in enumerate(train.classes)}
    strange = [name for name in listing.classes if name not in places]
    if strange:
        raise DataError(
            f"{listing.folder / strange[0]}: is a class that {train.folder} has not; expected the training "
            f"classes ({', '.join(train.classes[:10])}{', …' if len(train.classes) > 10 else ''}): "
            "rename or remove the folder"
        )
    if not listing.paths:
        raise DataError(
            f"{listing.folder}: its folders hold no picture; expected some: remove the folder or fill it"
        )
    return np.array([places[name] for name in listing.classes], dtype=np.int64)[listing.labels]
