"""Keras on JAX: ``fit``, compiled, many steps to a call."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

from benchmarks.mnist import BATCH, MOMENTUM, NETWORK, RATE, Mnist, first_weights
from benchmarks.peers import Train
from tenfold.model.network import Weights

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
