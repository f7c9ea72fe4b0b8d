"""Training images whose label is probably wrong."""

from __future__ import annotations

import shlex

import numpy as np
from numpy.typing import NDArray

from tenfold.evaluation.suspects import Suspects
from tenfold.reporting.blocks import Section, gallery, paragraph
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Html, element
from tenfold.reporting.pictures import picture
from tenfold.reporting.text import Text, count, number, percent

MOST = 27

HEADING = Text("Suspect labels", "可疑的标签")
OPENING = Text(
    "{folds} networks were trained, each on all training images but one part, and judged the images of "
    "the part that "
    "it had not seen: {accuracy} of the labels agree. Confident learning compares those judgements with "
    "the "
    "labels. The search took {seconds} s.",
    "训练了 {folds} 个网络，每个都留出一部分训练图片，再去判断没见过的那部分：{accuracy} 的标签与判断一致。"
    "置信学习比较判断与标签，找出可疑的。搜索用了 {seconds} 秒。",
)
TITLE = Text(
    "{suspects} of {images} training labels look wrong ({share})",
    "{images} 个训练标签里，有 {suspects} 个看上去不对（{share}）",
)
SHOWN = Text(
    "The {shown} most suspicious; the number is the image's place among the training images, counted from 0.",
    "最可疑的 {shown} 个；编号是图片在训练集里的位置，从 0 数起。",
)
NONE = Text("No training label looks wrong.", "没有看上去不对的训练标签。")
LABEL, RATHER = Text("label {name}", "标签 {name}"), Text("rather {name}, {share}", "更像 {name}，{share}")
DUPLICATE = Text("same pixels, other label", "像素相同，标签不同")
ALL = Text("All of them, with a column for your decisions:", "列出全部，并留一列供你决定：")
OBSTACLE = Text("The labels could not be searched: {reason}", "无法搜索标签：{reason}")


def suspects(findings: Findings) -> Section | None:
    """Return the most suspicious training labels."""
    search = findings.search
    if search is None:
        return None
    if search.suspects is None:
        return Section("suspects", HEADING, (paragraph(OBSTACLE.format(reason=search.obstacle)),))
    found = search.suspects
    opening = OPENING.format(
        folds=found.folds, accuracy=percent(found.accuracy), seconds=number(round(search.seconds, 1))
    )
    if not found.rows:
        return Section("suspects", HEADING, (paragraph(opening), paragraph(NONE)))
    shown = min(MOST, len(found.rows))
    command = shlex.join(["tenfold", "suspects", findings.run.settings.data])
    title = TITLE.format(
        suspects=count(len(found.rows)),
        images=count(found.images),
        share=percent(len(found.rows) / found.images),
    )
    blocks = (
        paragraph(opening),
        gallery(title, _cards(found, findings.splits.train.images)),
        paragraph(SHOWN.format(shown=shown)),
        paragraph(ALL),
        element("pre", element("code", command), tabindex="0"),
    )
    return Section("suspects", HEADING, blocks)


def _cards(found: Suspects, images: NDArray[np.uint8]) -> list[tuple[Html, tuple[Text | str, ...]]]:
    cards = []
    for row in found.rows[:MOST]:
        lines: list[Text | str] = [LABEL.format(name=row.given)]
        if row.suggested != row.given:
            lines.append(RATHER.format(name=row.suggested, share=percent(row.suggested_probability, 1)))
        if "duplicate" in row.reason:
            lines.append(DUPLICATE)
        cards.append((picture(images[row.index], row.given), (*lines, f"№ {row.index}")))
    return cards
