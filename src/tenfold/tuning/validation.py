"""Trainings that are measured on held-out training images, on the way and at the end; nothing is written."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.split import stratified_count
from tenfold.errors import DataError
from tenfold.model.network import Network, Weights
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.accuracy import count_correct
from tenfold.training.engine import Engine, Event, Examples, initial_snapshot
from tenfold.training.partition import class_weights, partition
from tenfold.training.recipe import Recipe
from tenfold.training.side_by_side import StoppedError

VALIDATION_IMAGES, LARGEST_SHARE = 10_000, 5
"""At most so many training images are held out, and at most a fifth of them."""

QUARTERS = 4
"""How often a training is measured."""


@dataclass(frozen=True, eq=False)
class Validation:
    """Training images, some of them held out; any number of trainings may share them at once.

    Parameters
    ----------
    examples : Examples
        All training images; ``places`` are those to learn from.
    images : ImageSet
        Held out, to measure on.
    preprocessing : Preprocessing
        Of the training images.
    calibration_images : int
        Training images that serve neither.
    """

    examples: Examples
    images: ImageSet
    preprocessing: Preprocessing
    calibration_images: int

    @classmethod
    def of(cls, splits: Splits, recipe: Recipe, seed: int) -> Validation:
        """Hold out images: the data's own validation images, or a stratified part of its training images.

        Calibration images are taken away first, as a training with this recipe does. No test image is read.

        Raises
        ------
        DataError
            When there are too few images to hold any out.
        """
        train = splits.train
        parts = partition(train.labels, recipe.with_changes(patience=0))
        learn, held_out = parts.learn, splits.validation
        if held_out is None:
            count = min(VALIDATION_IMAGES, len(learn) // LARGEST_SHARE)
            places = learn[stratified_count(train.labels[learn], count, seed)]
            learn, held_out = np.setdiff1d(learn, places, assume_unique=True), train.select(places)
        if not len(held_out):
            raise DataError(
                f"{train.source}: {len(train)} training images; expected at least {LARGEST_SHARE}"
            )
        preprocessing = Preprocessing.fitted(train.images)
        examples = Examples.of(train, preprocessing, learn, class_weights(train.labels, learn, recipe))
        return cls(examples, held_out, preprocessing, len(parts.calibration))

    def accuracies(
        self, recipe: Recipe, engine: Engine, stop: threading.Event | None = None
    ) -> Iterator[tuple[int, float]]:
        """Train on one thread, and measure after each quarter.

        Parameters
        ----------
        recipe : Recipe
            With nothing left open.
        engine : Engine
            What trains.
        stop : threading.Event, optional
            Set by whoever wants no more.

        Yields
        ------
        quarter : int
            1 to 4; one that ends between two batches is measured with the next.
        accuracy : float
            Share of the held-out images that come out right. A training whose loss leaves the finite numbers
            ends with 0.

        Raises
        ------
        StoppedError
            When ``stop`` is set.
        """
        network = Network.for_images(self.images, recipe.hidden, recipe.head)
        batches = math.ceil(len(self.examples) / recipe.batch_size)
        pieces = math.ceil(QUARTERS / recipe.epochs)
        # Engines stop at a line, whatever the clock.
        recipe = recipe.with_changes(log_interval=math.ceil(batches / pieces))
        measured = 0
        for event in engine.fit(network, recipe, self.examples, initial_snapshot(network, recipe, 1)):
            if stop is not None and stop.is_set():
                raise StoppedError
            if not math.isfinite(event.loss):
                yield QUARTERS, 0.0
                return
            quarter = QUARTERS * ((event.epoch - 1) * batches + event.batch) // (recipe.epochs * batches)
            if quarter > measured and _is_milestone(event):
                measured = quarter
                yield quarter, self._accuracy(network, event.snapshot().weights)

    def accuracy(self, recipe: Recipe, engine: Engine, stop: threading.Event | None = None) -> float:
        """Train to the end and measure."""
        *_, (_, accuracy) = self.accuracies(recipe, engine, stop)
        return accuracy

    def _accuracy(self, network: Network, weights: Weights) -> float:
        correct = count_correct(network, weights, self.preprocessing, self.images, threads=1)
        return (correct or 0) / len(self.images)


def _is_milestone(event: Event) -> bool:
    return event.is_line or event.ends_epoch
