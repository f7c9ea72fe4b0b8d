"""Parts of a data set whose classes are numbers, as in IDX files, tables and arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.faults import Fault, Part, counted, first_few
from tenfold.data.labels import LARGEST_LABEL, number_names


def usable_part(
    split: str, images: NDArray[np.uint8], labels: NDArray[Any], faults: list[Fault]
) -> Part | None:
    """Make a part of the images whose label is from 0 to 9,999, and complain about the others.

    Parameters
    ----------
    split : str
        Name of the part.
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, 3)
    labels : ndarray of integers, shape (N,)
    faults : list of Fault
        Labels out of range are added here.
    """
    within = (labels >= 0) & (labels <= LARGEST_LABEL)
    outside = np.flatnonzero(~within)
    if len(outside):
        faults.append(
            Fault(
                "labels-out-of-range",
                f"{counted(len(outside), 'label')} of {split} out of range, the first {labels[outside[0]]}; "
                f"expected 0 to {LARGEST_LABEL:,}",
                "number the classes 0, 1, 2, or take these images out",
                paths=first_few(f"{split}[{index}]" for index in outside),
            )
        )
    if not within.any():
        return None
    kept = labels[within].astype(np.int64)
    return Part(split, ImageSet(images if within.all() else images[within], kept, number_names(kept), split))


def together(parts: list[Part], source: str, faults: list[Fault]) -> list[Part]:
    """Give all parts the same classes, and leave out those whose images have another shape than the first.

    Parameters
    ----------
    parts : list of Part
        In the order train, validation, test.
    source : str
        Where the data set came from.
    faults : list of Fault
        A part of another shape is added here.
    """
    classes = number_names(*(part.images.labels for part in parts))
    fitting = []
    for part in parts:
        shape, usual = part.images.images.shape[1:], parts[0].images.images.shape[1:]
        if shape == usual:
            fitting.append(replace(part, images=replace(part.images, classes=classes, source=source)))
            continue
        turned = ": they may be transposed" if shape[:2] == usual[1::-1] else ""
        faults.append(
            Fault(
                "mixed-sizes" if shape[:2] != usual[:2] else "mixed-channels",
                f"images of {part.name} have the shape {shape}, those of {parts[0].name} {usual}{turned}",
                "make all splits from pictures of one size and one number of channels",
            )
        )
    return fitting
