"""``tenfold robustness``: measure a model on spoilt images."""

from __future__ import annotations

from typing import Any

import click

import tenfold
from tenfold.cli.options import (
    json_option,
    model_argument,
    print_json,
    size_option,
    split_option,
    whole_number,
)


@click.command()
@model_argument
@click.argument(
    "data", required=False, help="Catalog name or path; without one, what the model was trained on."
)
@split_option(default="test")
@click.option(
    "--seed", metavar="N", type=whole_number, default=0, show_default=True, help="Seed of the corruptions."
)
@size_option
@json_option
def robustness(
    model: str, data: str | None, split: Any, seed: int, size: tuple[int, int] | None, json: bool
) -> None:
    """Measure a model on images slanted, shrunk, turned, shifted, noisy, smeared, light or striped."""
    found = tenfold.robustness(model, data, split=split, seed=seed, size=size)
    if json:
        print_json(found.to_dict())
        return
    width = max(map(len, found.corruptions))
    strengths = "".join(f"{k:>9}" for k in range(1, 6))
    click.echo(f"{found.images:,} images: {found.clean.accuracy:.2%} right as they are")
    click.echo(f"{'mean over all corruptions':<{width}}  {1 - found.mean_corruption_error:.2%} right")
    for title, figure in (("accuracy", "accuracy"), ("calibration error", "calibration_error")):
        click.echo(f"\n{title + ' by strength':<{width}}{strengths}")
        for name, row in found.corruptions.items():
            click.echo(f"{name:<{width}}" + "".join(f"{getattr(each, figure):>9.2%}" for each in row))
