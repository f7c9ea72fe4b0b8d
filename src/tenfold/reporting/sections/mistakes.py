"""The mistakes that the model was surest of, as pictures."""

from __future__ import annotations

import numpy as np

from tenfold.reporting.blocks import Section, gallery, paragraph
from tenfold.reporting.findings import Findings
from tenfold.reporting.pictures import picture
from tenfold.reporting.text import Text, count, percent

MOST = 27

HEADING = Text("The surest mistakes", "最自信的错误")
TITLE = Text(
    "{sure} of {wrong} mistakes were made with more than 90% confidence",
    "{wrong} 个错误里，有 {sure} 个的置信度超过 90%",
)
NOTE = Text(
    "The {shown} wrong answers with the largest probability, the surest first. The number is the image's "
    "place "
    "among the test images, counted from 0. Some of these labels may themselves be wrong.",
    "概率最大的 {shown} 个错误答案，最自信的在前。编号是图片在测试集里的位置，从 0 数起。"
    "其中有些可能是标签本身错了。",
)
NONE = Text("All test images are right: there is no mistake to show.", "测试图片全部正确，没有错误可看。")
LABEL, ANSWER = Text("label {name}", "标签 {name}"), Text("says {name}, {share}", "答 {name}，{share}")

SURE = 0.9


def mistakes(findings: Findings) -> Section:
    """Return the wrong answers with the largest probability."""
    test, probabilities = findings.splits.test, findings.probabilities
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != test.labels)
    if not len(wrong):
        return Section("mistakes", HEADING, (paragraph(NONE),))
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST]
    cards = []
    for place in surest.tolist():
        label, answer = test.classes[test.labels[place]], test.classes[predicted[place]]
        share = percent(float(confidence[place]), 1)
        lines = (LABEL.format(name=label), ANSWER.format(name=answer, share=share), f"№ {place}")
        cards.append((picture(test.images[place], label), lines))
    sure = int((confidence[wrong] > SURE).sum())
    title = TITLE.format(sure=count(sure), wrong=count(len(wrong)))
    return Section("mistakes", HEADING, (paragraph(NOTE.format(shown=len(surest))), gallery(title, cards)))
