"""One function a command: the only place where data, recipe, engine, model and evaluation meet."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from tenfold import native
from tenfold.cores import available_cores
from tenfold.data.catalog import fetch_data, list_data, load_data, load_default
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.inspection import inspect_data as inspect
from tenfold.data.known_sets import CATALOG
from tenfold.data.picture import read_picture
from tenfold.data.selection import STANDARD_INPUT, find_pictures
from tenfold.diagnosis import Diagnosis, diagnose
from tenfold.errors import DataError, ModelError, RunError, UsageError
from tenfold.evaluation.metrics import Evaluation, evaluation
from tenfold.model.model_file import Model
from tenfold.model.predictor import Prediction, Predictor
from tenfold.training.engines import open_engine, resolve_engine, resolve_precision
from tenfold.training.listener import Listener
from tenfold.training.recipe import Recipe, RecipeChanges
from tenfold.training.run import Run, Settings
from tenfold.training.session import Session, network_for

__all__ = ["doctor", "evaluate", "fetch_data", "inspect", "list_data", "load_data", "predict", "train"]

PathLike = str | os.PathLike[str]


def train(
    data: PathLike | None = None,
    recipe: PathLike | Recipe | None = None,
    *,
    engine: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    size: tuple[int, int] | None = None,
    out: PathLike | None = None,
    resume: PathLike | None = None,
    listener: Listener | None = None,
    **changes: Unpack[RecipeChanges],
) -> Run:
    """Train a network, test it after each epoch, and write a run.

    Parameters
    ----------
    data : str or path-like, optional
        Catalog name or path; without one, MNIST or else the installed 5,000-image sample.
    recipe : str, path-like or Recipe, optional
        Name of a recipe, or a TOML file such as a run's recipe.toml; without one, lecture.
    engine : str, optional
        auto (the first of these that is installed and can), fused, torch or reference.
    device : str, optional
        Where the torch engine computes: cpu, cuda, cuda:1, mps …
    threads : int, optional
        Threads of the matrix products; without a number, the cores at hand.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    out : path-like, optional
        Folder of the run, new or empty; without one, a new folder under runs/.
    resume : path-like, optional
        Folder of an interrupted run to go on with, bit for bit; all else stays as it was.
    listener : Listener, optional
        Who is told what happens.
    **changes
        Fields of `Recipe` that differ from the recipe's, such as ``epochs=2``.

    Returns
    -------
    Run
        The folder with recipe, history, checkpoints and model.

    Raises
    ------
    UsageError, DataError, RunError
        When an argument cannot be, the data is damaged, the run's folder is taken, or what is to be
        resumed has changed.
    """
    listener = listener or Listener()
    asked: dict[str, Any] = {"engine": engine, "device": device, "threads": threads, "size": size}
    asked = {name: value for name, value in asked.items() if value is not None}
    if resume is None:
        run, splits = _new_run(data, recipe or "lecture", changes, asked, out, listener)
    elif out is not None:
        raise UsageError(f"out: a resumed run stays in its folder, {resume}; leave --out away")
    else:
        run, splits = _interrupted_run(resume, data, recipe, changes, asked, listener)
    return _carried_out(run, splits, listener)


def _carried_out(run: Run, splits: Splits, listener: Listener) -> Run:
    with run.locked():
        if not run.is_complete:
            return Session(run, splits, listener).carry_out()
    listener.note(f"{run.path}: this run is complete already")
    listener.ended(run)
    return run


def _new_run(
    data: PathLike | None,
    recipe: PathLike | Recipe,
    changes: RecipeChanges,
    asked: dict[str, Any],
    out: PathLike | None,
    listener: Listener,
) -> tuple[Run, Splits]:
    """Check everything that can be refused, then make the run's folder."""
    chosen = _recipe(recipe, changes)
    device = asked.get("device", "cpu")
    engine, _ = resolve_engine(asked.get("engine", "auto"), device, chosen.precision)
    precision, _ = resolve_precision(chosen.precision, engine)
    chosen = chosen.with_changes(precision=precision)
    open_engine(engine, device, precision)
    size = asked.get("size")
    splits, found_again = _load(data, size, listener)
    network_for(splits, chosen)
    settings = Settings(
        data=found_again,
        engine=engine,
        device=device,
        threads=asked.get("threads", available_cores()),
        instruction_set=native.instruction_set().name if engine == "fused" else None,
        size=size,
    )
    if out is not None:
        return Run.create(Path(out), chosen, settings), splits
    if Path(found_again).is_dir() and Path.cwd().is_relative_to(Path(found_again).resolve()):
        raise UsageError("out: runs/ would lie inside the data; name a folder elsewhere with --out")
    stem = re.sub(r"[^\w.-]+", "-", f"{Path(found_again).stem or 'data'}-{chosen.name}")
    return Run.create_numbered(Path("runs"), stem, chosen, settings), splits


