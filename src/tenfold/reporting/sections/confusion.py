"""Which classes are taken for which, and how well each class is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenfold.evaluation.metrics import Evaluation
from tenfold.reporting.blocks import Section, folded, shown, side_by_side
from tenfold.reporting.drawing import FIRST, GRID, INK, chart
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Html, element, joined, table
from tenfold.reporting.text import Text, count, percent, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Counts = NDArray[np.int64]

MOST_CLASSES, MOST_PAIRS, MOST_ROWS = 30, 12, 60
WIDE = 12
"""A matrix of more classes takes the page's whole width."""

HEADING = Text("Mistakes by class", "各类别的错误")
TRUE, PREDICTED = Text("label", "标签"), Text("prediction", "预测")
IMAGES, MISTAKES = Text("images", "图片"), Text("mistakes", "错误")
SHARE = Text("of the label's images", "占该标签")
CLASS, PRECISION, RECALL = Text("class", "类别"), Text("precision", "精确率"), Text("recall", "召回率")
TITLE = Text(
    "{count} of {total} mistakes take “{label}” for “{prediction}”",
    "{total} 个错误里，有 {count} 个把“{label}”认成“{prediction}”",
)
NO_MISTAKE = Text("All {total} test images are right", "{total} 张测试图片全部正确")
NOTE = Text(
    "A row is what the label says, a column what the model says. Right answers stand on the grey diagonal; "
    "the stronger the colour, the more mistakes.{left_out}",
    "一行是标签，一列是模型的回答。灰色对角线上是答对的；颜色越深，错误越多。{left_out}",
)
LEFT_OUT = Text(
    " Drawn are the {shown} of {all} classes with the most mistakes.",
    "{all} 个类别里，只画出错误最多的 {shown} 个。",
)
NOTHING = Text("", "")
PAIRS = Text("The most frequent confusions", "最常见的混淆")
CLASSES = Text("Precision, recall and F1 of each class", "各类别的精确率、召回率和 F1")
WORST_CLASSES = Text(
    "Precision, recall and F1 of the {shown} classes with the lowest recall",
    "召回率最低的 {shown} 个类别的精确率、召回率和 F1",
)


def confusion(findings: Findings) -> Section:
    """Return the confusion matrix, the most frequent confusions, and the figures of each class."""
    found = findings.evaluation
    blocks = [_matrix(found)]
    if found.confusions:
        blocks.append(_pairs(found))
    if len(found.classes) <= WIDE:
        blocks = [side_by_side(*blocks)]
    return Section("mistakes-by-class", HEADING, (*blocks, _each_class(found)))


def _matrix(found: Evaluation) -> Html:
    drawn = _worst(found.confusion, MOST_CLASSES)
    names = [found.classes[i] for i in drawn]
    counts = found.confusion[np.ix_(drawn, drawn)]
    left_out = LEFT_OUT.format(shown=len(names), all=count(len(found.classes)))
    rows = [(name, *map(count, row)) for name, row in zip(names, counts.tolist(), strict=True)]
    return shown(
        "confusion",
        _title(found),
        _drawing(counts, [shortened(name) for name in names]),
        NOTE.format(left_out=left_out if len(names) < len(found.classes) else NOTHING),
        table((joined(TRUE, " \\ ", PREDICTED), *names), rows),
        wide=len(names) > WIDE,
    )


def _worst(counts: Counts, most: int) -> list[int]:
    """Return the classes with the most mistakes, missed or wrongly given, in label order."""
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return sorted(np.argsort(-mistakes, kind="stable")[:most].tolist())


def _title(found: Evaluation) -> Text:
    if not found.confusions:
        return NO_MISTAKE.format(total=count(found.total))
    label, prediction, images = found.confusions[0]
    wrong = count(found.total - found.correct)
    return TITLE.format(count=count(images), total=wrong, label=label, prediction=prediction)


def _drawing(counts: Counts, names: list[str]) -> Html:
    wrong = counts * ~np.eye(len(counts), dtype=np.bool_)
    strength = np.sqrt(wrong / max(1, wrong.max()))
    longest = max(map(len, names))

    def draw(figure: Figure) -> None:
        from matplotlib.patches import Rectangle

        axes = figure.subplots()
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour, alpha = (GRID, 1.0) if row == column else (FIRST, 0.06 + 0.44 * strength[row, column])
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, alpha=alpha, linewidth=0))
            place = (column + 0.5, row + 0.5)
            axes.annotate(str(counts[row, column]), place, ha="center", va="center", color=INK, fontsize=9)
        axes.set(xlim=(0, len(names)), ylim=(len(names), 0), aspect="equal")
        axes.set(xlabel=PREDICTED.english, ylabel=TRUE.english)
        middles = np.arange(len(names)) + 0.5
        axes.set_xticks(middles, names, rotation=90 if longest > 3 else 0)
        axes.set_yticks(middles, names)
        axes.tick_params(length=0)
        axes.grid(visible=False)

    side = max(270, 27 * len(names)) + 50 + 6 * longest
    return chart(draw, name="confusion", width=side, height=side, words=(TRUE, PREDICTED))


def _pairs(found: Evaluation) -> Html:
    images = dict(zip(found.classes, found.confusion.sum(axis=1).tolist(), strict=True))
    rows = [
        (label, prediction, count(mistakes), percent(mistakes / images[label]))
        for label, prediction, mistakes in found.confusions[:MOST_PAIRS]
    ]
    return element("div", element("h3", PAIRS), table((TRUE, PREDICTED, MISTAKES, SHARE), rows))


def _each_class(found: Evaluation) -> Html:
    images = found.confusion.sum(axis=1)
    lowest = np.argsort(np.nan_to_num(found.recall, nan=2.0), kind="stable")[:MOST_ROWS]
    rows = [
        (
            found.classes[i],
            count(int(images[i])),
            *(percent(x[i]) for x in (found.precision, found.recall, found.f1)),
        )
        for i in sorted(lowest.tolist())
    ]
    title = CLASSES if len(rows) == len(found.classes) else WORST_CLASSES.format(shown=len(rows))
    return folded(title, table((CLASS, IMAGES, PRECISION, RECALL, "F1"), rows))
