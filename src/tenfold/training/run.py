"""A run: one training, in a folder of its own.

.. code-block:: text

    runs/mnist-lecture-1/
        recipe.toml                 every number, and in [run] what it was run on
        history.jsonl               a line a loss line and a line an epoch's test
        checkpoint-*.safetensors    the last two states, to go on from
        best.safetensors            with early stopping, the weights of the best epoch
        model.safetensors           the result
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import shutil
import tomllib
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from tenfold import atomic
from tenfold.errors import RunError, RunExistsError, UsageError
from tenfold.model.sealed import read_sealed
from tenfold.training.lock import locked
from tenfold.training.recipe import Recipe

TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EBUSY)
"""What systems answer when a folder is renamed onto something that is not an empty folder."""

HISTORY, MODEL, RECIPE = "history.jsonl", "model.safetensors", "recipe.toml"


def check_threads(threads: object) -> None:
    """Raise `UsageError` unless this is a number of threads that a training can have."""
    if type(threads) is not int or not 1 <= threads <= 1024:
        raise UsageError(f"threads: {threads!r}; expected a whole number from 1 to 1,024")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a recipe is run on: the table ``[run]`` of ``recipe.toml``.

    Parameters
    ----------
    data : str
        Catalog name, or absolute path.
    engine : str
        Name of the engine.
    device : str
        Where it computes.
    threads : int
        Threads of its matrix products.
    instruction_set : str, optional
        What the fused engine computes with; results differ in their last bits from one to another.
    size : tuple of int, optional
        Height and width to which every picture is scaled.
    """

    data: str
    engine: str
    device: str
    threads: int
    instruction_set: str | None = None
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("data", "engine", "device"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(f"{name}: {getattr(self, name)!r}; expected text")
        if not isinstance(self.instruction_set, str | None):
            raise UsageError(f"instruction_set: {self.instruction_set!r}; expected text")
        check_threads(self.threads)
        if isinstance(self.size, list):
            object.__setattr__(self, "size", tuple(self.size))
        if self.size is not None and [type(side) for side in self.size] != [int, int]:
            raise UsageError(f"size: {self.size!r}; expected height and width in pixels, such as (28, 28)")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Read what `to_dict` gives."""
        return cls(**(values | {"size": tuple(values["size"]) if "size" in values else None}))

    def differences(self, other: Settings) -> list[str]:
        """Name the fields that change results and differ between two settings, with both values.

        The place of the data does not count, nor do the threads of the fused engine.
        """
        mine, theirs = asdict(self), asdict(other)
        harmless = ("data", "threads") if self.engine == "fused" else ("data",)
        return [
            f"{name} ({mine[name]} → {theirs[name]})"
            for name in mine
            if name not in harmless and mine[name] != theirs[name]
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as TOML holds them; what is not set is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Run:
    """A run's folder and what it was started with.

    Parameters
    ----------
    path : Path
        The folder.
    recipe : Recipe
        Every number of the training.
    settings : Settings
        On what: data, engine, device, threads.
    """

    path: Path
    recipe: Recipe
    settings: Settings

    @classmethod
    def create(cls, path: Path, recipe: Recipe, settings: Settings) -> Run:
        """Make a run's folder, whole from its first moment.

        Raises
        ------
        RunExistsError
            When something is there already: a run never overwrites another.
        RunError
            When the folder cannot be made.
        """
        place = path.absolute()  # "." has no name to put another beside
        content = tomli_w.dumps(recipe.to_dict() | {"run": settings.to_dict()})
        nursery = atomic.beside(place) if place.name else place
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            nursery.mkdir()
        except OSError as error:
            raise RunError(
                f"{path}: a run's folder cannot be made there ({error.strerror}); name another with --out"
            ) from None
        try:
            atomic.write_bytes(nursery / RECIPE, content.encode())
            atomic.write_bytes(nursery / HISTORY, b"")
            nursery.rename(place)
        except BaseException as error:
            shutil.rmtree(nursery, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            if error.errno not in TAKEN:
                raise RunError(f"{path}: cannot be written ({error.strerror}); name another folder") from None
            raise _taken(path) from None
        return cls(path, recipe, settings)

    @staticmethod
    def check_free(path: Path) -> None:
        """Raise `RunExistsError` when `create` would, before a long preparation has been for nothing."""
        is_empty_folder = path.is_dir() and not any(path.iterdir())
        if path.exists() and not is_empty_folder:
            raise _taken(path)

    @classmethod
    def create_numbered(cls, parent: Path, stem: str, recipe: Recipe, settings: Settings) -> Run:
        """Make the first folder of ``stem-1``, ``stem-2`` … that is free."""
        for number in itertools.count(1):
            path = parent / f"{stem}-{number}"
            if not path.exists():
                with contextlib.suppress(RunExistsError):  # another training was quicker
                    return cls.create(path, recipe, settings)
        raise AssertionError("unreachable: the numbers never end")

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Run:
        """Open a run that exists.

        Raises
        ------
        RunError
            When the folder holds no run.
        """
        folder = Path(path)
        recipe_file = folder / RECIPE
        if not recipe_file.is_file():
            raise RunError(f"{folder}: no run here ({RECIPE} is missing); expected a folder that train wrote")
        try:
            recipe = Recipe.read(recipe_file)
            settings = Settings.from_dict(tomllib.loads(recipe_file.read_text("utf-8"))["run"])
        except (UsageError, KeyError, TypeError) as error:
            raise RunError(f"{recipe_file}: not a run's recipe ({error}); start a new run") from None
        return cls(folder, recipe, settings)

    @property
    def model_path(self) -> Path:
        """Where the result is, or will be."""
        return self.path / MODEL

    @property
    def is_complete(self) -> bool:
        """Whether the training came to its end."""
        return self.model_path.exists()

    def history(self) -> list[dict[str, Any]]:
        """Read ``history.jsonl`` up to its end, or to the first line that a crash left damaged."""
        file = self.path / HISTORY
        lines = file.read_text("utf-8", errors="replace").split("\n")[:-1] if file.exists() else []
        records = []
        for line in lines:
            try:
                record = json.loads(line)
                records.append(record | {"epoch": int(record["epoch"]), "batch": int(record["batch"])})
            except (ValueError, TypeError, KeyError):
                break
        return records

    def test_accuracy(self) -> float:
        """Return the accuracy of the model on the test images, as the run measured it."""
        _, metadata = read_sealed(self.model_path)
        return float(metadata["provenance"]["metrics"]["test_accuracy"])

    def locked(self) -> AbstractContextManager[None]:
        """Hold the run for this process alone.

        Raises
        ------
        RunError
            When another process trains it.
        """
        return locked(self.path / RECIPE)

    def append(self, record: dict[str, Any]) -> None:
        """Add a line to the history."""
        with (self.path / HISTORY).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def flush_history(self) -> None:
        """Bring the history to the disk, before a checkpoint that implies it."""
        with (self.path / HISTORY).open("ab") as file:
            os.fsync(file.fileno())

    def rewind(self, epoch: int, batch: int) -> None:
        """Forget the history after ``batch`` batches beyond ``epoch`` whole epochs."""
        done = [
            record
            for record in self.history()
            if record["epoch"] <= epoch or (record["epoch"] == epoch + 1 and record["batch"] <= batch)
        ]
        text = "".join(json.dumps(record) + "\n" for record in done)
        atomic.write_bytes(self.path / HISTORY, text.encode())


def _taken(path: Path) -> RunExistsError:
    return RunExistsError(
        f"{path}: exists already, and a run never overwrites another; "
        f"name another folder, or go on with --resume {path}"
    )


def model_file(path: str | os.PathLike[str]) -> Path:
    """Return where a model is: the path itself, or inside it where that is a finished run's folder.

    Raises
    ------
    RunError
        When the folder holds no run, or its run is not finished.
    """
    if not Path(path).is_dir():
        return Path(path)
    run = Run.open(path)
    if not run.is_complete:
        raise RunError(f"{run.path}: is not finished; go on with: tenfold train --resume {run.path}")
    return run.model_path
