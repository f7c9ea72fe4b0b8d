"""Checkpoints: a training at rest, written so that it goes on bit for bit after any interruption."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import atomic
from tenfold.errors import ModelError, RunError, UsageError
from tenfold.model.sealed import read_sealed, write_sealed
from tenfold.training.engine import Snapshot
from tenfold.training.recipe import Recipe
from tenfold.training.run import Settings

KEPT = 2
FORMAT = 1
MOMENTUM = "momentum."


@dataclass(frozen=True)
class Origin:
    """What a checkpoint continues, and nothing else may: recipe, settings, data.

    Parameters
    ----------
    recipe : Recipe
        Every number of the run.
    settings : Settings
        Engine, device, threads; the data may have moved.
    data_sha256 : str
        `Splits.sha256` of all images and labels.
    """

    recipe: Recipe
    settings: Settings
    data_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "recipe": self.recipe.to_dict(),
            "settings": self.settings.to_dict(),
            "data_sha256": self.data_sha256,
        }

    def differences(self, other: Origin) -> list[str]:
        """Name what differs, from this one to the other."""
        found = self.recipe.differences(other.recipe) + self.settings.differences(other.settings)
        if self.data_sha256 != other.data_sha256:
            found.append(f"images or labels (SHA-256 {self.data_sha256[:8]}… → {other.data_sha256[:8]}…)")
        return found


def write_checkpoint(folder: Path, snapshot: Snapshot, origin: Origin) -> Path:
    """Write a checkpoint beside the earlier ones and remove all but the last two.

    Raises
    ------
    OSError
        When it cannot be written; the earlier checkpoints stay.
    """
    path = folder / f"checkpoint-{snapshot.epoch:06}-{snapshot.batch:09}.safetensors"
    momentum = {MOMENTUM + name: tensor for name, tensor in snapshot.momentum.items()}
    metadata = origin.to_dict() | {
        "checkpoint": FORMAT,
        "epoch": snapshot.epoch,
        "batch": snapshot.batch,
        "loss_sum": snapshot.loss_sum,
        "threads": snapshot.threads,
    }
    write_sealed(path, snapshot.weights | momentum | {"generator": snapshot.generator}, metadata)
    for old in checkpoints(folder)[:-KEPT]:
        old.unlink()
    return path


def checkpoints(folder: Path) -> list[Path]:
    """List the checkpoints of a run, oldest first."""
    return sorted(folder.glob("checkpoint-*.safetensors"))


def read_checkpoint(path: Path) -> tuple[Snapshot, Origin]:
    """Read a checkpoint.

    Raises
    ------
    RunError
        When it is damaged or was written by another version of tenfold.
    """
    try:
        tensors, metadata = read_sealed(path)
    except ModelError as error:
        raise RunError(str(error)) from None
    if metadata.get("checkpoint") != FORMAT:
        raise RunError(f"{path}: not a checkpoint of format {FORMAT}; start a new run")
    generator = tensors.pop("generator")
    momentum = {
        name.removeprefix(MOMENTUM): tensors.pop(name) for name in list(tensors) if name.startswith(MOMENTUM)
    }
    snapshot = Snapshot(
        weights=tensors,
        momentum=momentum,
        epoch=metadata["epoch"],
        batch=metadata["batch"],
        loss_sum=metadata["loss_sum"],
        generator=generator,
        threads=metadata["threads"],
    )
    try:
        recipe = Recipe.from_dict(metadata["recipe"], str(path))
        settings = Settings.from_dict(metadata["settings"])
    except (UsageError, TypeError) as error:
        raise RunError(f"{path}: written by another version of tenfold ({error}); start a new run") from None
    return snapshot, Origin(recipe, settings, metadata["data_sha256"])


def latest_checkpoint(folder: Path, origin: Origin) -> Snapshot | None:
    """Return the newest whole checkpoint, or nothing when a run stopped before its first.

    Files that an interrupted write left behind are removed; a damaged checkpoint gives way to the one before.

    Raises
    ------
    RunError
        When recipe, settings or data are not those of the checkpoint; the message names what changed.
    """
    for leftover in folder.glob(f".*{atomic.TEMPORARY}"):
        leftover.unlink()
    damaged: RunError | None = None
    for path in reversed(checkpoints(folder)):
        try:
            snapshot, began_with = read_checkpoint(path)
        except RunError as error:
            damaged = damaged or error
            continue
        if changes := began_with.differences(origin):
            raise RunError(
                f"{folder}: cannot go on, {'; '.join(changes)} changed since the run began; "
                "put it back, or start a new run"
            )
        return snapshot
    if damaged is not None:
        raise damaged
    return None
