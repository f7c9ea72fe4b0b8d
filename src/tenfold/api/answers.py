"""Ask a model: how good it is, and what pictures show."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.picture import read_picture
from tenfold.data.selection import STANDARD_INPUT, find_pictures
from tenfold.errors import DataError, ModelError, UsageError
from tenfold.evaluation.metrics import Evaluation, evaluation
from tenfold.model.model_file import Model
from tenfold.model.predictor import Prediction, Predictor
from tenfold.training.run import Run

PathLike = str | os.PathLike[str]


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
