"""``tenfold explain``: say which pixels speak for a class, and what a model looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import tenfold
from tenfold.cli.options import JsonOption, ModelArgument, print_json
from tenfold.errors import UsageError

if TYPE_CHECKING:
    from tenfold.evaluation.explanation import Explanation


def explain(
    model: ModelArgument,
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE...",
            help="Picture files, folders, glob patterns, or - for standard input.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.png", help="Draw each picture with its heat map.", show_default=False),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw what the first layer looks for: of softmax regression, a template a class.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="Explain this class, not the one named.", show_default=False),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="Explain why not this class.", show_default=False),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="integrated-gradients, gradient-x-input or occlusion.")
    ] = "integrated-gradients",
    baseline: Annotated[
        int | None,
        typer.Option(
            metavar="0-255",
            help="Pixel value of the picture that shows nothing. [default: the training images' ground]",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Integrate by a quadrature of so many places. [default: exactly]",
            show_default=False,
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS", help="Side of occlusion's window. [default: a sixth]", show_default=False
        ),
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(metavar="PIXELS", help="How far occlusion's window moves.", show_default=False),
    ] = None,
    json: JsonOption = False,
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
    found = tenfold.explain(model, images or [], target=target, against=against, method=how, out=out)
    if json:
        print_json([{"image": path} | each.to_dict() for path, each in found.items()])
        return
    for path, each in found.items():
        _print(path, each)


def _print(path: str, each: Explanation) -> None:
    ground = {0: "black", 255: "white"}.get(each.baseline, f"grey {each.baseline}")
    question = each.target if each.against is None else f"{each.target}, not {each.against}"
    typer.echo(f"{path}: {each.label}  {each.confidence:.1%}")
    typer.echo(f"  why {question}? by {each.method.name.replace('-', ' ')}, from a {ground} picture")
    typer.echo(f"  score    {each.score:+8.3f}, of the {ground} picture {each.baseline_score:+.3f}")
    if each.method.name == "occlusion":
        fall, rise = max(each.shares.max(), 0), max(-each.shares.min(), 0)
        typer.echo(f"  hiding one part takes up to {fall:.3f}, hiding another adds up to {rise:.3f}")
        return
    for name, side in (("for", each.shares > 0), ("against", each.shares < 0)):
        typer.echo(f"  {name:<8} {each.shares[side].sum():+8.3f} in {side.sum():,} pixels")
    typer.echo(f"  sum      {each.shares.sum():+8.3f}, off the scores' difference by {abs(each.gap):.1g}")
