"""Keras on JAX: ``fit``, compiled, many steps to a call."""

import os
from collections.abc import Iterator
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import BATCH, MOMENTUM, NETWORK, RATE, Mnist, first_weights
from benchmarks.peers import Train
from tenfold.model.network import Weights
from tenfold.training.recipe import Recipe
from tenfold.training.schedule import learning_rates

STEPS_A_CALL = 128
"""Of 1, 32 and 128 the fastest; more no longer helps."""


def fit(data: Mnist) -> Train:
    """Train with ``model.fit`` on arrays in memory."""
    inputs, *hidden, outputs = NETWORK.widths
    layers = [keras.layers.Dense(width, activation="relu") for width in hidden]
    net = keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs)])
    net.compile(
        optimizer=keras.optimizers.SGD(RATE, momentum=MOMENTUM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,
        steps_per_execution=STEPS_A_CALL,
    )

    def train() -> Weights:
        net.set_weights([tensor.T for tensor in first_weights().values()])
        for variable in net.optimizer.variables[2:]:  # after the step count and the learning rate: momenta
            variable.assign(np.zeros(variable.shape, np.float32))
        net.fit(data.rows, data.labels, batch_size=BATCH, epochs=1, shuffle=True, verbose=0)
        return {name: tensor.T for name, tensor in zip(NETWORK.shapes, net.get_weights(), strict=True)}

    return train


def scheduled(data: Mnist, recipe: Recipe) -> Iterator[float]:
    """Train with a recipe, weight decay as a penalty; yield the accuracy at the end."""
    keras.utils.set_random_seed(recipe.seed)
    steps = recipe.epochs * -(-len(data.rows) // recipe.batch_size)
    net = _penalised(recipe.weight_decay)
    net.compile(
        optimizer=keras.optimizers.SGD(
            Rates(learning_rates(recipe, steps, 0, steps)), momentum=recipe.momentum, nesterov=recipe.nesterov
        ),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        jit_compile=True,
        steps_per_execution=STEPS_A_CALL,
    )
    labels = np.eye(NETWORK.widths[-1], dtype=np.float32)[data.labels]
    net.fit(data.rows, labels, batch_size=recipe.batch_size, epochs=recipe.epochs, verbose=0)
    found = net.predict(data.test_rows, batch_size=len(data.test_rows), verbose=0).argmax(axis=1)
    yield (found == data.test_labels).mean()


class Rates(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate a step, from a table."""

    def __init__(self, rates: NDArray[np.float64]) -> None:
        self._rates = keras.ops.convert_to_tensor(rates, "float32")

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, counted from 0."""
        return keras.ops.take(self._rates, keras.ops.cast(step, "int32"))


def _penalised(weight_decay: float) -> keras.Sequential:
    """Make the network with He's first weights; the gradient of the penalty is the decay of the weights."""
    penalty = keras.regularizers.L2(weight_decay / 2)
    inputs, *hidden, outputs = NETWORK.widths
    options = {"kernel_regularizer": penalty, "bias_regularizer": penalty, "kernel_initializer": "he_uniform"}
    layers = [keras.layers.Dense(width, activation="relu", **options) for width in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs, **options)])
