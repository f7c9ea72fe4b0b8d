"""How the peers of ``time_to_accuracy`` train: as `fast` does, batch size and peak rate tuned by length.

    TENFOLD_DATA=/data python -m benchmarks.peers.schedules [PEER]

They are given all that `fast` does: He's first weights, Nesterov's momentum, warm-up and decay by step,
weight decay, label smoothing. Batch size and peak rate are tuned for them, for each number of epochs: every
pair of `BATCHES` and `PEAKS` trains on the first 50,000 training images and is tried on the last 10,000, mean
of three seeds. Of those within 0.1 % of the best the largest batch is taken, for it needs the least time. The
test images are not looked at. Batch sizes divide 60,000, so that a compiler meets one shape only.

This command searches, and prints the table `TUNED`. PEER is ``pytorch.scheduled``, ``keras_on_jax.scheduled``
or the one that was used, ``tenfold_engine.scheduled``: the same training, rounding apart, in the least time.
"""

import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

from benchmarks.mnist import Mnist
from benchmarks.peers import peer
from tenfold.training.recipe import Recipe

BATCHES, PEAKS, SEEDS = (60, 120, 240), (0.05, 0.1, 0.15, 0.2, 0.3), (0, 1, 2)
VALIDATION_IMAGES, TOLERANCE = 10_000, 0.001

TUNED = {
    1: {"batch_size": 120, "lr": 0.2},
    2: {"batch_size": 120, "lr": 0.1},
    4: {"batch_size": 240, "lr": 0.3},
    8: {"batch_size": 240, "lr": 0.3},
    16: {"batch_size": 240, "lr": 0.2},
}
"""By the number of epochs."""


def scheduled(epochs: int, precision: str, seed: int) -> Recipe:
    """Return the recipe of the tuned training of some length."""
    changes = {"epochs": epochs, "precision": precision, "seed": seed, **TUNED[epochs]}
    return Recipe.named("fast").with_changes(**changes)


def validation_split(data: Mnist) -> Mnist:
    """Return the first training images to train on, and the last, instead of the test images, to test on."""
    rows, labels = data.rows, data.labels
    return replace(
        data,
        rows=rows[:-VALIDATION_IMAGES],
        labels=labels[:-VALIDATION_IMAGES],
        test_rows=rows[-VALIDATION_IMAGES:],
        test_labels=labels[-VALIDATION_IMAGES:],
    )


def search(name: str, data: Mnist) -> Iterator[str]:
    """Train all pairs for each length; tell the accuracies, and the pair that is taken."""
    train = peer(name)
    for epochs in TUNED:
        found = {}
        for batch, peak in product(BATCHES, PEAKS):
            recipe = Recipe.named("fast").with_changes(epochs=epochs, batch_size=batch, lr=peak)
            runs = ([*train(data, recipe.with_changes(seed=seed))][-1] for seed in SEEDS)
            found[batch, peak] = statistics.mean(runs)
            yield f"epochs {epochs:>2}  batch {batch:>3}  peak {peak:<4g}  {found[batch, peak]:.2%}"
        good_enough = [pair for pair in found if found[pair] >= max(found.values()) - TOLERANCE]
        batch, peak = max(good_enough, key=lambda pair: (pair[0], found[pair]))
        yield f'    {epochs}: {{"batch_size": {batch}, "lr": {peak:g}}},'


if __name__ == "__main__":
    whole = Mnist.load(Path(os.environ["TENFOLD_DATA"]) / "mnist")
    name = sys.argv[1] if sys.argv[1:] else "tenfold_engine.scheduled"
    for line in search(name, validation_split(whole)):
        print(line, flush=True)
