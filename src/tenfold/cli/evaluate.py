"""``tenfold evaluate``: measure a model on labelled images, alone or against another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

import tenfold
from tenfold.cli.options import (
    json_option,
    model_argument,
    precision_option,
    print_json,
    size_option,
    split_option,
)

if TYPE_CHECKING:
    from tenfold.evaluation.comparison import Comparison
    from tenfold.evaluation.metrics import Evaluation

CONFUSIONS = 5
"""How many of the most frequent confusions are shown."""


@click.command()
@model_argument
@click.argument(
    "data", required=False, help="Catalog name or path; without one, what the model was trained on."
)
@click.option("--against", metavar="MODEL", help="Compare with this model on the same images.")
@split_option(default="test")
@size_option
@precision_option
@json_option
def evaluate(
    model: str,
    data: str | None,
    against: str | None,
    split: str,
    size: tuple[int, int] | None,
    precision: str,
    json: bool,
) -> None:
    """Measure a model on labelled images: accuracy, probabilities and classes, with 95 % intervals."""
    asked: dict[str, Any] = {"split": split, "size": size, "precision": precision}
    if against is None:
        result = tenfold.evaluate(model, data, **asked)
        lines = _evaluation_lines(result)
        values = result.to_dict()
    else:
        comparison = tenfold.compare(model, against, data, **asked)
        lines = _comparison_lines(comparison, model, against)
        values = comparison.to_dict()
    if json:
        print_json(values)
        return
    for line in lines:
        click.echo(line)


def _evaluation_lines(result: Evaluation) -> Iterator[str]:
    yield from _headline(result)
    yield from _probability_lines(result)
    yield from _doubt_lines(result)
    yield from _class_lines(result)
    yield from _confusion_lines(result)


def _headline(result: Evaluation) -> Iterator[str]:
    yield f"accuracy  {result.accuracy:.2%}  (95 % interval {_span(result.accuracy_interval)})"
    if result.is_lopsided:
        yield f"balanced  {result.balanced_accuracy:.2%}  (mean recall: each class counts the same)"
    yield f"correct   {result.correct:,} of {result.total:,}"
    if shares := [f"{k}: {share:.2%}" for k, share in result.top_k.items() if k > 1]:
        yield f"top k     true class among the first {', '.join(shares)}"


def _probability_lines(result: Evaluation) -> Iterator[str]:
    now, before = result.scores, result.uncalibrated
    loss, error = now.loss, now.equal_width.expected
    raw_loss = f"; uncalibrated {before.loss.value:.4f}" if before else ""
    raw_error = f"; uncalibrated {before.equal_width.expected.value:.2%}" if before else ""
    yield f"loss      {loss.value:.4f} nats  ({loss.low:.4f} to {loss.high:.4f}{raw_loss})"
    yield f"Brier     {now.brier.value:.4f}  ({now.brier.low:.4f} to {now.brier.high:.4f})"
    yield (
        f"off by    {error.value:.2%}  ({_span(error.interval)}{raw_error}): "
        "confidence against accuracy, the expected calibration error"
    )


def _doubt_lines(result: Evaluation) -> Iterator[str]:
    if result.sets:
        sets, largest = result.sets, max(result.sets.sizes.nonzero()[0])
        yield (
            f"sets      {sets.coverage:.2%} hold the true class ({100 * sets.nominal:g}% meant); "
            f"classes in a set: {sets.average_size:.3f} on average, {largest} at most"
        )
    if result.refusals:
        rest = result.refusals.answered_accuracy
        of_rest = "" if rest is None or not result.refusals.refused else f"; of the others {rest:.2%} right"
        yield f"refused   {result.refusals.share:.2%}  ({result.refusals.refused:,} images{of_rest})"


def _class_lines(result: Evaluation) -> Iterator[str]:
    width = max(5, *map(len, result.classes))
    yield f"\n{'class':<{width}} {'images':>7} {'precision':>10} {'recall':>8} {'F1':>8}"
    images = result.confusion.sum(axis=1)
    rows = zip(result.classes, images, result.precision, result.recall, result.f1, strict=True)
    for name, count, *shares in rows:
        precision, recall, f1 = (f"{share:.2%}" if share == share else "–" for share in shares)
        yield f"{name:<{width}} {count:>7,} {precision:>10} {recall:>8} {f1:>8}"
    means = f"{result.macro_precision:>10.2%} {result.balanced_accuracy:>8.2%} {result.macro_f1:>8.2%}"
    yield f"{'mean':<{width}} {result.total:>7,} {means}"


def _confusion_lines(result: Evaluation) -> Iterator[str]:
    if not (confusions := result.confusions[:CONFUSIONS]):
        return
    yield "\nmost frequent confusions"
    for truth, guess, count in confusions:
        yield f"{count:>7,}  {truth} taken for {guess}"


def _comparison_lines(result: Comparison, first: str, second: str) -> Iterator[str]:
    rows = zip((first, second), result.accuracies, result.accuracy_intervals, strict=True)
    width = max(len(first), len(second))
    for name, accuracy, interval in rows:
        yield f"{name:<{width}}  {accuracy:.2%}  (95 % interval {_span(interval)})"
    low, high = result.difference_interval
    yield f"\ndifference  {result.difference:+.2%}  (95 % interval {low:+.2%} to {high:+.2%})"
    yield (
        f"right       both {result.both:,}, only the first {result.first:,}, "
        f"only the second {result.second:,}, neither {result.neither:,}"
    )
    yield f"p-value     {result.p_value:.3g}  (McNemar's exact test; mid-p {result.mid_p_value:.3g})"
    yield f"            {_verdict(result)}"


def _verdict(result: Comparison) -> str:
    if result.p_value >= 0.05:
        return "chance alone would explain this difference"
    better = "first" if result.difference > 0 else "second"
    return f"the {better} model is better: chance alone rarely does that"


def _span(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2%} to {interval[1]:.2%}"
