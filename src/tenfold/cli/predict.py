"""``tenfold predict``: say what pictures show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

import tenfold
from tenfold.cli.options import JsonOption, ModelArgument, PrecisionOption, number, print_json

if TYPE_CHECKING:
    from tenfold.model.predictor import Prediction


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
    coverage: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="How often the set of classes is to hold the true one. [default: 0.99]",
            parser=number,
            show_default=False,
        ),
    ] = None,
    sets: Annotated[str, typer.Option(metavar="NAME", help="How sets are made: lac, aps or raps.")] = "lac",
    by_class: Annotated[
        bool, typer.Option("--by-class", help="Sets that hold each class that often, not all on average.")
    ] = False,
    photo: Annotated[
        str, typer.Option(metavar="NAME", help="Frame pictures as photographs: auto, always or never.")
    ] = "auto",
    steps: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.png", help="Draw how each picture becomes the network's input.", show_default=False
        ),
    ] = None,
    precision: PrecisionOption = "float32",
    json: JsonOption = False,
) -> None:
    """Say what pictures show: a class, several where there is doubt, or none of these."""
    any_photo: Any = photo
    predictions = tenfold.predict(
        model,
        images,
        coverage=coverage,
        method=sets,
        by_class=by_class,
        photo=any_photo,
        steps=steps,
        precision=precision,
    )
    if json:
        print_json([{"image": path} | prediction.to_dict() for path, prediction in predictions.items()])
        return
    for path, prediction in predictions.items():
        typer.echo(f"{path}: {_answer(prediction)}")


def _answer(prediction: Prediction) -> str:
    shown = f"{prediction.label}  {prediction.confidence:.1%}"
    if prediction.refusal is not None:
        return f"none of these  ({prediction.refusal}; the nearest is {shown})"
    likely = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    if prediction.prediction_set is None:
        return f"{shown}  (then {_shares(likely[1:3])})"
    members = [(label, share) for label, share in likely if label in prediction.prediction_set]
    if len(members) == 1:
        return shown
    return f"{' or '.join(label for label, _ in members)}  ({_shares(members)})"


def _shares(classes: list[tuple[str, float]]) -> str:
    return ", ".join(f"{label} {share:.1%}" for label, share in classes)
