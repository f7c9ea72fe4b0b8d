"""Find labels that are probably wrong, and mend them in a copy."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tenfold import launch
from tenfold.data.catalog import load_data
from tenfold.data.drawing import png_path
from tenfold.data.inspection.faults import Part, counted
from tenfold.data.members import picture_paths
from tenfold.data.relabelling import refuse_existing, relabelled, write_folder, write_npz
from tenfold.errors import UsageError
from tenfold.evaluation.cross_validation import FoldListener
from tenfold.evaluation.suspects import Suspects, find_suspects
from tenfold.evaluation.suspects_csv import read_decisions
from tenfold.training.recipe import Recipe

PathLike = str | os.PathLike[str]


def suspects(
    data: PathLike,
    recipe: PathLike | Recipe | None = None,
    *,
    split: Literal["train", "validation", "test", "all"] = "train",
    folds: int = 5,
    seed: int = 0,
    size: tuple[int, int] | None = None,
    out: PathLike | None = None,
    sheet: PathLike | None = None,
    listener: FoldListener | None = None,
) -> Suspects:
    """Rank the images whose label is probably wrong: ``tenfold suspects``.

    Parameters
    ----------
    data : str or path-like
        Catalog name or path.
    recipe : str, path-like or Recipe, optional
        How each fold's network is trained; without one, fast.
    split : str, default "train"
        Which images: train, validation, test or all, which are searched as one.
    folds : int, default 5
        Trainings, each on all images but one fold, which it then judges.
    seed : int, default 0
        Of folds and trainings.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    out : path-like, optional
        A CSV to write, with a column for decisions; it must not exist.
    sheet : path-like, optional
        A PNG to draw the most suspicious into.
    listener : FoldListener, optional
        Who is told how far it is.

    Returns
    -------
    Suspects
        Ranked, the least probable label first.

    Raises
    ------
    UsageError
        When an argument cannot be.
    DataError
        When the data is missing or damaged, a class is too small for the folds, or a file cannot be written.
    """
    listener = listener or FoldListener()
    _check_targets(data, out, sheet)
    chosen, engine = launch.open_for(launch.read_recipe(recipe or "fast", {}), {})
    splits = load_data(data, size=size, progress=listener.downloading)
    paths = picture_paths(data)
    parts = [Part(name, images, paths.get(name)) for name, images in splits.parts.items()]
    searched = [part for part in parts if split in (part.name, "all")]
    if not searched:
        raise UsageError(f"split: '{split}'; this data has {', '.join([*splits.parts, 'all'])}")
    found = find_suspects(searched, chosen, engine, folds=folds, seed=seed, listener=listener)
    if out is not None:
        found.write_csv(out)
    if sheet is not None:
        found.sheet(sheet)
    return found


def relabel(
    data: PathLike,
    decisions: PathLike,
    out: PathLike,
    *,
    size: tuple[int, int] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Path:
    """Copy a data set with decisions on suspects applied: ``tenfold suspects --relabel``.

    A folder of class folders becomes a folder of the same layout; where it has no test folder, its copy is
    split anew. Anything else becomes an ``.npz`` with the same splits, its images scaled where ``size`` is
    given. The source stays as it is.

    Parameters
    ----------
    data : str or path-like
        Catalog name or path.
    decisions : path-like
        The CSV of `suspects`, with ``keep``, ``drop`` or a class name in its column ``decision``.
    out : path-like
        The copy to make; it must not exist.
    size : tuple of int, optional
        As in the search.
    note : callable
        Told how much changes.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    UsageError, DataError
        When the table is damaged or belongs to other data, or when the copy exists or cannot be written.
    """
    target = Path(out)
    refuse_existing(target)
    splits = load_data(data, size=size)
    decided = read_decisions(decisions, splits)
    mended = relabelled(splits, decided)
    if paths := picture_paths(data):
        write_folder(Path(data), paths, splits.train.classes, decided, target)
    else:
        write_npz(mended, target)
    dropped = sum(decision.label is None for decision in decided)
    changed = counted(len(decided) - dropped, "label")
    note(f"{changed} changed, {counted(dropped, 'image')} left out")
    return target


def file_for(data: PathLike, ending: str) -> Path:
    """Name the file of a search after its data.

    >>> str(file_for("/home/me/my digits", "csv"))
    'my-digits-suspects.csv'
    """
    return Path(re.sub(r"[^\w.-]+", "-", f"{Path(data).stem or 'data'}-suspects.{ending}"))


def _check_targets(data: PathLike, out: PathLike | None, sheet: PathLike | None) -> None:
    """Refuse what cannot be written before the search begins."""
    for path in (out, sheet):
        if path is not None and Path(data).resolve() in Path(path).resolve().parents:
            raise UsageError(f"{path}: lies in the data, {data}; expected a file elsewhere")
    if sheet is not None:
        png_path(sheet, "a contact sheet")
    if out is not None:
        refuse_existing(Path(out))  # it may hold a person's decisions
