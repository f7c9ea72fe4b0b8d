"""``tenfold train``: train a network, test it after each epoch, write a run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

import tenfold
from tenfold.cli.options import (
    SizeOption,
    number,
    parameter_help,
    parse_seconds,
    parse_size,
    whole_number,
)
from tenfold.errors import UsageError
from tenfold.training.recipe import CALIBRATION_IMAGES, Recipe


def _setting(help: str, metavar: str, parser: Callable[[str], Any] | None = None) -> Any:
    return typer.Option(metavar=metavar, help=help, parser=parser, show_default=False)


def _field(name: str, metavar: str, parser: Callable[[str], Any] | None = None) -> Any:
    """Make the flag of a recipe's field; without it the recipe decides."""
    return _setting(parameter_help(Recipe, name), metavar, parser)


def _switch(name: str) -> Any:
    """Make the flag of a field that is true or false."""
    flag = name.replace("_", "-")
    return typer.Option(f"--{flag}/--no-{flag}", help=parameter_help(Recipe, name), show_default=False)


def train(
    data: Annotated[
        str | None,
        typer.Argument(help="Catalog name or path; without one, MNIST.", show_default=False),
    ] = None,
    recipe: Annotated[str | None, _setting("fast, best, lecture, or a .toml file; fast.", "NAME")] = None,
    budget: Annotated[
        str | None, _setting("Time for all of it, such as 10s or 2m: as many epochs as fit.", "TIME")
    ] = None,
    repeat: Annotated[
        int | None, _setting("Train as often, with as many seeds; then mean and spread.", "N", whole_number)
    ] = None,
    epochs: Annotated[int | None, _field("epochs", "N", whole_number)] = None,
    least_steps: Annotated[int | None, _field("least_steps", "N", whole_number)] = None,
    batch_size: Annotated[int | None, _field("batch_size", "N", whole_number)] = None,
    lr: Annotated[float | None, _field("lr", "X", number)] = None,
    schedule: Annotated[str | None, _field("schedule", "NAME")] = None,
    warmup: Annotated[float | None, _field("warmup", "X", number)] = None,
    momentum: Annotated[float | None, _field("momentum", "X", number)] = None,
    nesterov: Annotated[bool | None, _switch("nesterov")] = None,
    weight_decay: Annotated[float | None, _field("weight_decay", "X", number)] = None,
    label_smoothing: Annotated[float | None, _field("label_smoothing", "X", number)] = None,
    hidden: Annotated[str | None, _field("hidden", "512,256,…|none")] = None,
    head: Annotated[str | None, _field("head", "NAME")] = None,
    first_weights: Annotated[str | None, _field("first_weights", "NAME")] = None,
    augmentation: Annotated[str | None, _field("augmentation", "NAME")] = None,
    solver: Annotated[str | None, _field("solver", "NAME")] = None,
    c: Annotated[float | None, _field("c", "X", number)] = None,
    calibrate: Annotated[
        bool | None,
        typer.Option(
            "--calibrate/--no-calibrate",
            help=f"Hold out {CALIBRATION_IMAGES:,} images to calibrate probabilities on, or none.",
            show_default=False,
        ),
    ] = None,
    calibration_images: Annotated[int | None, _field("calibration_images", "N", whole_number)] = None,
    patience: Annotated[int | None, _field("patience", "N", whole_number)] = None,
    class_weight: Annotated[str | None, _field("class_weight", "NAME")] = None,
    precision: Annotated[str | None, _field("precision", "NAME")] = None,
    log_interval: Annotated[int | None, _field("log_interval", "N", whole_number)] = None,
    seed: Annotated[int | None, _field("seed", "N", whole_number)] = None,
    engine: Annotated[str | None, _setting("auto, fused, torch or reference.", "NAME")] = None,
    device: Annotated[str | None, _setting("Where the torch engine computes: cpu, cuda …", "NAME")] = None,
    threads: Annotated[
        int | None, _setting("Threads; without a number, the cores at hand.", "N", whole_number)
    ] = None,
    size: SizeOption = None,
    out: Annotated[str | None, _setting("Folder of the run; a new one under runs/.", "DIR")] = None,
    resume: Annotated[str | None, _setting("Run to go on with, bit for bit.", "RUN")] = None,
    report: Annotated[bool, typer.Option("--report", help="Write the run's report.html as well.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="The lecture's lines, also on a terminal.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, for machines.")] = False,
) -> None:
    """Train a network, test it after each epoch, and write a run."""
    from tenfold.cli.following import JsonLines, LiveTable, PlainLines, Seeds, stopping_at_signals

    fields = {
        "epochs": epochs,
        "least_steps": least_steps,
        "batch_size": batch_size,
        "lr": lr,
        "schedule": schedule,
        "warmup": warmup,
        "momentum": momentum,
        "nesterov": nesterov,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "hidden": _widths(hidden),
        "head": head,
        "first_weights": first_weights,
        "augmentation": augmentation,
        "solver": solver,
        "c": c,
        "calibration_images": _held_out(calibrate, calibration_images),
        "patience": patience,
        "class_weight": class_weight,
        "precision": precision,
        "log_interval": log_interval,
        "seed": seed,
    }
    changes: Any = {name: value for name, value in fields.items() if value is not None}
    settings: Any = {
        "budget": _left(parse_seconds(budget)),
        "engine": engine,
        "device": device,
        "threads": threads,
        "size": parse_size(size),
        "out": out,
    }
    if repeat is not None:
        for name, given in (("resume", resume is not None), ("report", report)):
            if given:
                raise UsageError(f"repeat: --{name} is for one run; leave --repeat or --{name} away")
        seeds = JsonLines() if json else Seeds()
        with stopping_at_signals(seeds):
            result = tenfold.repeat(repeat, data, recipe, listener=seeds, **settings, **changes)
        seeds.summed_up(result)
        return
    follower = JsonLines() if json else PlainLines() if plain or not sys.stdout.isatty() else LiveTable()
    with stopping_at_signals(follower):
        tenfold.train(data, recipe, resume=resume, report=report, listener=follower, **settings, **changes)


def _left(budget: float | None) -> float | None:
    """Take away what starting the program has cost: the budget is that of the whole command."""
    return None if budget is None else max(budget - time.process_time(), 1e-3)


def _held_out(calibrate: bool | None, images: int | None) -> int | None:
    if calibrate is None:
        return images
    if images is not None:
        raise UsageError("calibrate: --calibration-images says how many; leave one of the two away")
    return CALIBRATION_IMAGES if calibrate else 0


def _widths(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return () if text == "none" else tuple(map(int, text.split(",")))
    except ValueError:
        raise UsageError(f"hidden: '{text}'; expected widths such as 512,256,128,64, or none") from None
