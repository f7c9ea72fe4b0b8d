"""Look through CSV tables and ``.npz`` arrays and go on where a reader would refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.arrays import NAMES, members_of, opened_npz, read_member, read_npz
from tenfold.data.inspection.faults import Fault, Part, counted, fault_of
from tenfold.data.inspection.numbered_parts import together, usable_part
from tenfold.data.table import find_csv_files, has_labels, read_csv
from tenfold.errors import DataError


def inspect_csv(path: Path) -> tuple[list[Part], list[Fault]]:
    """Inspect one table, or a folder with a training and a test table, each for itself.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file, or a folder as `tenfold.data.table.find_csv_files` knows it.

    Returns
    -------
    parts : list of Part
        The tables that can be read; ``all`` for a single file.
    faults : list of Fault
        Of each table that cannot be read the first fault, with line and column.
    """
    faults: list[Fault] = []
    parts = []
    for split, file in (find_csv_files(path) if path.is_dir() else {"all": path}).items():
        try:
            if split == "test" and not has_labels(file):
                faults.append(
                    Fault(
                        "test-without-labels",
                        f"{file}: has no labels, so it is no test set: the training table is split instead",
                        "nothing to do, or add the labels as a first column",
                        "warning",
                        (str(file),),
                    )
                )
                continue
            images = read_csv(file)
        except DataError as error:
            faults.append(fault_of(error, "damaged-table", file))
            continue
        parts.append(Part(split, images))
    parts.sort(key=lambda part: part.name != "train")
    return together(parts, str(path), faults), faults


def inspect_npz(path: Path) -> tuple[list[Part], list[Fault]]:
    """Inspect an ``.npz`` file, array by array where it cannot be read as a whole.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    parts : list of Part
        The images of each split that have a usable label.
    faults : list of Fault
        Faults of the arrays, not yet those of the images.
    """
    try:
        splits = read_npz(path)
    except DataError as error:
        parts, faults = _inspect_arrays(path)
        return parts, faults or [fault_of(error, "damaged-file", path)]
    return [Part(name, images) for name, images in splits.parts.items()], []


def _inspect_arrays(path: Path) -> tuple[list[Part], list[Fault]]:
    """Find differing counts and labels out of range; of anything else the strict reader tells more."""
    faults: list[Fault] = []
    parts = []
    for split, pairs in NAMES.items():
        for names in pairs:
            images, labels = (_load(path, name) for name in names)
            if images is None or labels is None:
                continue
            labels = labels.reshape(len(labels), -1)[:, 0] if labels.size == len(labels) else labels
            if (
                images.dtype != np.uint8
                or images.ndim not in (3, 4)
                or labels.dtype.kind not in "iu"
                or labels.ndim != 1
            ):
                continue
            if len(images) != len(labels):
                faults.append(
                    Fault(
                        "counts-differ",
                        f"{path}: {names[0]} holds {counted(len(images), 'image')}, "
                        f"{names[1]} {counted(len(labels), 'label')}",
                        "save both from the same arrays: one label an image",
                        paths=(str(path),),
                    )
                )
            count = min(len(images), len(labels))
            part = usable_part(split, images[:count], labels[:count], faults)
            if part is not None:
                parts.append(part)
    return together(parts, str(path), faults), faults


def _load(path: Path, name: str) -> NDArray[Any] | None:
    """Read one array, or nothing where it is missing, damaged, pickled or too large to be honest."""
    try:
        with opened_npz(path) as archive:
            members = members_of(archive)
            array = read_member(archive, members[name], path) if name in members else None
    except DataError:
        return None
    return array if array is not None and array.ndim else None
