"""``tenfold serve``: put models behind HTTP."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from tenfold.cli.options import number, whole_number
from tenfold.errors import UsageError


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL...",
            help="Model files or runs' folders; NAME=PATH gives one a name of its own.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where to listen; an address that others reach needs a token."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", help="Port; 0 takes a free one.", parser=whole_number)
    ] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="SECRET", envvar="TENFOLD_TOKEN", help="What requests have to bear.", show_default=False
        ),
    ] = None,
    max_body: Annotated[
        float, typer.Option(metavar="MIB", help="Size of one request's body at most.", parser=number)
    ] = 16,
    queue: Annotated[
        int, typer.Option(metavar="N", help="Images that may wait for a model.", parser=whole_number)
    ] = 8192,
    deadline: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time for an answer.", parser=number)
    ] = 10,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time for a request to arrive.", parser=number)
    ] = 30,
    lab: Annotated[
        bool, typer.Option("--lab", help="Open a lab: train and mend data from the page.")
    ] = False,
    lab_folder: Annotated[
        str, typer.Option(metavar="DIR", help="Where the lab keeps its runs and copies.")
    ] = "lab",
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            help="For the lab: a path, besides what of the catalog is at hand. May be repeated.",
            show_default=False,
        ),
    ] = None,
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

        options = LabOptions(Path(lab_folder), tuple(data or ()), secret)

    def greet(url: str, names: list[str]) -> None:
        typer.echo(f"serving {', '.join(names) or 'no model yet'} at {url}; Ctrl-C stops")
        if lab:  # a fragment stays in the browser: no log and no server ever sees it
            typer.echo(f"lab: {url}/#token={secret}")

    serve(models or (), host=host, port=port, token=token, limits=limits, lab=options, when_started=greet)
