"""Look through a folder of class folders and go on where a reader would refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.faults import Fault, Part, counted, fault_of, first_few
from tenfold.data.inspection.pictures import FORMAT_OF_SUFFIX, Pictures, look_at_all, shape_faults
from tenfold.data.listing import ROLES, Listing, class_folders, is_hidden, list_pictures, natural_key
from tenfold.data.picture import scale
from tenfold.errors import DataError


def inspect_folder(root: Path, size: tuple[int, int] | None) -> tuple[list[Part], list[Fault]]:
    """Inspect a folder with ``train/`` and ``test/``, or a folder of class folders.

    Parameters
    ----------
    root : Path
        The folder.
    size : (int, int), optional
        Height and width to scale every picture to, as for reading; without it, mixed sizes are a fault.

    Returns
    -------
    parts : list of Part
        What can be read, scaled to one size where sizes differ, and to at most 64 pixels a side.
    faults : list of Fault
        Faults of folders and files, not yet those of the images.
    """
    faults: list[Fault] = []
    listings: dict[str, Listing] = {}
    for name, folder in _split_folders(root, faults).items():
        try:
            listings[name] = list_pictures(folder)
        except DataError as error:
            faults.append(fault_of(error, "unreadable-folder", folder))
            continue
        faults += _folder_faults(listings[name])
    pictures = {name: look_at_all(listing, size, faults) for name, listing in listings.items()}
    faults += shape_faults(list(pictures.values()), size)
    return _parts(root, listings, pictures), faults


def _split_folders(root: Path, faults: list[Fault]) -> dict[str, Path]:
    """Find the folder of each split, ``{"all": root}`` where there is none, and note what is wrong there."""
    folders = class_folders(root)
    by_role: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        if (role := ROLES.get(folder.name.lower())) is not None:
            by_role[role].append(folder)
    if not any(class_folders(folder) for same in by_role.values() for folder in same):
        return {"all": root}
    for role, same in by_role.items():
        if len(same) > 1:
            faults.append(
                Fault(
                    "ambiguous-split",
                    f"{root}: {' and '.join(f'{f.name}/' for f in same)} both mean the {role} split",
                    "keep one of them, or move the pictures of both into one",
                    paths=first_few(same),
                )
            )
    if "train" not in by_role:
        faults.append(
            Fault(
                "missing-train",
                f"{root}: has {', '.join(f'{same[0].name}/' for same in by_role.values())} but no train/",
                "name the folder with the training pictures train/",
            )
        )
    if strays := [folder for folder in folders if folder.name.lower() not in ROLES]:
        faults.append(
            Fault(
                "stray-folder",
                f"{root}: {counted(len(strays), 'folder')} beside the splits, never read",
                "move it elsewhere, or into a split if it is a class",
                "warning",
                first_few(strays),
            )
        )
    return {role: by_role[role][0] for role in ("train", "validation", "test") if role in by_role}


def _folder_faults(listing: Listing) -> Iterator[Fault]:
    """Look at the class folders of one split and at what lies between them."""
    level = listing.folder
    entries = [e for folder in (level, *class_folders(level)) for e in folder.iterdir() if is_hidden(e.name)]
    if hidden := sorted(entry for entry in entries if entry.is_dir()):
        yield Fault(
            "hidden-folder",
            f"{level}: {counted(len(hidden), 'hidden folder')} that other tools read as a class or as more "
            "pictures of one (tenfold does not)",
            f"delete it if nothing in it is needed: rm -r '{hidden[0]}'",
            "warning",
            first_few(hidden),
        )
    counts = np.bincount(listing.labels, minlength=len(listing.classes))
    if empty := [level / n for n, c in zip(listing.classes, counts, strict=True) if not c]:
        yield Fault(
            "empty-class-folder",
            f"{level}: {counted(len(empty), 'class folder')} without a picture",
            "fill it with pictures of the class, or remove it",
            paths=first_few(empty),
        )
    if loose := [e for e in sorted(level.iterdir()) if e.is_file() and e.suffix.lower() in FORMAT_OF_SUFFIX]:
        yield Fault(
            "loose-picture",
            f"{level}: {counted(len(loose), 'picture')} outside the class folders, never read",
            "move each into the folder of its class",
            "warning",
            first_few(loose),
        )
    if not listing.classes:
        yield Fault("empty-split", f"{level}: holds no class folder", "put one folder a class into it")


def _parts(root: Path, listings: dict[str, Listing], pictures: dict[str, Pictures]) -> list[Part]:
    """Build an image set of what can be read of each split, all of one shape and with the classes of all."""
    names = {name for listing in listings.values() for name in listing.classes}
    classes = tuple(sorted(names, key=natural_key))
    number = {name: label for label, name in enumerate(classes)}
    looks = [look for split in pictures.values() for look in split.looks]
    colour = any(look.ndim == 3 for look in looks)
    parts = []
    for name, split in pictures.items():
        if split.looks:
            own = np.array([number[n] for n in listings[name].classes], dtype=np.int64)
            images = np.stack([_fitted(look, looks[0].shape[:2], colour) for look in split.looks])
            image_set = ImageSet(images, own[split.labels], classes, str(root))
            parts.append(Part(name, image_set, split.paths, split.hashes))
    return parts


def _fitted(look: NDArray[np.uint8], size: tuple[int, ...], colour: bool) -> NDArray[np.uint8]:
    look = scale(look, (size[0], size[1]))
    return np.repeat(look[:, :, np.newaxis], 3, axis=2) if colour and look.ndim == 2 else look
