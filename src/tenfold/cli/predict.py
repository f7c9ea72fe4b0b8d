"""``tenfold predict``: say what pictures show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import tenfold
from tenfold.cli.options import (
    images_argument,
    json_option,
    model_argument,
    number,
    precision_option,
    print_json,
)

if TYPE_CHECKING:
    from tenfold.model.predictor import Prediction


@click.command()
@model_argument
@images_argument(required=True)
@click.option(
    "--coverage",
    metavar="X",
    type=number,
    help="How often the set of classes is to hold the true one. [default: 0.99]",
)
@click.option(
    "--sets", metavar="NAME", default="lac", show_default=True, help="How sets are made: lac, aps or raps."
)
@click.option("--by-class", is_flag=True, help="Sets that hold each class that often, not all on average.")
@click.option(
    "--photo",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="Frame pictures as photographs: auto, always or never.",
)
@click.option("--steps", metavar="FILE.png", help="Draw how each picture becomes the network's input.")
@precision_option
@json_option
def predict(
    model: str,
    images: tuple[str, ...],
    coverage: float | None,
    sets: str,
    by_class: bool,
    photo: Any,
    steps: str | None,
    precision: str,
    json: bool,
) -> None:
    """Say what pictures show: a class, several where there is doubt, or none of these."""
    predictions = tenfold.predict(
        model,
        images,
        coverage=coverage,
        method=sets,
        by_class=by_class,
        photo=photo,
        steps=steps,
        precision=precision,
    )
    if json:
        print_json([{"image": path} | prediction.to_dict() for path, prediction in predictions.items()])
        return
    for path, prediction in predictions.items():
        name = path if path.isprintable() else repr(path)  # one line a picture, whatever its name holds
        click.echo(f"{name}: {_answer(prediction)}")


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
