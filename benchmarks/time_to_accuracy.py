"""Accuracy over seconds: the three recipes, the lecture's script, PyTorch, Keras on JAX, scikit-learn.

    TENFOLD_DATA=/data python -m benchmarks time_to_accuracy [--repeats 5]

Everybody trains the lecture's network, 575,050 parameters, on the same raw files of MNIST. Timed are whole
processes, from the start of Python: imports, compilation, reading, training and the test at the end, and for
tenfold the run's folder with history, checkpoints and model. Round k uses seed k.

A point of `fast`, of `best`, of PyTorch and of Keras is a training of its own, with a schedule that ends
there. The lecture's script, the recipe `lecture` and scikit-learn are one training each, a point an epoch.
PyTorch keeps everything resident and calls the fused kernel of its SGD; it and Keras train as `fast` does,
with batch size and peak rate tuned for each length (`benchmarks/peers/schedules.py`), on all 60,000 images,
where `fast` and `best` hold out 2,000. scikit-learn has its own defaults. Before the first round the peers
choose between one thread and all, PyTorch also between float32 and bfloat16 autocast: the fastest is taken.
"""

import statistics
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

from benchmarks import plot
from benchmarks.mnist import NEEDS_MNIST, has_mnist, raw_mnist
from benchmarks.peers.schedules import TUNED
from benchmarks.rounds import (
    THREADS,
    Contestant,
    Measured,
    Result,
    alternate,
    column,
    left_out,
    spread,
    table,
    with_threads,
)
from benchmarks.whole_process import training, whole_process

PACKAGES = ("tenfold", "numpy", "torch", "torchvision", "jax", "keras", "scikit-learn")
SCRIPT_EPOCHS, SCIKIT_EPOCHS = 10, 16
FAST_EPOCHS = (1, 2, 4, 8)
BUDGETS = (5, 10, 20, 60)
TARGETS = (97.0, 97.5, 98.0, 98.5, 99.0, 99.3, 99.5)

TITLES = {
    "fast": "tenfold, fast",
    "best": "tenfold, best",
    "lecture": "tenfold, lecture",
    "script": "the lecture's script",
    "pytorch": "PyTorch, tuned",
    "keras": "Keras on JAX, tuned",
    "scikit-learn": "scikit-learn MLPClassifier",
}
PEERS = {
    "pytorch": "pytorch.scheduled",
    "keras": "keras_on_jax.scheduled",
    "scikit-learn": "scikit_learn.epoch_by_epoch",
}


class Variant(NamedTuple):
    """What a peer may choose."""

    threads: int
    precision: str = "float32"


class Point(NamedTuple):
    """Trainings of one length, or an epoch of one: seconds and test accuracies in percent, round by round."""

    length: str
    seconds: list[float]
    accuracy: list[float]


VARIANTS = {
    "pytorch": [Variant(*choice) for choice in product(THREADS, ("float32", "bfloat16"))],
    "keras": [Variant(threads) for threads in THREADS],
    "scikit-learn": [Variant(threads) for threads in THREADS],
}
CHOICE_EPOCHS, CHOICE_ROUNDS = 2, 2

Lines = Mapping[str, list[Point]]


