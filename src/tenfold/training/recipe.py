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
from tenfold.training.augmentation import AUGMENTATIONS, AUTO, Augmentation

HEADS = ("softmax", "sigmoid")  # by name only: the command line reads recipes without loading NumPy
PRECISIONS = ("auto", "float32", "float64", "bfloat16")
SCHEDULES = ("constant", "linear", "cosine")
FIRST_WEIGHTS = ("pytorch", "he")
SOLVERS = ("auto", "sgd", "lbfgs")
CLASS_WEIGHTS = ("none", "balanced")

CALIBRATION_IMAGES = 2_000
"""Held out by a recipe that is asked to calibrate; fast and best always do."""

WHOLE_NUMBERS = {
    "epochs": (1, 1_000_000),
    "least_steps": (0, 1_000_000_000),
    "batch_size": (1, 1_000_000),
    "calibration_images": (0, 1_000_000_000),
    "patience": (0, 1_000_000),
    "log_interval": (1, 1_000_000_000),
    "seed": (0, 2**32 - 1),
}
NUMBERS = {"lr": 1e6, "weight_decay": 1e3, "c": 1e12}  # from 0 to each
SHARES = ("momentum", "warmup", "label_smoothing")  # from 0 to below 1
CHOICES = {
    "schedule": SCHEDULES,
    "head": HEADS,
    "first_weights": FIRST_WEIGHTS,
    "solver": SOLVERS,
    "class_weight": CLASS_WEIGHTS,
    "precision": PRECISIONS,
}

SOLVED: Any = {
    "epochs": 1,
    "least_steps": 0,
    "label_smoothing": 0.0,
    "weight_decay": 0.0,
    "augmentation": "none",
    "patience": 0,
    "precision": "float32",
}
"""What the fields of a recipe become that a convex problem has no use for."""


