"""Probabilities of images by networks that have not learnt from them: each image has its turn."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tenfold import native
from tenfold.data.image_set import ImageSet
from tenfold.data.mapping import expect_shuffled_reading
from tenfold.data.split import LARGEST_SEED
from tenfold.errors import DataError, UsageError
from tenfold.functional import Floats
from tenfold.model.network import Network
from tenfold.model.predictor import CHUNK
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.accuracy import predictor_of
from tenfold.training.engine import Engine, Event, Examples, initial_snapshot
from tenfold.training.listener import Listener
from tenfold.training.partition import class_weights
from tenfold.training.recipe import Recipe
from tenfold.training.side_by_side import StoppedError, at_once
from tenfold.training.solution import solution

Places = NDArray[np.int64]

MOST_FOLDS = 100


class FoldListener(Listener):
    """Hears how far the trainings of a cross-validation are, and does nothing; override what you need."""

    def learning(self, fold: int, folds: int, share: float) -> None:
        """Take that ``share`` of a fold's training is done, 0 to 1; folds train at once, each in a thread."""


def stratified_folds(images: ImageSet, copies: Places, folds: int, seed: int) -> Places:
    """Deal images out to folds of the same size, each with the same share of every class.

    The images of a class are shuffled, and all are dealt round, class after class: sizes differ by one at
    most, in the whole and in each class. Further copies of a picture then follow the first, so that no
    network judges a picture that it has learnt by heart.

    Parameters
    ----------
    images : ImageSet
        The N images.
    copies : ndarray of int64, shape (N,)
        Place of the first image with the same pixels: `tenfold.evaluation.duplicates.first_copies`.
    folds : int
        How many, 2 to 100.
    seed : int
        Seed of the shuffle, 0 to 4,294,967,295.

    Returns
    -------
    ndarray of int64, shape (N,)
        The fold of each image.

    Raises
    ------
    UsageError
        When ``folds`` or ``seed`` is out of range.
    DataError
        When a class has fewer different pictures than there are folds.
    """
    if not isinstance(folds, int) or not 2 <= folds <= MOST_FOLDS:
        raise UsageError(f"folds: {folds!r}; expected a whole number from 2 to {MOST_FOLDS}")
    if not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"seed: {seed!r}; expected a whole number from 0 to {LARGEST_SEED:,}")
    firsts = np.unique(copies)
    generator = np.random.RandomState(seed)  # its stream is frozen: tenfold.data.split
    order = []
    for label in np.unique(images.labels):
        members = firsts[images.labels[firsts] == label]
        if len(members) < folds:
            raise DataError(
                f"{images.source}: class '{images.classes[label]}' has {len(members)} different pictures; "
                f"expected one a fold, {folds}: add some, leave the class out, or take fewer --folds"
            )
        order.append(generator.permutation(members))
    dealt = np.empty(len(copies), np.int64)
    dealt[np.concatenate(order)] = np.arange(len(firsts)) % folds
    return dealt[copies]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """A recipe trained once for each fold, on all the others.

    Parameters
    ----------
    images : ImageSet
        The N images.
    fold_of : ndarray of int64, shape (N,)
        The fold of each, as `stratified_folds` deals them.
    recipe : Recipe
        With nothing left open.
    engine : Engine
        What trains.
    threads : int
        Cores to use. The fused engine trains folds side by side, as its results do not depend on threads;
        others have one number of threads a process, and train one after the other.
    """

    images: ImageSet
    fold_of: Places
    recipe: Recipe
    engine: Engine
    threads: int

    def probabilities(self, listener: FoldListener) -> Floats:
        """Train, and ask each network for the images that it has not learnt from.

        Returns
        -------
        ndarray of float32, shape (N, classes)
            Each row sums to one.

        Raises
        ------
        UsageError
            When recipe and images do not fit, or a loss leaves the finite numbers.
        """
        expect_shuffled_reading(self.images.images)
        preprocessing = Preprocessing.fitted(self.images.images)
        together = min(self._folds, self.threads) if self.engine.name == "fused" else 1
        jobs = (
            partial(self._judged, fold, preprocessing, self.threads // together, listener)
            for fold in range(self._folds)
        )
        result = np.empty((len(self.images), len(self.images.classes)), np.float32)
        with closing(at_once(jobs, together)) as judged:
            for places, probabilities in judged:
                result[places] = probabilities
        return result

    @property
    def _folds(self) -> int:
        return int(self.fold_of.max()) + 1

    def _judged(
        self,
        fold: int,
        preprocessing: Preprocessing,
        threads: int,
        listener: FoldListener,
        stop: threading.Event,
    ) -> tuple[Places, Floats]:
        """Train without a fold; return the places of its images, and their probabilities."""
        network = Network.for_images(self.images, self.recipe.hidden, self.recipe.head)
        for event in self._training(network, fold, preprocessing, threads):
            if stop.is_set():
                raise StoppedError
            if not math.isfinite(event.loss):
                raise self._diverged(f"the loss became {event.loss} in epoch {event.epoch}")
            done = (event.epoch - 1 + event.batch / event.batches) / self.recipe.epochs
            listener.learning(fold, self._folds, done)
        weights = event.snapshot().weights
        predictor = predictor_of(network, weights, preprocessing, self.images, threads)
        places = np.flatnonzero(self.fold_of == fold)
        chunks = [places[start : start + CHUNK] for start in range(0, len(places), CHUNK)]
        with np.errstate(over="ignore", invalid="ignore"):
            pieces = [predictor.probabilities(self.images.images[chunk]) for chunk in chunks]
        probabilities: Floats = np.concatenate(pieces)
        if not np.isfinite(probabilities).all():
            raise self._diverged("the weights left the finite numbers")
        return places, probabilities

    def _diverged(self, found: str) -> UsageError:
        return UsageError(
            f"recipe {self.recipe.name}: {found}; expected finite ones: "
            "take a recipe with a lower learning rate"
        )

    def _training(
        self, network: Network, fold: int, preprocessing: Preprocessing, threads: int
    ) -> Iterator[Event]:
        learn = np.flatnonzero(self.fold_of != fold)
        weights = class_weights(self.images.labels, learn, self.recipe)
        examples = Examples.of(self.images, preprocessing, learn, weights)
        start = initial_snapshot(network, self.recipe, threads)
        if self.recipe.solver == "lbfgs":
            chosen = None if native.absence() else native.instruction_set().name
            return solution(network, self.recipe, examples, start, chosen)
        return self.engine.fit(network, self.recipe, examples, start)
