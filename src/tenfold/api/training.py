"""Train once, or once a seed."""

from __future__ import annotations

import os
from typing import Any, Unpack

from tenfold import launch
from tenfold.errors import UsageError
from tenfold.training.adaptation import Deadline
from tenfold.training.listener import Listener
from tenfold.training.recipe import Recipe, RecipeChanges
from tenfold.training.repetition import Repetition
from tenfold.training.run import Run

PathLike = str | os.PathLike[str]

MOST_REPETITIONS = 10_000


def train(
    data: PathLike | None = None,
    recipe: PathLike | Recipe | None = None,
    *,
    budget: float | None = None,
    engine: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    size: tuple[int, int] | None = None,
    out: PathLike | None = None,
    resume: PathLike | None = None,
    report: bool = False,
    listener: Listener | None = None,
    **changes: Unpack[RecipeChanges],
) -> Run:
    """Train a network, test it after each epoch, and write a run.

    Parameters
    ----------
    data : str or path-like, optional
        Catalog name or path; without one, MNIST or else the installed 5,000-image sample.
    recipe : str, path-like or Recipe, optional
        Name of a recipe (fast, best, lecture), or a TOML file such as a run's recipe.toml; without one, fast.
    budget : float, optional
        Seconds from this call to the written model: the epochs become as many as fit.
    engine : str, optional
        auto (the first of these that is installed and can), fused, torch or reference.
    device : str, optional
        Where the torch engine computes: cpu, cuda, cuda:1, mps …
    threads : int, optional
        Threads of the matrix products; without a number, the cores at hand.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    out : path-like, optional
        Folder of the run, new or empty; without one, a new folder under runs/.
    resume : path-like, optional
        Folder of an interrupted run to go on with, bit for bit; all else stays as it was.
    report : bool, default False
        Whether to write the run's ``report.html`` as well, as `tenfold.report` does.
    listener : Listener, optional
        Who is told what happens.
    **changes
        Fields of `Recipe` that differ from the recipe's, such as ``epochs=2``.

    Returns
    -------
    Run
        The folder with recipe, history, checkpoints and model.

    Raises
    ------
    UsageError, DataError, RunError
        When an argument cannot be, the data is damaged, the run's folder is taken, or what is to be
        resumed has changed.
    """
    if report:
        from tenfold.reporting.drawing import require_matplotlib

        require_matplotlib()  # before the training, not after it
    listener = listener or Listener()
    deadline = None if budget is None else _deadline(budget, changes)
    asked = _asked(engine=engine, device=device, threads=threads, size=size)
    if resume is None:
        chosen, opened = launch.open_for(launch.read_recipe(recipe or "fast", changes, listener.note), asked)
        splits, found_again = launch.load_for_training(data, size, listener)
        run = launch.new_run(splits, found_again, chosen, opened, asked, deadline, out, listener)
    elif out is not None:
        raise UsageError(f"out: a resumed run stays in its folder, {resume}; leave --out away")
    elif deadline is not None:
        raise UsageError("budget: a resumed run keeps its epochs; leave --budget away")
    else:
        run, splits = launch.interrupted_run(resume, data, recipe, changes, asked, listener)
    run = launch.carried_out(run, splits, listener)
    if report:
        from tenfold.api.reporting import report as write_report

        listener.note(f"report: {write_report(run, data=run.settings.data)}")
    return run


def repeat(
    times: int,
    data: PathLike | None = None,
    recipe: PathLike | Recipe | None = None,
    *,
    budget: float | None = None,
    engine: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    size: tuple[int, int] | None = None,
    out: PathLike | None = None,
    listener: Listener | None = None,
    **changes: Unpack[RecipeChanges],
) -> Repetition:
    """Train as `train` does, once a seed, side by side where cores allow: ``tenfold train --repeat``.

    Parameters
    ----------
    times : int
        How often; the seeds count up from the recipe's.
    budget : float, optional
        Seconds that each training may take.
    out : path-like, optional
        Folder in which each run gets its own, ``seed-0``, ``seed-1`` …; without one, new folders under runs/.
    data, recipe, engine, device, threads, size, listener, **changes
        As in `train`.

    Returns
    -------
    Repetition
        The runs, their accuracies, mean, standard deviation and interval.

    Raises
    ------
    UsageError, DataError, RunError
        As in `train`.
    """
    listener = listener or Listener()
    if budget is not None:
        _deadline(budget, changes)
    if not isinstance(times, int) or not 1 <= times <= MOST_REPETITIONS:
        raise UsageError(f"repeat: {times}; expected 1 to {MOST_REPETITIONS:,} trainings")
    asked = _asked(engine=engine, device=device, threads=threads, size=size)
    chosen, opened = launch.open_for(launch.read_recipe(recipe or "fast", changes, listener.note), asked)
    splits, found_again = launch.load_for_training(data, size, listener)
    runs = launch.one_run_a_seed(times, splits, found_again, chosen, opened, asked, budget, out, listener)
    return Repetition(tuple(runs), tuple(run.test_accuracy() for run in runs))


def _deadline(budget: float, changes: RecipeChanges) -> Deadline:
    deadline = Deadline(budget)
    if named := sorted(changes.keys() & {"epochs", "least_steps"}):
        raise UsageError(f"{named[0]}: follows from the budget; leave one of the two away")
    return deadline


def _asked(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
