"""``tenfold evaluate``: measure a model on labelled images."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenfold.cli.options import (
    JsonOption,
    ModelArgument,
    PrecisionOption,
    SizeOption,
    parse_size,
    print_json,
)


def evaluate(
    model: ModelArgument,
    data: Annotated[
        str | None,
        typer.Argument(
            help="Catalog name or path; without one, what the model was trained on.", show_default=False
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="NAME", help="Which images: test, train, validation or all.")
    ] = "test",
    size: SizeOption = None,
    precision: PrecisionOption = "float32",
    json: JsonOption = False,
) -> None:
    """Measure a model on labelled images: accuracy with its 95 % interval, loss, each class."""
    from tenfold import api

    any_split: Any = split
    result = api.evaluate(model, data, split=any_split, size=parse_size(size), precision=precision)
    if json:
        print_json(result.to_dict())
        return
    low, high = result.accuracy_interval
    typer.echo(f"accuracy  {result.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})")
    if result.is_lopsided:
        typer.echo(f"balanced  {result.balanced_accuracy:.2%}  (mean recall: each class counts the same)")
    typer.echo(f"correct   {result.correct:,} of {result.total:,}")
    typer.echo(f"loss      {result.loss:.4f} nats")
    width = max(5, *map(len, result.classes))
    typer.echo(f"\n{'class':<{width}} {'images':>7} {'precision':>10} {'recall':>8}")
    rows = zip(result.classes, result.confusion.sum(axis=1), result.precision, result.recall, strict=True)
    for name, images, precision, recall in rows:
        shares = [f"{share:.2%}" if share == share else "–" for share in (precision, recall)]
        typer.echo(f"{name:<{width}} {images:>7,} {shares[0]:>10} {shares[1]:>8}")
