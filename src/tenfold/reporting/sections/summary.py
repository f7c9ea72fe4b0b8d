"""The report in a few sentences and figures."""

from __future__ import annotations

from tenfold.reporting.blocks import paragraph
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Html, element, joined
from tenfold.reporting.text import Text, count, number, percent

TRAINED = Text(
    "A network {network} was trained on {images} images of {data} with the recipe {recipe}, seed {seed}, "
    "in {epochs}.",
    "网络 {network} 用配方 {recipe}、种子 {seed}，在 {data} 的 {images} 张图片上训练了{epochs}。",
)
ONE_EPOCH, EPOCHS = Text("one epoch", "一轮"), Text("{epochs} epochs", " {epochs} 轮")
RIGHT = Text(
    "It is right on {accuracy} of {total} test images; over all such images, between {low} and {high} "
    "(95% interval).",
    "它在 {total} 张测试图片中答对 {accuracy}；对所有这样的图片，应在 {low} 到 {high} 之间（95% 区间）。",
)
LOPSIDED = Text(
    "The classes are lopsided: counting each the same, the accuracy is {balanced}.",
    "各类别数量悬殊：让每个类别同样重要，正确率是 {balanced}。",
)
CALIBRATED = Text(
    "Its probabilities are calibrated: on average its confidence is {error} off the accuracy, without "
    "calibration {before}.",
    "它的概率经过校准：置信度与正确率平均相差 {error}，不校准则相差 {before}。",
)
NOT_CALIBRATED = Text(
    "Its probabilities are not calibrated: on average its confidence is {error} off the accuracy.",
    "它的概率没有校准：置信度与正确率平均相差 {error}。",
)
ACCURACY, ERROR = Text("test images right", "测试图片答对"), Text("calibration error", "校准误差")
SET_SIZE = Text("classes in a prediction set, mean", "预测集的平均类别数")
REFUSED = Text("test images refused", "拒绝回答的测试图片")
SPOILT = Text("spoilt images right, mean", "损坏的图片答对，平均")
SUSPECTS = Text("suspect training labels", "可疑的训练标签")


def summary(findings: Findings) -> Html:
    """Return what a reader should know who reads nothing else."""
    sentences = [_trained(findings), _right(findings)]
    if findings.evaluation.is_lopsided:
        sentences.append(LOPSIDED.format(balanced=percent(findings.evaluation.balanced_accuracy)))
    sentences.append(_calibrated(findings))
    pairs = (element("div", element("dt", name), element("dd", value)) for name, value in _figures(findings))
    figures = element("dl", *pairs, class_="figures")
    return joined(*(paragraph(sentence, "lead") for sentence in sentences), figures)


def _trained(findings: Findings) -> Text:
    recipe = findings.run.recipe
    epochs = findings.model.provenance["epochs"]
    return TRAINED.format(
        network=findings.model.network,
        data=findings.run.settings.data,
        images=count(len(findings.partition.learn)),
        recipe=recipe.name,
        seed=recipe.seed,
        epochs=ONE_EPOCH if epochs == 1 else EPOCHS.format(epochs=count(epochs)),
    )


def _right(findings: Findings) -> Text:
    found = findings.evaluation
    low, high = map(percent, found.accuracy_interval)
    return RIGHT.format(accuracy=percent(found.accuracy), total=count(found.total), low=low, high=high)


def _calibrated(findings: Findings) -> Text:
    found = findings.evaluation
    error = percent(found.scores.equal_width.expected.value)
    if found.uncalibrated is None:
        return NOT_CALIBRATED.format(error=error)
    before = percent(found.uncalibrated.equal_width.expected.value)
    return CALIBRATED.format(error=error, before=before)


def _figures(findings: Findings) -> list[tuple[Text, str]]:
    found = findings.evaluation
    figures = [
        (ACCURACY, percent(found.accuracy)),
        (ERROR, percent(found.scores.equal_width.expected.value)),
    ]
    if found.sets is not None:
        figures.append((SET_SIZE, number(found.sets.average_size)))
    if found.refusals is not None:
        figures.append((REFUSED, percent(found.refusals.share)))
    figures.append((SPOILT, percent(1 - findings.robustness.mean_corruption_error)))
    if findings.search is not None and findings.search.suspects is not None:
        figures.append((SUSPECTS, count(len(findings.search.suspects.rows))))
    return figures
