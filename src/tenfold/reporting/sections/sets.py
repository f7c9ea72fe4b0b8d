"""Prediction sets: how often they hold the label, and how many classes they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenfold.evaluation.doubt import SetFigures
from tenfold.model.conformal import COVERAGES, images_needed
from tenfold.reporting.blocks import Section, gallery, paragraph, shown
from tenfold.reporting.drawing import FIRST, INK, PAGE, SECOND, THIRD, chart
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Html, table
from tenfold.reporting.pictures import picture
from tenfold.reporting.text import Text, count, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST, MOST_NAMES = 9, 4

HEADING = Text("Prediction sets", "预测集")
OPENING = Text(
    "Instead of one class, the model can name all that are still possible, so that the label is among "
    "them as "
    "often as asked. One class is an answer, several are doubt. {held} held-out training images set the "
    "thresholds; the test images below check the promise.",
    "模型可以不只给一个类别，而是给出所有仍有可能的类别，使标签按要求的频率落在其中。只有一个类别，"
    "就是答案；有几个，"
    "就是拿不准。阈值由 {held} 张留出的训练图片定出；下面用测试图片检验这个承诺。",
)
TITLE = Text(
    "Asked for {nominal}, the sets held the label of {coverage} of the test images; {single} name one class",
    "要求 {nominal}，预测集实际包含了 {coverage} 的测试图片的标签；{single} 的集合只有一个类别",
)
NOTE = Text(
    "A bar a coverage asked for: the share of test images by the number of classes in their set (LAC, "
    "split "
    "conformal prediction; the most probable class always belongs to it).",
    "每条是一种要求的覆盖率：测试图片按集合里的类别数所占的比例（LAC，分裂共形预测；最可能的类别总在其中）。",
)
ASKED, REACHED = Text("asked for", "要求"), Text("reached", "实际")
INTERVAL, AVERAGE = Text("95% interval", "95% 区间"), Text("mean size", "平均大小")
SHARE = Text("share of the test images", "占测试图片的比例")
SIZES = (
    Text("one class", "一个类别"),
    Text("two classes", "两个类别"),
    Text("three or more", "三个或更多"),
)
DOUBT = Text("The images that leave the model in the most doubt", "最让模型拿不准的图片")
LABEL = Text("label {name}", "标签 {name}")
AND_MORE = Text("{names} and {more} more", "{names} 等，另有 {more} 个")
TOO_FEW = Text(
    "{held} held-out images are too few for prediction sets: even {coverage} takes {needed}.",
    "留出的 {held} 张图片太少，给不出预测集：{coverage} 也要 {needed} 张。",
)


def sets(findings: Findings) -> Section | None:
    """Return coverage and sizes of the sets at the coverages that the held-out images allow."""
    if findings.model.calibration is None:
        return None
    conformal = findings.model.calibration.conformal
    held = len(conformal.labels)
    allowed = [coverage for coverage in COVERAGES if held >= images_needed(coverage)]
    if not allowed:
        lowest = COVERAGES[-1]
        reason = TOO_FEW.format(held=held, coverage=percent(lowest, 0), needed=images_needed(lowest))
        return Section("sets", HEADING, (paragraph(reason),))
    labels = findings.splits.test.labels
    members = {coverage: conformal.sets(findings.probabilities, coverage) for coverage in allowed}
    figures = [SetFigures.counted(found, labels, coverage) for coverage, found in members.items()]
    blocks = [paragraph(OPENING.format(held=count(held))), _sizes(figures)]
    if (sizes := members[allowed[0]].sum(axis=1)).max() > 1:
        blocks.append(_doubtful(findings, members[allowed[0]], sizes))
    return Section("sets", HEADING, tuple(blocks))


def _shares(figures: SetFigures) -> list[float]:
    sizes = figures.sizes / figures.total
    return [float(sizes[:2].sum()), float(sizes[2]), float(sizes[3:].sum())]


def _sizes(figures: list[SetFigures]) -> Html:
    best = figures[0]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        lefts = np.zeros(len(figures))
        names = [percent(each.nominal, 0) for each in figures]
        for size, (label, colour) in enumerate(zip(SIZES, (FIRST, SECOND, THIRD), strict=True)):
            widths = np.array([_shares(each)[size] for each in figures])
            bars = axes.barh(names, widths, left=lefts, height=0.6, color=colour, label=label.english)
            written = [percent(width, 1) if width > 0.12 else "" for width in widths]
            axes.bar_label(bars, written, label_type="center", color=PAGE, fontsize=9)
            lefts += widths
        axes.set(xlabel=SHARE.english, ylabel=ASKED.english, xlim=(0, 1))
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.xaxis.set_major_formatter(lambda share, _: percent(share, 0))
        figure.legend(loc="outside upper left", ncols=3, handlelength=1, columnspacing=1.2)

    head = (ASKED, REACHED, INTERVAL, AVERAGE, *SIZES)
    rows = [
        (
            percent(each.nominal, 0),
            percent(each.coverage),
            " – ".join(map(percent, each.coverage_interval)),
            f"{each.average_size:.3f}",
            *map(percent, _shares(each)),
        )
        for each in figures
    ]
    return shown(
        "set-sizes",
        TITLE.format(
            nominal=percent(best.nominal, 0),
            coverage=percent(best.coverage),
            single=percent(_shares(best)[0]),
        ),
        chart(draw, name="set-sizes", height=190, words=(SHARE, ASKED, *SIZES)),
        NOTE,
        table(head, rows),
    )


def _doubtful(findings: Findings, members: NDArray[np.bool_], sizes: NDArray[np.int64]) -> Html:
    test, probabilities = findings.splits.test, findings.probabilities
    unsure = np.lexsort((probabilities.max(axis=1), -sizes))[:MOST]
    cards = []
    for place in unsure[sizes[unsure] > 1].tolist():
        ranked = [k for k in np.argsort(-probabilities[place], kind="stable") if members[place, k]]
        names = ", ".join(test.classes[k] for k in ranked[:MOST_NAMES])
        more = len(ranked) - MOST_NAMES
        label = test.classes[test.labels[place]]
        possible = AND_MORE.format(names=names, more=more) if more > 0 else names
        cards.append((picture(test.images[place], label), (possible, LABEL.format(name=label), f"№ {place}")))
    return gallery(DOUBT, cards)
