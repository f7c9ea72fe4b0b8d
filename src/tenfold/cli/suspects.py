"""``tenfold suspects``: rank images whose label is probably wrong, or apply decisions on them to a copy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.cli.options import JsonOption, SizeOption, parse_size, print_json, whole_number
from tenfold.errors import UsageError

if TYPE_CHECKING:
    from tenfold.evaluation.suspects import Suspects

SHOWN = 20


def suspects(
    data: Annotated[str, typer.Argument(help="Catalog name or path.", show_default=False)],
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="How to train: fast, best, lecture, or a .toml file.")
    ] = "fast",
    split: Annotated[
        str, typer.Option(metavar="NAME", help="Which images: train, validation, test or all.")
    ] = "train",
    folds: Annotated[
        int, typer.Option(metavar="N", help="Trainings, each judging a part.", parser=whole_number)
    ] = 5,
    seed: Annotated[int, typer.Option(metavar="N", help="Start of all draws.", parser=whole_number)] = 0,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The CSV to write, DATA-suspects.csv; or the copy.", show_default=False
        ),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(metavar="FILE.png", help="The sheet to draw; DATA-suspects.png.", show_default=False),
    ] = None,
    relabel: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv",
            help="Apply its column decision (keep, drop, a class) to a copy, --out.",
            show_default=False,
        ),
    ] = None,
    size: SizeOption = None,
    json: JsonOption = False,
) -> None:
    """Rank the images whose label is probably wrong: a CSV for decisions and a contact sheet.

    With --relabel, apply the decisions to a copy of the data; the source is never changed.
    """
    from tenfold.api import suspecting
    from tenfold.cli.following_folds import following_folds

    if relabel is not None:
        if out is None:
            raise UsageError("out: none; --relabel makes a copy of the data: name it with --out")
        copy = suspecting.relabel(data, relabel, out, size=parse_size(size), note=typer.echo)
        typer.echo(f"copy: {copy}")
        return
    table = out or str(suspecting.file_for(data, "csv"))
    drawing = sheet or str(suspecting.file_for(data, "png"))
    any_split: Any = split
    with following_folds() as listener:
        found = suspecting.suspects(
            data,
            recipe,
            split=any_split,
            folds=folds,
            seed=seed,
            size=parse_size(size),
            out=table,
            sheet=drawing,
            listener=listener,
        )
    if json:
        print_json(found.to_dict())
        return
    _print_rows(found)
    typer.echo(f"\ntable: {table}   sheet: {drawing}")
    if found.rows:
        back = shlex.join(["tenfold", "suspects", data, "--relabel", table, "--out", "COPY"])
        typer.echo(f"next: write keep, drop or a class into its column decision, then: {back}")


def _print_rows(found: Suspects) -> None:
    names = ", ".join(part.name for part in found.parts)
    typer.echo(
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
    typer.echo(f"\n{'rank':>4}  {padded}  {'of given':>8}  {'of suggested':>12}  reason")
    for rank, row in enumerate(shown, 1):
        cells = zip((row.place, row.given, row.suggested), widths, strict=True)
        padded = "  ".join(f"{cell:<{width}}" for cell, width in cells)
        shares = f"{row.given_probability:>8.2%}  {row.suggested_probability:>12.2%}"
        typer.echo(f"{rank:>4}  {padded}  {shares}  {row.reason}")
    if len(found.rows) > SHOWN:
        typer.echo(f"   … and {len(found.rows) - SHOWN:,} more in the table")
