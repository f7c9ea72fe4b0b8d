"""What distortion costs: the fused engine's epochs with and without it.

    TENFOLD_DATA=/data python -m benchmarks distortion [--repeats 5]

The recipe `best` on MNIST, one epoch without distortion and one with the distortion of handwriting, in turn,
by the wall clock. Beside a step without: how much longer a step becomes. Of a step: the share of a step with
distortion that would not be there without. Each instruction set of this processor has a process of its own.
"""

import json
import statistics
import sys
import time
from itertools import product
from pathlib import Path

from benchmarks.mnist import NEEDS_MNIST, NETWORK, has_mnist, raw_mnist
from benchmarks.rounds import THREADS, Contestant, Measured, Result, alternate, spread, table
from tenfold import native
from tenfold.data.load import load_path
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.engines import open_engine
from tenfold.training.recipe import Recipe

PACKAGES = ("tenfold", "numpy")
BATCHES = (96, 128)
PLAIN, DISTORTED = "none", "handwriting"


def run(repeats: int) -> Result:
    """Time every instruction set in turn; return a table."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    if (absence := native.absence()) is not None:
        return Result(f"Left out: {absence}.")
    from tenfold._native import instruction_sets

    with raw_mnist() as root:
        contestants = {
            name: Contestant(name, ("-m", "benchmarks.distortion", str(root)), {native.VARIABLE: name})
            for name, _ in instruction_sets()
            if name != "portable"
        }
        results = alternate([contestants] * repeats)
    rows = [row(name, settings, runs) for name, runs in results.items() for settings in runs[0]]
    heads = (
        "instruction set",
        "precision",
        "threads",
        "batch",
        "seconds an epoch without",
        "with",
        "beside a step without, median (range)",
        "of a step, median (range)",
    )
    return Result(table(heads, rows))


def row(name: str, settings: str, runs: list[Measured]) -> tuple[object, ...]:
    """Compare an epoch with and without distortion, round by round."""
    plain, with_it = zip(*(run[settings] for run in runs), strict=True)
    beside = [100 * (b / a - 1) for a, b in zip(plain, with_it, strict=True)]
    share = [100 * (1 - a / b) for a, b in zip(plain, with_it, strict=True)]
    seconds = (f"{statistics.median(values):.3f}" for values in (plain, with_it))
    return name, *settings.split(), *seconds, f"{spread(beside, '.0f')} %", f"{spread(share, '.0f')} %"


def be_child(root: Path) -> None:
    """Train all ways; print the seconds without and with distortion."""
    images = load_path(root).train
    examples = Examples.of(images, Preprocessing.fitted(images.images))
    seconds(examples, PLAIN, native.instruction_set().precisions[0], THREADS[-1], BATCHES[-1])  # to warm up
    settings = product(native.instruction_set().precisions, THREADS, BATCHES)
    found = {
        f"{precision} {threads} {batch}": [
            seconds(examples, augmentation, precision, threads, batch) for augmentation in (PLAIN, DISTORTED)
        ]
        for precision, threads, batch in settings
    }
    print(json.dumps(found))


def seconds(examples: Examples, augmentation: str, precision: str, threads: int, batch: int) -> float:
    """Train an epoch; return what it took."""
    recipe = Recipe.named("best").with_changes(
        epochs=1, augmentation=augmentation, precision=precision, batch_size=batch
    )
    state = initial_snapshot(NETWORK, recipe, threads)
    events = open_engine("fused", "cpu", precision).fit(NETWORK, recipe, examples, state)
    start = time.perf_counter()
    for _ in events:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    be_child(Path(sys.argv[1]))
