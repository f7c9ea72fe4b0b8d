"""``tenfold data``: list the known data sets, and fetch one."""

from __future__ import annotations

from typing import Annotated

import typer

import tenfold
from tenfold.cli.downloading import download_bar
from tenfold.cli.options import JsonOption, print_json

app = typer.Typer(help="List the known data sets, or fetch one.", rich_markup_mode=None)


@app.command("list")
def list_(json: JsonOption = False) -> None:
    """List the known data sets, and where each lies on this machine."""
    listings = tenfold.list_data()
    if json:
        print_json([listing.to_dict() for listing in listings])
        return
    for listing in listings:
        typer.echo(f"{listing.name:<14} {listing.images:>8,} images  {listing.title} ({listing.licence})")
        typer.echo(f"{'':<14} {listing.where or f'not at hand: {listing.remedy}'}")


@app.command()
def fetch(name: Annotated[str, typer.Argument(help="Name of a known data set.", show_default=False)]) -> None:
    """Fetch a known data set into the cache, unless it is at hand, and print where it lies."""
    with download_bar() as progress:
        where = tenfold.fetch_data(name, progress=progress)
    typer.echo(where)
