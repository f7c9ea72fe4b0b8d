"""``tenfold train``: train a network, test it after each epoch, write a run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import click

import tenfold
from tenfold.cli.options import (
    json_lines_option,
    number,
    parameter_helps,
    seconds,
    size_option,
    whole_number,
)
from tenfold.errors import UsageError
from tenfold.training.recipe import CALIBRATION_IMAGES, Recipe

Command = Callable[..., None]


def widths(text: str) -> tuple[int, ...]:
    """Read ``512,256,128``, or none; refuse anything else, repeating it."""
    try:
        return () if text == "none" else tuple(map(int, text.split(",")))
    except ValueError:
        raise click.BadParameter(f"'{text}'; expected widths such as 512,256,128,64, or none") from None


FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "epochs": ("N", whole_number),
    "least_steps": ("N", whole_number),
    "batch_size": ("N", whole_number),
    "lr": ("X", number),
    "schedule": ("NAME", str),
    "warmup": ("X", number),
    "momentum": ("X", number),
    "nesterov": ("", bool),
    "weight_decay": ("X", number),
    "label_smoothing": ("X", number),
    "hidden": ("512,256,…|none", widths),
    "head": ("NAME", str),
    "first_weights": ("NAME", str),
    "augmentation": ("NAME", str),
    "solver": ("NAME", str),
    "c": ("X", number),
    "calibration_images": ("N", whole_number),
    "patience": ("N", whole_number),
    "class_weight": ("NAME", str),
    "precision": ("NAME", str),
    "log_interval": ("N", whole_number),
    "seed": ("N", whole_number),
}
"""The recipe's fields that have a flag, with its value's placeholder and what reads it."""


def recipe_options(command: Command) -> Command:
    """Give a command a flag for each field of a recipe; without it the recipe decides."""
    helps = parameter_helps(Recipe)
    for name, (metavar, read) in reversed(FIELDS.items()):
        flag, help = f"--{name.replace('_', '-')}", helps.get(name)
        if read is bool:
            option = click.option(f"{flag}/--no-{flag[2:]}", default=None, help=help)
        else:
            option = click.option(flag, metavar=metavar, type=read, help=help)
        command = option(command)
    return command


@click.command()
@click.argument("data", required=False, help="Catalog name or path; without one, MNIST.")
@click.option("--recipe", metavar="NAME", help="fast, best, lecture, or a .toml file; fast.")
@click.option(
    "--budget",
    metavar="TIME",
    type=seconds,
    help="Time for all of it, such as 10s or 2m: as many epochs as fit.",
)
@click.option(
    "--repeat",
    metavar="N",
    type=whole_number,
    help="Train as often, with as many seeds; then mean and spread.",
)
@recipe_options
@click.option(
    "--calibrate/--no-calibrate",
    default=None,
    help=f"Hold out {CALIBRATION_IMAGES:,} images to calibrate probabilities on, or none.",
)
@click.option("--engine", metavar="NAME", help="auto, fused, torch or reference.")
@click.option("--device", metavar="NAME", help="Where the torch engine computes: cpu, cuda …")
@click.option(
    "--threads", metavar="N", type=whole_number, help="Threads; without a number, the cores at hand."
)
@size_option
@click.option("--out", metavar="DIR", help="Folder of the run; a new one under runs/.")
@click.option("--resume", metavar="RUN", help="Run to go on with, bit for bit.")
@click.option("--report", is_flag=True, help="Write the run's report.html as well.")
@click.option("--plain", is_flag=True, help="The lecture's lines, also on a terminal.")
@json_lines_option
def train(
    data: str | None,
    recipe: str | None,
    budget: float | None,
    repeat: int | None,
    calibrate: bool | None,
    engine: str | None,
    device: str | None,
    threads: int | None,
    size: tuple[int, int] | None,
    out: str | None,
    resume: str | None,
    report: bool,
    plain: bool,
    json: bool,
    **fields: Any,
) -> None:
    """Train a network, test it after each epoch, and write a run."""
    from tenfold.cli.following import JsonLines, LiveTable, PlainLines, Seeds, stopping_at_signals

    fields["calibration_images"] = _held_out(calibrate, fields["calibration_images"])
    changes: Any = {name: value for name, value in fields.items() if value is not None}
    settings: Any = {
        "budget": _left(budget),
        "engine": engine,
        "device": device,
        "threads": threads,
        "size": size,
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
