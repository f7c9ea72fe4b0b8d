"""Whether probabilities mean what they say, before and after calibration."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tenfold.evaluation.bootstrap import Estimate
from tenfold.evaluation.calibration_error import Reliability
from tenfold.evaluation.intervals import wilson_interval
from tenfold.evaluation.scores import ProbabilityScores
from tenfold.model.calibration import Calibration
from tenfold.reporting.blocks import Section, paragraph, shown, side_by_side
from tenfold.reporting.drawing import FIRST, MUTED, SECOND, chart
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Content, Html, element, joined, table
from tenfold.reporting.text import Text, count, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEADING = Text("Do the probabilities mean what they say?", "概率说话算数吗？")
CALIBRATED = Text(
    "Where the model says 80%, it should be right 80 times in 100. {unsmoothed}{held} held-out training "
    "images "
    "gave the temperature {temperature}, by which the logits are divided. This changes how sure the model "
    "is, and "
    "no answer.",
    "模型说 80% 的时候，100 次里应该对 80 次。{unsmoothed}{held} 张留出的训练图片定出温度 {temperature}，"
    "logit 除以它。"
    "这只改变模型有多自信，不改变任何答案。",
)
UNSMOOTHED = Text(
    "The doubt that label smoothing ({smoothing}) taught it is taken back. ",
    "先消去标签平滑（{smoothing}）教给它的犹豫。",
)
NOTHING = Text("", "")
NOT_CALIBRATED = Text(
    "Where the model says 80%, it should be right 80 times in 100. This model is not calibrated: its "
    "recipe "
    "held out no images for it. Train with --calibrate, or with the recipe fast or best, for a "
    "temperature, "
    "prediction sets and refusal.",
    "模型说 80% 的时候，100 次里应该对 80 次。这个模型没有校准：它的配方没有为此留出图片。训练时加上 "
    "--calibrate，"
    "或者用配方 fast、best，就会有温度、预测集和拒绝回答。",
)
TITLE = Text("Confidence is {error} off the accuracy on average", "置信度与正确率平均相差 {error}")
TITLE_BOTH = Text(
    "Confidence is {after} off the accuracy on average; before calibration it was {before}",
    "置信度与正确率平均相差 {after}；校准之前相差 {before}",
)
NOTE = Text(
    "Each point is a bin of test images with like confidence, of 15 equally wide ones; with its 95% "
    "interval. On the "
    "dotted line confidence and accuracy agree; below it the model is too sure of itself, above it too "
    "modest. "
    "The bars below count the images, on a logarithmic scale. Taken together, mean confidence is "
    "{confidence}, "
    "accuracy {accuracy}.",
    "置信度等分成 15 档，每个点是同一档的测试图片，竖线是 95% 区间。虚线上置信度与正确率一致；低于虚线，"
    "模型过于自信；"
    "高于虚线，过于谦虚。下面的柱子是图片数，对数刻度。合起来看，平均置信度 {confidence}，正确率 "
    "{accuracy}。",
)
CONFIDENCE, ACCURACY = Text("confidence", "置信度"), Text("accuracy", "正确率")
IMAGES = Text("images", "图片")
AFTER, BEFORE = Text("calibrated", "校准后"), Text("before", "校准前")
FIGURES_TITLE = Text("The probabilities in figures", "概率的各项指标")
FIGURE = Text("figure, with its 95% interval", "指标，带 95% 区间")
EXPECTED = Text("calibration error, bins of equal width", "校准误差，等宽分档")
EXPECTED_MASS = Text("calibration error, bins of equal numbers of images", "校准误差，各档图片数相等")
LARGEST = Text("largest error of a bin", "单档最大误差")
LOSS = Text("negative log-likelihood, nats", "负对数似然（nat）")
BRIER = Text("Brier score, 0 to 2", "Brier 分数，0 到 2")


def calibration(findings: Findings) -> Section:
    """Return the reliability diagram and the figures of the probabilities."""
    found = findings.evaluation
    calibrated = findings.model.calibration
    opening = NOT_CALIBRATED if calibrated is None else _opening(calibrated)
    blocks = side_by_side(_diagram(findings), _figures(found.scores, found.uncalibrated))
    return Section("calibration", HEADING, (paragraph(opening), blocks))


def _opening(calibrated: Calibration) -> Text:
    smoothing = calibrated.label_smoothing
    return CALIBRATED.format(
        unsmoothed=UNSMOOTHED.format(smoothing=number(smoothing)) if smoothing else NOTHING,
        held=count(calibrated.images),
        temperature=number(calibrated.temperature),
    )


def _diagram(findings: Findings) -> Html:
    found = findings.evaluation
    after = found.scores.equal_width
    before = found.uncalibrated and found.uncalibrated.equal_width
    lines = [(after.reliability, FIRST, AFTER if before else ACCURACY)]
    title = TITLE.format(error=percent(after.expected.value))
    if before:
        lines.append((before.reliability, SECOND, BEFORE))
        title = TITLE_BOTH.format(after=percent(after.expected.value), before=percent(before.expected.value))

    def draw(figure: Figure) -> None:
        curve, bars = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        curve.plot((0, 1), (0, 1), color=MUTED, linestyle=":", linewidth=1.2)
        for reliability, colour, label in reversed(lines):
            _points(curve, reliability, colour, label.english)
            _bars(bars, reliability, colour)
        curve.set(ylabel=ACCURACY.english, xlim=(0, 1.01), ylim=(0, 1.03))
        if before:
            figure.legend(loc="outside upper left", ncols=2, reverse=True)
        bars.set(xlabel=CONFIDENCE.english, ylabel=IMAGES.english, yscale="log")
        for axis in (curve.yaxis, bars.xaxis):
            axis.set_major_formatter(lambda share, _: percent(share, 0))
        bars.yaxis.set_major_formatter(lambda images, _: f"{images:,.0f}")
        bars.minorticks_off()

    words = (AFTER, BEFORE, ACCURACY, CONFIDENCE, IMAGES)
    mean = float(np.nansum(after.reliability.images * after.reliability.confidence) / found.total)
    return shown(
        "reliability",
        title,
        chart(draw, name="reliability", height=400, words=words),
        NOTE.format(confidence=percent(mean), accuracy=percent(found.accuracy)),
        _table([(reliability, label) for reliability, _, label in lines], bool(before)),
    )


def _points(axes: Axes, bins: Reliability, colour: str, label: str) -> None:
    full = np.flatnonzero(bins.images)
    right = np.rint(bins.accuracy[full] * bins.images[full]).astype(int)
    ends = [wilson_interval(int(k), int(n)) for k, n in zip(right, bins.images[full], strict=True)]
    reach = np.abs(np.array(ends).T - bins.accuracy[full])
    axes.errorbar(
        bins.confidence[full],
        bins.accuracy[full],
        yerr=reach,
        color=colour,
        elinewidth=0.8,
        marker="o",
        markersize=4.5,
        label=label,
    )


def _bars(axes: Axes, bins: Reliability, colour: str) -> None:
    axes.stairs(np.maximum(bins.images, 0.5), bins.edges, baseline=0.5, color=colour, linewidth=1.3)
    axes.stairs(np.maximum(bins.images, 0.5), bins.edges, baseline=0.5, color=colour, alpha=0.15, fill=True)


def _table(diagrams: list[tuple[Reliability, Text]], named: bool) -> Html:
    head: list[Content] = [CONFIDENCE]
    for _, label in diagrams:
        columns = (IMAGES, CONFIDENCE, ACCURACY)
        head += [joined(column, ", ", label) if named else column for column in columns]
    edges = diagrams[0][0].edges
    rows = []
    for place, (low, high) in enumerate(pairwise(edges)):
        row = [f"{percent(low, 0)}–{percent(high, 0)}"]
        for bins, _ in diagrams:
            shares = (percent(bins.confidence[place]), percent(bins.accuracy[place]))
            row += [count(int(bins.images[place])), *shares]
        rows.append(row)
    return table(head, rows)


def _figures(after: ProbabilityScores, before: ProbabilityScores | None) -> Html:
    def row(name: Text, measured: list[Estimate], share: bool) -> list[Text | str]:
        return [name, *(_estimate(estimate, share) for estimate in measured)]

    both = [after] if before is None else [after, before]
    rows = [
        row(EXPECTED, [scores.equal_width.expected for scores in both], True),
        row(EXPECTED_MASS, [scores.equal_mass.expected for scores in both], True),
        row(LARGEST, [scores.equal_width.maximum for scores in both], True),
        row(LOSS, [scores.loss for scores in both], False),
        row(BRIER, [scores.brier for scores in both], False),
    ]
    head = [FIGURE, *([AFTER, BEFORE] if before else [Text("value", "值")])]
    return element("div", element("h3", FIGURES_TITLE), table(head, rows, class_="estimates"))


def _estimate(estimate: Estimate, share: bool) -> Html:
    def written(value: float) -> str:
        return percent(value) if share else f"{value:.4f}"

    interval = f"{written(estimate.low)} – {written(estimate.high)}"
    return joined(written(estimate.value), element("small", interval))
