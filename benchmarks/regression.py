"""Softmax regression on the full MNIST: tenfold's solver beside scikit-learn's.

    TENFOLD_DATA=/data python -m benchmarks regression [--repeats 5]

Pixels as fractions of 255, C = 1, `LogisticRegression(max_iter=1000)` on float32 and on float64 rows. The fit
is timed after a first one on 1,000 images, without reading files; "all" adds imports, reading and that first
fit. The objective is computed in float64 from each one's weights, by the same lines. scikit-learn takes the
number of threads with which it was faster in the first round.
"""

import json
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import NEEDS_MNIST, has_mnist, raw_mnist
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
    with_threads,
)

PACKAGES = ("tenfold", "numpy", "scikit-learn", "scipy")
TITLES = {
    "float32": "scikit-learn, float32",
    "float64": "scikit-learn, float64",
    "tenfold": "tenfold, float32 beside float64",
}
Found = tuple[NDArray[np.float64], NDArray[np.float64], int]
"""Weights (10, 784) and biases (10,) for pixels as fractions of 255, and the iterations."""


def run(repeats: int) -> Result:
    """Let all have their turns; scikit-learn chooses the faster number of threads in the first round."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    with raw_mnist() as root:
        made = {
            (name, threads): Contestant(
                title, ("-m", "benchmarks.regression", name, str(root)), with_threads(threads)
            )
            for name, title in TITLES.items()
            for threads in (THREADS if name != "tenfold" else THREADS[-1:])
        }
        first = alternate([made])
        chosen = {
            name: min((key for key in first if key[0] == name), key=lambda key: first[key][0]["seconds"])
            for name in TITLES
        }
        rest = alternate([{key: made[key] for key in chosen.values()}] * (repeats - 1))
    results = {name: first[key] + rest.get(key, []) for name, key in chosen.items()}
    return Result(draw_table(results, {name: threads for name, (_, threads) in chosen.items()}))


def draw_table(results: dict[str, list[Measured]], threads: dict[str, int]) -> str:
    """Compare with tenfold, round by round."""
    ours = results["tenfold"]
    rows = []
    for name, runs in results.items():
        times = [
            f"{statistics.median(ratios(column(runs, key), column(ours, key))):.1f}"
            for key in ("seconds", "process")
        ]
        rows.append(
            (
                TITLES[name],
                threads[name],
                spread(column(runs, "seconds")),
                times[0],
                spread(column(runs, "process")),
                times[1],
                runs[0]["iterations"],
                f"{runs[0]['objective']:.1f}",
                f"{100 * runs[0]['accuracy']:.2f} %",
            )
        )
    heads = (
        "solver",
        "threads",
        "seconds a fit, median (range)",
        "× tenfold",
        "seconds in all",
        "× tenfold",
        "iterations",
        "objective",
        "test accuracy",
    )
    return table(heads, rows)


def by_tenfold(pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> Found:
    """Solve on pixels."""
    from tenfold.cores import available_cores
    from tenfold.data.image_set import mean_and_std
    from tenfold.model.network import Network
    from tenfold.training.engine import Examples
    from tenfold.training.regression import solve

    mean, std = (value.astype(np.float32) for value in mean_and_std(pixels[:, np.newaxis]))
    train = Examples(pixels, labels, mean, std)
    *_, last = solve(Network((pixels.shape[1], 10)), train, 1.0, available_cores())
    weight = last.weights["l1.weight"].astype(np.float64) / std
    return weight, last.weights["l1.bias"] - weight.sum(axis=1) * mean, last.iteration


def by_scikit_learn(dtype: str, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> Found:
    """Fit on fractions; making them belongs to it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(pixels.astype(dtype) / np.dtype(dtype).type(255), labels)
    return model.coef_.astype(np.float64), model.intercept_.astype(np.float64), int(model.n_iter_[0])


def objective(weight: NDArray, bias: NDArray, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Compute half the squared weights plus the sum of the losses, in float64."""
    total = 0.5 * float((weight**2).sum())
    for start in range(0, len(pixels), 5_000):
        z = pixels[start : start + 5_000] / 255 @ weight.T + bias
        z -= z.max(axis=1, keepdims=True)
        true = z[np.arange(len(z)), labels[start : start + 5_000]]
        total += float((np.log(np.exp(z).sum(axis=1)) - true).sum())
    return total


def be_child(name: str, root: Path) -> None:
    """Fit twice, first on little; print what the second fit and both with reading took."""
    start = time.perf_counter()
    from tenfold.data.load import load_path

    splits = load_path(root)
    pixels, labels = splits.train.images.reshape(-1, 784), splits.train.labels
    read = time.perf_counter() - start

    def fit(count: int) -> Found:
        if name == "tenfold":
            return by_tenfold(pixels[:count], labels[:count])
        return by_scikit_learn(name, pixels[:count], labels[:count])

    start = time.perf_counter()
    fit(1_000)
    warm = time.perf_counter()
    weight, bias, iterations = fit(len(labels))
    end = time.perf_counter()
    logits = splits.test.images.reshape(-1, 784) / 255 @ weight.T + bias
    measured = {
        "seconds": end - warm,
        "process": read + end - start,
        "iterations": iterations,
        "objective": objective(weight, bias, pixels, labels),
        "accuracy": float((logits.argmax(axis=1) == splits.test.labels).mean()),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    be_child(sys.argv[1], Path(sys.argv[2]))
