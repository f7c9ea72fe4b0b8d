"""The training cycle that all engines share: epochs, batches, loss lines, and where to stop for breath."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenfold.model.network import Weights
from tenfold.training.engine import Event, Examples, Snapshot, Stretch
from tenfold.training.recipe import Recipe
from tenfold.training.schedule import learning_rates
from tenfold.training.torch_random import TorchGenerator

BREATH_SECONDS = 0.02
"""Longest stretch of work, beyond one batch, in which an engine answers to nobody."""


class Trainer(Protocol):
    """Weights in training: the part of an engine that does the arithmetic."""

    threads: int

    def train(self, stretch: Stretch) -> list[float]:
        """Take one step a batch; return each batch's loss."""
        ...

    def weights(self) -> Weights:
        """Return the weights as they are now."""
        ...

    def momentum(self) -> Weights:
        """Return the running step of each weight."""
        ...


class TrainingCycle:
    """A recipe on its way through epochs and batches.

    Iterating yields an `Event` after every stretch of work. Each epoch's order is drawn as the lecture's
    loader draws it. A loss line closes after every ``log_interval`` batches; an epoch that has fewer closes
    one at its end. Batches after an epoch's last line belong to no line, as in the lecture. How the work is
    cut into stretches depends on the clock; results do not.

    Parameters
    ----------
    trainer : Trainer
        What takes the steps.
    recipe : Recipe
        How many, how long.
    examples : Examples
        What the batches are taken from.
    state : Snapshot
        Where to begin.
    """

    def __init__(self, trainer: Trainer, recipe: Recipe, examples: Examples, state: Snapshot) -> None:
        self._trainer = trainer
        self._recipe = recipe
        self._examples = examples
        self._batches = math.ceil(len(examples) / recipe.batch_size)
        self._epoch, self._batch, self._loss_sum = state.epoch, state.batch, state.loss_sum
        self._epoch_start = state.generator
        self._pace = Pace()

    def __iter__(self) -> Iterator[Event]:
        generator = TorchGenerator(0)
        for epoch in range(self._epoch, self._recipe.epochs):
            generator.state = self._epoch_start
            order = generator.epoch_order(len(self._examples))
            if self._examples.places is not None:
                order = self._examples.places[order]
            while self._epoch == epoch:
                yield self._stretch(order, generator.state)

    def _stretch(self, order: NDArray[np.int64], next_epoch_start: NDArray[np.uint32]) -> Event:
        """Work until the next loss line, the epoch's end or a breath, whichever comes first."""
        size, interval = self._recipe.batch_size, self._recipe.log_interval
        next_line = (self._batch // interval + 1) * interval
        stop = min(self._batch + self._pace.batches, next_line, self._batches)
        before = self._epoch * self._batches
        rates = learning_rates(
            self._recipe, self._recipe.epochs * self._batches, before + self._batch, before + stop
        )
        stretch = Stretch(order[self._batch * size : stop * size], size, rates, self._epoch)
        began = time.perf_counter()
        for loss in self._trainer.train(stretch):
            self._loss_sum += loss
        seconds = max(time.perf_counter() - began, 1e-9)  # coarse clocks tell no time at all
        self._pace.learn(stop - self._batch, seconds)

        ends_epoch = stop == self._batches
        is_line = stop == next_line or (ends_epoch and self._batches < interval)
        event = Event(
            epoch=self._epoch + 1,
            batch=stop,
            batches=self._batches,
            loss=self._loss_sum / (stop - next_line + interval),
            is_line=is_line,
            learning_rate=float(rates[-1]),
            images_per_second=len(stretch.indices) / seconds,
            snapshot=self._snapshot,
        )
        self._batch = stop
        if is_line or ends_epoch:
            self._loss_sum = 0.0
        if ends_epoch:
            self._epoch, self._batch, self._epoch_start = self._epoch + 1, 0, next_epoch_start
        return event

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            weights=self._trainer.weights(),
            momentum=self._trainer.momentum(),
            epoch=self._epoch,
            batch=self._batch,
            loss_sum=self._loss_sum,
            generator=self._epoch_start,
            threads=self._trainer.threads,
        )


class Pace:
    """How many batches fit between two breaths, learned from the last stretch."""

    def __init__(self) -> None:
        self.batches = 1

    def learn(self, batches: int, seconds: float) -> None:
        """Note that ``batches`` took ``seconds``; grow at most fourfold, since the first are slow."""
        fitting = int(BREATH_SECONDS * batches / seconds)
        self.batches = max(1, min(fitting, 4 * self.batches))
