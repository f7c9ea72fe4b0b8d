"""The scikit-learn estimator beside `MLPClassifier`, with the same hyper-parameters.

    TENFOLD_DATA=/data python -m benchmarks estimator [--repeats 5]

Both fit the lecture's widths to MNIST as float32 rows from 0 to 1: batch 64, constant learning rate 0.01,
Nesterov's momentum 0.9, no weight decay, ten epochs, each round with another `random_state` and in fresh
processes, in turn. Timed is `fit`, set-up included, divided by its epochs. `MLPClassifier` may choose between
one thread and all; the faster is compared. The last row is `SoftmaxClassifier` with its default parameters.
"""

import json
import statistics
import sys
import time
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import plot
from benchmarks.mnist import BATCH, NEEDS_MNIST, NETWORK, has_mnist, raw_mnist
from benchmarks.rounds import (
    THREADS,
    Contestant,
    Measured,
    Result,
    alternate,
    column,
    ratios,
    spread,
    table,
    variants,
    with_threads,
)

PACKAGES = ("tenfold", "numpy", "scikit-learn")

EPOCHS = 10
SAME: dict[str, Any] = {
    "hidden_layer_sizes": NETWORK.widths[1:-1],
    "batch_size": BATCH,
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
    "momentum": 0.9,
    "max_iter": EPOCHS,
}
TITLES = {
    "theirs": "scikit-learn MLPClassifier",
    "ours_float32": "tenfold SoftmaxClassifier, float32",
    "ours": "tenfold SoftmaxClassifier",
    "default": "tenfold SoftmaxClassifier, default parameters",
}


def estimator(name: str, seed: int) -> Any:
    """Make one of the estimators in `TITLES`."""
    if name == "theirs":
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(**SAME, solver="sgd", alpha=0, random_state=seed)
    from tenfold.sklearn import SoftmaxClassifier

    if name == "default":
        return SoftmaxClassifier(random_state=seed)
    precision = "float32" if name == "ours_float32" else "auto"
    return SoftmaxClassifier(**SAME, warmup=0, standardize=False, precision=precision, random_state=seed)


def contestants(root: Path, seed: int) -> dict[tuple[str, int], Contestant]:
    """Make the processes of one round."""
    made = {}
    for name, title in TITLES.items():
        command = ("-m", "benchmarks.estimator", name, str(root), str(seed))
        for threads in THREADS if name == "theirs" else THREADS[-1:]:
            made[name, threads] = Contestant(title, command, with_threads(threads))
    return made


def fastest(results: Mapping[tuple[str, int], list[Measured]], name: str) -> tuple[int, list[Measured]]:
    """Return the number of threads with the best median, and what was measured."""
    by_threads = variants(results, name)
    return min(by_threads.items(), key=lambda item: statistics.median(column(item[1], "seconds")))


def run(repeats: int) -> Result:
    """Let everybody fit with ``repeats`` seeds; return a table, a verdict and a plot."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    with raw_mnist() as root:
        results = alternate([contestants(root, seed) for seed in range(repeats)])
    chosen = {name: fastest(results, name) for name in TITLES}
    theirs = chosen["theirs"][1]
    rows, seconds = [], {}
    for name, (threads, runs) in chosen.items():
        seconds[TITLES[name]] = column(runs, "seconds")
        times = ratios(column(theirs, "seconds"), column(runs, "seconds"))
        accuracies = [100 * share for share in column(runs, "accuracy")]
        accuracy = f"{statistics.mean(accuracies):.2f} ({min(accuracies):.2f} to {max(accuracies):.2f}) %"
        rows.append((TITLES[name], threads, spread(column(runs, "seconds")), spread(times, ".1f"), accuracy))
    heads = (
        "estimator",
        "threads",
        "seconds an epoch, median (range)",
        "times as fast, round by round",
        "test accuracy, mean (range)",
    )
    panels = {"One epoch on MNIST, batch 64": seconds}
    return Result(table(heads, rows), partial(plot.bars, panels=panels, unit="seconds", form=".2f"))


def be_child(name: str, root: Path, seed: int) -> None:
    """Fit once; print seconds an epoch and the accuracy on the test set."""
    from tenfold.data.load import load_path

    splits = load_path(root)

    def rows(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)

    train, test = rows(splits.train.images), rows(splits.test.images)
    made = estimator(name, seed)
    made.fit(train[:256], splits.train.labels[:256])  # imports, kernels and caches are warm
    start = time.perf_counter()
    made.fit(train, splits.train.labels)
    seconds = (time.perf_counter() - start) / made.n_iter_
    print(json.dumps({"seconds": seconds, "accuracy": made.score(test, splits.test.labels)}))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ten epochs are what was asked for
        be_child(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
