"""``tenfold data``: list the known data sets, and fetch one."""

from __future__ import annotations

import click

import tenfold
from tenfold.cli.downloading import download_bar
from tenfold.cli.options import json_option, print_json


@click.group(no_args_is_help=False)
def data() -> None:
    """List the known data sets, or fetch one."""


@data.command("list")
@json_option
def list_(json: bool) -> None:
    """List the known data sets, and where each lies on this machine."""
    listings = tenfold.list_data()
    if json:
        print_json([listing.to_dict() for listing in listings])
        return
    for listing in listings:
        click.echo(f"{listing.name:<14} {listing.images:>8,} images  {listing.title} ({listing.licence})")
        click.echo(f"{'':<14} {listing.where or f'not at hand: {listing.remedy}'}")


@data.command()
@click.argument("name", help="Name of a known data set.")
def fetch(name: str) -> None:
    """Fetch a known data set into the cache, unless it is at hand, and print where it lies."""
    with download_bar() as progress:
        where = tenfold.fetch_data(name, progress=progress)
    click.echo(where)
