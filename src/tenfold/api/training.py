"""Train once, once a seed, or in search of a better recipe."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from tenfold import launch
from tenfold.api.reporting import report as write_report
from tenfold.errors import UsageError
from tenfold.reporting.drawing import require_matplotlib
from tenfold.training.adaptation import Deadline
from tenfold.training.listener import Listener
from tenfold.training.recipe import Recipe, RecipeChanges
from tenfold.training.repetition import Repetition
from tenfold.training.run import Run
from tenfold.tuning.contest import TuningListener
from tenfold.tuning.search import Plan, file_for
from tenfold.tuning.search import tune as search_recipe
from tenfold.tuning.search_space import FIELDS
from tenfold.tuning.tuned import Tuned

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
        require_matplotlib()  # before the training, not after it
    listener = listener or Listener()
    deadline = None if budget is None else _deadline(budget, changes)
    asked = _asked(engine=engine, device=device, threads=threads, size=size)
    if resume is None:
        chosen, opened = launch.open_for(launch.read_recipe(recipe or "fast", changes), asked)
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
    chosen, opened = launch.open_for(launch.read_recipe(recipe or "fast", changes), asked)
    splits, found_again = launch.load_for_training(data, size, listener)
    runs = launch.one_run_a_seed(times, splits, found_again, chosen, opened, asked, budget, out, listener)
    return Repetition(tuple(runs), tuple(run.test_accuracy() for run in runs))


def tune(
    data: PathLike | None = None,
    recipe: PathLike | Recipe | None = None,
    *,
    trials: int = 100,
    budget: float | None = None,
    epochs: int | None = None,
    search: Sequence[str] | None = None,
    out: PathLike | None = None,
    study: PathLike | None = None,
    seed: int = 0,
    threads: int | None = None,
    size: tuple[int, int] | None = None,
    listener: TuningListener | None = None,
) -> Tuned:
    """Search for a better recipe on held-out training images, and write it; needs the extra ``tune``.

    Parameters
    ----------
    data : str or path-like, optional
        Catalog name or path; without one, MNIST or else the installed 5,000-image sample.
    recipe : str, path-like or Recipe, optional
        Where to start: name of a recipe, or a TOML file; without one, fast.
    trials : int, default 100
        Trainings of the whole search, those that the study remembers among them.
    budget : float, optional
        Seconds after which no training is begun; some of them are kept for training the best again.
    epochs : int, optional
        Epochs of each training; without a number, the recipe's.
    search : sequence of str, optional
        Which fields may change, of lr, batch_size, weight_decay, hidden, momentum, label_smoothing, warmup;
        without it, all of these.
    out : path-like, optional
        The TOML file to write; without one, named after data and recipe, in the working folder.
    study : path-like, optional
        The file that remembers every training: the same call goes on with it. Without one, beside ``out``.
    seed : int, default 0
        Start of all draws: what is tried, and which images are held out.
    threads : int, optional
        Trainings at once, each on one thread; without a number, the cores at hand.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    listener : TuningListener, optional
        Who is told. `KeyboardInterrupt` ends the search; all finished trainings stay in the study.

    Returns
    -------
    Tuned
        The finalists, trained with several seeds, and whether the best is better beyond noise.

    Raises
    ------
    UsageError, DataError, RunError
        When an argument cannot be, the data is damaged, or the study belongs to another search.
    MissingExtraError
        When Optuna is not installed.
    """
    fields = FIELDS if search is None else tuple(search)
    plan = Plan(trials=trials, budget=budget, seed=seed, fields=fields, threads=threads)
    listener = listener or TuningListener()
    start = launch.read_recipe(recipe or "fast", {} if epochs is None else {"epochs": epochs})
    splits, found_again = launch.load_for_training(data, size, listener)
    target = Path(out) if out is not None else file_for(found_again, start)
    source = start.name if recipe is None or isinstance(recipe, Recipe) else str(recipe)
    command = ["tenfold", "tune", found_again, "--recipe", source]
    command += ["--trials", str(trials), "--seed", str(seed)]
    command += [] if size is None else ["--size", f"{size[0]}x{size[1]}"]
    command += [] if epochs is None else ["--epochs", str(epochs)]
    command += [] if search is None else ["--search", ",".join(plan.fields)]
    return search_recipe(
        splits,
        start,
        plan,
        out=target,
        study=Path(study) if study is not None else target.with_suffix(".study"),
        command=shlex.join(command),
        listener=listener,
    )


def _deadline(budget: float, changes: RecipeChanges) -> Deadline:
    deadline = Deadline(budget)
    if named := sorted(changes.keys() & {"epochs", "least_steps"}):
        raise UsageError(f"{named[0]}: follows from the budget; leave one of the two away")
    return deadline


def _asked(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
