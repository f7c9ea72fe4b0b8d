"""Carry out a run: follow the engine, keep history and checkpoints, test each epoch, write the model."""

from __future__ import annotations

import math
import platform
import time
from dataclasses import replace
from importlib import metadata
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

import tenfold
from tenfold import native
from tenfold.data.image_set import Splits
from tenfold.data.mapping import expect_shuffled_reading
from tenfold.errors import RunError
from tenfold.model.model_file import GOLDEN_EXAMPLES, Model
from tenfold.model.network import Network
from tenfold.model.predictor import Predictor
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.checkpoint import Origin, latest_checkpoint, write_checkpoint
from tenfold.training.engine import Event, Examples, Snapshot, initial_snapshot
from tenfold.training.engines import open_engine
from tenfold.training.listener import Listener
from tenfold.training.recipe import Recipe
from tenfold.training.run import Run

CHECKPOINT_SECONDS, EPOCH_CHECKPOINT_SECONDS = 30.0, 1.0
"""Longest time between two checkpoints, and shortest between those at epochs' ends."""


class Session:
    """One run on its data, from its first or next batch to its model.

    Parameters
    ----------
    run : Run
        Where everything is kept.
    splits : Splits
        What to train and test on.
    listener : Listener
        Who is told.

    Raises
    ------
    UsageError
        When recipe, data and engine do not fit one another.
    RunError
        When the run's last checkpoint does not continue this recipe, data and engine, when the run began
        with another instruction set, or when the loss leaves the finite numbers.
    """

    def __init__(self, run: Run, splits: Splits, listener: Listener) -> None:
        self._run = run
        self._splits = splits
        self._listener = listener
        self._preprocessing = Preprocessing.fitted(splits.train.images)
        self._network = network_for(splits, run.recipe)
        self._engine = open_engine(run.settings.engine, run.settings.device, run.recipe.precision)
        _check_instruction_set(run)
        self._origin = Origin(run.recipe, run.settings, splits.sha256())
        start = latest_checkpoint(run.path, self._origin)
        start = start or initial_snapshot(self._network, run.recipe, run.settings.threads)
        self._state = replace(start, threads=run.settings.threads)
        self._libraries = ThreadpoolController()
        self._correct: int | None = None
        self._last_checkpoint = time.monotonic()

    def carry_out(self) -> Run:
        """Train to the end of the recipe and write the model; return the run."""
        try:
            return self._carry_out()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RunError(
                f"{self._run.path}: cannot be written ({error.strerror}); make room or give leave, "
                f"then go on with --resume {self._run.path}"
            ) from None

    def _carry_out(self) -> Run:
        self._run.rewind(self._state.epoch, self._state.batch)
        self._listener.began(self._run, self._splits, self._network)
        expect_shuffled_reading(self._splits.train.images)
        examples = Examples.of(self._splits.train, self._preprocessing)
        for event in self._engine.fit(self._network, self._run.recipe, examples, self._state):
            self._follow(event)
        self._model(self._state, self._provenance()).save(self._run.model_path)
        self._listener.ended(self._run)
        return self._run

    def _follow(self, event: Event) -> None:
        if not math.isfinite(event.loss):
            raise self._diverged(f"the loss became {event.loss} in epoch {event.epoch}")
        if event.is_line:
            self._run.append(
                {
                    "epoch": event.epoch,
                    "batch": event.batch,
                    "loss": event.loss,
                    "learning_rate": event.learning_rate,
                    "images_per_second": round(event.images_per_second),
                }
            )
        stop_asked = False
        try:
            self._listener.event(event)
        except KeyboardInterrupt:
            stop_asked = True
        if event.ends_epoch:
            self._test(event)
        if stop_asked or self._is_due(event):
            self._checkpoint(event)
        if stop_asked:
            raise KeyboardInterrupt

    def _is_due(self, event: Event) -> bool:
        """Whether to write a checkpoint: after a while, sooner at an epoch's end, always at the last."""
        waited = time.monotonic() - self._last_checkpoint
        last = event.ends_epoch and event.epoch == self._run.recipe.epochs
        return last or waited >= (EPOCH_CHECKPOINT_SECONDS if event.ends_epoch else CHECKPOINT_SECONDS)

    def _test(self, event: Event) -> None:
        self._correct = self._count_correct(event.snapshot())
        total = len(self._splits.test)
        self._run.append({"epoch": event.epoch, "batch": event.batch, "accuracy": self._correct / total})
        self._listener.tested(event.epoch, self._correct, total)

    def _checkpoint(self, event: Event) -> None:
        self._state = event.snapshot()
        self._run.flush_history()
        write_checkpoint(self._run.path, self._state, self._origin)
        self._last_checkpoint = time.monotonic()

    def _model(self, state: Snapshot, provenance: dict[str, Any] | None = None) -> Model:
        test = self._splits.test
        spread = np.linspace(0, len(test) - 1, min(GOLDEN_EXAMPLES, len(test))).astype(int)
        return Model(
            network=self._network,
            weights={name: tensor.astype(np.float32) for name, tensor in state.weights.items()},
            classes=test.classes,
            preprocessing=self._preprocessing,
            examples=test.images[spread],
            provenance=provenance or {},
        )

    def _count_correct(self, state: Snapshot) -> int:
        test = self._splits.test
        with self._libraries.limit(limits=state.threads), np.errstate(over="ignore", invalid="ignore"):
            predictor = Predictor(self._model(state), threads=state.threads)
            probabilities = predictor.probabilities(test.images)
        if not np.isfinite(probabilities).all():
            raise self._diverged("the weights left the finite numbers")
        return int((probabilities.argmax(axis=1) == test.labels).sum())

    def _diverged(self, found: str) -> RunError:
        return RunError(
            f"{self._run.path}: {found}: the steps are too long; "
            f"try a lower learning rate, such as --lr {self._run.recipe.lr / 10:g}"
        )

    def _provenance(self) -> dict[str, Any]:
        total = len(self._splits.test)
        correct = self._count_correct(self._state) if self._correct is None else self._correct
        return {
            "recipe": self._run.recipe.to_dict(),
            "engine": self._engine.name,
            "device": self._run.settings.device,
            "instruction_set": self._run.settings.instruction_set,
            "threads": self._state.threads,
            "data": {"source": self._run.settings.data, "size": self._run.settings.size},
            "data_sha256": self._origin.data_sha256,
            "training_images": len(self._splits.train),
            "metrics": {"test_images": total, "test_accuracy": correct / total},
            "versions": self._versions(),
        }

    def _versions(self) -> dict[str, str]:
        versions = {"tenfold": tenfold.__version__, "python": platform.python_version()}
        packages = ("numpy", "torch") if self._engine.name == "torch" else ("numpy",)
        return versions | {package: metadata.version(package) for package in packages}


def _check_instruction_set(run: Run) -> None:
    began = run.settings.instruction_set
    if began is not None and began != (now := native.instruction_set().name):
        raise RunError(
            f"{run.path}: began with the instruction set {began}, and {now} rounds otherwise; "
            f"go on with {native.VARIABLE}={began}, or start a new run"
        )


def network_for(splits: Splits, recipe: Recipe) -> Network:
    """Return the network that a recipe means for its data."""
    inputs = math.prod(splits.train.images.shape[1:])
    return Network.for_task(inputs, recipe.hidden, len(splits.train.classes), recipe.head)
