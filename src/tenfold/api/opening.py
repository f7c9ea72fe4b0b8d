"""Open what commands are given: models, runs, labelled images, pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.picture import read_picture
from tenfold.data.selection import STANDARD_INPUT, find_pictures
from tenfold.errors import DataError, ModelError, UsageError
from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor
from tenfold.training.run import model_file

PathLike = str | os.PathLike[str]


def open_model(model: PathLike | Model) -> Model:
    """Load a model from its file or its run's folder."""
    if isinstance(model, Model):
        return model
    return Model.load(model_file(model))


def open_predictor(model: PathLike | Model, precision: str = "float32") -> Predictor:
    """Load a model and check that it computes here as it did where it was made."""
    predictor = Predictor(open_model(model), precision)
    predictor.check_golden()
    return predictor


def labelled_images(
    model: Model, data: PathLike | None, split: str, size: tuple[int, int] | None
) -> ImageSet:
    """Load the images of a split, with labels that count the model's classes."""
    if data is None and size is not None:
        raise UsageError("size: only with data; the model's own data has the size that it was trained on")
    splits = load_data(data, size=size) if data is not None else trained_on(model)
    return _relabelled(_part(splits, split), model.classes)


def trained_on(model: Model) -> Splits:
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


def pictures_named(images: PathLike | Sequence[PathLike]) -> list[str]:
    """Find the pictures that a caller names by one path or several."""
    if isinstance(images, str | os.PathLike):
        images = [images]
    if not images:
        raise UsageError("images: none; expected picture files, folders, patterns, or - for standard input")
    return find_pictures(images)


def open_picture(source: str) -> NDArray[np.uint8]:
    """Decode a picture file, or the one on standard input."""
    if source == STANDARD_INPUT:
        content = sys.stdin.buffer.read() if sys.stdin else b""
        return read_picture(content, name="standard input")
    return read_picture(source)


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
