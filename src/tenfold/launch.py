"""From what a user asks for to runs that can be carried out: new, interrupted, or one a seed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from tenfold import native
from tenfold.cores import available_cores
from tenfold.data.catalog import load_data, load_default
from tenfold.data.image_set import Splits
from tenfold.data.known_sets import CATALOG
from tenfold.errors import DataError, RunError, UsageError
from tenfold.model.network import Network
from tenfold.training.adaptation import Deadline, adapted
from tenfold.training.augmentation import AUTO
from tenfold.training.engine import Engine, Event
from tenfold.training.engines import open_engine, resolve_engine, resolve_precision
from tenfold.training.listener import Listener
from tenfold.training.recipe import Recipe, RecipeChanges
from tenfold.training.run import Run, Settings, check_threads
from tenfold.training.session import Session

PathLike = str | os.PathLike[str]
Asked = dict[str, Any]
"""Engine, device, threads and size, those that were asked for."""

DESCENT = {
    "epochs",
    "least_steps",
    "batch_size",
    "lr",
    "schedule",
    "warmup",
    "momentum",
    "nesterov",
    "weight_decay",
    "label_smoothing",
    "patience",
}
"""Fields of stochastic descent: who names one wants that, and not a convex problem's optimum."""


def read_recipe(
    recipe: PathLike | Recipe, changes: RecipeChanges, note: Callable[[str], None] = lambda text: None
) -> Recipe:
    """Return a recipe by its name or file, changed as asked; ``note`` is told what a change brings with it.

    Raises
    ------
    UsageError
        When there is no such recipe, a field cannot be, or ``c`` is asked for where nothing looks at it.
    """
    if not isinstance(recipe, Recipe):
        name = str(recipe)
        recipe = Recipe.read(Path(name)) if name.endswith(".toml") else Recipe.named(name)
    if "epochs" in changes:  # that many, however small the data
        changes = {"least_steps": 0, **changes}
    descent = [name for name in changes if name in DESCENT]
    chosen = recipe.with_changes(**changes)
    if chosen.solver == AUTO and descent and "solver" not in changes:
        chosen = chosen.with_changes(solver="sgd")
        if not chosen.hidden:
            note(f"solver: sgd, as {descent[-1]} was asked for; without it lbfgs finds the optimum")
    if "c" in changes and (chosen.solver == "sgd" or chosen.hidden):
        raise UsageError(
            f"c: {chosen.c:g}, but here sgd descends, and has weight_decay instead; expected c with softmax "
            "regression (hidden none) and no number of descent, such as epochs"
        )
    return chosen


def open_for(recipe: Recipe, asked: Asked) -> tuple[Recipe, Engine]:
    """Settle a new run's engine and precision."""
    device = asked.get("device", "cpu")
    engine, _ = resolve_engine(asked.get("engine", "auto"), device, recipe.precision)
    precision, _ = resolve_precision(recipe.precision, engine)
    return recipe.with_changes(precision=precision), open_engine(engine, device, precision)


def load_for_training(
    data: PathLike | None, size: tuple[int, int] | None, listener: Listener
) -> tuple[Splits, str]:
    """Load data; return it with the name or absolute path under which it is found again."""
    if data is None:
        splits, note = load_default(size=size, progress=listener.downloading)
        if note:
            listener.note(note)
        return splits, splits.train.source
    splits = load_data(data, size=size, progress=listener.downloading)
    place = str(data) if data in CATALOG else str(Path(data).absolute())
    if not place.isprintable():
        raise DataError(f"{place!r}: a path that no text file can hold; rename the folder")
    return splits, place


def new_run(
    splits: Splits,
    found_again: str,
    recipe: Recipe,
    engine: Engine,
    asked: Asked,
    deadline: Deadline | None,
    out: PathLike | None,
    listener: Listener,
) -> Run:
    """Check all that can be refused, settle what the recipe leaves open, then make the run's folder."""
    Network.for_images(splits.train, recipe.hidden, recipe.head)
    if out is None and Path(found_again).is_dir() and Path.cwd().is_relative_to(Path(found_again).resolve()):
        raise UsageError("out: runs/ would lie inside the data; name a folder elsewhere with --out")
    threads = asked.get("threads", available_cores())
    settings = Settings(
        data=found_again,
        engine=engine.name,
        device=asked.get("device", "cpu"),
        threads=threads,
        instruction_set=native.instruction_set().name if engine.name == "fused" else None,
        size=asked.get("size"),
    )
    if out is not None:
        Run.check_free(Path(out))
    recipe = adapted(recipe, splits, engine, threads, deadline, listener.note)
    if recipe.solver == "lbfgs":
        settings = replace(settings, device="cpu", **_what_solves())
    if out is not None:
        return Run.create(Path(out), recipe, settings)
    stem = re.sub(r"[^\w.-]+", "-", f"{Path(found_again).stem or 'data'}-{recipe.name}")
    return Run.create_numbered(Path("runs"), stem, recipe, settings)


