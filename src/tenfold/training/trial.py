"""A training without a run: nothing is written; what remains is how well and how fast it went."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet
from tenfold.model.network import Network, Weights
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.accuracy import count_correct
from tenfold.training.engine import Engine, Examples, initial_snapshot
from tenfold.training.partition import class_weights
from tenfold.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Trial:
    """A recipe tried on some of the training images.

    Parameters
    ----------
    recipe : Recipe
        With nothing left open.
    images : ImageSet
        The training images.
    preprocessing : Preprocessing
        Of the training images.
    learn : ndarray of int64
        Places of those to learn from.
    engine : Engine
        What trains.
    threads : int
        On how many threads.
    """

    recipe: Recipe
    images: ImageSet
    preprocessing: Preprocessing
    learn: NDArray[np.int64]
    engine: Engine
    threads: int

    @property
    def network(self) -> Network:
        """What is trained."""
        return Network.for_images(self.images, self.recipe.hidden, self.recipe.head)

    def accuracy(self, places: NDArray[np.int64]) -> float:
        """Train to the end; return the share of the images at ``places`` that come out right."""
        weights = self._train(None)[0]
        return (self._count_correct(weights, self.images.select(places)) or 0) / len(places)

    def epoch_seconds(self, tested: int, seconds: float) -> float:
        """Train for some ``seconds``; return how long an epoch and a test of ``tested`` images would take."""
        weights, rate = self._train(seconds)
        sample = self.images.select(self.learn[:tested])
        began = time.perf_counter()
        self._count_correct(weights, sample)
        test = (time.perf_counter() - began) * tested / max(len(sample), 1)
        return len(self.learn) / rate + test

    def _train(self, seconds: float | None) -> tuple[Weights, float]:
        """Return the weights, and the images a second of the median stretch."""
        examples = Examples.of(
            self.images,
            self.preprocessing,
            places=self.learn,
            weights=class_weights(self.images.labels, self.learn, self.recipe),
        )
        rates = []
        began = time.perf_counter()
        start = initial_snapshot(self.network, self.recipe, self.threads)
        for event in self.engine.fit(self.network, self.recipe, examples, start):
            rates.append(event.images_per_second)
            if seconds is not None and time.perf_counter() - began > seconds:
                break
        return event.snapshot().weights, float(np.median(rates))

    def _count_correct(self, weights: Weights, images: ImageSet) -> int | None:
        return count_correct(self.network, weights, self.preprocessing, images, self.threads)
