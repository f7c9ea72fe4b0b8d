"""What a recipe leaves open, decided from the data: solver, augmentation, epochs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tenfold.data.image_set import Splits, is_lopsided
from tenfold.errors import UsageError
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.augmentation import AUGMENTATIONS, AUTO
from tenfold.training.distortion import check_size
from tenfold.training.engine import Engine
from tenfold.training.partition import partition
from tenfold.training.pilots import best_augmentation
from tenfold.training.recipe import SOLVED, WHOLE_NUMBERS, Recipe
from tenfold.training.trial import Trial

PROBE_SECONDS = 0.3
"""How long a training is tried to learn its rate."""

PILOTS_WORTH = 3.0
"""Seconds of a budget from which on pilots are tried."""

MOST_EPOCHS = 1_000
"""Few images get so many epochs at most for the sake of steps."""

FEW_STEPS = 800
"""A training of fewer steps hardly begins to learn."""

RESERVE, CLOSING_SECONDS = 0.08, 0.2
"""What a budget keeps back: a share of it, for a machine that slows down, and the time to write the model."""


class Deadline:
    """A number of seconds, running from now.

    Parameters
    ----------
    seconds : float
        More than zero.

    Raises
    ------
    UsageError
        When it is not a number of seconds.
    """

    def __init__(self, seconds: float) -> None:
        if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            raise UsageError(f"budget: {seconds!r} seconds; expected more than zero, such as 10")
        self.seconds = seconds
        self._began = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return self.seconds - (time.monotonic() - self._began)


def adapted(
    recipe: Recipe,
    splits: Splits,
    engine: Engine,
    threads: int,
    deadline: Deadline | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Recipe:
    """Decide what a recipe leaves open.

    Parameters
    ----------
    recipe : Recipe
        With ``auto`` fields, and with ``least_steps``.
    splits : Splits
        The data; its test images are not looked at.
    engine : Engine
        What will run the recipe.
    threads : int
        On how many threads.
    deadline : Deadline, optional
        When training is to be over: the epochs become as many as fit.
    note : callable
        Told what was decided.

    Returns
    -------
    Recipe
        Nothing in it is open.

    Raises
    ------
    UsageError
        When fields contradict each other or the data.
    """
    _point_out_lopsided_classes(recipe, splits, note)
    solver = _solver(recipe)
    if solver == "lbfgs":
        if deadline is not None:
            raise UsageError(
                "budget: softmax regression is solved to its optimum; use --solver sgd, or no budget"
            )
        if recipe.solver == AUTO:
            note("solver: lbfgs, softmax regression to its optimum")
        return recipe.with_changes(solver=solver, **SOLVED)
    recipe = recipe.with_changes(solver=solver)
    if recipe.augmentation == AUTO:
        if deadline is not None and deadline.left < PILOTS_WORTH:
            name, reason = "none", "as the budget leaves no time for pilots"
        else:
            name, reason = best_augmentation(recipe, splits, engine, threads)
        note(f"augmentation: {name}, {reason}")
        recipe = recipe.with_changes(augmentation=AUGMENTATIONS[name])
    if recipe.distorts:
        check_size(splits.train.images)
    if deadline is None:
        epochs = _enough_epochs(recipe, splits, note)
    else:
        epochs = _epochs_until(deadline, recipe, splits, engine, threads, note)
    return recipe.with_changes(epochs=epochs, least_steps=0)


def _point_out_lopsided_classes(recipe: Recipe, splits: Splits, note: Callable[[str], None]) -> None:
    counts = splits.train.counts
    if is_lopsided(counts) and recipe.class_weight == "none":
        note(
            f"classes are lopsided ({counts[counts > 0].min():,} to {counts.max():,} images): evaluate gives "
            "the balanced accuracy too; --class-weight balanced lets each class count the same"
        )


def _solver(recipe: Recipe) -> str:
    if recipe.solver != AUTO:
        return recipe.solver
    distortion_was_asked_for = recipe.augmentation != AUTO and recipe.distorts
    return "sgd" if recipe.hidden or distortion_was_asked_for else "lbfgs"


def _enough_epochs(recipe: Recipe, splits: Splits, note: Callable[[str], None]) -> int:
    """Repeat epochs until there are as many steps as the recipe wants at least."""
    images = len(partition(splits.train.labels, recipe, splits.validation is not None).learn)
    steps = math.ceil(images / recipe.batch_size)
    epochs = max(recipe.epochs, min(math.ceil(recipe.least_steps / steps), MOST_EPOCHS))
    if epochs > recipe.epochs:
        note(f"epochs: {epochs:,}, as {images:,} images make {steps:,} steps an epoch")
    elif epochs * steps < FEW_STEPS and not recipe.least_steps:
        _point_out_few_steps(recipe, images, epochs * steps, note)
    return epochs


def _point_out_few_steps(recipe: Recipe, images: int, steps: int, note: Callable[[str], None]) -> None:
    text = f"{images:,} images make {steps:,} steps in all, too few to learn much"
    if recipe.name == "lecture":
        text += (
            ": the lecture's 60,000 make 9,380, and on the 4,000 of mnist-5k its recipe reaches about 85 %; "
            "--recipe fast takes as many epochs as it needs"
        )
    note(text)


def _epochs_until(
    deadline: Deadline,
    recipe: Recipe,
    splits: Splits,
    engine: Engine,
    threads: int,
    note: Callable[[str], None],
) -> int:
    """Measure how fast this training is here, and count the epochs that fit; one is the least."""
    learn = partition(splits.train.labels, recipe, splits.validation is not None).learn
    preprocessing = Preprocessing.fitted(splits.train.images)
    trial = Trial(recipe, splits.train, preprocessing, learn, engine, threads)
    seconds = trial.epoch_seconds(len(splits.test), PROBE_SECONDS)
    left = deadline.left - RESERVE * deadline.seconds - CLOSING_SECONDS
    fewest, most = WHOLE_NUMBERS["epochs"]
    epochs = min(max(fewest, int(left / seconds)), most)
    note(f"budget: {epochs} {'epoch fits' if epochs == 1 else 'epochs fit'} into {deadline.seconds:.1f} s")
    return epochs