def _what_solves() -> dict[str, Any]:
    """Say what computes where no engine does: the compiled part, or NumPy where there is none."""
    if native.absence() is None:
        return {"engine": "fused", "instruction_set": native.instruction_set().name}
    return {"engine": "reference", "instruction_set": None}


def interrupted_run(
    resume: PathLike,
    data: PathLike | None,
    recipe: PathLike | Recipe | None,
    changes: RecipeChanges,
    asked: Asked,
    listener: Listener,
) -> tuple[Run, Splits]:
    """Open a run to go on with; refuse whatever is asked for and is not what the run began with."""
    run = Run.open(resume)
    wanted = read_recipe(recipe or run.recipe, changes).settled_as(run.recipe)
    if "engine" in asked:
        device = asked.get("device", run.settings.device)
        asked["engine"], _ = resolve_engine(asked["engine"], device, wanted.precision)
    settings = replace(run.settings, **asked)
    differences = run.recipe.differences(wanted) + run.settings.differences(settings)
    if differences:
        raise RunError(
            f"{run.path}: cannot go on with another {', '.join(differences)}; "
            "leave it out, or start a new run"
        )
    splits, found_again = load_for_training(data or run.settings.data, run.settings.size, listener)
    return replace(run, settings=replace(settings, data=found_again)), splits


def carried_out(run: Run, splits: Splits, listener: Listener) -> Run:
    """Train to the end, unless the run has come there already."""
    with run.locked():
        if not run.is_complete:
            return Session(run, splits, listener).carry_out()
    listener.note(f"{run.path}: this run is complete already")
    listener.ended(run)
    return run


def one_run_a_seed(
    times: int,
    splits: Splits,
    found_again: str,
    recipe: Recipe,
    engine: Engine,
    asked: Asked,
    budget: float | None,
    out: PathLike | None,
    listener: Listener,
) -> list[Run]:
    """Carry out a recipe with as many seeds, from its own on, side by side where the engine allows it.

    The fused engine has the same bits on any number of threads: its runs share the cores out between them.
    The other engines' libraries have one number of threads a process: their runs follow one another.
    """
    cores = asked.get("threads", available_cores())
    check_threads(cores)
    together = min(times, cores) if engine.name == "fused" else 1
    asked = asked | {"threads": max(1, cores // together)}
    recipes = [recipe.with_changes(seed=recipe.seed + number) for number in range(times)]
    folders = [None if out is None else Path(out) / f"seed-{mine.seed}" for mine in recipes]
    for folder in folders:
        if folder is not None:
            Run.check_free(folder)

    notes: set[str] = set()
    begun: list[Run] = []

    def repetition(mine: Recipe, folder: Path | None) -> Run:
        deadline = None if budget is None else Deadline(budget)
        told = RepetitionListener(listener, notes)
        run = new_run(splits, found_again, mine, engine, asked, deadline, folder, told)
        begun.append(run)
        return carried_out(run, splits, told)

    # The limit on NumPy's matrix library belongs to the process: runs side by side must all find the same.
    alone = ThreadpoolController().limit(limits=1) if together > 1 else nullcontext()
    with alone, ThreadPoolExecutor(together) as pool:
        futures = [pool.submit(repetition, *one) for one in zip(recipes, folders, strict=True)]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            for run in begun:
                if not run.is_complete:
                    listener.note(f"stopped; go on with: tenfold train --resume {shlex.quote(str(run.path))}")
            raise
    return [future.result() for future in futures]


class RepetitionListener(Listener):
    """Follows one run of several for a listener who wants their results, not their every batch."""

    def __init__(self, listener: Listener, told: set[str]) -> None:
        self._listener = listener
        self._told = told

    @property
    def is_stopping(self) -> bool:
        """Whether the listener wants an end."""
        return self._listener.is_stopping

    def note(self, text: str) -> None:
        """Pass a remark on, if no other run has made it."""
        if text not in self._told:
            self._told.add(text)
            self._listener.note(text)

    def event(self, event: Event) -> None:
        """Stop when the listener wants it."""
        if self.is_stopping:
            raise KeyboardInterrupt

    def ended(self, run: Run) -> None:
        """Say what this run reached."""
        self._listener.repeated(run, run.test_accuracy())