def _interrupted_run(
    resume: PathLike,
    data: PathLike | None,
    recipe: PathLike | Recipe | None,
    changes: RecipeChanges,
    asked: dict[str, Any],
    listener: Listener,
) -> tuple[Run, Splits]:
    """Open a run to go on with; refuse whatever is asked for and is not what the run began with."""
    run = Run.open(resume)
    wanted = _recipe(recipe or run.recipe, changes)
    if wanted.precision == "auto":
        wanted = wanted.with_changes(precision=run.recipe.precision)
    if "engine" in asked:
        device = asked.get("device", run.settings.device)
        asked["engine"], _ = resolve_engine(asked["engine"], device, wanted.precision)
    settings = replace(run.settings, **asked)
    differences = run.recipe.differences(wanted) + run.settings.differences(settings)
    if differences:
        raise RunError(
            f"{run.path}: cannot go on with another {', '.join(differences)}; "
            "leave it out, or start a new run"
        )
    splits, found_again = _load(data or run.settings.data, run.settings.size, listener)
    return replace(run, settings=replace(settings, data=found_again)), splits


def _recipe(recipe: PathLike | Recipe, changes: RecipeChanges) -> Recipe:
    if not isinstance(recipe, Recipe):
        name = str(recipe)
        recipe = Recipe.read(Path(name)) if name.endswith(".toml") else Recipe.named(name)
    return recipe.with_changes(**changes)


def _load(data: PathLike | None, size: tuple[int, int] | None, listener: Listener) -> tuple[Splits, str]:
    """Load data; return it with the name or absolute path under which it is found again."""
    if data is None:
        splits, note = load_default(size=size, progress=listener.downloading)
        if note:
            listener.note(note)
        return splits, splits.train.source
    splits = load_data(data, size=size, progress=listener.downloading)
    place = str(data) if data in CATALOG else str(Path(data).absolute())
    if not place.isprintable():
        raise DataError(f"{place!r}: a path that no text file can hold; rename the folder")
    return splits, place


def evaluate(
    model: PathLike | Model,
    data: PathLike | None = None,
    *,
    split: Literal["test", "train", "validation", "all"] = "test",
    size: tuple[int, int] | None = None,
    precision: str = "float32",
) -> Evaluation:
    """Measure a model on labelled images.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    data : str or path-like, optional
        Catalog name or path; without one, what the model was trained on.
    split : str, default "test"
        Which images: test, train, validation or all.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    precision : str, default "float32"
        float32, or bfloat16 where the compiled part and the processor have it: faster, less exact.

    Returns
    -------
    Evaluation
        Accuracy with its interval, loss, and figures of each class.

    Raises
    ------
    ModelError
        When the model is damaged, or made for other classes or another size.
    DataError
        When the data is missing, damaged, or not what the model was trained on.
    UsageError
        When there is no such split, or no such precision.
    """
    predictor = _predictor(model, precision)
    model = predictor.model
    if data is None and size is not None:
        raise UsageError("size: only with data; the model's own data has the size that it was trained on")
    splits = load_data(data, size=size) if data is not None else _trained_on(model)
    images = _relabelled(_part(splits, split), model.classes)
    logits = predictor.logits(images.images)
    head = model.network.head
    loss = head.loss(logits, images.labels)
    return evaluation(head.probabilities(logits), images.labels, model.classes, loss)


