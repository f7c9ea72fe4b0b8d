"""``tenfold robustness``: measure a model on spoilt images."""

from __future__ import annotations

from typing import Annotated, Any

import typer

import tenfold
from tenfold.cli.options import JsonOption, ModelArgument, SizeOption, parse_size, print_json


def robustness(
    model: ModelArgument,
    data: Annotated[
        str | None,
        typer.Argument(
            help="Catalog name or path; without one, what the model was trained on.", show_default=False
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="NAME", help="Which images: test, train, validation or all.")
    ] = "test",
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the corruptions.")] = 0,
    size: SizeOption = None,
    json: JsonOption = False,
) -> None:
    """Measure a model on images slanted, shrunk, turned, shifted, noisy, smeared, light or striped."""
    any_split: Any = split
    found = tenfold.robustness(model, data, split=any_split, seed=seed, size=parse_size(size))
    if json:
        print_json(found.to_dict())
        return
    width = max(map(len, found.corruptions))
    strengths = "".join(f"{k:>9}" for k in range(1, 6))
    typer.echo(f"{found.images:,} images: {found.clean.accuracy:.2%} right as they are")
    typer.echo(f"{'mean over all corruptions':<{width}}  {1 - found.mean_corruption_error:.2%} right")
    for title, figure in (("accuracy", "accuracy"), ("calibration error", "calibration_error")):
        typer.echo(f"\n{title + ' by strength':<{width}}{strengths}")
        for name, row in found.corruptions.items():
            typer.echo(f"{name:<{width}}" + "".join(f"{getattr(each, figure):>9.2%}" for each in row))
