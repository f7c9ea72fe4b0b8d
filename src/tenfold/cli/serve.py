"""``tenfold serve``: put models behind HTTP."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from tenfold.cli.options import number, whole_number
from tenfold.errors import UsageError


@click.command()
@click.argument(
    "models",
    metavar="MODEL...",
    nargs=-1,
    help="Model files or runs' folders; NAME=PATH gives one a name of its own.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; an address that others reach needs a token.",
)
@click.option(
    "--port",
    metavar="N",
    type=whole_number,
    default=8000,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--token",
    metavar="SECRET",
    envvar="TENFOLD_TOKEN",
    show_envvar=True,
    help="What requests have to bear.",
)
@click.option(
    "--max-body",
    metavar="MIB",
    type=number,
    default=16,
    show_default=True,
    help="Size of one request's body at most.",
)
@click.option(
    "--queue",
    metavar="N",
    type=whole_number,
    default=8192,
    show_default=True,
    help="Images that may wait for a model.",
)
@click.option(
    "--deadline", metavar="SECONDS", type=number, default=10, show_default=True, help="Time for an answer."
)
@click.option(
    "--patience",
    metavar="SECONDS",
    type=number,
    default=30,
    show_default=True,
    help="Time for a request to arrive.",
)
@click.option("--lab", is_flag=True, help="Open a lab: train and mend data from the page.")
@click.option(
    "--lab-folder",
    metavar="DIR",
    default="lab",
    show_default=True,
    help="Where the lab keeps its runs and copies.",
)
@click.option(
    "--data",
    metavar="DATA",
    multiple=True,
    help="For the lab: a path, besides what of the catalog is at hand. May be repeated.",
)
def serve(
    models: tuple[str, ...],
    host: str,
    port: int,
    token: str | None,
    max_body: float,
    queue: int,
    deadline: float,
    patience: float,
    lab: bool,
    lab_folder: str,
    data: tuple[str, ...],
) -> None:
    """Put models behind HTTP: the Open Inference Protocol v2, and POST /predict for pictures."""
    import secrets

    from tenfold.serving import Limits, serve
    from tenfold.serving.limits import MIB

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    limits = Limits(body=round(max_body * MIB), queue=queue, deadline=deadline, patience=patience)
    if data and not lab:
        raise UsageError("data: only a lab has a use for it; expected --lab with it")
    secret, options = token or secrets.token_urlsafe(), None
    if lab:
        from tenfold.serving.lab import LabOptions

        options = LabOptions(Path(lab_folder), data, secret)

    def greet(url: str, names: list[str]) -> None:
        click.echo(f"serving {', '.join(names) or 'no model yet'} at {url}; Ctrl-C stops")
        if lab:  # a fragment stays in the browser: no log and no server ever sees it
            click.echo(f"lab: {url}/#token={secret}")

    serve(models, host=host, port=port, token=token, limits=limits, lab=options, when_started=greet)
