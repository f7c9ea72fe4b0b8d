"""``tenfold tune``: search for a better recipe on held-out training images, and write it."""

from __future__ import annotations

from typing import Annotated

import typer

import tenfold
from tenfold.cli.options import SizeOption, parse_seconds, parse_size, whole_number


def tune(
    data: Annotated[
        str | None,
        typer.Argument(help="Catalog name or path; without one, MNIST.", show_default=False),
    ] = None,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="Where to start: a recipe's name, or a .toml file.")
    ] = "fast",
    trials: Annotated[
        int,
        typer.Option(metavar="N", help="Trainings of the whole search.", parser=whole_number),
    ] = 100,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time after which none is begun: 90s, 5m, 1h.", show_default=False),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Epochs of each training; the recipe's.",
            parser=whole_number,
            show_default=False,
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="FIELDS", help="What to change, such as lr,batch-size; everything.", show_default=False
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The recipe to write; DATA-NAME-tuned.toml.", show_default=False),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="What remembers every training, to go on with; beside the recipe.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Start of all draws.", parser=whole_number)] = 0,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Trainings at once; the cores at hand.", parser=whole_number, show_default=False
        ),
    ] = None,
    size: SizeOption = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, for machines.")] = False,
) -> None:
    """Search for a better recipe on held-out training images, and write it; needs the extra 'tune'."""
    from tenfold.cli.following_tuning import TuningJson, TuningTable, keeping_what_was_found

    seconds = parse_seconds(budget)
    follower = TuningJson() if json else TuningTable(data)
    with keeping_what_was_found(follower):
        tenfold.tune(
            data,
            recipe,
            trials=trials,
            budget=seconds,
            epochs=epochs,
            search=None if search is None else search.replace("-", "_").split(","),
            out=out,
            study=study,
            seed=seed,
            threads=threads,
            size=parse_size(size),
            listener=follower,
        )
