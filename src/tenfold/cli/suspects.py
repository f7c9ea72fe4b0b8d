"""``tenfold suspects``: rank images whose label is probably wrong, or apply decisions on them to a copy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from tenfold.cli.options import (
    json_option,
    print_json,
    seed_option,
    size_option,
    split_option,
    whole_number,
)
from tenfold.errors import UsageError

if TYPE_CHECKING:
    from tenfold.evaluation.suspects import Suspects

SHOWN = 20


@click.command()
@click.argument("data", help="Catalog name or path.")
@click.option(
    "--recipe",
    metavar="NAME",
    default="fast",
    show_default=True,
    help="How to train: fast, best, lecture, or a .toml file.",
)
@split_option(default="train")
@click.option(
    "--folds",
    metavar="N",
    type=whole_number,
    default=5,
    show_default=True,
    help="Trainings, each judging a part.",
)
@seed_option
@click.option("--out", metavar="FILE", help="The CSV to write, DATA-suspects.csv; or the copy.")
@click.option("--sheet", metavar="FILE.png", help="The sheet to draw; DATA-suspects.png.")
@click.option(
    "--relabel",
    metavar="FILE.csv",
    help="Apply its column decision (keep, drop, a class) to a copy, --out.",
)
@size_option
@json_option
def suspects(
    data: str,
    recipe: str,
    split: Any,
    folds: int,
    seed: int,
    out: str | None,
    sheet: str | None,
    relabel: str | None,
    size: tuple[int, int] | None,
    json: bool,
) -> None:
    """Rank the images whose label is probably wrong: a CSV for decisions and a contact sheet.

    With --relabel, apply the decisions to a copy of the data; the source is never changed.
    """
    from tenfold.api import suspecting
    from tenfold.cli.following_folds import following_folds

    if relabel is not None:
        if out is None:
            raise UsageError("out: none; --relabel makes a copy of the data: name it with --out")
        copy = suspecting.relabel(data, relabel, out, size=size, note=click.echo)
        click.echo(f"copy: {copy}")
        return
    table = out or str(suspecting.file_for(data, "csv"))
    drawing = sheet or str(suspecting.file_for(data, "png"))
    with following_folds() as listener:
        found = suspecting.suspects(
            data,
            recipe,
            split=split,
            folds=folds,
            seed=seed,
            size=size,
            out=table,
            sheet=drawing,
            listener=listener,
        )
    if json:
        print_json(found.to_dict())
        return
    _print_rows(found)
    click.echo(f"\ntable: {table}   sheet: {drawing}")
    if found.rows:
        back = shlex.join(["tenfold", "suspects", data, "--relabel", table, "--out", "COPY"])
        click.echo(f"next: write keep, drop or a class into its column decision, then: {back}")


def _print_rows(found: Suspects) -> None:
    names = ", ".join(part.name for part in found.parts)
    click.echo(
        f"{found.source}, {names}: {found.images:,} images, {found.accuracy:.2%} as labelled "
        f"({found.folds} folds, {found.recipe.name} recipe); {len(found.rows):,} suspects"
    )
    if not found.rows:
        return
    shown = found.rows[:SHOWN]
    heads = ("image", "given", "suggested")
    columns = [[row.place for row in shown], [row.given for row in shown], [row.suggested for row in shown]]
    widths = [max(len(head), *map(len, column)) for head, column in zip(heads, columns, strict=True)]
    padded = "  ".join(f"{head:<{width}}" for head, width in zip(heads, widths, strict=True))
    click.echo(f"\n{'rank':>4}  {padded}  {'of given':>8}  {'of suggested':>12}  reason")
    for rank, row in enumerate(shown, 1):
        cells = zip((row.place, row.given, row.suggested), widths, strict=True)
        padded = "  ".join(f"{cell:<{width}}" for cell, width in cells)
        shares = f"{row.given_probability:>8.2%}  {row.suggested_probability:>12.2%}"
        click.echo(f"{rank:>4}  {padded}  {shares}  {row.reason}")
    if len(found.rows) > SHOWN:
        click.echo(f"   … and {len(found.rows) - SHOWN:,} more in the table")
