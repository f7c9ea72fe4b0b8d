"""``tenfold doctor``: say what this installation will use, and why."""

from __future__ import annotations

import click

import tenfold
from tenfold.cli.options import json_option, print_json


@click.command()
@json_option
def doctor(json: bool) -> None:
    """Say which engine, instruction set, precision, threads and data will be used here, and why."""
    found = tenfold.doctor()
    if json:
        print_json(found.to_dict())
        return
    click.echo("versions   " + ", ".join(f"{name} {version}" for name, version in found.versions.items()))
    click.echo(f"engine     {found.engine}: {found.engine_reason} (ready: {', '.join(found.engines)})")
    click.echo(f"kernels    {found.instruction_set}: {found.instruction_set_reason}")
    click.echo(f"precision  {found.precision}: {found.precision_reason}")
    click.echo(f"threads    {found.threads}: the cores that affinity and quota leave this process")
    for extra, installed in found.extras.items():
        click.echo(
            f"extra      {extra}: "
            + ("installed" if installed else f"not installed: pip install '.[{extra}]'")
        )
    click.echo(f"data       TENFOLD_DATA is {found.data_folder or 'not set'}; cache in {found.cache_folder}")
    for name, place in found.data.items():
        click.echo(f"data       {name}: {place or 'not at hand'}")
