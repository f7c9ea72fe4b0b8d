"""Every number of a training run, validated, and kept as a TOML file that a person can read.

>>> recipe = Recipe.named("lecture")
>>> recipe.epochs, recipe.batch_size, recipe.lr, recipe.momentum
(10, 64, 0.01, 0.5)
>>> recipe.with_changes(epochs=2).epochs
2
"""

from __future__ import annotations

import operator
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, TypedDict

from tenfold.errors import UsageError

HEADS = ("softmax", "sigmoid")  # by name only: the command line reads recipes without loading NumPy
PRECISIONS = ("auto", "float32", "float64", "bfloat16")


class RecipeChanges(TypedDict, total=False):
    """The fields of `Recipe` that a caller may set one by one."""

    epochs: int
    batch_size: int
    lr: float
    momentum: float
    hidden: tuple[int, ...]
    head: str
    precision: str
    log_interval: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every number of a training run.

    Parameters
    ----------
    name : str
        What the recipe is called.
    epochs : int
        Passes over the training images.
    batch_size : int
        Images a step; the last batch of an epoch may be shorter.
    lr : float
        Learning rate of stochastic gradient descent.
    momentum : float
        Share of the last step that the next one keeps, from 0 to below 1.
    hidden : tuple of int
        Neurons of each hidden layer; none is softmax regression.
    head : str
        softmax with cross-entropy, or sigmoid with binary cross-entropy for two classes.
    precision : str
        Arithmetic of training: auto, float32, float64 or bfloat16.
    log_interval : int
        Batches between two loss lines.
    seed : int
        Start of all random numbers: first weights and order of the images.

    Raises
    ------
    UsageError
        When a field has a value that it cannot take; the message names it.
    """

    name: str
    epochs: int
    batch_size: int
    lr: float
    momentum: float
    hidden: tuple[int, ...]
    head: str = "softmax"
    precision: str = "auto"
    log_interval: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))
        _check_integer("epochs", self.epochs, 1, 1_000_000)
        _check_integer("batch_size", self.batch_size, 1, 1_000_000)
        _check_number("lr", self.lr, 0.0, 1e6)
        _check_number("momentum", self.momentum, 0.0, 1.0)
        if self.momentum == 1:
            raise UsageError("momentum: 1 never forgets a step; expected 0 to below 1, such as 0.9")
        if not isinstance(self.hidden, tuple):
            raise UsageError(f"hidden: {self.hidden!r}; expected whole numbers, such as 512,256")
        for width in self.hidden:
            _check_integer("hidden", width, 1, 1_000_000)
        _check_choice("head", self.head, HEADS)
        _check_choice("precision", self.precision, PRECISIONS)
        _check_integer("log_interval", self.log_interval, 1, 1_000_000_000)
        _check_integer("seed", self.seed, 0, 2**32 - 1)

    @staticmethod
    def names() -> list[str]:
        """Names of the recipes that come with tenfold."""
        folder = resources.files("tenfold.training") / "recipes"
        return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".toml"))

    @classmethod
    def named(cls, name: str) -> Recipe:
        """Return a recipe that comes with tenfold.

        Raises
        ------
        UsageError
            When there is none of that name.
        """
        if name not in cls.names():
            raise UsageError(
                f"recipe: no recipe is called '{name}'; expected {', '.join(cls.names())} or a .toml file"
            )
        file = resources.files("tenfold.training") / "recipes" / f"{name}.toml"
        return cls.from_toml(file.read_text("utf-8"), f"recipe {name}")

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file, such as a run's ``recipe.toml``.

        Raises
        ------
        UsageError
            When the file is missing, is no TOML, lacks a field, or has one too many.
        """
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"recipe: {path} cannot be read ({error}); expected a .toml file") from None
        return cls.from_toml(text, str(path))

    @classmethod
    def from_toml(cls, text: str, source: str) -> Recipe:
        """Parse a recipe; ``source`` names it in error messages. A table ``[run]`` is passed over."""
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{source}: not a TOML file: {error}") from None
        values.pop("run", None)
        return cls.from_dict(values, source)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str) -> Recipe:
        """Build a recipe from plain values, as `to_dict` gives them."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise UsageError(f"{source}: unknown field '{unknown[0]}'; expected {', '.join(sorted(known))}")
        try:
            return cls(**values)
        except TypeError as error:
            missing = str(error).rpartition(":")[2].strip()
            raise UsageError(f"{source}: missing field {missing}") from None
        except UsageError as error:
            raise UsageError(f"{source}: {error}") from None

    def with_changes(self, **changes: Any) -> Recipe:
        """Return a copy with some fields replaced."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as TOML and JSON hold them."""
        return asdict(self) | {"hidden": list(self.hidden)}

    def differences(self, other: Recipe) -> list[str]:
        """Name the fields in which two recipes differ, with both values."""
        mine, theirs = self.to_dict(), other.to_dict()
        return [f"{name} ({mine[name]} → {theirs[name]})" for name in mine if mine[name] != theirs[name]]


def _plain(value: Any) -> Any:
    """Turn lists into tuples, and the numbers of NumPy, as search grids hold them, into Python's."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "__index__"):
        return operator.index(value)
    return float(value) if hasattr(value, "__float__") else value


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name}: {value!r}; expected a whole number from {low:,} to {high:,}")


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name}: {value!r}; expected a number from {low:g} to {high:g}")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name}: {value!r}; expected {', '.join(choices)}")
