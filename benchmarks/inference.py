"""Logits of the lecture's network, images a second: tenfold beside ONNX Runtime and PyTorch.

    TENFOLD_DATA=/data python -m benchmarks inference [--repeats 5]

The same trained weights everywhere, the 10,000 test images again and again in batches of 1, 64 and 1,024,
one call a batch. From rows: everybody is given the same normalised float32 rows, resident in memory, and
returns logits as a NumPy array; normalisation is not in the timing. From images: tenfold's public
`Predictor` is given uint8 images, and normalises them in the timing. tenfold's rows go to its compiled part
as they are. Each may choose between one thread and all (ONNX Runtime: also its own default), batch size by
batch size; the fastest is shown. The difference is the largest from NumPy's logits in float32.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import plot
from benchmarks.mnist import NEEDS_MNIST, NETWORK, Mnist, has_mnist, raw_mnist
from benchmarks.peers import peer
from benchmarks.rounds import (
    THREADS,
    Contestant,
    Measured,
    Result,
    alternate,
    column,
    left_out,
    ratios,
    spread,
    table,
    variants,
)
from tenfold.model.network import Weights

PACKAGES = ("tenfold", "numpy", "torch", "onnx", "onnxruntime")
BATCHES = (1, 64, 1024)
SECONDS = 0.3
"""How long each batch size is measured at least."""

PEERS = {"onnx_runtime.inference": "ONNX Runtime", "pytorch.inference": "PyTorch"}
OURS = {
    "tenfold_engine.rows_float32": "tenfold, float32",
    "tenfold_engine.rows_bfloat16": "tenfold, bfloat16",
    "tenfold_engine.images_float32": "tenfold, float32, from images",
    "tenfold_engine.images_bfloat16": "tenfold, bfloat16, from images",
}
TITLES = PEERS | OURS
BASE = "onnx_runtime.inference"
REQUIRED = ("tenfold_engine.rows_float32", "tenfold_engine.images_float32")


def run(repeats: int) -> Result:
    """Let every contestant have its turn ``repeats`` times; return a table and a plot."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    contestants = {}
    with tempfile.TemporaryDirectory() as folder, raw_mnist() as root:
        weights = Path(folder) / "weights.npz"
        tensors: Any = trained(Mnist.load(root))
        np.savez(weights, **tensors)
        for name, title in TITLES.items():
            for threads in (0, *THREADS) if name == BASE else THREADS:
                command = ("-m", "benchmarks.inference", name, str(threads), str(root), str(weights))
                contestants[name, threads] = Contestant(title, command, optional=name not in REQUIRED)
        results = alternate([contestants] * repeats)
    rates = {
        name: {batch: fastest(results, name, str(batch)) for batch in BATCHES}
        for name in TITLES
        if variants(results, name)
    }
    panels = {
        f"batch {batch:,}": {TITLES[name]: np.divide(rates[name][batch], 1e3).tolist() for name in rates}
        for batch in BATCHES
    }
    return Result(
        report(results, rates), partial(plot.bars, panels=panels, unit="1,000 images/s", form=",.0f")
    )


def trained(data: Mnist) -> Weights:
    """Train the lecture's network for one epoch."""
    return peer("tenfold_engine.reference")(data)()


def fastest(results: dict[tuple[str, int], list[Measured]], name: str, batch: str) -> list[float]:
    """Return the images a second with the number of threads whose median is best."""
    return max((column(runs, batch) for runs in variants(results, name).values()), key=statistics.median)


def report(results: dict[tuple[str, int], list[Measured]], rates: dict[str, dict[int, list[float]]]) -> str:
    """Draw the table: images a second, and how many times ONNX Runtime's."""
    rows = []
    for name, by_batch in rates.items():
        cells = []
        for batch in BATCHES:
            times = ratios(by_batch[batch], rates[BASE][batch]) if BASE in rates else [float("nan")]
            cells += [spread(by_batch[batch], ",.0f"), f"{statistics.median(times):.2f}"]
        runs = list(chain.from_iterable(variants(results, name).values()))
        rows.append((TITLES[name], *cells, f"{max(column(runs, 'difference')):.0e}"))
    heads = ["contestant"]
    for batch in BATCHES:
        heads += [f"batch {batch:,}: images/s, median (range)", "× ONNX"]
    absent = left_out(TITLES, rates)
    return table([*heads, "difference"], rows) + (f"\n\n{absent}" if absent else "")


def be_child(name: str, threads: int, root: Path, weights_file: Path) -> None:
    """Measure one contestant at every batch size; print images a second and the difference of logits."""
    data = Mnist.load(root)
    with np.load(weights_file) as file:
        weights = {key: file[key] for key in NETWORK.shapes}
    logits = peer(name)(weights, threads)
    inputs = data.test_images if "images" in name else data.test_rows
    exact = NETWORK.forward(weights, data.test_rows[: BATCHES[-1]])[-1]
    found = {"difference": float(np.abs(logits(inputs[: len(exact)]) - exact).max())}
    print(json.dumps(found | {str(batch): images_a_second(logits, inputs, batch) for batch in BATCHES}))


def images_a_second(logits: Callable[[NDArray], NDArray], inputs: NDArray, batch: int) -> float:
    """Go through all whole batches until the time is over; the first pass does not count."""
    starts = range(0, len(inputs) - batch + 1, batch)
    passes = -1
    begin = time.perf_counter()
    while passes < 1 or time.perf_counter() - begin < SECONDS:
        for start in starts:
            logits(inputs[start : start + batch])
        passes += 1
        if passes == 0:
            begin = time.perf_counter()
    return passes * len(starts) * batch / (time.perf_counter() - begin)


if __name__ == "__main__":
    be_child(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