def _trained_on(model: Model) -> Splits:
    """Load what a model was trained on, unchanged: else training images might stand among the test images."""
    if "data" not in model.provenance:
        raise UsageError("data: the model does not say what it was trained on; name a data set or path")
    origin = model.provenance["data"]
    try:
        splits = load_data(origin["source"], size=tuple(origin["size"]) if origin["size"] else None)
    except DataError as error:
        raise DataError(f"{error} (the model was trained on it: name the data if it has moved)") from None
    if splits.sha256() != model.provenance["data_sha256"]:
        raise DataError(
            f"{origin['source']}: has changed since the model was trained on it; "
            "name it, or another data set, to measure the model on it as it is now"
        )
    return splits


def _part(splits: Splits, split: str) -> ImageSet:
    parts = splits.parts
    if split == "all":
        return replace(
            splits.train,
            images=np.concatenate([part.images for part in parts.values()]),
            labels=np.concatenate([part.labels for part in parts.values()]),
        )
    if split not in parts:
        raise UsageError(f"split: '{split}'; this data has {', '.join([*parts, 'all'])}")
    return parts[split]


def _relabelled(images: ImageSet, classes: tuple[str, ...]) -> ImageSet:
    """Return the images with labels that count the model's classes."""
    if unknown := [name for name in images.classes if name not in classes]:
        raise ModelError(
            f"{images.source}: has the class '{unknown[0]}', which the model does not know; "
            f"expected only {', '.join(classes)}: evaluate a model that was trained on these classes"
        )
    numbers = np.array([classes.index(name) for name in images.classes])
    return replace(images, labels=numbers[images.labels], classes=classes)


def _model(model: PathLike | Model) -> Model:
    if isinstance(model, Model):
        return model
    if not Path(model).is_dir():
        return Model.load(model)
    run = Run.open(model)
    if not run.is_complete:
        raise ModelError(f"{run.path}: is not finished; go on with: tenfold train --resume {run.path}")
    return Model.load(run.model_path)


def predict(
    model: PathLike | Model, images: PathLike | Sequence[PathLike], *, precision: str = "float32"
) -> dict[str, Prediction]:
    """Say what pictures show.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    images : path-like or sequence of path-like
        Picture files, folders of them (searched through), glob patterns, or ``-`` for standard input.
    precision : str, default "float32"
        float32, or bfloat16 where the compiled part and the processor have it: faster, less exact.

    Returns
    -------
    dict of str to Prediction
        One a picture, under its path, in the order given; a folder's in natural order.

    Raises
    ------
    ModelError
        When the model is damaged.
    DataError
        When a picture is missing, damaged or no picture.
    UsageError
        When there are no pictures, or no such precision.
    """
    if isinstance(images, str | os.PathLike):
        images = [images]
    if not images:
        raise UsageError("images: none; expected picture files, folders, patterns, or - for standard input")
    predictor = _predictor(model, precision)
    prepare = predictor.model.preprocessing.prepare
    sources = find_pictures(images)
    prepared = np.stack([prepare(_picture(source)) for source in sources])
    return dict(zip(sources, predictor.predict(prepared), strict=True))


def _predictor(model: PathLike | Model, precision: str) -> Predictor:
    predictor = Predictor(_model(model), precision)
    predictor.check_golden()
    return predictor


def _picture(source: str) -> NDArray[np.uint8]:
    if source == STANDARD_INPUT:
        content = sys.stdin.buffer.read() if sys.stdin else b""
        return read_picture(content, name="standard input")
    return read_picture(source)


def doctor() -> Diagnosis:
    """Say which engine, instruction set, precision, threads and data will be used here, and why."""
    return diagnose()
