"""tenfold itself: its three engines in training, its compiled part in inference."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import MEAN, NETWORK, STD, Mnist
from benchmarks.peers import Logits, Train
from tenfold import native
from tenfold.cores import available_cores
from tenfold.data.load import load_path
from tenfold.model.model_file import Model
from tenfold.model.network import Weights
from tenfold.model.predictor import Predictor
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.engines import open_engine, resolve_precision
from tenfold.training.recipe import Recipe


def _fit(engine_name: str, precision: str, data: Mnist) -> Train:
    images = load_path(data.root).train
    precision, _ = resolve_precision(precision, engine_name)
    recipe = Recipe.named("lecture").with_changes(epochs=1, precision=precision)
    examples = Examples.of(images, Preprocessing.fitted(images.images))
    engine = open_engine(engine_name, "cpu", precision)

    def train() -> Weights:
        *_, last = engine.fit(NETWORK, recipe, examples, initial_snapshot(NETWORK, recipe, available_cores()))
        return last.snapshot().weights

    return train


def scheduled(data: Mnist, recipe: Recipe) -> Iterator[float]:
    """Train rows with a recipe, by the fused engine; yield the accuracy at the end."""
    precision, _ = resolve_precision(recipe.precision, "fused")
    recipe = recipe.with_changes(precision=precision)
    examples = Examples(data.rows, data.labels, mean=np.zeros(1, np.float32), std=np.ones(1, np.float32))
    state = initial_snapshot(NETWORK, recipe, available_cores())
    *_, last = open_engine("fused", "cpu", precision).fit(NETWORK, recipe, examples, state)
    yield data.accuracy(last.snapshot().weights)


reference: Callable[[Mnist], Train] = partial(_fit, "reference", "float32")
torch: Callable[[Mnist], Train] = partial(_fit, "torch", "float32")
fused_float32: Callable[[Mnist], Train] = partial(_fit, "fused", "float32")
fused_auto: Callable[[Mnist], Train] = partial(_fit, "fused", "auto")


def _of_rows(precision: str, weights: Weights, threads: int) -> Logits:
    from tenfold._native import Classifier

    classifier = Classifier(list(NETWORK.widths), native.instruction_set().name, precision, weights)
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    return lambda rows: classifier.logits(rows, zero, one, threads)


def _of_images(precision: str, weights: Weights, threads: int) -> Callable[[NDArray[np.uint8]], NDArray]:
    scale = Preprocessing(size=(28, 28), channels=1, mean=(MEAN,), std=(STD,))
    model = Model(NETWORK, weights, tuple("0123456789"), scale, np.zeros((0, 28, 28), np.uint8))
    return Predictor(model, precision, threads).logits


rows_float32: Callable[[Weights, int], Logits] = partial(_of_rows, "float32")
rows_bfloat16: Callable[[Weights, int], Logits] = partial(_of_rows, "bfloat16")
images_float32 = partial(_of_images, "float32")
images_bfloat16 = partial(_of_images, "bfloat16")
