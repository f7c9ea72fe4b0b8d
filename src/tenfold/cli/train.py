"""``tenfold train``: train a network, test it after each epoch, write a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tenfold.cli.options import SizeOption, number, parameter_help, parse_size, whole_number
from tenfold.errors import UsageError
from tenfold.training.recipe import Recipe


def _setting(help: str, metavar: str, parser: Callable[[str], Any] | None = None) -> Any:
    return typer.Option(metavar=metavar, help=help, parser=parser, show_default=False)


def _field(name: str, metavar: str, parser: Callable[[str], Any] | None = None) -> Any:
    """Make the flag of a recipe's field; without it the recipe decides."""
    return _setting(parameter_help(Recipe, name), metavar, parser)


def train(
    data: Annotated[
        str | None,
        typer.Argument(help="Catalog name or path; without one, MNIST.", show_default=False),
    ] = None,
    recipe: Annotated[str | None, _setting("Name of a recipe, or a .toml file; lecture.", "NAME")] = None,
    epochs: Annotated[int | None, _field("epochs", "N", whole_number)] = None,
    batch_size: Annotated[int | None, _field("batch_size", "N", whole_number)] = None,
    lr: Annotated[float | None, _field("lr", "X", number)] = None,
    momentum: Annotated[float | None, _field("momentum", "X", number)] = None,
    hidden: Annotated[str | None, _field("hidden", "512,256,…|none")] = None,
    head: Annotated[str | None, _field("head", "NAME")] = None,
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
    plain: Annotated[bool, typer.Option("--plain", help="The lecture's lines, also on a terminal.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, for machines.")] = False,
) -> None:
    """Train a network, test it after each epoch, and write a run."""
    from tenfold import api
    from tenfold.cli.following import JsonLines, LiveTable, PlainLines, stopping_at_signals

    fields = {
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "momentum": momentum,
        "hidden": _widths(hidden),
        "head": head,
        "precision": precision,
        "log_interval": log_interval,
        "seed": seed,
    }
    changes: Any = {name: value for name, value in fields.items() if value is not None}
    follower = JsonLines() if json else PlainLines() if plain or not sys.stdout.isatty() else LiveTable()
    with stopping_at_signals(follower):
        api.train(
            data,
            recipe,
            engine=engine,
            device=device,
            threads=threads,
            size=parse_size(size),
            out=out,
            resume=resume,
            listener=follower,
            **changes,
        )


def _widths(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return () if text == "none" else tuple(map(int, text.split(",")))
    except ValueError:
        raise UsageError(f"hidden: '{text}'; expected widths such as 512,256,128,64, or none") from None
