"""What a training's weights answer at the moment, and how many of the answers are right."""

from __future__ import annotations

import numpy as np

from tenfold.data.image_set import ImageSet
from tenfold.model.model_file import Model
from tenfold.model.network import Network, Weights
from tenfold.model.predictor import Predictor
from tenfold.model.preprocessing import Preprocessing


def predictor_of(
    network: Network, weights: Weights, preprocessing: Preprocessing, images: ImageSet, threads: int
) -> Predictor:
    """Make a predictor of weights in any precision; it computes in float32, and names the images' classes."""
    model = Model(
        network=network,
        weights={name: tensor.astype(np.float32) for name, tensor in weights.items()},
        classes=images.classes,
        preprocessing=preprocessing,
        examples=images.images[:1],
    )
    return Predictor(model, threads=threads)


def count_correct(
    network: Network, weights: Weights, preprocessing: Preprocessing, images: ImageSet, threads: int
) -> int | None:
    """Count the images whose most probable class is the true one.

    Parameters
    ----------
    network : Network
        What is trained.
    weights : dict of ndarray
        In any precision; the answers are computed in float32.
    preprocessing : Preprocessing
        Of the training images.
    images : ImageSet
        What to count on.
    threads : int
        Threads of the compiled part.

    Returns
    -------
    int or None
        Nothing where a probability is not finite: the steps were too long.
    """
    predictor = predictor_of(network, weights, preprocessing, images, threads)
    with np.errstate(over="ignore", invalid="ignore"):
        probabilities = predictor.probabilities(images.images)
    if not np.isfinite(probabilities).all():
        return None
    return int((probabilities.argmax(axis=1) == images.labels).sum())
