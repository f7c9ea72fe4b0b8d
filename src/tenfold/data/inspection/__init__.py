"""What is in a data set, and what is wrong with it: every fault in one pass, each with its mend."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tenfold.data.catalog import find_path, load_data
from tenfold.data.download import Progress
from tenfold.data.drawing import refuse_among_pictures
from tenfold.data.idx_folder import find_idx_files
from tenfold.data.image_set import Splits, mean_and_std
from tenfold.data.inspection.contact_sheet import contact_sheet
from tenfold.data.inspection.faults import Fault, Part
from tenfold.data.inspection.folders import inspect_folder
from tenfold.data.inspection.idx import inspect_idx_folder
from tenfold.data.inspection.set_faults import find_set_faults
from tenfold.data.inspection.tables import inspect_csv, inspect_npz
from tenfold.data.known_sets import CATALOG
from tenfold.data.load import load_path
from tenfold.data.table import find_csv_files
from tenfold.errors import DataError


@dataclass(frozen=True)
class SplitSummary:
    """The figures of one split, of what can be read of it.

    Parameters
    ----------
    name : str
        ``train``, ``test``, ``validation``, or ``all`` where the data is not split yet.
    images : int
        Number of images.
    size : (int, int)
        Height and width in pixels.
    channels : int
        1 for grey, 3 for colour.
    counts : dict of str to int
        Number of images of each class.
    mean, std : tuple of float
        Of the pixels of each channel, from 0 to 1.
    """

    name: str
    images: int
    size: tuple[int, int]
    channels: int
    counts: dict[str, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Inspection:
    """What `inspect_data` found.

    Parameters
    ----------
    source : str
        The data set that was asked for.
    kind : str
        What it is: a catalog set, IDX files, a folder of class folders, a table, arrays.
    classes : tuple of str
        Class names, in label order.
    splits : tuple of SplitSummary
        The splits of which anything can be read, the training split first.
    faults : tuple of Fault
        What is wrong, errors first.
    """

    source: str
    kind: str
    classes: tuple[str, ...]
    splits: tuple[SplitSummary, ...]
    faults: tuple[Fault, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that make training fail or its figures wrong."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON knows it."""
        return {
            "source": self.source,
            "kind": self.kind,
            "classes": list(self.classes),
            "splits": [{**asdict(split), "size": list(split.size)} for split in self.splits],
            "faults": [fault.to_dict() for fault in self.faults],
        }


def inspect_data(
    data: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    sheet: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """Look through a data set for everything that is wrong with it.

    Where reading stops at the first fault, inspection goes on and collects them all.

    Parameters
    ----------
    data : str or path-like
        A catalog name or a path, as for `tenfold.data.catalog.load_data`.
    size : (int, int), optional
        Height and width that pictures will be scaled to: their own sizes may then differ.
    sheet : path-like, optional
        A ``.png`` file to draw a contact sheet of the training images into.
    progress : callable, optional
        Told of each piece of a download, see `tenfold.data.download.Progress`.

    Returns
    -------
    Inspection

    Raises
    ------
    DataError
        When there is nothing to inspect: an unknown name, a missing path, a file of another kind, or a
        catalog set that cannot be had. When the sheet cannot be drawn or written.
    UsageError
        When ``sheet`` does not end in ``.png``, or would lie among the pictures.
    """
    if sheet is not None:
        refuse_among_pictures(sheet, data)
    kind, parts, faults = _look_through(data, size, progress)
    if parts:
        faults += find_set_faults(parts)
    if sheet is not None:
        if not parts:
            raise DataError(f"{os.fspath(data)}: no image can be read, so there is no contact sheet to draw")
        contact_sheet(parts[0].images, sheet)
    return Inspection(
        source=os.fspath(data),
        kind=kind,
        classes=parts[0].images.classes if parts else (),
        splits=tuple(map(_summary, parts)),
        faults=tuple(sorted(faults, key=lambda fault: fault.severity != "error")),
    )


Look = tuple[str, list[Part], list[Fault]]  # the kind of data, what can be read of it, what is wrong


def _look_through(
    data: str | os.PathLike[str], size: tuple[int, int] | None, progress: Progress | None
) -> Look:
    """Find out what the data is, in the order of `load_data`, and call the inspection for it."""
    if isinstance(data, str) and data in CATALOG:
        return "catalog set", _parts_of(load_data(data, size=size, progress=progress)), []
    path = find_path(data)
    name = path.name.lower()
    if path.is_dir():
        if _holds_idx_files(path):
            return "IDX files", *inspect_idx_folder(path)
        if find_csv_files(path):
            return "CSV tables", *inspect_csv(path)
        return "folder of class folders", *inspect_folder(path, size)
    if name.endswith((".csv", ".csv.gz")):
        return "CSV table", *inspect_csv(path)
    if name.endswith(".npz"):
        return "npz arrays", *inspect_npz(path)
    return "file", _parts_of(load_path(path, size=size)), []


def _holds_idx_files(path: Path) -> bool:
    try:
        return bool(find_idx_files(path))
    except DataError:  # more than one data set
        return True


def _parts_of(splits: Splits) -> list[Part]:
    return [Part(name, images) for name, images in splits.parts.items()]


def _summary(part: Part) -> SplitSummary:
    images = part.images
    counts = dict(zip(images.classes, images.counts.tolist(), strict=True))
    mean, std = (tuple(figures.tolist()) for figures in mean_and_std(images.images))
    return SplitSummary(part.name, len(images), images.size, images.channels, counts, mean, std)
