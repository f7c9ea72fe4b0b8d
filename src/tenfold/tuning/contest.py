"""The trainings of a search, as many at once as there are cores, and those of its finalists."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tenfold.data.split import LARGEST_SEED
from tenfold.training.adaptation import Deadline
from tenfold.training.engine import Engine
from tenfold.training.listener import Listener
from tenfold.training.recipe import Recipe
from tenfold.training.side_by_side import Job, at_once
from tenfold.tuning.search_space import recipe_at
from tenfold.tuning.study import Search, StudyFile, is_start
from tenfold.tuning.tuned import FINALISTS, RERUNS, Finalist, Tuned
from tenfold.tuning.validation import QUARTERS, Validation

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

FINAL_SHARE = 0.5
"""Largest share of a budget that is kept back for the finalists."""


@dataclass(frozen=True)
class Tried:
    """A training of the search.

    Parameters
    ----------
    number : int
        Counted from 1.
    recipe : Recipe
        What was tried.
    accuracy : float
        On the held-out images; of a pruned training, when it was stopped.
    is_pruned : bool
        Whether it was stopped early.
    is_best : bool
        Whether none before was better.
    seconds : float
        What it took.
    """

    number: int
    recipe: Recipe
    accuracy: float
    is_pruned: bool
    is_best: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Outset:
    """What a search begins with.

    Parameters
    ----------
    start : Recipe
        The starting recipe; nothing in it is open.
    fields : tuple of str
        Which of its fields may change.
    learn, calibration, validation : int
        Training images learnt from, left alone, and held out to measure on.
    threads : int
        Trainings at once.
    trials, tried : int
        Trainings of the whole search, and how many of them the study remembers.
    study : Path
        The file that remembers.
    """

    start: Recipe
    fields: tuple[str, ...]
    learn: int
    calibration: int
    validation: int
    threads: int
    trials: int
    tried: int
    study: Path


class TuningListener(Listener):
    """Hears everything about a search and does nothing; override what you need."""

    def searching(self, outset: Outset) -> None:
        """Take what begins."""

    def tried(self, tried: Tried) -> None:
        """Take a training of the search."""

    def retrained(self, done: int, total: int) -> None:
        """Take one of the trainings with other seeds."""

    def tuned(self, tuned: Tuned) -> None:
        """Take the end: the recipe is written."""


class Contest:
    """Trainings on the same images, against one another.

    Parameters
    ----------
    start : Recipe
        Where the search starts; nothing in it is open.
    validation : Validation
        The images.
    engine : Engine
        What trains.
    file : StudyFile
        What remembers.
    threads : int
        Trainings at once.
    listener : TuningListener
        Who is told.
    """

    def __init__(
        self,
        start: Recipe,
        validation: Validation,
        engine: Engine,
        file: StudyFile,
        threads: int,
        listener: TuningListener,
    ) -> None:
        self._start, self._validation, self._engine = start, validation, engine
        self._file, self._threads, self._listener = file, threads, listener
        self._best = 0.0
        self._number = 0

    def search(self, search: Search, trials: int, deadline: Deadline | None) -> None:
        """Try recipes until the study has ``trials`` trainings, or time is up."""
        for trial in self._file.finished:
            self._tried(trial)

        def draws() -> Iterator[Job[FrozenTrial]]:
            for _ in range(len(self._file.finished), trials):
                if deadline is not None and deadline.left <= self._final_seconds(deadline):
                    return
                yield partial(self._try, search, search.ask())

        with closing(at_once(draws(), self._threads)) as results:
            for trial in results:
                self._file.add(trial)
                self._listener.tried(self._tried(trial))

    def _try(self, search: Search, trial: Trial, stop: threading.Event) -> FrozenTrial:
        began = time.perf_counter()
        accuracy: float | None = None
        for quarter, accuracy in self._validation.accuracies(self._recipe(trial), self._engine, stop):
            trial.report(accuracy, quarter)
            if quarter < QUARTERS and trial.should_prune():
                accuracy = None
                break
        return search.tell(trial, accuracy, time.perf_counter() - began)

    def _recipe(self, trial: Trial | FrozenTrial) -> Recipe:
        return self._start if is_start(trial) else recipe_at(self._start, trial.params)

    def _tried(self, trial: FrozenTrial) -> Tried:
        """Count a training, and note whether none was better before."""
        self._number += 1
        accuracy = trial.value or 0.0
        is_pruned = trial.state.name == "PRUNED"
        is_best = not is_pruned and accuracy > self._best
        self._best = accuracy if is_best else self._best
        seconds = trial.user_attrs["seconds"]
        return Tried(self._number, self._recipe(trial), accuracy, is_pruned, is_best, seconds)

    def _final_seconds(self, deadline: Deadline) -> float:
        """Estimate how long the finalists will take, by the trainings that were not pruned."""
        whole = [t.user_attrs["seconds"] for t in self._file.finished if t.state.name == "COMPLETE"]
        trainings = (1 + FINALISTS) * RERUNS
        needed = trainings * float(np.mean(whole)) / self._threads if whole else 0.0
        return min(needed, FINAL_SHARE * deadline.seconds)

    def finalists(self) -> tuple[Finalist, ...]:
        """Train the starting recipe and the best of the search with other seeds, where that is not known."""
        recipes = {self._start.name: self._start} | self._best_recipes()
        seeds = [(self._start.seed + k) % (LARGEST_SEED + 1) for k in range(1, RERUNS + 1)]
        matches = [(name, seed) for seed in seeds for name in recipes]
        open_matches = [match for match in matches if self._file.retrained(*match) is None]
        jobs = (partial(self._retrain, recipes[name], name, seed) for name, seed in open_matches)
        known = len(matches) - len(open_matches)
        with closing(at_once(jobs, self._threads)) as results:
            for done, (name, seed, accuracy) in enumerate(results, known + 1):
                self._file.add_retrained(name, seed, accuracy)
                self._listener.retrained(done, len(matches))
        return tuple(
            Finalist(name, recipe, tuple(self._file.retrained(name, seed) or 0.0 for seed in seeds))
            for name, recipe in recipes.items()
        )

    def _best_recipes(self) -> dict[str, Recipe]:
        """Return the best of the search that differ from one another and from the start, by name."""
        finished = self._file.finished
        complete = [trial for trial in finished if trial.state.name == "COMPLETE"]
        best: dict[str, Recipe] = {}
        for trial in sorted(complete, key=lambda trial: -(trial.value or 0.0)):
            recipe = self._recipe(trial)
            if recipe != self._start and recipe not in best.values() and len(best) < FINALISTS:
                best[f"training {trial.number + 1}"] = recipe
        return best

    def _retrain(self, recipe: Recipe, name: str, seed: int, stop: threading.Event) -> tuple[str, int, float]:
        return name, seed, self._validation.accuracy(recipe.with_changes(seed=seed), self._engine, stop)