def run(repeats: int) -> Result:
    """Let everybody have a turn with every length, ``repeats`` times; return tables and a plot."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    with raw_mnist() as root:
        choice = chosen(root)
        results = alternate(contestants(root, seed, choice) for seed in range(repeats))
    lines = points(results)
    sentences = (f"{TITLES[name]}: {words(variant)}" for name, variant in choice.items())
    parts = (
        milestones(lines),
        draw_table(lines),
        f"Chosen by the peers: {'; '.join(sentences)}.",
        left_out(TITLES, lines),
    )
    curves = {TITLES[name]: [(point.seconds, point.accuracy) for point in lines[name]] for name in lines}
    return Result("\n\n".join(filter(None, parts)), partial(plot.accuracy_over_time, lines=curves))


def chosen(root: Path) -> dict[str, Variant]:
    """Let each peer find the fastest of its variants, by a short training."""
    candidates = {
        (name, variant): of_peer(name, variant, root, epochs=CHOICE_EPOCHS, seed=0)
        for name, choices in VARIANTS.items()
        for variant in choices
    }
    seconds: dict[str, dict[Variant, float]] = {}
    for (name, variant), runs in alternate([candidates] * CHOICE_ROUNDS).items():
        seconds.setdefault(name, {})[variant] = min(column(runs, "seconds"))
    return {name: min(found, key=lambda variant: found[variant]) for name, found in seconds.items()}


def of_peer(name: str, variant: Variant, root: Path, epochs: int, seed: int) -> Contestant:
    """Make the process of a peer."""
    command = ("-m", "benchmarks.peers", PEERS[name], root, epochs, variant.precision, seed)
    return whole_process(TITLES[name], *command, optional=True, **with_threads(variant.threads))


def contestants(root: Path, seed: int, choice: Mapping[str, Variant]) -> dict[tuple[str, str], Contestant]:
    """Make the processes of a round, by line and length; no length where the line is one training."""
    script = ("-m", "benchmarks.lecture_script", root, seed, SCRIPT_EPOCHS)
    made = {("script", ""): whole_process(TITLES["script"], *script, optional=True)}
    for name, variant in choice.items():
        for epochs in [SCIKIT_EPOCHS] if name == "scikit-learn" else TUNED:
            length = "" if name == "scikit-learn" else in_epochs(epochs)
            made[name, length] = of_peer(name, variant, root, epochs, seed)
    for recipe, length, flags in ours():
        command = training(root, "--recipe", recipe, *flags, "--seed", seed)
        made[recipe, length] = whole_process(TITLES[recipe], *command)
    return made


def ours() -> Iterator[tuple[str, str, tuple[object, ...]]]:
    """List our trainings: recipe, length, flags."""
    yield "lecture", "", ()
    for epochs in FAST_EPOCHS:
        yield "fast", in_epochs(epochs), ("--epochs", epochs)
    for budget in BUDGETS:
        yield "best", f"budget {budget} s", ("--budget", f"{budget}s")


def in_epochs(count: int) -> str:
    """Write a number of epochs."""
    return "1 epoch" if count == 1 else f"{count} epochs"


def points(results: Mapping[tuple[str, str], list[Measured]]) -> Lines:
    """Gather what was measured into lines, each from its shortest training to its longest."""
    lines: dict[str, list[Point]] = {name: [] for name in TITLES}
    for (name, length), runs in results.items():
        if length:
            accuracy = [100 * share for share in column(runs, "accuracy")]
            lines[name].append(Point(length, column(runs, "seconds"), accuracy))
        else:
            epochs = zip(*(run["curve"] for run in runs), strict=True)
            for count, epoch in enumerate(epochs, start=1):
                seconds, shares = zip(*epoch, strict=True)
                lines[name].append(Point(in_epochs(count), list(seconds), [100 * share for share in shares]))
    return {name: line for name, line in lines.items() if line}


def milestones(lines: Lines) -> str:
    """Draw a table of the seconds after which each line has a mean accuracy."""

    def first(line: list[Point], target: float) -> str:
        reached = [point for point in line if statistics.mean(point.accuracy) >= target]
        seconds = (statistics.median(point.seconds) for point in reached)
        return f"{min(seconds):.2f} s" if reached else "–"

    rows = [(TITLES[name], *(first(line, target) for target in TARGETS)) for name, line in lines.items()]
    return table(("seconds until", *(f"{target} %" for target in TARGETS)), rows)


def draw_table(lines: Lines) -> str:
    """Draw a table of the points, of one training only its first epochs and its last."""
    lengths = {in_epochs(count) for count in TUNED}
    rows = [
        (
            TITLES[name],
            point.length,
            spread(point.seconds),
            f"{statistics.mean(point.accuracy):.2f} %",
            f"{min(point.accuracy):.2f} to {max(point.accuracy):.2f}",
            len(point.accuracy),
        )
        for name, line in lines.items()
        for point in line
        if point.length in lengths or point.length.startswith("budget") or point is line[-1]
    ]
    heads = ("trainer", "length", "seconds, median (range)", "test accuracy, mean", "range", "seeds")
    return table(heads, rows)


def words(variant: Variant) -> str:
    """Say what a peer chose."""
    threads = "1 thread" if variant.threads == 1 else f"{variant.threads} threads"
    return f"{threads}, {variant.precision}"
