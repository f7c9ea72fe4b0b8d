"""Look through a folder of IDX files and go on where a reader would refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tenfold.data.idx import read_idx
from tenfold.data.idx_folder import Split, find_idx_files, read_idx_images
from tenfold.data.inspection.faults import Fault, Part, counted, fault_of, first_few
from tenfold.data.inspection.numbered_parts import together, usable_part
from tenfold.errors import DataError


def inspect_idx_folder(root: Path) -> tuple[list[Part], list[Fault]]:
    """Inspect a folder of four IDX files, each of them for itself.

    Parameters
    ----------
    root : Path
        A folder as `tenfold.data.idx_folder.find_idx_files` knows it.

    Returns
    -------
    parts : list of Part
        The images of each split that have a usable label.
    faults : list of Fault
        Faults of the files, not yet those of the images.
    """
    try:
        files = find_idx_files(root)
    except DataError as error:
        return [], [fault_of(error, "several-data-sets", root)]
    faults: list[Fault] = []
    parts = []
    for split in ("train", "test"):
        part = _inspect_split(split, files.get((split, "images")), files.get((split, "labels")), faults)
        if part is not None:
            parts.append(part)
    return together(parts, str(root), faults), faults


def _inspect_split(
    split: Split, images: Path | None, labels: Path | None, faults: list[Fault]
) -> Part | None:
    for what, path in (("images", images), ("labels", labels)):
        if path is None:
            faults.append(
                Fault(
                    "missing-file", f"no IDX file with the {what} of {split}", f"add the {split} {what} file"
                )
            )
    try:
        pixels = read_idx_images(images) if images is not None else None
    except DataError as error:
        faults.append(fault_of(error, "damaged-file", images))
        pixels = None
    values = _read_labels(labels, faults) if labels is not None else None
    if pixels is None or values is None:
        return None
    if len(pixels) != len(values):
        faults.append(
            Fault(
                "counts-differ",
                f"{images} holds {counted(len(pixels), 'image')}, {labels} {counted(len(values), 'label')}",
                "take both files from the same source: one label an image",
                paths=first_few((images, labels)),
            )
        )
    count = min(len(pixels), len(values))
    return usable_part(split, pixels[:count], values[:count], faults)


def _read_labels(path: Path, faults: list[Fault]) -> NDArray[Any] | None:
    """Read labels without a look at their range; of QMNIST's eight columns the first."""
    try:
        values = read_idx(path)
    except DataError as error:
        faults.append(fault_of(error, "damaged-file", path))
        return None
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 8 else values
    if values.ndim == 1 and values.dtype.kind in "iu":
        return values
    faults.append(
        Fault(
            "unusable-labels",
            f"{path}: labels are {values.dtype} of shape {values.shape}; expected a whole number an image",
            "check that images and labels are not swapped, and store labels as integers",
            paths=(str(path),),
        )
    )
    return None
