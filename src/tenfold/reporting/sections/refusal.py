"""Which images the model refuses to name, and by what score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.reporting.blocks import Section, gallery, paragraph, shown
from tenfold.reporting.drawing import FIRST, INK, SECOND, chart
from tenfold.reporting.findings import NOISE_IMAGES, Findings, Foreignness
from tenfold.reporting.markup import Html, table
from tenfold.reporting.pictures import picture
from tenfold.reporting.text import Text, count, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST, BINS = 18, 60
EMPTY = 0.7
"""Where a bar without images ends on the logarithmic scale."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)

HEADING = Text("None of these", "都不是")
OPENING = Text(
    "A picture of something else must not become a confident answer. A score counts, in standard "
    "deviations, how "
    "little a picture looks like the training images of the class that the network names, and how little "
    "evidence "
    "the network finds for any class. Beyond the limit the model answers “none of these”. Held-out "
    "training images "
    "set the limit, so that at most {rate} of pictures like them are refused.",
    "别的东西的图片，不该得到一个自信的答案。分数以标准差计：图片有多不像网络所答类别的训练图片，"
    "网络又有多找不到任何类别的依据。"
    "超过界限，模型就回答“都不是”。界限由留出的训练图片定出，使同类图片最多有 {rate} 被拒绝。",
)
NOISE = Text(
    "Of {total} pictures of pure noise, {share} are refused.", "{total} 张纯噪声的图片，拒绝了 {share}。"
)
TITLE = Text(
    "{refused} of {total} test images are refused ({share}); of these the model would have got {wrong} wrong",
    "{total} 张测试图片里拒绝了 {refused} 张（{share}）；其中模型本来会答错 {wrong} 张",
)
NOTE = Text(
    "How many test images have which score, on a logarithmic scale, the limit as a line. All of these are "
    "genuine: refusing them "
    "is a "
    "false alarm, though images that are hard to read are often among them.",
    "各个分数有多少张测试图片（对数刻度），竖线是界限。它们都是真的：拒绝就是误报，"
    "不过难认的图片往往在其中。",
)
SCORE, IMAGES = Text("score", "分数"), Text("images", "图片")
LIMIT = Text("limit", "界限")
SHARE = Text("share of the test images at or below", "不超过它的测试图片")
EXAMPLES = Text("The most foreign of the test images", "离训练图片最远的测试图片")
LABEL, ANSWER = Text("label {name}", "标签 {name}"), Text("would say {name}", "本来答 {name}")


def refusal(findings: Findings) -> Section | None:
    """Return how foreign the test images look, and those that are refused."""
    foreign = findings.foreignness
    if foreign is None:
        return None
    blocks = [
        paragraph(OPENING.format(rate=percent(foreign.false_alarm_rate))),
        paragraph(NOISE.format(total=count(NOISE_IMAGES), share=percent(foreign.noise_refused, 1))),
        _distribution(findings, foreign),
    ]
    if foreign.refused.any():
        blocks.append(gallery(EXAMPLES, _examples(findings, foreign)))
    return Section("refusal", HEADING, tuple(blocks))


def _distribution(findings: Findings, foreign: Foreignness) -> Html:
    scores, threshold, refused = foreign.scores, foreign.threshold, foreign.refused
    labels, predicted = findings.splits.test.labels, findings.probabilities.argmax(axis=1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        low, high = float(scores.min()), max(float(np.quantile(scores, 0.999)), threshold)
        edges = low + np.linspace(0, (high - low or 1.0) * (1 + 1 / BINS), BINS + 1)
        for part, colour in ((~refused, FIRST), (refused, SECOND)):
            images, _ = np.histogram(np.minimum(scores[part], high), edges)
            axes.stairs(np.maximum(images, EMPTY), edges, baseline=EMPTY, fill=True, color=colour)
        axes.axvline(threshold, color=INK, linewidth=1.2)
        axes.annotate(
            LIMIT.english,
            (threshold, 0.97),
            xycoords=("data", "axes fraction"),
            ha="right",
            va="top",
            xytext=(-4, 0),
            textcoords="offset points",
        )
        axes.set(xlabel=SCORE.english, ylabel=IMAGES.english, yscale="log")
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda images, _: f"{images:,.0f}")

    rows = [(number(float(np.quantile(scores, q))), percent(q, 0)) for q in QUANTILES]
    rows.append((number(threshold), percent(float((~refused).mean()))))
    return shown(
        "foreignness",
        TITLE.format(
            refused=count(int(refused.sum())),
            total=count(len(scores)),
            share=percent(float(refused.mean())),
            wrong=count(int((refused & (predicted != labels)).sum())),
        ),
        chart(draw, name="foreignness", words=(SCORE, IMAGES, LIMIT)),
        NOTE,
        table((SCORE, SHARE), rows),
    )


def _examples(findings: Findings, foreign: Foreignness) -> list[tuple[Html, list[Text | str]]]:
    test, predicted = findings.splits.test, findings.probabilities.argmax(axis=1)
    cards = []
    for place in np.argsort(-foreign.scores, kind="stable")[: min(MOST, int(foreign.refused.sum()))].tolist():
        label = test.classes[test.labels[place]]
        lines: list[Text | str] = [LABEL.format(name=label)]
        if predicted[place] != test.labels[place]:
            lines.append(ANSWER.format(name=test.classes[predicted[place]]))
        cards.append((picture(test.images[place], label), [*lines, f"№ {place}"]))
    return cards
