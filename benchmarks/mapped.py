"""Training on more images than memory holds: a memory-mapped file, read in shuffled order.

    TENFOLD_DATA=/data python -m benchmarks mapped [--repeats 2]

Writes a `.npy` file of uint8 images half as large again as this machine's memory (MNIST's, moved and made
brighter) and lets the fused engine train on it, mapped, in shuffled order, a minute a turn: as NumPy maps
it, where the system reads ahead, and with the advice that access is random (`MADV_RANDOM`). The draw of the
order and the first batch are not in the cost an image. At most two rounds.
"""

import json
import mmap
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.mnist import NEEDS_MNIST, has_mnist, raw_mnist
from benchmarks.rounds import Contestant, Measured, Result, alternate, column, peak_megabytes, spread, table
from benchmarks.scaling import Point, enlarged, events
from tenfold.data.load import load_path
from tenfold.training.engine import Examples

PACKAGES = ("tenfold", "numpy")
SECONDS, ROUNDS = 60, 2
TITLES = {"plain": "as NumPy maps it", "random": "advised that access is random"}


def run(repeats: int) -> Result:
    """Write the file, train on it; return a table."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    count = int(1.5 * memory / 784)
    with tempfile.TemporaryDirectory() as folder, raw_mnist() as root:
        if shutil.disk_usage(folder).free < 784 * count + memory / 4:
            return Result(f"Left out: needs {784 * count / 1e9:.0f} GB free in {folder}.")
        file = Path(folder) / "images.npy"
        images = np.lib.format.open_memmap(file, "w+", np.uint8, (count, 784))
        enlarged(load_path(root).train, images)
        images.flush()
        del images
        command = ("-m", "benchmarks.mapped")
        contestants = {
            name: Contestant(title, (*command, name, str(file), str(root))) for name, title in TITLES.items()
        }
        results = alternate([contestants] * min(repeats, ROUNDS))
    return Result(
        f"{count:,} images, {784 * count / 1e9:.1f} GB; memory: {memory / 1e9:.1f} GB.\n\n" + report(results)
    )


def report(results: dict[str, list[Measured]]) -> str:
    """Draw the table."""
    rows = [
        (
            TITLES[name],
            spread(column(runs, "microseconds"), ",.0f"),
            f"{statistics.median(column(runs, 'images')):,.0f}",
            f"{statistics.median(column(runs, 'first')):.0f}",
            f"{max(column(runs, 'megabytes')):,.0f} MB",
        )
        for name, runs in results.items()
    ]
    heads = (
        "mapping",
        "µs an image, median (range)",
        "images seen",
        "seconds until the first batch",
        "peak memory, pages of the file included",
    )
    return table(heads, rows)


def be_child(name: str, file: Path, root: Path) -> None:
    """Train for a while; print microseconds an image."""
    images = np.load(file, mmap_mode="r")
    if name == "random":
        images._mmap.madvise(mmap.MADV_RANDOM)
    train = load_path(root).train
    scale = enlarged(train, np.empty((0, 784), np.uint8))
    examples = Examples(images, np.resize(train.labels, len(images)), scale.mean, scale.std)
    point = Point(images=len(images))
    start = begin = time.perf_counter()
    first = seen = 0
    for event in events(point, examples):
        now = time.perf_counter()
        if not first:
            begin, first = now, event.batch
        seen = event.batch - first
        if now - begin > SECONDS:
            break
    cost = 1e6 * (now - begin) / (seen * point.batch)
    answer = {"microseconds": cost, "images": seen * point.batch, "first": begin - start}
    print(json.dumps(answer | {"megabytes": peak_megabytes()}))


if __name__ == "__main__":
    be_child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
