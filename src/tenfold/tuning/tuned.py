"""What a search found: the finalists, whether one is better beyond noise, and the recipe as a lab record."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

import tenfold
from tenfold import atomic
from tenfold.errors import RunError, UsageError
from tenfold.training.recipe import Recipe

FINALISTS = 3
"""The best recipes of a search, which are trained again."""

RERUNS = 8
"""Other seeds with which each finalist is trained."""

QUANTILE = 3.1276
"""Of Student's t with 7 degrees of freedom at 1 - 0.025 / 3: 8 pairs, 95 %, the best of 3 (Bonferroni)."""


@dataclass(frozen=True)
class Finalist:
    """A recipe trained with several seeds, on the same images.

    Parameters
    ----------
    name : str
        The starting recipe's name, or the training that found it.
    recipe : Recipe
        Its numbers.
    accuracies : tuple of float
        On the held-out images, one a seed.
    """

    name: str
    recipe: Recipe
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean accuracy."""
        return float(np.mean(self.accuracies))

    @property
    def deviation(self) -> float:
        """Standard deviation of the accuracies."""
        return float(np.std(self.accuracies, ddof=1))


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The end of a search.

    Parameters
    ----------
    path : Path
        The recipe that was written.
    finalists : tuple of Finalist
        The starting recipe first, then the best of the search.
    trials, pruned : int
        Trainings of the search, and how many of them were stopped early.
    learn, calibration, validation : int
        Training images learnt from, left alone, and held out to measure on.
    seed : int
        Seed of the search.
    seconds : float
        Of the whole search, interruptions left out.
    """

    path: Path
    finalists: tuple[Finalist, ...]
    trials: int
    pruned: int
    learn: int
    calibration: int
    validation: int
    seed: int
    seconds: float

    @property
    def start(self) -> Finalist:
        """Where the search began."""
        return self.finalists[0]

    @property
    def best(self) -> Finalist:
        """The highest mean; of equals, the first."""
        return max(self.finalists, key=lambda finalist: finalist.mean)

    @property
    def gain(self) -> float:
        """What the best gains in accuracy over the start, mean over the seeds."""
        return self.best.mean - self.start.mean

    @property
    def gain_interval(self) -> tuple[float, float]:
        """95 % interval of the gain, seed by seed; it allows for the choice among the finalists."""
        gains = np.subtract(self.best.accuracies, self.start.accuracies)
        margin = QUANTILE * float(gains.std(ddof=1)) / math.sqrt(len(gains))
        return self.gain - margin, self.gain + margin

    @property
    def is_better(self) -> bool:
        """Whether the best beats the start beyond the noise of seeds."""
        return self.gain_interval[0] > 0

    @property
    def verdict(self) -> str:
        """The gain in words."""
        if self.best is self.start:
            return f"nothing better than {self.start.name} was found"
        low, high = self.gain_interval
        beyond = (
            "beyond the noise of seeds"
            if self.is_better
            else "within the noise of seeds: not shown to be better"
        )
        return (
            f"{100 * self.gain:+.2f} points (95 % interval {100 * low:+.2f} to {100 * high:+.2f}), {beyond}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "recipe_file": str(self.path),
            "recipe": self.best.recipe.to_dict(),
            "finalists": [
                {"name": one.name, "accuracy": one.mean, "accuracies": list(one.accuracies)}
                for one in self.finalists
            ],
            "gain": self.gain,
            "gain_interval_95": list(self.gain_interval),
            "is_better": self.is_better,
            "trials": self.trials,
            "pruned": self.pruned,
            "training_images": self.learn,
            "calibration_images": self.calibration,
            "validation_images": self.validation,
            "seconds": self.seconds,
        }

    def record(self, command: str, machine: str) -> str:
        """Say how the recipe was found: comments that open its file."""
        best, start = self.best, self.start
        first, last = start.recipe.seed + 1, start.recipe.seed + RERUNS
        lines = {
            "command": command,
            "accuracy": f"{_spread(best)} on {self.validation:,} validation images, mean of {RERUNS} seeds "
            f"({first} to {last})",
            "start": f"{_spread(start)} with {start.name}, same seeds",
            "gain": self.verdict,
            "images": f"{self.learn:,} to learn from, {self.calibration:,} for calibration, no test image",
            "search": f"{self.trials:,} trainings, {self.pruned:,} of them pruned; "
            f"draws and validation images by seed {self.seed}",
            "seconds": f"{self.seconds:.0f}, whole search",
            "machine": machine,
        }
        comments = [f"Found by tenfold tune; tenfold train --recipe {self.path.name} takes it.", ""]
        comments += [f"{name:<10} {text}" for name, text in lines.items()]
        return "".join(f"# {' '.join(comment.splitlines())}".rstrip() + "\n" for comment in comments)


def _spread(finalist: Finalist) -> str:
    return f"{finalist.mean:.2%} ± {100 * finalist.deviation:.2f}"


def machine(threads: int, computes: str) -> str:
    """Describe what the trainings ran on."""
    return f"{threads} threads, {platform.machine()}, {computes}, tenfold {tenfold.__version__}"


def write_recipe(path: Path, record: str, recipe: Recipe) -> None:
    """Write a recipe under its record, whole or not at all.

    Raises
    ------
    RunError
        When it cannot be written.
    """
    content = f"{record}\n{tomli_w.dumps(recipe.to_dict())}"
    try:
        atomic.write_bytes(path, content.encode())
    except OSError as error:
        raise RunError(
            f"{path}: cannot be written ({error.strerror}); name another file with --out"
        ) from None


def check_target(path: Path, study: Path) -> None:
    """Refuse a file that ``tenfold train --recipe`` could not take, that has no folder, or that another made.

    Raises
    ------
    UsageError
        When the name does not end in .toml, its folder is missing, or it exists and ``study`` does not.
    """
    if path.suffix != ".toml":
        raise UsageError(f"out: {path}; expected a name that ends in .toml, such as tuned.toml")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"out: {path}: there is no folder {path.parent}; make it, or name another")
    if path.exists() and not study.exists():
        raise UsageError(f"out: {path} exists already; name another with --out (its study would be {study})")
