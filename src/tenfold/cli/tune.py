"""``tenfold tune``: search for a better recipe on held-out training images, and write it."""

from __future__ import annotations

import click

import tenfold
from tenfold.cli.options import json_lines_option, seconds, seed_option, size_option, whole_number


@click.command()
@click.argument("data", required=False, help="Catalog name or path; without one, MNIST.")
@click.option(
    "--recipe",
    metavar="NAME",
    default="fast",
    show_default=True,
    help="Where to start: a recipe's name, or a .toml file.",
)
@click.option(
    "--trials",
    metavar="N",
    type=whole_number,
    default=100,
    show_default=True,
    help="Trainings of the whole search.",
)
@click.option("--budget", metavar="TIME", type=seconds, help="Time after which none is begun: 90s, 5m, 1h.")
@click.option("--epochs", metavar="N", type=whole_number, help="Epochs of each training; the recipe's.")
@click.option("--search", metavar="FIELDS", help="What to change, such as lr,batch-size; everything.")
@click.option("--out", metavar="FILE", help="The recipe to write; DATA-NAME-tuned.toml.")
@click.option(
    "--study", metavar="FILE", help="What remembers every training, to go on with; beside the recipe."
)
@seed_option
@click.option("--threads", metavar="N", type=whole_number, help="Trainings at once; the cores at hand.")
@size_option
@json_lines_option
def tune(
    data: str | None,
    recipe: str,
    trials: int,
    budget: float | None,
    epochs: int | None,
    search: str | None,
    out: str | None,
    study: str | None,
    seed: int,
    threads: int | None,
    size: tuple[int, int] | None,
    json: bool,
) -> None:
    """Search for a better recipe on held-out training images, and write it; needs the extra 'tune'."""
    from tenfold.cli.following_tuning import TuningJson, TuningTable, keeping_what_was_found

    follower = TuningJson() if json else TuningTable(data)
    with keeping_what_was_found(follower):
        tenfold.tune(
            data,
            recipe,
            trials=trials,
            budget=budget,
            epochs=epochs,
            search=None if search is None else search.replace("-", "_").split(","),
            out=out,
            study=study,
            seed=seed,
            threads=threads,
            size=size,
            listener=follower,
        )
