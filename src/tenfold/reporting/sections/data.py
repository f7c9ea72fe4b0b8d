"""What the model was trained and measured on."""

from __future__ import annotations

import numpy as np

from tenfold.data.image_set import ImageSet
from tenfold.reporting.blocks import Section, paragraph
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Content, Html, element, table
from tenfold.reporting.pictures import strip
from tenfold.reporting.text import Text, count, number

MOST_CLASSES, SAMPLES = 60, 6

HEADING = Text("Data", "数据")
CLASS, EXAMPLES = Text("class", "类别"), Text("examples", "样例")
PARTS = {
    "train": Text("training images", "训练图片"),
    "validation": Text("validation images", "验证图片"),
    "test": Text("test images", "测试图片"),
}
SUMMARY = Text(
    "{source}: images of {height} × {width} pixels, {colour}, in {classes} classes. Of {train} training "
    "images "
    "{learn} were learnt from and {held} held out for calibration{stopping}; {test} test images only "
    "report.",
    "{source}：{height} × {width} 像素的{colour}图片，{classes} 个类别。{train} 张训练图片里，{learn} "
    "张用来学习，"
    "{held} 张留作校准{stopping}；{test} 张测试图片只用来报告。",
)
STOPPING = Text(", {images} for early stopping", "，{images} 张用来决定何时停止")
GREY, COLOUR = Text("grey", "灰度"), Text("in colour", "彩色")
NOTHING = Text("", "")
BALANCE = Text(
    "The largest class has {ratio} times as many training images as the smallest.",
    "训练图片最多的类别是最少的类别的 {ratio} 倍。",
)
BALANCED = Text("Every class has the same number of training images.", "每个类别的训练图片一样多。")
NOT_ALL = Text("The first {shown} of {all} classes:", "{all} 个类别里的前 {shown} 个：")
COUNTS_TITLE = Text("Images and examples of each class", "各类别的图片数和样例")


def data(findings: Findings) -> Section:
    """Return sizes and splits, and examples of each class."""
    splits = findings.splits
    blocks = [paragraph(_summary(findings)), paragraph(_balance(splits.train))]
    if len(splits.train.classes) > MOST_CLASSES:
        blocks.append(paragraph(NOT_ALL.format(shown=MOST_CLASSES, all=len(splits.train.classes))))
    head: list[Content] = [CLASS, *(PARTS[name] for name in splits.parts), EXAMPLES]
    counts = [part.counts for part in splits.parts.values()]
    rows = [
        (name, *(count(int(part[label])) for part in counts), _examples(splits.train, label))
        for label, name in enumerate(splits.train.classes[:MOST_CLASSES])
    ]
    return Section("data", HEADING, (*blocks, element("h3", COUNTS_TITLE), table(head, rows)))


def _summary(findings: Findings) -> Text:
    splits, partition = findings.splits, findings.partition
    height, width = splits.train.size
    stopping = len(partition.validation)
    return SUMMARY.format(
        source=findings.run.settings.data,
        height=height,
        width=width,
        colour=GREY if splits.train.channels == 1 else COLOUR,
        classes=count(len(splits.train.classes)),
        train=count(len(splits.train)),
        learn=count(len(partition.learn)),
        held=count(len(partition.calibration)),
        stopping=STOPPING.format(images=count(stopping)) if stopping else NOTHING,
        test=count(len(splits.test)),
    )


def _balance(images: ImageSet) -> Text:
    present = images.counts[images.counts > 0]
    if present.max() == present.min():
        return BALANCED
    return BALANCE.format(ratio=number(round(float(present.max() / present.min()), 2)))


def _examples(images: ImageSet, label: int) -> Html:
    """Draw a few images of a class, evenly spread over the set."""
    members = np.flatnonzero(images.labels == label)
    if not len(members):
        return Html("–")
    chosen = members[np.linspace(0, len(members) - 1, min(SAMPLES, len(members))).astype(int)]
    return strip(images.images[chosen], images.classes[label])
