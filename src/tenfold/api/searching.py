"""Train in search of a better recipe."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from tenfold import launch
from tenfold.training.recipe import Recipe
from tenfold.tuning.contest import TuningListener
from tenfold.tuning.search import Plan, file_for
from tenfold.tuning.search import tune as search_recipe
from tenfold.tuning.search_space import FIELDS
from tenfold.tuning.tuned import Tuned

PathLike = str | os.PathLike[str]


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
