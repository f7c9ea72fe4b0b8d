"""Ask a model why, and what it looks for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tenfold.api.opening import open_model, open_picture, open_predictor, pictures_named
from tenfold.data.drawing import png_path
from tenfold.evaluation.explanation import Explanation, Method, explanation
from tenfold.evaluation.explanation_sheet import explanation_sheet
from tenfold.evaluation.weight_sheet import weight_sheet
from tenfold.model.model_file import Model

PathLike = str | os.PathLike[str]


def explain(
    model: PathLike | Model,
    images: PathLike | Sequence[PathLike],
    *,
    target: str | None = None,
    against: str | None = None,
    method: str | Method = "integrated-gradients",
    out: PathLike | None = None,
) -> dict[str, Explanation]:
    """Say which pixels speak for a class and which against it.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    images : path-like or sequence of path-like
        Picture files, folders of them (searched through), glob patterns, or ``-`` for standard input.
    target : str, optional
        The class to explain; the one that the model names unless given.
    against : str, optional
        A class to compare with: why the target rather than this one.
    method : str or Method, default "integrated-gradients"
        ``integrated-gradients``, ``gradient-x-input``, ``occlusion``, or a method with its numbers.
    out : path-like, optional
        A PNG to draw: each picture with its heat map.

    Returns
    -------
    dict of str to Explanation
        One a picture, under its path, in the order given; a folder's in natural order.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    ModelError
        When the model is damaged.
    DataError
        When a picture is missing, damaged or no picture, or the drawing cannot be written.
    UsageError
        When there are no pictures, no such class or no such method; when the drawing would replace a picture.
    """
    sources = pictures_named(images)
    if out is not None:
        png_path(out, "an explanation", sources)
    how = method if isinstance(method, Method) else Method(method)
    predictor = open_predictor(model, "float32")
    known = predictor.model
    prepared = np.stack([known.preprocessing.prepare(open_picture(source)) for source in sources])
    rows = zip(sources, prepared, predictor.probabilities(prepared), strict=True)
    found = {
        source: explanation(known, image, shares, how, target, against) for source, image, shares in rows
    }
    if out is not None:
        explanation_sheet(found, out)
    return found


def draw_weights(model: PathLike | Model, out: PathLike) -> Path:
    """Draw what the first layer of a network looks for; of softmax regression, a template a class.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    out : path-like
        The PNG to write.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    ModelError
        When the model is damaged.
    UsageError
        When ``out`` does not end in ``.png``.
    DataError
        When it cannot be written.
    """
    return weight_sheet(open_model(model), out)
