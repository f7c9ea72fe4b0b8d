"""Trainings of a lab: each a child process with a run's folder of its own, one at a time."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from tenfold import launch
from tenfold.errors import TenfoldError, UsageError
from tenfold.serving.lab.child import Child, Outcome
from tenfold.serving.lab.events import Events
from tenfold.serving.models import Models
from tenfold.training.recipe import Recipe
from tenfold.training.run import Run

log = logging.getLogger(__name__)

MOST_EPOCHS = 1000

LOG_INTERVAL = 20
"""Batches between two points of a curve: fine enough to watch an epoch of 60,000 images go by."""


@dataclass
class Training:
    """One training of the lab.

    Parameters
    ----------
    name : str
        Of the run, and of its model.
    data : str
        Name of the data.
    recipe : Recipe
        As asked for.
    state : str
        running, done, stopped or failed.
    seconds : float
        Which it has taken, in all its sittings.
    """

    name: str
    data: str
    recipe: Recipe
    state: str = "running"
    seconds: float = 0.0


class Trainings:
    """Starts trainings, and tells what becomes of them.

    Parameters
    ----------
    folder : Path
        Where each gets a run's folder.
    data : dict of str to str
        Data at hand by name.
    models : Models
        Which a finished model joins.
    child : Child
        The place for a process.
    events : Events
        Who is told.
    """

    def __init__(
        self, folder: Path, data: Mapping[str, str], models: Models, child: Child, events: Events
    ) -> None:
        self._folder = folder
        self._data = data
        self._models = models
        self._child = child
        self._events = events
        self._trainings: dict[str, Training] = {}
        for path in sorted(folder.iterdir(), key=_age) if folder.is_dir() else []:
            self._remember(path)

    def start(self, data: str, recipe: str, changes: dict[str, int]) -> str:
        """Start a training.

        Parameters
        ----------
        data, recipe : str
            Names of both.
        changes : dict of str to int
            Epochs and seed, where they differ from the recipe's.

        Returns
        -------
        str
            The run's name.

        Raises
        ------
        HTTPException
            404 for data that is not at hand, 409 while something else is under way.
        UsageError
            When recipe, epochs or seed cannot be.
        """
        source = known(self._data, data, "data")
        if recipe not in Recipe.names():  # a file's name would be opened
            raise UsageError(f"recipe: {recipe!r}; expected {', '.join(Recipe.names())}")
        if changes.get("epochs", 0) > MOST_EPOCHS:
            raise UsageError(f"epochs: {changes['epochs']:,}; expected {MOST_EPOCHS:,} at most")
        chosen = launch.read_recipe(recipe, {**changes})  # type: ignore[typeddict-item]  # checked there
        training = Training(self._free_name(f"{data}-{recipe}"), data, chosen)
        flags = [f"--{name}={value}" for name, value in changes.items()]
        where = ["--out", str(self._folder / training.name), f"--log-interval={LOG_INTERVAL}"]
        self._send_out(training, ["train", source, "--recipe", recipe, *flags, *where])
        self._trainings[training.name] = training
        return training.name

    def resume(self, name: str) -> None:
        """Go on with a training that was stopped or failed.

        Raises
        ------
        HTTPException
            404 where there is none of that name, 409 where it cannot go on, or something else is under way.
        """
        training = known(self._trainings, name, "training")
        path = self._folder / name
        if training.state in ("running", "done") or not path.is_dir():
            raise HTTPException(
                409, f"training '{name}': {training.state}; expected one that was interrupted"
            )
        self._send_out(training, ["train", "--resume", str(path)])

    def _free_name(self, stem: str) -> str:
        taken = {*self._trainings, *(served.name for served in self._models)}
        number = 1
        while f"{stem}-{number}" in taken or (self._folder / f"{stem}-{number}").exists():
            number += 1
        return f"{stem}-{number}"

    def _send_out(self, training: Training, arguments: list[str]) -> None:
        self._child.start(
            f"the training '{training.name}'",
            [*arguments, "--json"],
            partial(self._heard, training),
            partial(self._ended, training, time.monotonic()),
        )
        training.state = "running"
        self._introduce(training)

    def _introduce(self, training: Training) -> None:
        recipe = training.recipe
        self._events.tell(
            "training",
            name=training.name,
            data=training.data,
            recipe=recipe.name,
            epochs=recipe.epochs,
            seed=recipe.seed,
        )

    def _heard(self, training: Training, line: str) -> None:
        """Pass on what a training says: losses and tests."""
        said = json.loads(line)
        if said["event"] == "loss":
            place = said["epoch"] - 1 + said["batch"] / said["batches"]
            if training.recipe.least_steps:  # epochs were open until the data was known
                training.recipe = Run.open(self._folder / training.name).recipe.with_changes(least_steps=0)
                self._introduce(training)
            self._events.tell("loss", name=training.name, epoch=place, loss=said["loss"])
        elif said["event"] == "test":
            self._events.tell("test", name=training.name, epoch=said["epoch"], accuracy=said["accuracy"])

    async def _ended(self, training: Training, began: float, outcome: Outcome) -> None:
        """Tell how a training ended; from then on its model answers."""
        training.seconds += time.monotonic() - began
        training.state, error = outcome.state, outcome.error
        if training.state == "done":
            error = await asyncio.to_thread(self._serve, training)
        self._tell_end(training, error)

    def _serve(self, training: Training) -> str | None:
        """Let a finished model answer; return why it cannot."""
        try:
            self._models.add(training.name, Run.open(self._folder / training.name).model_path)
        except (TenfoldError, OSError) as error:
            log.error("%s: %s", training.name, error)
            return str(error)
        return None

    def _tell_end(self, training: Training, error: str | None) -> None:
        path = self._folder / training.name
        self._events.tell(
            "ended",
            name=training.name,
            state=training.state,
            seconds=round(training.seconds, 1) or None,
            accuracy=_accuracy(path) if training.state == "done" else None,
            can_resume=training.state != "done" and path.is_dir(),
            error=error,
        )

    def _remember(self, path: Path) -> None:
        """Tell of a training from an earlier life of this lab."""
        try:
            run = Run.open(path)
        except TenfoldError as error:
            log.info("%s is left out: %s", path, error)
            return
        data = next((name for name, source in self._data.items() if source == run.settings.data), "")
        training = Training(path.name, data or Path(run.settings.data).name, run.recipe)
        self._trainings[path.name] = training
        self._introduce(training)
        self._retell(run)
        training.state = "done" if run.is_complete else "stopped"
        self._tell_end(training, self._serve(training) if run.is_complete else None)

    def _retell(self, run: Run) -> None:
        """Tell a history anew; where not even one epoch is whole, nothing says how far it had come."""
        history = run.history()
        batches = next((record["batch"] for record in history if "accuracy" in record), None)
        for record in history if batches else []:
            if "loss" in record:
                place = record["epoch"] - 1 + record["batch"] / batches
                self._events.tell("loss", name=run.path.name, epoch=place, loss=record["loss"])
            elif "accuracy" in record:
                epoch, accuracy = record["epoch"], record["accuracy"]
                self._events.tell("test", name=run.path.name, epoch=epoch, accuracy=accuracy)


def known(things: Mapping[str, Any], name: str, what: str) -> Any:
    """Return one of several by its name.

    Raises
    ------
    HTTPException
        404 where there is none.
    """
    if name not in things:
        raise HTTPException(404, f"{what} '{name}': not here; expected {', '.join(things) or 'one that is'}")
    return things[name]


def _accuracy(path: Path) -> float | None:
    try:
        return Run.open(path).test_accuracy()
    except (TenfoldError, OSError, KeyError):
        return None


def _age(path: Path) -> float:
    return path.stat().st_mtime
