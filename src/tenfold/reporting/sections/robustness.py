"""What spoilt images do to the accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.evaluation.corruption import STRENGTHS, corrupted
from tenfold.evaluation.robustness import Robustness
from tenfold.reporting.blocks import Section, gallery, paragraph, shown, side_by_side
from tenfold.reporting.drawing import FIRST, MUTED, chart
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Content, Html, element, joined, table
from tenfold.reporting.pictures import strip
from tenfold.reporting.text import Text, count, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 2

NAMES = {
    "shear": Text("shear", "错切"),
    "scale": Text("shrinking", "缩小"),
    "rotate": Text("rotation", "旋转"),
    "translate": Text("translation", "平移"),
    "impulse noise": Text("impulse noise", "脉冲噪声"),
    "motion blur": Text("motion blur", "运动模糊"),
    "brightness": Text("brightness", "提亮"),
    "stripe": Text("stripe", "条纹"),
}

HEADING = Text("Spoilt images", "损坏的图片")
OPENING = Text(
    "{images} test images were spoilt in eight ways and five strengths, as in MNIST-C (Mu and Gilmer, "
    "2019). "
    "The model has never been trained for it, unless its recipe distorts in that way.",
    "仿照 MNIST-C（Mu 与 Gilmer，2019），把 {images} 张测试图片用八种方式、五种强度损坏。"
    "除非配方里有那种变形，"
    "模型从没为此训练过。",
)
TITLE = Text(
    "From {clean}, accuracy falls to {mean} on average; {worst} costs most, down to {lowest}",
    "正确率从 {clean} 平均降到 {mean}；影响最大的是{worst}，降到 {lowest}",
)
NOTE = Text(
    "Accuracy by strength; 0 is the image as it is, and the dotted line its accuracy.",
    "各种强度下的正确率；0 是原图，虚线是原图的正确率。",
)
EXAMPLES = Text("One image as it is and in all five strengths", "同一张图片：原样和五种强度")
FALLS = Text("{name}: {highest} to {lowest}", "{name}：{highest} 到 {lowest}")
CORRUPTION, ACCURACY = Text("corruption", "损坏方式"), Text("accuracy", "正确率")
STRENGTH = Text("strength", "强度")
ERROR = Text("calibration error", "校准误差")


def robustness(findings: Findings) -> Section:
    """Return accuracies on spoilt images, and what such images look like."""
    found = findings.robustness
    opening = OPENING.format(images=count(found.images))
    examples = gallery(EXAMPLES, _examples(findings), "gallery strips")
    return Section(
        "spoilt",
        HEADING,
        (paragraph(opening), side_by_side(_curves(found), element("div", examples))),
    )


def _name(corruption: str) -> Text:
    return NAMES.get(corruption, Text(corruption, corruption))


def _curves(found: Robustness) -> Html:
    lows = {name: min(each.accuracy for each in row) for name, row in found.corruptions.items()}
    worst = min(lows, key=lows.__getitem__)
    clean = found.clean.accuracy

    def draw(figure: Figure) -> None:
        rows = -(-len(found.corruptions) // COLUMNS)
        panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True)
        for axes, (name, row) in zip(panels.flat, found.corruptions.items(), strict=False):
            axes.axhline(clean, color=MUTED, linestyle=":", linewidth=1)
            axes.plot([clean, *(each.accuracy for each in row)], color=FIRST, marker="o", markersize=3.5)
            axes.set_title(_name(name).english)
            axes.set(ylim=(0, 1.04), xticks=range(STRENGTHS + 1))
            axes.yaxis.set_major_formatter(lambda share, _: percent(share, 0))
        figure.supxlabel(STRENGTH.english, fontsize=11, color=MUTED)
        figure.supylabel(ACCURACY.english, fontsize=11, color=MUTED)

    words = (STRENGTH, ACCURACY, *map(_name, found.corruptions))
    head: list[Content] = [CORRUPTION]
    head += [joined(STRENGTH, f" {k}") for k in range(1, STRENGTHS + 1)]
    head.append(joined(ERROR, ", ", STRENGTH, f" {STRENGTHS}"))
    rows: list[tuple[Content, ...]] = [
        (_name(name), *(percent(each.accuracy, 1) for each in row), percent(row[-1].calibration_error, 1))
        for name, row in found.corruptions.items()
    ]
    return shown(
        "corruptions",
        TITLE.format(
            clean=percent(clean),
            mean=percent(1 - found.mean_corruption_error),
            worst=_name(worst),
            lowest=percent(lows[worst]),
        ),
        chart(draw, name="corruptions", height=540, words=words),
        NOTE,
        table(head, rows),
    )


def _examples(findings: Findings) -> list[tuple[Html, tuple[Text]]]:
    """Spoil the test image that the model knows best."""
    test, found = findings.splits.test, findings.robustness
    best = int(findings.probabilities[np.arange(len(test)), test.labels].argmax())
    image, label = test.images[best : best + 1], test.classes[test.labels[best]]
    cards = []
    for name, row in found.corruptions.items():
        versions = [image, *(corrupted(image, name, k, found.seed) for k in range(1, STRENGTHS + 1))]
        shares = [percent(each.accuracy, 0) for each in row]
        text = FALLS.format(name=_name(name), highest=shares[0], lowest=shares[-1])
        cards.append((strip(np.concatenate(versions), label), (text,)))
    return cards
