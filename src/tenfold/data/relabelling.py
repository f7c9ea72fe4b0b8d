"""A copy of a data set with some labels mended and some images left out; the source stays as it is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tenfold import atomic
from tenfold.data.arrays import NAMES
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.listing import find_parts
from tenfold.errors import DataError, UsageError


@dataclass(frozen=True)
class Decision:
    """What is to become of one image.

    Parameters
    ----------
    split : str
        train, validation or test.
    index : int
        Place in the split, from 0.
    label : int or None
        Its class from now on; None leaves it out.
    """

    split: str
    index: int
    label: int | None


def relabelled(splits: Splits, decisions: Sequence[Decision]) -> Splits:
    """Return splits with decisions applied: the same images in the same order, but for those left out.

    Raises
    ------
    DataError
        When no training image of a class remains, or no image of a split.
    """
    parts = {
        name: _part_relabelled(part, [decision for decision in decisions if decision.split == name])
        for name, part in splits.parts.items()
    }
    for name, part in parts.items():
        lost = (splits.parts[name].counts > 0) & (part.counts == 0) if name == "train" else [not len(part)]
        if np.any(lost):
            what = f"class '{part.classes[int(np.argmax(lost))]}'" if name == "train" else "any class"
            raise DataError(
                f"{part.source}: the decisions leave no {name} image of {what}; expected one or more: "
                "keep some, or take the class out of the source first"
            )
    return Splits(**parts)


def _part_relabelled(part: ImageSet, decisions: Sequence[Decision]) -> ImageSet:
    labels = part.labels.copy()
    dropped = [decision.index for decision in decisions if decision.label is None]
    for decision in decisions:
        if decision.label is not None:
            labels[decision.index] = decision.label
    if not dropped:
        return replace(part, labels=labels)
    return replace(part, labels=labels).select(np.delete(np.arange(len(part)), dropped))


def write_npz(splits: Splits, path: Path) -> None:
    """Write splits as an ``.npz`` file that `tenfold.data.arrays.read_npz` reads.

    Besides the arrays of each split there is one of class names, ``classes``.

    Raises
    ------
    UsageError
        When ``path`` does not end in ``.npz``.
    DataError
        When it exists, or cannot be written.
    """
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{path}: this data is copied into one .npz; expected a file name that ends in .npz")
    refuse_existing(path)
    arrays = {"classes": np.array(splits.train.classes)}
    for name, part in splits.parts.items():
        images, labels = NAMES[name][0]
        arrays |= {images: part.images, labels: part.labels}
    try:
        with atomic.replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes one for allow_pickle
    except OSError as error:
        raise _unwritable(path, error) from None


def write_folder(
    root: Path,
    paths: Mapping[str, Sequence[str]],
    classes: Sequence[str],
    decisions: Sequence[Decision],
    target: Path,
) -> None:
    """Copy the pictures of a folder of class folders, each into the folder of its class.

    Every picture that tenfold reads is copied, byte for byte, and nothing else. One that moves to another
    class keeps its name, with a number behind it where that is taken.

    Parameters
    ----------
    root : Path
        The folder.
    paths : mapping of str to sequence of str
        Files by split, as `tenfold.data.members.picture_paths` lists them.
    classes : sequence of str
        Class names, in label order.
    decisions : sequence of Decision
        What changes.
    target : Path
        The folder to make.

    Raises
    ------
    UsageError
        When ``target`` lies in the source.
    DataError
        When it exists, or cannot be written.
    """
    if target.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{target}: lies inside {root}, which stays as it is; expected a folder elsewhere")
    refuse_existing(target)
    nursery = atomic.beside(target.absolute())
    try:
        nursery.mkdir()
        for source, place in _places(root, paths, classes, decisions).items():
            (nursery / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, nursery / place)
        nursery.rename(target)
    except OSError as error:
        raise _unwritable(target, error) from None
    finally:
        shutil.rmtree(nursery, ignore_errors=True)


def _places(
    root: Path,
    paths: Mapping[str, Sequence[str]],
    classes: Sequence[str],
    decisions: Sequence[Decision],
) -> dict[str, Path]:
    """Return where each picture goes in the copy; those that stay in their class first."""
    depth = 1 if find_parts(root) else 0
    decided = {paths[decision.split][decision.index]: decision.label for decision in decisions}
    everything = [path for part in paths.values() for path in part]
    places = {path: Path(path).relative_to(root) for path in everything if path not in decided}
    taken = set(places.values())
    for path, label in decided.items():
        if label is None:
            continue
        parts = list(Path(path).relative_to(root).parts)
        parts[depth] = classes[label]
        places[path] = _free(Path(*parts), taken)
        taken.add(places[path])
    return places


def _free(place: Path, taken: set[Path]) -> Path:
    """Return a place that nothing has: the wanted one, or one with a number behind its name."""
    free, number = place, 1
    while free in taken:
        number += 1
        free = place.with_stem(f"{place.stem}-{number}")
    return free


def refuse_existing(path: Path) -> None:
    """Refuse a target that is there already.

    Raises
    ------
    DataError
        When something is there.
    """
    if path.exists():
        raise DataError(f"{path}: exists already; expected a new name: nothing is overwritten")


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: cannot be written ({error.strerror or error}); expected a writable folder")
