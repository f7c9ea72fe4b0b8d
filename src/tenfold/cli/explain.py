"""``tenfold explain``: say which pixels speak for a class, and what a model looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import tenfold
from tenfold.cli.options import images_argument, json_option, model_argument, print_json, whole_number
from tenfold.errors import UsageError

if TYPE_CHECKING:
    from tenfold.evaluation.explanation import Explanation


@click.command()
@model_argument
@images_argument()
@click.option("--out", metavar="FILE.png", help="Draw each picture with its heat map.")
@click.option(
    "--weights",
    metavar="FILE.png",
    help="Draw what the first layer looks for: of softmax regression, a template a class.",
)
@click.option("--target", metavar="CLASS", help="Explain this class, not the one named.")
@click.option("--against", metavar="CLASS", help="Explain why not this class.")
@click.option(
    "--method",
    metavar="NAME",
    default="integrated-gradients",
    show_default=True,
    help="integrated-gradients, gradient-x-input or occlusion.",
)
@click.option(
    "--baseline",
    metavar="0-255",
    type=whole_number,
    help="Pixel value of the picture that shows nothing. [default: the training images' ground]",
)
@click.option(
    "--steps",
    metavar="N",
    type=whole_number,
    help="Integrate by a quadrature of so many places. [default: exactly]",
)
@click.option(
    "--window", metavar="PIXELS", type=whole_number, help="Side of occlusion's window. [default: a sixth]"
)
@click.option("--stride", metavar="PIXELS", type=whole_number, help="How far occlusion's window moves.")
@json_option
def explain(
    model: str,
    images: tuple[str, ...],
    out: str | None,
    weights: str | None,
    target: str | None,
    against: str | None,
    method: str,
    baseline: int | None,
    steps: int | None,
    window: int | None,
    stride: int | None,
    json: bool,
) -> None:
    """Say which pixels of pictures speak for a class and which against it, as numbers or a heat map."""
    from tenfold.evaluation.explanation import Method

    if bool(images) == (weights is not None):
        count = "both" if images else "neither"
        raise UsageError(f"explain: {count} of pictures and --weights; expected one of the two")
    if weights is not None:
        tenfold.draw_weights(model, weights)
        return
    how = Method(method, baseline, steps, window, stride)
    found = tenfold.explain(model, images, target=target, against=against, method=how, out=out)
    if json:
        print_json([{"image": path} | each.to_dict() for path, each in found.items()])
        return
    for path, each in found.items():
        _print(path, each)


def _print(path: str, each: Explanation) -> None:
    ground = {0: "black", 255: "white"}.get(each.baseline, f"grey {each.baseline}")
    question = each.target if each.against is None else f"{each.target}, not {each.against}"
    click.echo(f"{path}: {each.label}  {each.confidence:.1%}")
    click.echo(f"  why {question}? by {each.method.name.replace('-', ' ')}, from a {ground} picture")
    click.echo(f"  score    {each.score:+8.3f}, of the {ground} picture {each.baseline_score:+.3f}")
    if each.method.name == "occlusion":
        fall, rise = max(each.shares.max(), 0), max(-each.shares.min(), 0)
        click.echo(f"  hiding one part takes up to {fall:.3f}, hiding another adds up to {rise:.3f}")
        return
    for name, side in (("for", each.shares > 0), ("against", each.shares < 0)):
        click.echo(f"  {name:<8} {each.shares[side].sum():+8.3f} in {side.sum():,} pixels")
    click.echo(f"  sum      {each.shares.sum():+8.3f}, off the scores' difference by {abs(each.gap):.1g}")
