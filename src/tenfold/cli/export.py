"""``tenfold export``: write a model for other programs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

import tenfold
from tenfold.cli.options import ModelArgument


def export(
    model: ModelArgument,
    to: Annotated[
        Literal["onnx", "torch", "html"],
        typer.Option(
            help="onnx: a file for ONNX Runtime and others; torch: a module to read, with its state dict; "
            "html: a page that needs no network.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The file; for torch, the folder. [default: model.onnx, model_torch, model.html beside it]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a model for other programs, and check that they answer as it does."""
    path = tenfold.export(model, to, out)
    typer.echo(f"export: {path}")
