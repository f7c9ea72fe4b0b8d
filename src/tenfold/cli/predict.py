"""``tenfold predict``: say what pictures show."""

from __future__ import annotations

from typing import Annotated

import typer

from tenfold.cli.options import JsonOption, ModelArgument, PrecisionOption, print_json


def predict(
    model: ModelArgument,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="Picture files, folders, glob patterns, or - for standard input.",
            show_default=False,
        ),
    ],
    precision: PrecisionOption = "float32",
    json: JsonOption = False,
) -> None:
    """Say what pictures show: the label and the probability of each class."""
    from tenfold import api

    predictions = api.predict(model, images, precision=precision)
    if json:
        rows = [{"image": path} | prediction.to_dict() for path, prediction in predictions.items()]
        print_json(rows)
        return
    for path, prediction in predictions.items():
        others = sorted(prediction.probabilities.items(), key=lambda item: -item[1])[1:3]
        doubt = ", ".join(f"{label} {share:.1%}" for label, share in others)
        typer.echo(f"{path}: {prediction.label}  {prediction.confidence:.1%}  (then {doubt})")