class RecipeChanges(TypedDict, total=False):
    """The fields of `Recipe` that a caller may set one by one."""

    epochs: int
    least_steps: int
    batch_size: int
    lr: float
    schedule: str
    warmup: float
    momentum: float
    nesterov: bool
    weight_decay: float
    label_smoothing: float
    hidden: tuple[int, ...]
    head: str
    first_weights: str
    augmentation: str | Augmentation
    solver: str
    c: float
    calibration_images: int
    patience: int
    class_weight: str
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
    least_steps : int
        Steps that small data is given all the same: the epochs become as many as that takes.
    batch_size : int
        Images a step; the last batch of an epoch may be shorter.
    lr : float
        Learning rate of stochastic gradient descent; with a schedule, its peak.
    schedule : str
        How the learning rate falls after its peak: constant, linear or cosine, these two to zero.
    warmup : float
        Share of all steps in which the learning rate rises to its peak, from 0 to below 1.
    momentum : float
        Share of the last step that the next one keeps, from 0 to below 1.
    nesterov : bool
        Whether the gradient counts as it will be after the momentum's move (Nesterov's momentum).
    weight_decay : float
        Share of each weight that is added to its gradient.
    label_smoothing : float
        Share of each label that all classes divide between them, from 0 to below 1.
    hidden : tuple of int
        Neurons of each hidden layer; none is softmax regression.
    head : str
        softmax with cross-entropy, or sigmoid with binary cross-entropy for two classes.
    first_weights : str
        pytorch (as ``torch.nn.Linear`` draws them) or he (for networks of ReLU).
    augmentation : str or Augmentation
        Random distortion of the training images: none, handwriting, objects, or auto, which tries them.
    solver : str
        sgd, lbfgs (softmax regression solved to its optimum), or auto: lbfgs where there is no hidden layer.
    c : float
        Inverse strength of L2 regularisation with lbfgs, as scikit-learn's C.
    calibration_images : int
        Training images held out for calibration, the same share of every class; at most a tenth of all.
    patience : int
        Epochs without a better accuracy on a validation split after which training stops; 0 is never.
    class_weight : str
        none, or balanced: each class counts the same, however many its images.
    precision : str
        Arithmetic of training: auto, float32, float64 or bfloat16.
    log_interval : int
        Batches between two loss lines.
    seed : int
        Start of all random numbers: first weights, order of the images, distortions, held-out images.

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
    least_steps: int = 0
    schedule: str = "constant"
    warmup: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    head: str = "softmax"
    first_weights: str = "pytorch"
    augmentation: str | Augmentation = "none"
    solver: str = "sgd"
    c: float = 1.0
    calibration_images: int = 0
    patience: int = 0
    class_weight: str = "none"
    precision: str = "auto"
    log_interval: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))
        for name, (low, high) in WHOLE_NUMBERS.items():
            _check_integer(name, getattr(self, name), low, high)
        for name, highest in NUMBERS.items():
            _check_number(name, getattr(self, name), 0.0, highest)
        for name in SHARES:
            _check_share(name, getattr(self, name))
        for name, choices in CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        if self.c == 0:
            raise UsageError("c: 0 leaves nothing but regularisation; expected a number above it, such as 1")
        if not isinstance(self.nesterov, bool):
            raise UsageError(f"nesterov: {self.nesterov!r}; expected true or false")
        if not isinstance(self.hidden, tuple):
            raise UsageError(f"hidden: {self.hidden!r}; expected whole numbers, such as 512,256")
        for width in self.hidden:
            _check_integer("hidden", width, 1, 1_000_000)
        object.__setattr__(self, "augmentation", _augmentation(self.augmentation))
        if self.solver == "lbfgs" and self.hidden:
            raise UsageError(
                "solver: lbfgs solves softmax regression only; use --hidden none, or --solver sgd"
            )

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

    def settled_as(self, run: Recipe) -> Recipe:
        """Return a copy in which what is left open is as a run has settled it."""
        open_fields = [
            name for name in ("precision", "augmentation", "solver") if getattr(self, name) == AUTO
        ]
        if self.least_steps:
            open_fields += ["least_steps", "epochs"]
        if run.solver == "lbfgs" and self.solver in (AUTO, "lbfgs"):
            open_fields += SOLVED
        return replace(self, **{name: getattr(run, name) for name in open_fields})

    @property
    def distortion(self) -> Augmentation:
        """The numbers of the augmentation; it must not be left open."""
        if not isinstance(self.augmentation, Augmentation):
            raise AssertionError("the augmentation is auto: adapt the recipe to its data first")
        return self.augmentation

    @property
    def distorts(self) -> bool:
        """Whether training images are distorted."""
        return self.distortion != Augmentation()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as TOML and JSON hold them."""
        augmentation = self.augmentation if self.augmentation == AUTO else self.distortion.to_dict()
        return asdict(self) | {"hidden": list(self.hidden), "augmentation": augmentation}

    def differences(self, other: Recipe) -> list[str]:
        """Name the fields in which two recipes differ, with both values."""
        mine, theirs = self.to_dict(), other.to_dict()
        return [f"{name} ({mine[name]} → {theirs[name]})" for name in mine if mine[name] != theirs[name]]


def _plain(value: Any) -> Any:
    """Turn lists into tuples, and the numbers of NumPy, as search grids hold them, into Python's."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if isinstance(value, bool | int | float | str | dict | Augmentation):
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if hasattr(value, "__index__"):
        return operator.index(value)
    return float(value) if hasattr(value, "__float__") else value


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name}: {value!r}; expected a whole number from {low:,} to {high:,}")


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name}: {value!r}; expected a number from {low:g} to {high:g}")


def _check_share(name: str, value: object) -> None:
    _check_number(name, value, 0.0, 1.0)
    if value == 1:
        raise UsageError(f"{name}: 1 would be all of it; expected 0 to below 1, such as 0.1")


def _augmentation(value: object) -> str | Augmentation:
    """Read an augmentation's name or numbers; ``auto`` stays open until the data is known."""
    if isinstance(value, Augmentation) or value == AUTO:
        return value
    if isinstance(value, dict):
        return Augmentation.from_dict(value)
    _check_choice("augmentation", value, (AUTO, *AUGMENTATIONS))
    return AUGMENTATIONS[str(value)]


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name}: {value!r}; expected {', '.join(choices)}")
