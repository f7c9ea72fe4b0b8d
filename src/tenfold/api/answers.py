"""Ask a model: how good it is, and what pictures show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tenfold.api.opening import labelled_images, open_picture, open_predictor, pictures_named
from tenfold.data.drawing import png_path
from tenfold.errors import ModelError, UsageError
from tenfold.evaluation.comparison import Comparison
from tenfold.evaluation.measure import measure
from tenfold.evaluation.metrics import Evaluation
from tenfold.model.model_file import Model
from tenfold.model.photo.strip import write_strip
from tenfold.model.predictor import Prediction
from tenfold.model.preprocessing import Photo

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
        Accuracy and figures of each class, loss, Brier score and calibration error, with intervals.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    ModelError
        When the model is damaged, or made for other classes or another size.
    DataError
        When the data is missing, damaged, or not what the model was trained on.
    UsageError
        When there is no such split, or no such precision.
    """
    predictor = open_predictor(model, precision)
    images = labelled_images(predictor.model, data, split, size)
    return measure(predictor, images)


def compare(
    model: PathLike | Model,
    other: PathLike | Model,
    data: PathLike | None = None,
    *,
    split: Literal["test", "train", "validation", "all"] = "test",
    size: tuple[int, int] | None = None,
    precision: str = "float32",
) -> Comparison:
    """Measure two models on the same labelled images, and say whether one is better.

    Parameters
    ----------
    model, other : path-like or Model
        Model files, runs' folders, or models, which know the same classes.
    data : str or path-like, optional
        Catalog name or path; without one, what both models were trained on.
    split, size, precision
        As in `evaluate`.

    Returns
    -------
    Comparison
        Both accuracies, their difference with its interval, and McNemar's test.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    ModelError
        When a model is damaged, or the two know other classes or take images of another shape.
    DataError
        When the data is missing, damaged, or not what the models were trained on.
    UsageError
        When there is no such split or precision, or no data is named and the models were trained on different
        data.
    """
    first, second = open_predictor(model, precision), open_predictor(other, precision)
    _refuse_unlike(first.model, second.model)
    if data is None and first.model.provenance.get("data_sha256") != second.model.provenance.get(
        "data_sha256"
    ):
        raise UsageError("data: the models were trained on different data; name the data to compare them on")
    images = labelled_images(first.model, data, split, size)
    order = np.array([first.model.classes.index(name) for name in second.model.classes])
    named = first.probabilities(images.images).argmax(axis=1)
    other_named = order[second.probabilities(images.images).argmax(axis=1)]
    return Comparison.counted(named == images.labels, other_named == images.labels)


def _refuse_unlike(first: Model, second: Model) -> None:
    """Refuse to compare models that do not answer the same question."""
    if unshared := sorted(set(first.classes) ^ set(second.classes)):
        owner = "first" if unshared[0] in first.classes else "second"
        raise ModelError(
            f"classes: only the {owner} model knows '{unshared[0]}'; expected two models that know the same "
            "classes: compare models that were trained on the same classes"
        )
    shapes = ["×".join(map(str, model.preprocessing.shape)) for model in (first, second)]
    if shapes[0] != shapes[1]:
        raise ModelError(
            f"images: the first model takes {shapes[0]}, the second {shapes[1]}; expected the same shape: "
            "train one of them with the other's --size"
        )


def predict(
    model: PathLike | Model,
    images: PathLike | Sequence[PathLike],
    *,
    coverage: float | None = None,
    method: str = "lac",
    by_class: bool = False,
    photo: Photo = "auto",
    steps: PathLike | None = None,
    precision: str = "float32",
) -> dict[str, Prediction]:
    """Say what pictures show.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    images : path-like or sequence of path-like
        Picture files, folders of them (searched through), glob patterns, or ``-`` for standard input.
    coverage : float, optional
        Share of pictures whose prediction set holds the true class; without one, 99 % or what the images held
        out for calibration allow.
    method : str, default "lac"
        How prediction sets are made: lac (the smallest), aps or raps (which follow each picture's doubt).
    by_class : bool, default False
        Whether each class is covered that often by itself.
    photo : str, default "auto"
        Whether pictures go through the steps for photographs (`tenfold.model.photo`): always, never, or auto:
        where the training images are framed ink and the picture is not.
    steps : path-like, optional
        A PNG to draw: what becomes of each picture, step by step.
    precision : str, default "float32"
        float32, or bfloat16 where the compiled part and the processor have it: faster, less exact.

    Returns
    -------
    dict of str to Prediction
        One a picture, under its path, in the order given; a folder's in natural order.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    ModelError
        When the model is damaged.
    DataError
        When a picture is missing, damaged or no picture.
    UsageError
        When there are no pictures, no such precision or method, or no such coverage can be had; when the
        steps would replace a picture.
    """
    sources = pictures_named(images)
    if steps is not None:
        png_path(steps, "the strip of steps", sources)
    predictor = open_predictor(model, precision)
    preprocessing = predictor.model.preprocessing
    if steps is not None:
        shown = {source: preprocessing.steps(open_picture(source), photo) for source in sources}
        write_strip(shown, steps)
        prepared = np.stack([found[-1].image for found in shown.values()])
    else:
        prepared = np.stack([preprocessing.prepare(open_picture(source), photo) for source in sources])
    answers = predictor.predict(prepared, coverage=coverage, method=method, by_class=by_class)
    return dict(zip(sources, answers, strict=True))
