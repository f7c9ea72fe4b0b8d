"""Ask how well a model bears spoilt images."""

from __future__ import annotations

import os
from typing import Literal

from tenfold.api.opening import labelled_images, open_predictor
from tenfold.evaluation import robustness as measuring
from tenfold.evaluation.robustness import Robustness
from tenfold.model.model_file import Model

PathLike = str | os.PathLike[str]


def robustness(
    model: PathLike | Model,
    data: PathLike | None = None,
    *,
    split: Literal["test", "train", "validation", "all"] = "test",
    seed: int = 0,
    size: tuple[int, int] | None = None,
) -> Robustness:
    """Measure a model on labelled images that are spoilt in eight ways and five strengths.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    data : str or path-like, optional
        Catalog name or path; without one, what the model was trained on.
    split : str, default "test"
        Which images: test, train, validation or all.
    seed : int, default 0
        Of the corruptions.
    size : tuple of int, optional
        Height and width to which every picture is scaled.

    Returns
    -------
    Robustness
        Accuracy and calibration error by corruption and strength.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    ModelError
        When the model is damaged, or made for other classes or another size.
    DataError
        When the data is missing, damaged, or not what the model was trained on.
    UsageError
        When there is no such split, or the seed is below zero.
    """
    predictor = open_predictor(model, "float32")
    images = labelled_images(predictor.model, data, split, size)
    return measuring.robustness(predictor.probabilities, images, seed)
