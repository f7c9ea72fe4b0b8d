"""``tenfold inspect``: say what is in a data set and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import tenfold
from tenfold.cli.downloading import download_bar
from tenfold.cli.options import json_option, print_json, size_option

if TYPE_CHECKING:
    from tenfold.data.inspection import Inspection
    from tenfold.data.inspection.faults import Fault


@click.command()
@click.argument("data", help="Catalog name or path.")
@size_option
@click.option("--sheet", metavar="FILE.png", help="Draw a contact sheet: a row of pictures a class.")
@click.option(
    "--augment",
    metavar="FILE.png",
    help="Draw what an augmentation makes of a picture of each class.",
)
@click.option(
    "--augmentation",
    metavar="NAME",
    default="handwriting",
    show_default=True,
    help="Which augmentation: handwriting or objects.",
)
@json_option
def inspect(
    data: str,
    size: tuple[int, int] | None,
    sheet: str | None,
    augment: str | None,
    augmentation: str,
    json: bool,
) -> None:
    """Say what is in a data set and what is wrong with it, each fault with its mend.

    Ends with exit code 1 when there are errors, 0 when there are none or only warnings.
    """
    with download_bar() as progress:
        found = tenfold.inspect(
            data,
            size=size,
            sheet=sheet,
            augment=augment,
            augmentation=augmentation,
            progress=progress,
        )
    if json:
        print_json(found.to_dict())
    else:
        _print_figures(found)
        for fault in found.faults:
            _print_fault(fault)
        click.echo(f"\n{_verdict(found)}")
    if found.errors:
        raise click.exceptions.Exit(1)


def _print_figures(found: Inspection) -> None:
    click.echo(f"{found.source}: {found.kind}, {len(found.classes):,} classes")
    if not found.splits:
        return
    width = 7 * max(split.channels for split in found.splits)
    heading = f"{'split':<10} {'images':>9} {'height x width':>15} {'pixels':>7}"
    click.echo(f"\n{heading} {'mean':>{width}} {'std':>{width}}")
    for split in found.splits:
        shape = f"{split.size[0]}x{split.size[1]}"
        pixels = "grey" if split.channels == 1 else "colour"
        figures = " ".join(" ".join(f"{x:.4f}" for x in xs).rjust(width) for xs in (split.mean, split.std))
        click.echo(f"{split.name:<10} {split.images:>9,} {shape:>15} {pixels:>7} {figures}")
    width = max(5, *map(len, found.classes))
    click.echo(f"\n{'class':<{width}}" + "".join(f" {split.name:>10}" for split in found.splits))
    for name in found.classes:
        click.echo(f"{name:<{width}}" + "".join(f" {split.counts[name]:>10,}" for split in found.splits))


def _verdict(found: Inspection) -> str:
    from tenfold.data.inspection.faults import counted

    if not found.faults:
        return "no faults found"
    errors = len(found.errors)
    return f"{counted(errors, 'error')}, {counted(len(found.faults) - errors, 'warning')}"


def _print_fault(fault: Fault) -> None:
    click.echo(f"\n{fault.severity}: {fault.message} [{fault.code}]")
    click.echo(f"  mend: {fault.mend}")
    if len(fault.paths) > 1 or not all(path in fault.message for path in fault.paths):
        for path in fault.paths:
            click.echo(f"  {path}")
