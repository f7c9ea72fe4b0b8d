"""``tenfold export``: write a model for other programs."""

from __future__ import annotations

from typing import Literal, get_args

import click

import tenfold
from tenfold.cli.options import model_argument

Format = Literal["onnx", "torch", "html"]


@click.command()
@model_argument
@click.option(
    "--to",
    required=True,
    type=click.Choice(get_args(Format)),
    help="onnx: a file for ONNX Runtime and others; torch: a module to read, with its state dict; "
    "html: a page that needs no network.",
)
@click.option(
    "--out",
    metavar="PATH",
    help="The file; for torch, the folder. [default: model.onnx, model_torch, model.html beside it]",
)
def export(model: str, to: Format, out: str | None) -> None:
    """Write a model for other programs, and check that they answer as it does."""
    path = tenfold.export(model, to, out)
    click.echo(f"export: {path}")
