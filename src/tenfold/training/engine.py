"""The contract of an engine: what it trains on, where it starts, and what it tells on the way.

An engine takes a network, a recipe, examples and a state, and yields an `Event` every few batches. It
never prints, tests or writes: whoever calls it does. The last event's snapshot is the result.

.. code-block:: text

    Examples ─┐
    Recipe ───┼─▶ engine.fit(network, recipe, train, state) ─▶ Event, Event, … ─▶ Event.snapshot()
    Snapshot ─┘                                                                        │
        ▲                                                                              │
        └──────────────────── goes on bit for bit ◀────────────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet
from tenfold.functional import Floats
from tenfold.model.network import Network, Weights
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.recipe import Recipe
from tenfold.training.torch_random import TorchGenerator, initial_weights


@dataclass(frozen=True, eq=False)
class Examples:
    """What an engine trains on: one row of raw numbers an example, and how to normalise it.

    Parameters
    ----------
    inputs : ndarray of uint8 or float32, shape (N, features)
        Flattened pixels, or any numbers. Pixels count as fractions of 255.
    labels : ndarray of int64, shape (N,)
        Class indices.
    mean, std : ndarray of float32, shape (period,)
        A row becomes ``(row - mean) / std``, after pixels are divided by 255; feature k takes entry k modulo
        the period. So grey images have one entry, colour images three, rows of numbers one a feature.
    """

    inputs: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, images: ImageSet, preprocessing: Preprocessing) -> Examples:
        """Take images as they are, and their normalisation from a preprocessing."""
        return cls(
            inputs=images.images.reshape(len(images), preprocessing.features),
            labels=images.labels,
            mean=np.array(preprocessing.mean, np.float32),
            std=np.array(preprocessing.std, np.float32),
        )

    @property
    def scale(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation of each feature, both of shape (features,)."""
        features = self.inputs.shape[1]
        return np.resize(self.mean, features), np.resize(self.std, features)

    def rows(self, indices: NDArray[np.int64]) -> Floats:
        """Gather and normalise a batch: float32 of shape (len(indices), features)."""
        rows = self.inputs[indices].astype(np.float32)
        if self.inputs.dtype == np.uint8:
            rows /= 255
        mean, std = self.scale
        rows -= mean
        rows /= std
        return rows


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A training at rest between two batches: all that is needed to go on bit for bit.

    Parameters
    ----------
    weights, momentum : dict of ndarray
        The network's tensors, and the running step of each.
    epoch : int
        Completed epochs.
    batch : int
        Batches done in the epoch under way.
    loss_sum : float
        Sum of the batches' losses since the last loss line.
    generator : ndarray of uint32, shape (625,)
        State of the random numbers as the epoch under way began.
    threads : int
        Threads that the matrix products used; with another number they round differently.
    """

    weights: Weights
    momentum: Weights
    epoch: int
    batch: int
    loss_sum: float
    generator: NDArray[np.uint32]
    threads: int


def initial_snapshot(network: Network, recipe: Recipe, threads: int) -> Snapshot:
    """Return the state before the first batch: PyTorch's first weights, nothing moving."""
    generator = TorchGenerator(recipe.seed)
    weights = initial_weights(network, generator)
    if recipe.precision == "float64":
        weights = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
    momentum = {name: np.zeros_like(tensor) for name, tensor in weights.items()}
    return Snapshot(weights, momentum, 0, 0, 0.0, generator.state, threads)


@dataclass(frozen=True, eq=False)
class Event:
    """News from a training.

    Parameters
    ----------
    epoch, batch, batches : int
        Where it stands, counted from one, and how many batches an epoch has.
    loss : float
        Mean loss in nats over the batches since the last loss line.
    is_line : bool
        Whether this event closes a loss line.
    learning_rate : float
        Of the last batch.
    images_per_second : float
        Over the batches since the last event.
    snapshot : callable () -> Snapshot
        The state now; valid until the engine is asked for its next event.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    is_line: bool
    learning_rate: float
    images_per_second: float
    snapshot: Callable[[], Snapshot]

    @property
    def ends_epoch(self) -> bool:
        """Whether every training image has been seen once more."""
        return self.batch == self.batches


class Engine(Protocol):
    """What runs a recipe. Engines differ in speed, not in results beyond stated tolerances."""

    name: ClassVar[str]

    @property
    def precisions(self) -> tuple[str, ...]:
        """What ``Recipe.precision`` may be, once ``auto`` is resolved."""
        ...

    def fit(self, network: Network, recipe: Recipe, train: Examples, state: Snapshot) -> Iterator[Event]:
        """Train from ``state`` to the end of the recipe.

        Parameters
        ----------
        network : Network
            What to train.
        recipe : Recipe
            How.
        train : Examples
            On what.
        state : Snapshot
            `initial_snapshot`, or the snapshot of an interrupted training.

        Yields
        ------
        Event
            Several a second, at every loss line and at each epoch's end.
        """
        ...
