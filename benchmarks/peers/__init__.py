"""One file a library: how somebody who knows it well would train, or ask, the lecture's network.

``epoch`` asks a module for ``train = f(data)``, a function that trains one epoch from the lecture's first
weights and returns the trained weights; it is called twice, the first time to warm up. ``inference`` asks for
``logits = f(weights, threads)``, a function from rows to logits. ``time_to_accuracy`` asks for
``f(data, recipe)``, which trains with every number of a recipe and yields the share of test images that are
right, once at the end or after each epoch.
"""

from collections.abc import Callable, Iterator
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import Mnist
from tenfold.model.network import Weights
from tenfold.training.recipe import Recipe

Train = Callable[[], Weights]
Accuracies = Callable[[Mnist, Recipe], Iterator[float]]
Logits = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def peer(name: str) -> Callable:
    """Import a peer by its name, such as ``pytorch.resident``."""
    module, function = name.split(".")
    return getattr(import_module(f"benchmarks.peers.{module}"), function)
