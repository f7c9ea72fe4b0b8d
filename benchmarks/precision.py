"""What bfloat16 costs in accuracy: the fused engine's two precisions, seed by seed.

    TENFOLD_DATA=/data python -m benchmarks precision

The lecture's recipe, ten epochs, ten seeds, on MNIST and on Fashion-MNIST; a seed gives both precisions the
same first weights and the same batches. The interval is Student's, of the mean of the paired differences.
"""

import os
import statistics
from pathlib import Path

from benchmarks.mnist import NEEDS_MNIST, has_mnist
from benchmarks.rounds import Result, table
from tenfold import native
from tenfold.cores import available_cores
from tenfold.data.image_set import Splits
from tenfold.data.load import load_path
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.predictor import Predictor
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.engines import open_engine
from tenfold.training.recipe import Recipe

PACKAGES = ("tenfold", "numpy")
SEEDS = 10
STUDENT_95 = 2.262  # of nine degrees of freedom
SETS = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}


def run(repeats: int) -> Result:
    """Train and test everything once; the number of rounds does not matter."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    if "bfloat16" not in native.instruction_set().precisions:
        return Result("Left out: this processor multiplies no bfloat16.")
    rows = []
    for folder, title in SETS.items():
        splits = load_path(Path(os.environ["TENFOLD_DATA"]) / folder)
        found = {
            precision: [accuracy(splits, precision, seed) for seed in range(SEEDS)]
            for precision in ("float32", "bfloat16")
        }
        differences = [b - a for a, b in zip(found["float32"], found["bfloat16"], strict=True)]
        half = STUDENT_95 * statistics.stdev(differences) / SEEDS**0.5
        means = [
            f"{statistics.mean(values):.2f} % (± {statistics.stdev(values):.2f})" for values in found.values()
        ]
        rows.append((title, *means, f"{statistics.mean(differences):+.3f} % (± {half:.3f})"))
    heads = (
        "data",
        "float32, mean (deviation)",
        "bfloat16, mean (deviation)",
        "difference, mean (95 % interval)",
    )
    return Result(table(heads, rows))


def accuracy(splits: Splits, precision: str, seed: int) -> float:
    """Train for ten epochs; return the test accuracy in percent."""
    recipe = Recipe.named("lecture").with_changes(precision=precision, seed=seed)
    network = Network.for_images(splits.train, recipe.hidden, recipe.head)
    scale = Preprocessing.fitted(splits.train.images)
    state = initial_snapshot(network, recipe, available_cores())
    engine = open_engine("fused", "cpu", precision)
    *_, last = engine.fit(network, recipe, Examples.of(splits.train, scale), state)
    test = splits.test
    model = Model(network, last.snapshot().weights, test.classes, scale, test.images[:0])
    found = Predictor(model).logits(test.images).argmax(axis=1)
    return 100 * float((found == test.labels).mean())
