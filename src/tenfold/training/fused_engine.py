"""The fused engine: the same training in C++, a stretch of batches a call, on any number of threads.

The steps are those of ``reference.py``; ``native/`` explains how they are carried out. Results have the same
bits on any number of threads, but not from one instruction set to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tenfold import native
from tenfold.model.network import Network, Weights
from tenfold.training.cycle import TrainingCycle
from tenfold.training.distortion import amplitudes
from tenfold.training.engine import Event, Examples, Snapshot, Stretch
from tenfold.training.recipe import Recipe

if TYPE_CHECKING:
    from tenfold._native import Distortion


class FusedTrainer:
    """A network in the compiled part, and the examples that it is trained on."""

    def __init__(
        self, network: Network, recipe: Recipe, examples: Examples, state: Snapshot, instruction_set: str
    ) -> None:
        from tenfold._native import Trainer

        self.threads = state.threads
        self._examples = replace(
            examples,
            inputs=np.require(examples.inputs, requirements="C"),
            labels=np.require(examples.labels, requirements="C"),
        )
        self._recipe = recipe
        self._distortion = _distortion(recipe, examples) if recipe.distorts else None
        self._trainer = Trainer(
            widths=list(network.widths),
            head=network.head_name,
            isa=instruction_set,
            precision=recipe.precision,
            threads=state.threads,
            weights=state.weights,
            momentum=state.momentum,
        )

    def train(self, stretch: Stretch) -> list[float]:
        """Take one step a batch and return the losses."""
        recipe = self._recipe
        losses: list[float] = self._trainer.train(
            self._examples.inputs,
            self._examples.labels,
            self._examples.mean,
            self._examples.std,
            np.ascontiguousarray(stretch.indices),
            batch_size=stretch.batch_size,
            learning_rates=stretch.learning_rates.astype(np.float32),
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            label_smoothing=recipe.label_smoothing,
            distortion=self._distortion,
            seed=recipe.seed,
            epoch=stretch.epoch,
            weights=self._examples.weights,
        ).tolist()
        return losses

    def weights(self) -> Weights:
        """Return a copy of the weights."""
        return self._trainer.weights()

    def momentum(self) -> Weights:
        """Return a copy of the running steps."""
        return self._trainer.momentum()

    def times(self) -> dict[str, float]:
        """Return the seconds that the first thread has spent in each phase so far, and waiting."""
        return self._trainer.times()


def _distortion(recipe: Recipe, examples: Examples) -> Distortion:
    from tenfold._native import Distortion

    height, width, *channels = examples.image_shape
    return Distortion(amplitudes(recipe.distortion), height, width, *channels or [1])


class FusedEngine:
    """C++ kernels for the instruction set of this processor; see `tenfold.native`.

    Raises
    ------
    UsageError
        When ``TENFOLD_ISA`` names an instruction set that does not run here.
    """

    name: ClassVar[str] = "fused"

    def __init__(self) -> None:
        chosen = native.instruction_set()
        self.instruction_set = chosen.name
        self.precisions = chosen.precisions

    def fit(self, network: Network, recipe: Recipe, train: Examples, state: Snapshot) -> Iterator[Event]:
        """Train from ``state`` to the end of the recipe; see `tenfold.training.engine.Engine`."""
        trainer = FusedTrainer(network, recipe, train, state, self.instruction_set)
        yield from TrainingCycle(trainer, recipe, train, state)
