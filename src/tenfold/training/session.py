"""Carry out a run: follow the engine, keep history and checkpoints, test each epoch, write the model."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

import tenfold
from tenfold import native
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.mapping import expect_shuffled_reading
from tenfold.errors import RunError
from tenfold.model.calibration import Calibration
from tenfold.model.model_file import GOLDEN_EXAMPLES, Model
from tenfold.model.network import Network
from tenfold.model.predictor import Predictor
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.accuracy import count_correct
from tenfold.training.checkpoint import Origin, latest_checkpoint, write_checkpoint
from tenfold.training.early_stopping import EarlyStopping
from tenfold.training.engine import Event, Examples, Snapshot, initial_snapshot
from tenfold.training.engines import open_engine
from tenfold.training.listener import Listener
from tenfold.training.partition import class_weights, partition
from tenfold.training.run import Run
from tenfold.training.solution import solution

LEARNT_EXAMPLES = 10_000
"""Learnt images, at most, that show what the training images look like."""

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
        with ThreadPoolExecutor(1) as thread:  # hashing takes as long as measuring: side by side
            data_sha256 = thread.submit(splits.sha256)
            self._preprocessing = Preprocessing.fitted(splits.train.images)
        self._network = Network.for_images(splits.train, run.recipe.hidden, run.recipe.head)
        self._engine = open_engine(run.settings.engine, run.settings.device, run.recipe.precision)
        _check_instruction_set(run)
        self._partition = partition(splits.train.labels, run.recipe, splits.validation is not None)
        self._origin = Origin(run.recipe, run.settings, data_sha256.result())
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
        self._train()
        self._calibrated(self._model(self._state, self._provenance())).save(self._run.model_path)
        self._listener.ended(self._run)
        return self._run

    def _train(self) -> None:
        stopping = EarlyStopping(self._run)
        if not stopping.is_over(self._state.epoch):
            for event in self._events(self._examples()):
                self._follow(event, stopping)
                if event.ends_epoch and stopping.is_over(event.epoch):
                    break
        if self._run.recipe.patience:
            self._state = replace(self._state, weights=stopping.best_weights(), epoch=stopping.best_epoch)
            self._correct = None

    def _events(self, examples: Examples) -> Iterator[Event]:
        recipe, settings = self._run.recipe, self._run.settings
        if recipe.solver == "lbfgs":
            return solution(self._network, recipe, examples, self._state, settings.instruction_set)
        return self._engine.fit(self._network, recipe, examples, self._state)

    def _examples(self) -> Examples:
        train, learn = self._splits.train, self._partition.learn
        return Examples.of(
            train,
            self._preprocessing,
            places=learn if len(learn) < len(train) else None,
            weights=class_weights(train.labels, learn, self._run.recipe),
        )

    def _follow(self, event: Event, stopping: EarlyStopping) -> None:
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
        if event.remark:
            self._listener.note(event.remark)
        stop_asked = False
        try:
            self._listener.event(event)
        except KeyboardInterrupt:
            stop_asked = True
        if event.ends_epoch:
            self._test(event)
            if self._run.recipe.patience:
                self._validate(event, stopping)
        if stop_asked or self._is_due(event) or (event.ends_epoch and stopping.is_over(event.epoch)):
            self._checkpoint(event)
        if stop_asked:
            raise KeyboardInterrupt

    def _is_due(self, event: Event) -> bool:
        """Whether to write a checkpoint: after a while, sooner at an epoch's end, always at the last."""
        waited = time.monotonic() - self._last_checkpoint
        last = event.ends_epoch and event.epoch == self._run.recipe.epochs
        return last or waited >= (EPOCH_CHECKPOINT_SECONDS if event.ends_epoch else CHECKPOINT_SECONDS)

    def _test(self, event: Event) -> None:
        total = len(self._splits.test)
        self._correct = self._count_correct(event.snapshot(), self._splits.test)
        self._run.append({"epoch": event.epoch, "batch": event.batch, "accuracy": self._correct / total})
        self._listener.tested(event.epoch, self._correct, total)

    def _validate(self, event: Event, stopping: EarlyStopping) -> None:
        images = self._validation_images
        snapshot = event.snapshot()
        accuracy = self._count_correct(snapshot, images) / len(images)
        self._run.append({"epoch": event.epoch, "batch": event.batch, "validation_accuracy": accuracy})
        stopping.validated(event.epoch, accuracy, snapshot.weights)

    @cached_property
    def _validation_images(self) -> ImageSet:
        return self._splits.validation or self._splits.train.select(self._partition.validation)

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

    def _calibrated(self, model: Model) -> Model:
        """Calibrate a model on the images that were held out for it, if there are any."""
        places = self._partition.calibration
        if not len(places):
            return model
        learnt = self._partition.learn
        spread = learnt[np.linspace(0, len(learnt) - 1, min(LEARNT_EXAMPLES, len(learnt))).astype(int)]
        held_out = self._splits.train.select(places)
        # One thread, so that the file is the same whatever the number of cores.
        with self._libraries.limit(limits=1):
            calibration = Calibration.fitted(
                self._network.head,
                self._splits.train.select(spread),
                held_out,
                Predictor(model, threads=self._state.threads).logits(held_out.images),
                self._run.recipe.label_smoothing,
                self._run.recipe.seed,
            )
        return replace(model, calibration=calibration)

    def _count_correct(self, state: Snapshot, images: ImageSet) -> int:
        with self._libraries.limit(limits=state.threads):
            correct = count_correct(self._network, state.weights, self._preprocessing, images, state.threads)
        if correct is None:
            raise self._diverged("the weights left the finite numbers")
        return correct

    def _diverged(self, found: str) -> RunError:
        return RunError(
            f"{self._run.path}: {found}: the steps are too long; "
            f"try a lower learning rate, such as --lr {self._run.recipe.lr / 10:g}"
        )

    def _provenance(self) -> dict[str, Any]:
        total = len(self._splits.test)
        correct = self._correct
        if correct is None:
            correct = self._count_correct(self._state, self._splits.test)
        return {
            "recipe": self._run.recipe.to_dict(),
            "engine": self._engine.name,
            "device": self._run.settings.device,
            "instruction_set": self._run.settings.instruction_set,
            "threads": self._state.threads,
            "data": {"source": self._run.settings.data, "size": self._run.settings.size},
            "data_sha256": self._origin.data_sha256,
            "training_images": len(self._partition.learn),
            "calibration_images": len(self._partition.calibration),
            "epochs": self._state.epoch,
            "metrics": {"test_images": total, "test_accuracy": correct / total},
            "versions": self._versions(),
        }

    def _versions(self) -> dict[str, str]:
        versions = {"tenfold": tenfold.__version__, "python": platform.python_version()}
        versions["numpy"] = np.__version__
        if self._engine.name == "torch":
            from importlib import metadata

            versions["torch"] = metadata.version("torch")
        return versions


def _check_instruction_set(run: Run) -> None:
    began = run.settings.instruction_set
    if began is not None and began != (now := native.instruction_set().name):
        raise RunError(
            f"{run.path}: began with the instruction set {began}, and {now} rounds otherwise; "
            f"go on with {native.VARIABLE}={began}, or start a new run"
        )
