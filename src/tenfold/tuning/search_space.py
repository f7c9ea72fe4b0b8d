"""What `tenfold tune` may change in a recipe, and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenfold.errors import UsageError
from tenfold.model.network import MAX_WIDTH
from tenfold.training.recipe import Recipe

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Parameters = dict[str, Any]

RATES = {"lr": (3e-3, 0.5), "weight_decay": (1e-6, 1e-2)}
"""Lowest and highest; as many are drawn from 0.01 to 0.02 as from 0.1 to 0.2."""

SHARES = {"momentum": (0.5, 0.95), "label_smoothing": (0.0, 0.15), "warmup": (0.0, 0.4)}
"""Lowest and highest; every value is as likely at first."""

BATCH_SIZES = (16, 32, 64, 128, 256, 512)

NEGLIGIBLE_DECAY = 2e-6
"""A weight decay below it changes nothing that could be measured, and counts as none."""

FIELDS = ("lr", "batch_size", "weight_decay", "hidden", "momentum", "label_smoothing", "warmup")

BLOCK = 32
"""Neurons that the fused engine computes together: whole blocks waste nothing."""


def checked_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields to search, in the order of `FIELDS`.

    Raises
    ------
    UsageError
        When one cannot be searched, or there is none.
    """
    known = ", ".join(FIELDS)
    if unknown := [field for field in fields if field not in FIELDS]:
        raise UsageError(f"search: '{unknown[0]}'; expected fields of a recipe among {known}")
    if not fields:
        raise UsageError(f"search: no field; expected some of {known}")
    return tuple(field for field in FIELDS if field in fields)


def search_space(recipe: Recipe, fields: tuple[str, ...]) -> dict[str, BaseDistribution]:
    """Say what is drawn for each training, and from where.

    Each hidden layer has from half to twice the neurons of the starting recipe.

    Parameters
    ----------
    recipe : Recipe
        Where the search starts.
    fields : tuple of str
        Which fields may change, some of `FIELDS`.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    space: dict[str, BaseDistribution] = {}
    for field in fields:
        if field in RATES:
            space[field] = FloatDistribution(*RATES[field], log=True)
        elif field in SHARES:
            space[field] = FloatDistribution(*SHARES[field])
        elif field == "batch_size":
            space[field] = CategoricalDistribution(sorted({*BATCH_SIZES, recipe.batch_size}))
        else:
            space |= {_width(layer): _widths(width) for layer, width in enumerate(recipe.hidden, 1)}
    return space


def _widths(width: int) -> BaseDistribution:
    from optuna.distributions import IntDistribution

    step = BLOCK if width % (2 * BLOCK) == 0 else 1
    return IntDistribution(max(1, width // 2), min(2 * width, MAX_WIDTH), step=step)


def _width(layer: int) -> str:
    return f"width_{layer}"


def parameters_of(recipe: Recipe, fields: tuple[str, ...]) -> Parameters:
    """Return the point of the space that is nearest to a recipe."""
    point: Parameters = {}
    for field in fields:
        if field == "hidden":
            point |= {_width(layer): width for layer, width in enumerate(recipe.hidden, 1)}
        elif field == "batch_size":
            point[field] = recipe.batch_size
        else:
            low, high = (RATES | SHARES)[field]
            point[field] = min(max(getattr(recipe, field), low), high)
    return point


def recipe_at(start: Recipe, point: Parameters) -> Recipe:
    """Return the recipe that a point of the space means, its numbers rounded to three digits.

    Examples
    --------
    >>> lecture = Recipe.named("lecture").with_changes(hidden=(512,))
    >>> changed = recipe_at(lecture, {"lr": 0.123456, "weight_decay": 1e-6, "width_1": 768})
    >>> changed.lr, changed.weight_decay, changed.hidden
    (0.123, 0.0, (768,))
    """
    changes = {name: value for name, value in point.items() if name in FIELDS}
    for name in RATES.keys() | SHARES.keys():
        if name in changes:
            changes[name] = float(f"{changes[name]:.3g}")
    if changes.get("weight_decay", 1.0) < NEGLIGIBLE_DECAY:
        changes["weight_decay"] = 0.0
    widths = [point.get(_width(layer), width) for layer, width in enumerate(start.hidden, 1)]
    return start.with_changes(**changes, hidden=tuple(widths))
