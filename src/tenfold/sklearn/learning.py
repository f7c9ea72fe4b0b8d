"""What the estimator does once its input is checked: train, compute logits, and on how many threads."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend

from tenfold import native
from tenfold.cores import available_cores
from tenfold.errors import UsageError
from tenfold.model.network import Network, Weights
from tenfold.sklearn.rows import Doubles, Rows, Scale
from tenfold.training.engine import Examples, Snapshot
from tenfold.training.engines import open_engine, resolve_precision
from tenfold.training.recipe import Recipe

CHUNK = 1024
"""Rows computed at a time where there is no compiled part."""

MOST_THREADS = 1024
"""The compiled part starts no more."""


RECIPE_FIELDS = {
    "max_iter": "epochs",
    "batch_size": "batch_size",
    "learning_rate_init": "lr",
    "learning_rate": "schedule",
    "warmup": "warmup",
    "momentum": "momentum",
    "nesterovs_momentum": "nesterov",
    "weight_decay": "weight_decay",
    "hidden_layer_sizes": "hidden",
    "precision": "precision",
}
"""The parameters, and what a `tenfold.training.recipe.Recipe` calls them."""

EPOCHS, LEAST_STEPS = 20, 300
"""Epochs without ``max_iter``; where these are fewer steps, as many epochs as it takes."""

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained network, and all that is needed to use it and to go on.

    Parameters
    ----------
    network : Network
        The widths.
    scale : Scale
        How rows are normalised.
    state : Snapshot
        Weights, momentum, and the generator of random numbers, at the end of an epoch.
    losses : tuple of float
        Mean loss of each epoch so far.
    """

    network: Network
    scale: Scale
    state: Snapshot
    losses: tuple[float, ...]

    def logits(self, rows: Rows, threads: int) -> Doubles:
        """Compute logits, shape (N, classes), of rows of shape (N, features)."""
        if native.absence() is None:
            from tenfold._native import Classifier

            isa = native.instruction_set().name
            classifier = Classifier(list(self.network.widths), isa, "float32", self.state.weights)
            return classifier.logits(*self.scale.for_engine(rows), threads).astype(np.float64)
        weights: Weights = {name: tensor.astype(np.float64) for name, tensor in self.state.weights.items()}
        chunks = (self.scale.normalised(rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK))
        logits = [self.network.forward(weights, chunk)[-1] for chunk in chunks]
        return np.concatenate(logits, dtype=np.float64)


def engine_name() -> str:
    """Return the engine that trains here: never torch, which would take a second to import."""
    return "fused" if native.absence() is None else "reference"


def recipe_of(parameters: Mapping[str, Any]) -> Recipe:
    """Make the recipe that an estimator's parameters describe.

    Raises
    ------
    UsageError
        When one has a value that it cannot take; the message names it as the estimator does.
    """
    values = {field: parameters[name] for name, field in RECIPE_FIELDS.items()}
    values["epochs"] = EPOCHS if values["epochs"] is None else values["epochs"]
    if isinstance(values["hidden"], int | np.integer):
        values["hidden"] = (values["hidden"],)
    if values["precision"] not in PRECISIONS:
        raise UsageError(f"precision: {values['precision']!r}; expected {', '.join(PRECISIONS)}")
    values["precision"], _ = resolve_precision(values["precision"], engine_name())
    try:
        return Recipe(name="scikit-learn", first_weights="he", log_interval=10**9, **values)
    except UsageError as error:
        field, _, complaint = str(error).partition(":")
        name = next((name for name, known in RECIPE_FIELDS.items() if known == field), field)
        raise UsageError(f"{name}:{complaint}") from None


def with_enough_steps(recipe: Recipe, rows: int) -> Recipe:
    """Give few rows as many epochs as make `LEAST_STEPS` steps."""
    steps = math.ceil(rows / recipe.batch_size)
    return recipe.with_changes(epochs=max(EPOCHS, math.ceil(LEAST_STEPS / steps)))


def trained(
    network: Network,
    recipe: Recipe,
    examples: Examples,
    scale: Scale,
    start: Snapshot,
    before: Learned | None,
) -> Learned:
    """Train from ``start`` to the end of the recipe; the losses follow those of what was learned before.

    Raises
    ------
    UsageError
        When the loss leaves the finite numbers.
    """
    losses = list(before.losses) if before else []
    for event in open_engine(engine_name(), "cpu", recipe.precision).fit(network, recipe, examples, start):
        if not math.isfinite(event.loss):
            raise UsageError(
                f"learning_rate_init: {recipe.lr:g} led to a loss of {event.loss} in epoch {event.epoch}; "
                f"expected a finite one: try a lower rate, such as {recipe.lr / 10:g}"
            )
        if event.ends_epoch:
            losses.append(event.loss)
    return Learned(network, scale, event.snapshot(), tuple(losses))


def granted_threads(n_jobs: int | None) -> int:
    """Say how many threads to compute on.

    Parameters
    ----------
    n_jobs : int, optional
        How many; below zero, all cores but ``-1 - n_jobs``; without a number, what this process is granted:
        all cores, at most ``OMP_NUM_THREADS``. joblib sets that variable in the processes that it starts, so
        that they share the cores out. Its threads, and processes that it forks, are told of no share: they
        get one.

    Raises
    ------
    UsageError
        When ``n_jobs`` is zero or no whole number.
    """
    cores = available_cores()
    if n_jobs is not None:
        if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or n_jobs == 0:
            raise UsageError(f"n_jobs: {n_jobs!r}; expected a whole number of threads, or -1 for all cores")
        return max(1, cores + 1 + int(n_jobs)) if n_jobs < 0 else min(int(n_jobs), MOST_THREADS)
    share = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    is_worker = get_active_backend()[0].nesting_level > 0
    is_thread = threading.current_thread() is not threading.main_thread()
    if is_worker and (is_thread or not share):
        return 1
    return min(cores, int(share)) if share.isdecimal() and int(share) else cores
