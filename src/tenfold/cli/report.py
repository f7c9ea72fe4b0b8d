"""``tenfold report``: write down all there is to know of a run, as one page."""

from __future__ import annotations

import click

import tenfold


@click.command()
@click.argument("run", help="Folder of a finished run.")
@click.argument("data", required=False, help="Where the data lies now, if it has moved.")
@click.option("--out", metavar="FILE.html", help="The page; in the run, report.html.")
@click.option(
    "--suspects/--no-suspects",
    default=True,
    show_default=True,
    help="Search the training labels for wrong ones.",
)
def report(run: str, data: str | None, out: str | None, suspects: bool) -> None:
    """Write a run's report: one HTML file that needs no network, in English and 中文."""
    from tenfold.cli.following_folds import following_folds

    with following_folds() as listener:
        path = tenfold.report(run, out, data=data, suspects=suspects, listener=listener)
    click.echo(f"report: {path}")
