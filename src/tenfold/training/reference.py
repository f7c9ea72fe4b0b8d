"""The reference engine: the second half of the lecture, in NumPy, written to be read.

One step of training is four lines of mathematics. With ``x₀`` the inputs, ``zₗ = xₗ₋₁ Wₗᵀ + bₗ`` and
``xₗ = max(zₗ, 0)``:

1. *forward*: compute every ``xₗ`` and the logits ``z``;
2. *loss*: cross-entropy, whose gradient by the logits is ``G = (p - y) / N``;
3. *backward*: from the last layer to the first, ``dWₗ = Gᵀ xₗ₋₁`` and ``dbₗ = Σ G``, then
   ``G ← G Wₗ`` where the layer below was active, zero where it was not;
4. *update*: ``v ← μ v + dW`` and ``W ← W - η v``; with Nesterov's momentum ``W ← W - η (μ v + dW)``.

The other engines do the same. This one also serves where nothing but NumPy is installed.

References
----------
D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors",
Nature 323 (1986). B. T. Polyak, "Some methods of speeding up the convergence of iteration methods" (1964),
for the momentum, in PyTorch's form. I. Sutskever et al., "On the importance of initialization and momentum in
deep learning", ICML 2013, for Nesterov's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from tenfold.functional import Floats
from tenfold.model.network import Network, Weights
from tenfold.training.cycle import TrainingCycle
from tenfold.training.engine import Event, Examples, Snapshot, Stretch
from tenfold.training.recipe import Recipe


def backward(network: Network, weights: Weights, values: list[Floats], logits_gradient: Floats) -> Weights:
    """Carry the gradient of the loss from the logits back to every weight.

    Parameters
    ----------
    network : Network
        The widths.
    weights : dict of ndarray
        As ``network.shapes`` lists them.
    values : list of ndarray
        What ``network.forward`` gave for the batch.
    logits_gradient : ndarray of shape (N, widths[-1])
        ``(p - y) / N``.

    Returns
    -------
    dict of ndarray
        The gradient of each weight, under its name.
    """
    gradients: Weights = {}
    gradient = logits_gradient  # (N, outputs)
    for layer in range(network.layers, 0, -1):
        below = values[layer - 1]  # (N, inputs)
        gradients[f"l{layer}.weight"] = gradient.T @ below
        gradients[f"l{layer}.bias"] = gradient.sum(axis=0)
        if layer > 1:
            gradient = gradient @ weights[f"l{layer}.weight"]
            gradient *= below > 0  # the slope of ReLU
    return gradients


def sgd_step(
    weights: Weights, velocity: Weights, gradients: Weights, learning_rate: float, recipe: Recipe
) -> None:
    """Move every weight against its gradient, in place, keeping the recipe's share of the last move."""
    for name, gradient in gradients.items():
        if recipe.weight_decay:
            gradient += recipe.weight_decay * weights[name]
        velocity[name] *= recipe.momentum
        velocity[name] += gradient
        move = recipe.momentum * velocity[name] + gradient if recipe.nesterov else velocity[name]
        weights[name] -= learning_rate * move


class ReferenceTrainer:
    """A network, its weights and their momentum, stepping through batches."""

    def __init__(self, network: Network, recipe: Recipe, examples: Examples, state: Snapshot) -> None:
        self._network = network
        self._examples = examples
        self._recipe = recipe
        self._weights = {name: tensor.copy() for name, tensor in state.weights.items()}
        self._velocity = {name: tensor.copy() for name, tensor in state.momentum.items()}
        self._dtype = self._weights["l1.weight"].dtype
        self._libraries = ThreadpoolController()
        self.threads = state.threads

    def train(self, stretch: Stretch) -> list[float]:
        """Take one step a batch and return the losses."""
        overflow_shows_in_the_loss = np.errstate(over="ignore", invalid="ignore")
        with self._libraries.limit(limits=self.threads), overflow_shows_in_the_loss:
            return [self._step(batch, learning_rate, stretch.epoch) for batch, learning_rate in stretch]

    def _step(self, batch: NDArray[np.int64], learning_rate: float, epoch: int) -> float:
        recipe, head = self._recipe, self._network.head
        inputs = self._examples.batch(batch, recipe, epoch).astype(self._dtype, copy=False)
        labels = self._examples.labels[batch]
        counts = 1.0 if self._examples.weights is None else self._examples.weights[batch]
        values = self._network.forward(self._weights, inputs)
        logits = values[-1]
        gradient = head.loss_gradient(logits, labels, recipe.label_smoothing, counts)
        gradients = backward(self._network, self._weights, values, gradient)
        sgd_step(self._weights, self._velocity, gradients, learning_rate, recipe)
        return head.loss(logits, labels, recipe.label_smoothing, counts)

    def weights(self) -> Weights:
        """Return the weights themselves, not a copy."""
        return self._weights

    def momentum(self) -> Weights:
        """Return the running steps themselves, not a copy."""
        return self._velocity


class ReferenceEngine:
    """NumPy, on any CPU."""

    name: ClassVar[str] = "reference"
    precisions: ClassVar[tuple[str, ...]] = ("float32", "float64")

    def fit(self, network: Network, recipe: Recipe, train: Examples, state: Snapshot) -> Iterator[Event]:
        """Train from ``state`` to the end of the recipe; see `tenfold.training.engine.Engine`."""
        trainer = ReferenceTrainer(network, recipe, train, state)
        yield from TrainingCycle(trainer, recipe, train, state)
