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
from tenfold.errors import UsageError
from tenfold.functional import Floats
from tenfold.model.network import Network, Weights
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.distortion import distorted
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
    shape : tuple of int, optional
        Height, width and, in colour, channels of the images that the rows are; only images can be distorted.
    places : ndarray of int64, shape (M,), optional
        The rows to learn from; without them, all. The others are held out.
    weights : ndarray of float32, shape (N,), optional
        How much each example counts in the loss; without them, all count one.
    """

    inputs: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    shape: tuple[int, ...] | None = None
    places: NDArray[np.int64] | None = None
    weights: NDArray[np.float32] | None = None

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width, channels of images.

        Raises
        ------
        UsageError
            When the rows are no images.
        """
        if self.shape is None:
            raise UsageError("augmentation: only images can be distorted; train rows of numbers without it")
        return self.shape

    def __len__(self) -> int:
        return len(self.labels) if self.places is None else len(self.places)

    @classmethod
    def of(
        cls,
        images: ImageSet,
        preprocessing: Preprocessing,
        places: NDArray[np.int64] | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> Examples:
        """Take images as they are, and their normalisation from a preprocessing."""
        return cls(
            inputs=images.images.reshape(len(images), preprocessing.features),
            labels=images.labels,
            mean=np.array(preprocessing.mean, np.float32),
            std=np.array(preprocessing.std, np.float32),
            shape=images.images.shape[1:],
            places=places,
            weights=weights,
        )

    @property
    def scale(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation of each feature, both of shape (features,)."""
        features = self.inputs.shape[1]
        return np.resize(self.mean, features), np.resize(self.std, features)

    def distorted(self, indices: NDArray[np.int64], recipe: Recipe, epoch: int) -> NDArray[np.uint8]:
        """Gather images as an epoch sees them: uint8 of shape (len(indices), features)."""
        images = self.inputs[indices].reshape(len(indices), *self.image_shape)
        drawn = distorted(images.astype(np.uint8, copy=False), indices, recipe.distortion, recipe.seed, epoch)
        return drawn.reshape(len(indices), -1)

    def batch(self, indices: NDArray[np.int64], recipe: Recipe, epoch: int) -> Floats:
        """Gather, distort as the recipe says, and normalise: float32 of shape (len(indices), features)."""
        return (
            self._normalised(self.distorted(indices, recipe, epoch))
            if recipe.distorts
            else self.rows(indices)
        )

    def rows(self, indices: NDArray[np.int64]) -> Floats:
        """Gather and normalise as they are: float32 of shape (len(indices), features)."""
        return self._normalised(self.inputs[indices])

    def _normalised(self, raw: NDArray[np.uint8] | NDArray[np.float32]) -> Floats:
        rows = raw.astype(np.float32)
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


@dataclass(frozen=True, eq=False)
class Stretch:
    """Batches of one epoch that are taken one after the other, without a breath.

    Parameters
    ----------
    indices : ndarray of int64, shape (n,)
        Rows of the examples.
    batch_size : int
        Examples a batch; the last may be shorter.
    learning_rates : ndarray of float64, shape (batches,)
        One a batch.
    epoch : int
        Counted from 0.
    """

    indices: NDArray[np.int64]
    batch_size: int
    learning_rates: NDArray[np.float64]
    epoch: int

    def __iter__(self) -> Iterator[tuple[NDArray[np.int64], float]]:
        """Yield each batch's rows and learning rate."""
        for start, rate in zip(
            range(0, len(self.indices), self.batch_size), self.learning_rates.tolist(), strict=True
        ):
            yield self.indices[start : start + self.batch_size], rate


def initial_snapshot(network: Network, recipe: Recipe, threads: int) -> Snapshot:
    """Return the state before the first batch: the recipe's first weights, nothing moving."""
    generator = TorchGenerator(recipe.seed)
    weights = initial_weights(network, generator, recipe.first_weights)
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
    remark : str, optional
        What a person should know.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    is_line: bool
    learning_rate: float
    images_per_second: float
    snapshot: Callable[[], Snapshot]
    remark: str | None = None

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
