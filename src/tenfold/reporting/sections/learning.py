"""How the training went: loss and accuracy from its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenfold.reporting.blocks import Section, paragraph, shown, side_by_side, thinned
from tenfold.reporting.drawing import FIRST, MUTED, SECOND, chart
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Html, table
from tenfold.reporting.text import Text, count, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Record = dict[str, Any]

MOST_POINTS, MOST_ROWS = 400, 60

HEADING = Text("Learning", "学习过程")
EPOCH, ITERATION = Text("epoch", "轮"), Text("iteration", "迭代")
LOSS = Text("mean loss (nats)", "平均损失（nat）")
ACCURACY = Text("accuracy", "正确率")
TEST, VALIDATION = Text("test images", "测试图片"), Text("validation images", "验证图片")
RATE, SPEED = Text("learning rate", "学习率"), Text("images/s", "图片/秒")

LOSS_TITLE = Text("The training loss went from {first} to {last}", "训练损失从 {first} 到 {last}")
ONE_LOSS_TITLE = Text("The mean training loss was {last}", "平均训练损失是 {last}")
LOSS_NOTE = Text(
    "Each point is the mean over the batches since the point before. It is measured while the network "
    "learns, "
    "with the recipe's distortions and label smoothing, which keep it above what the test images would "
    "give.",
    "每个点是上一点以来各批的平均值。它是边学边量的，包含配方里的变形和标签平滑，"
    "所以会高于测试图片上的损失。",
)
SOLVED_NOTE = Text(
    "Softmax regression is solved to its optimum; each point is an iteration of L-BFGS.",
    "softmax 回归一直解到最优；每个点是 L-BFGS 的一次迭代。",
)
ACCURACY_TITLE = Text(
    "Accuracy on the test images: {first} after the first epoch, {last} after the last",
    "测试图片上的正确率：第一轮之后 {first}，最后一轮之后 {last}",
)
ACCURACY_NOTE = Text(
    "Measured after each epoch. Nothing was chosen by the test images: they only report.",
    "每轮之后量一次。没有任何东西是按测试图片选的，它们只用来报告。",
)
STOPPED_NOTE = Text(
    "Measured after each epoch. The weights of epoch {epoch}, the best on the validation images, were kept.",
    "每轮之后量一次。保留的是验证图片上最好的第 {epoch} 轮的权重。",
)
NO_HISTORY = Text("The run's history is missing.", "这次运行的历史不见了。")


def learning(findings: Findings) -> Section:
    """Return loss and accuracy over the epochs, as the run's history has them."""
    history = findings.run.history()
    lines = [record for record in history if "loss" in record]
    tests = [record for record in history if "accuracy" in record]
    if not lines:
        return Section("learning", HEADING, (paragraph(NO_HISTORY),))
    blocks = [_losses(lines, _batches(history), is_solved=findings.run.recipe.solver == "lbfgs")]
    if len(tests) > 1:
        validations = [record for record in history if "validation_accuracy" in record]
        blocks.append(_accuracies(tests, validations, int(findings.model.provenance["epochs"])))
    return Section("learning", HEADING, (side_by_side(*blocks),))


def _batches(history: list[Record]) -> dict[int, int]:
    """Return how many batches each epoch has; the records of an epoch stand in order."""
    return {record["epoch"]: record["batch"] for record in history}


def _losses(lines: list[Record], batches: dict[int, int], is_solved: bool) -> Html:
    steps = [
        record["batch"] if is_solved else record["epoch"] - 1 + record["batch"] / batches[record["epoch"]]
        for record in lines
    ]
    unit = ITERATION if is_solved else EPOCH

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        points = thinned(list(zip(steps, (record["loss"] for record in lines), strict=True)), MOST_POINTS)
        _line(axes, points, FIRST)
        axes.set(xlabel=unit.english, ylabel=LOSS.english)
        axes.set(xlim=(0, None), ylim=(0, None))

    rows = [
        (
            number(step),
            number(record["loss"]),
            number(record["learning_rate"]),
            count(record["images_per_second"]),
        )
        for step, record in thinned(list(zip(steps, lines, strict=True)), MOST_ROWS)
    ]
    return shown(
        "losses",
        (LOSS_TITLE if len(lines) > 1 else ONE_LOSS_TITLE).format(
            first=number(lines[0]["loss"]), last=number(lines[-1]["loss"])
        ),
        chart(draw, name="losses", words=(unit, LOSS)),
        SOLVED_NOTE if is_solved else LOSS_NOTE,
        table((unit, LOSS, RATE, SPEED), rows),
    )


def _accuracies(tests: list[Record], validations: list[Record], kept: int) -> Html:
    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        axes = figure.subplots()
        _line(axes, [(record["epoch"], record["accuracy"]) for record in tests], FIRST, TEST.english)
        if validations:
            points = [(record["epoch"], record["validation_accuracy"]) for record in validations]
            _line(axes, points, SECOND, VALIDATION.english)
            axes.axvline(kept, color=MUTED, linewidth=1, linestyle=":")
            axes.legend(loc="lower right")
        axes.set(xlabel=EPOCH.english, ylabel=ACCURACY.english)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(lambda share, _: percent(share, 1))

    held = {record["epoch"]: percent(record["validation_accuracy"]) for record in validations}
    rows = [
        (
            count(record["epoch"]),
            percent(record["accuracy"]),
            *([held.get(record["epoch"], "–")] if held else []),
        )
        for record in thinned(tests, MOST_ROWS)
    ]
    return shown(
        "accuracies",
        ACCURACY_TITLE.format(first=percent(tests[0]["accuracy"]), last=percent(tests[-1]["accuracy"])),
        chart(draw, name="accuracies", words=(EPOCH, ACCURACY, TEST, VALIDATION)),
        STOPPED_NOTE.format(epoch=kept) if validations else ACCURACY_NOTE,
        table((EPOCH, TEST, *([VALIDATION] if held else [])), rows),
    )


def _line(axes: Axes, points: list[tuple[float, float]], colour: str, label: str | None = None) -> None:
    marker = "o" if len(points) <= 40 else None
    axes.plot(*zip(*points, strict=True), color=colour, marker=marker, markersize=4, label=label)
