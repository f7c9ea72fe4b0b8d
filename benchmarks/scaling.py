"""How the fused engine's cost an image grows: with images, widths, batch sizes and threads.

    TENFOLD_DATA=/data python -m benchmarks scaling [--repeats 5]

The lecture's network and batches of 64 on 60,000 images, but for the one quantity that varies; precision
auto, all cores but where threads vary. More images than MNIST has are its own, moved by a few pixels and
made a little brighter, in memory as uint8 (6,000,000 are 4.7 GB). Widths are those of two hidden layers.
Timed are whole epochs, with the shuffle, divided by the images seen, in a fresh process; small sets are
trained on for several epochs. At most three rounds.
"""

import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import plot
from benchmarks.mnist import NEEDS_MNIST, has_mnist, raw_mnist
from benchmarks.rounds import (
    THREADS,
    Contestant,
    Measured,
    Result,
    alternate,
    column,
    peak_megabytes,
    spread,
    table,
)
from tenfold.cores import available_cores
from tenfold.data.image_set import ImageSet
from tenfold.data.load import load_path
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Event, Examples, initial_snapshot
from tenfold.training.engines import open_engine, resolve_precision
from tenfold.training.recipe import Recipe

PACKAGES = ("tenfold", "numpy")
ROUNDS = 3


class Point(NamedTuple):
    """One training to time."""

    images: int = 60_000
    hidden: tuple[int, ...] = (512, 256, 128, 64)
    batch: int = 64
    threads: int = available_cores()
    seen: int = 60_000  # at least: more epochs for small sets

    @property
    def epochs(self) -> int:
        """How often the images are gone through."""
        return -(-self.seen // self.images)


LINES = {
    "images": {n: Point(images=n, seen=120_000) for n in (10_000, 60_000, 600_000, 6_000_000)},
    "width": {
        w: Point(hidden=(w, w), images=n, seen=n)
        for w, n in ((64, 60_000), (256, 60_000), (1_024, 60_000), (4_096, 6_000))
    },
    "batch": {b: Point(batch=b, seen=120_000) for b in (16, 64, 256, 1_024, 4_096)},
    "threads": {t: Point(threads=t, seen=120_000) for t in THREADS},
}


def run(repeats: int) -> Result:
    """Time every point; return a table and a plot."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    with raw_mnist() as root:
        contestants = {
            (line, value): Contestant(
                f"{value:,} {line}", ("-m", "benchmarks.scaling", json.dumps(point), str(root))
            )
            for line, points in LINES.items()
            for value, point in points.items()
        }
        results = alternate([contestants] * min(repeats, ROUNDS))
    panels = {
        line: {value: column(results[line, value], "microseconds") for value in points}
        for line, points in LINES.items()
    }
    return Result(report(results), partial(plot.curves, panels=panels, unit="microseconds an image"))


def report(results: dict[tuple[str, int], list[Measured]]) -> str:
    """Draw the table, a row a point."""
    rows = []
    for line, points in LINES.items():
        for value, point in points.items():
            runs = results[line, value]
            cost = column(runs, "microseconds")
            speed = operations(point.hidden) / statistics.median(cost) / 1e3
            peak = f"{max(column(runs, 'megabytes')):,.0f} MB"
            rows.append((line, f"{value:,}", spread(cost), f"{speed:,.0f}", peak))
    heads = ("varied", "value", "µs an image, median (range)", "GFLOP/s", "peak memory")
    return table(heads, rows)


def operations(hidden: tuple[int, ...]) -> int:
    """Count multiplications and additions an image: forward, and gradients but of the first inputs."""
    widths = (784, *hidden, 10)
    products = [a * b for a, b in pairwise(widths)]
    return 6 * sum(products) - 2 * products[0]


def be_child(point: Point, root: Path) -> None:
    """Train; print microseconds an image and the peak of memory."""
    images = load_path(root).train
    examples = enlarged(images, np.empty((point.images, images.images[0].size), np.uint8))
    start = time.perf_counter()
    deque(events(point, examples), maxlen=0)
    seconds = time.perf_counter() - start
    cost = 1e6 * seconds / (point.epochs * point.images)
    print(json.dumps({"microseconds": cost, "megabytes": peak_megabytes()}))


def events(point: Point, examples: Examples) -> Iterator[Event]:
    """Train with the fused engine, from the lecture's recipe."""
    precision, _ = resolve_precision("auto", "fused")
    recipe = Recipe.named("lecture").with_changes(
        epochs=point.epochs, batch_size=point.batch, hidden=point.hidden, precision=precision
    )
    network = Network((examples.inputs.shape[1], *point.hidden, 10))
    state = initial_snapshot(network, recipe, point.threads)
    return open_engine("fused", "cpu", precision).fit(network, recipe, examples, state)


def enlarged(images: ImageSet, rows: NDArray[np.uint8]) -> Examples:
    """Fill rows of pixels with the images, then with copies of them that are moved and made brighter."""
    for copy, start in enumerate(range(0, len(rows), len(images))):
        moved = (
            np.roll(images.images, (copy % 5 - 2, copy // 5 % 5 - 2), axis=(1, 2)) if copy else images.images
        )
        brighter, part = np.uint8(copy % 16), rows[start : start + len(images)]
        np.minimum(moved.reshape(len(images), -1)[: len(part)], 255 - brighter, out=part)
        part += brighter
    scale = Preprocessing.fitted(images.images)
    mean, std = np.array(scale.mean, np.float32), np.array(scale.std, np.float32)
    return Examples(rows, np.resize(images.labels, len(rows)), mean, std)


if __name__ == "__main__":
    be_child(Point(*json.loads(sys.argv[1])), Path(sys.argv[2]))
