"""``tenfold report``: write down all there is to know of a run, as one page."""

from __future__ import annotations

from typing import Annotated

import typer

import tenfold


def report(
    run: Annotated[str, typer.Argument(help="Folder of a finished run.", show_default=False)],
    data: Annotated[
        str | None,
        typer.Argument(help="Where the data lies now, if it has moved.", show_default=False),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.html", help="The page; in the run, report.html.", show_default=False),
    ] = None,
    suspects: Annotated[
        bool,
        typer.Option("--suspects/--no-suspects", help="Search the training labels for wrong ones."),
    ] = True,
) -> None:
    """Write a run's report: one HTML file that needs no network, in English and 中文."""
    from tenfold.cli.following_folds import following_folds

    with following_folds() as listener:
        path = tenfold.report(run, out, data=data, suspects=suspects, listener=listener)
    typer.echo(f"report: {path}")
