"""Search for a better recipe: many short trainings at once, measured on held-out training images.

.. code-block:: text

    starting recipe ─▶ search: many trainings, one seed ─▶ finalists and starting recipe,
                       (drawn by TPE, pruned)              each with other seeds ─▶ recipe.toml

Each training has one thread, and as many run at once as there are cores; all share the images. The best of
many trainings is partly the luckiest, so the finalists are trained again before one is called better.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from tenfold.cores import available_cores
from tenfold.data.image_set import Splits
from tenfold.data.mapping import expect_shuffled_reading
from tenfold.data.split import LARGEST_SEED
from tenfold.errors import UsageError
from tenfold.training.adaptation import Deadline, adapted
from tenfold.training.engine import Engine
from tenfold.training.engines import open_engine, resolve_engine, resolve_precision
from tenfold.training.recipe import Recipe
from tenfold.tuning.contest import Contest, Outset, TuningListener
from tenfold.tuning.search_space import FIELDS, checked_fields, parameters_of, search_space
from tenfold.tuning.study import Search, StudyFile, quiet_optuna, require_optuna
from tenfold.tuning.tuned import Tuned, check_target, machine, write_recipe
from tenfold.tuning.validation import Validation


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to search.

    Parameters
    ----------
    trials : int, default 100
        Trainings of the whole search, those that a study file remembers among them.
    budget : float, optional
        Seconds after which no training is begun.
    seed : int, default 0
        Start of all draws: what is tried, and which images are held out.
    fields : tuple of str
        Which fields of the recipe may change, some of `FIELDS`.
    threads : int, optional
        Trainings at once; without a number, the cores at hand.

    Raises
    ------
    UsageError
        When a number is out of range.
    MissingExtraError
        When Optuna is not installed.
    """

    trials: int = 100
    budget: float | None = None
    seed: int = 0
    fields: tuple[str, ...] = FIELDS
    threads: int | None = None

    def __post_init__(self) -> None:
        require_optuna()
        for name, low, high in (("trials", 1, 1_000_000), ("seed", 0, LARGEST_SEED), ("threads", 1, 1024)):
            value = getattr(self, name)
            if value is not None and not (type(value) is int and low <= value <= high):
                raise UsageError(f"{name}: {value!r}; expected a whole number from {low:,} to {high:,}")
        object.__setattr__(self, "fields", checked_fields(tuple(self.fields)))
        if self.budget is not None:
            Deadline(self.budget)


def tune(
    splits: Splits,
    recipe: Recipe,
    plan: Plan,
    *,
    out: Path,
    study: Path,
    command: str = "tenfold.tune(…)",
    listener: TuningListener | None = None,
) -> Tuned:
    """Search for a recipe that is better than ``recipe``, and write the best.

    Trainings are measured at their end, without early stopping; the recipe keeps its patience.

    Parameters
    ----------
    splits : Splits
        The data; its test images are not read.
    recipe : Recipe
        Where the search starts.
    plan : Plan
        How to search.
    out : Path
        The TOML file to write.
    study : Path
        The file that remembers every training: the same call goes on with it.
    command : str
        What the recipe's header says it was made with.
    listener : TuningListener, optional
        Who is told. `KeyboardInterrupt` ends the search; all finished trainings stay in ``study``.

    Raises
    ------
    UsageError, DataError, RunError
        When an argument cannot be, there are too few images, ``study`` belongs to another search, or a file
        cannot be written.
    """
    listener = listener or TuningListener()
    check_target(out, study)
    deadline = None if plan.budget is None else Deadline(plan.budget)
    threads = plan.threads or available_cores()
    engine, precision = _engine(recipe)
    start = adapted(recipe.with_changes(precision=precision), splits, engine, threads, note=listener.note)
    if start.solver == "lbfgs":
        raise UsageError(
            "solver: lbfgs finds the optimum, nothing to search; use --solver sgd, or hidden layers"
        )
    space = search_space(start, plan.fields)
    if not space:
        raise UsageError(
            f"search: {plan.fields[0]}, but the recipe {start.name} has no hidden layer; search others"
        )
    validation = Validation.of(splits, start, plan.seed)
    expect_shuffled_reading(splits.train.images)
    computes = f"{engine.name} engine {getattr(engine, 'instruction_set', '')} {precision}".replace("  ", " ")
    origin: dict[str, Any] = start.to_dict() | {
        "data": splits.train.sha256() + validation.images.sha256(),
        "search": ",".join(plan.fields),
        "search seed": plan.seed,
        "engine": computes,
    }
    with (
        quiet_optuna(),
        ThreadpoolController().limit(limits=1),
        StudyFile.opened(study, origin) as file,
        file.timed(),
    ):
        file.claim(out)
        contest = Contest(start, validation, engine, file, threads, listener)
        listener.searching(
            Outset(
                start=start,
                fields=plan.fields,
                learn=len(validation.examples),
                calibration=validation.calibration_images,
                validation=len(validation.images),
                threads=threads,
                trials=plan.trials,
                tried=len(file.finished),
                study=study,
            )
        )
        search = Search(space, parameters_of(start, plan.fields), plan.seed, file.finished)
        contest.search(search, plan.trials, deadline)
        finalists = contest.finalists()
    tuned = Tuned(
        path=out,
        finalists=finalists,
        trials=len(file.finished),
        pruned=sum(trial.state.name == "PRUNED" for trial in file.finished),
        learn=len(validation.examples),
        calibration=validation.calibration_images,
        validation=len(validation.images),
        seed=plan.seed,
        seconds=file.seconds,
    )
    best = tuned.best.recipe.with_changes(name=out.stem, precision=recipe.precision)
    write_recipe(out, tuned.record(command, machine(threads, computes)), best)
    listener.tuned(tuned)
    return tuned


def file_for(data: str, recipe: Recipe) -> Path:
    """Name the file of a tuned recipe after the data and the starting recipe.

    >>> str(file_for("/home/me/my digits", Recipe.named("lecture")))
    'my-digits-lecture-tuned.toml'
    """
    return Path(re.sub(r"[^\w.-]+", "-", f"{Path(data).stem or 'data'}-{recipe.name}-tuned.toml"))


def _engine(recipe: Recipe) -> tuple[Engine, str]:
    """Open the engine that ``auto`` stands for; return it with its precision for the recipe."""
    name, _ = resolve_engine("auto", precision=recipe.precision)
    precision, _ = resolve_precision(recipe.precision, name)
    return open_engine(name, "cpu", precision), precision
