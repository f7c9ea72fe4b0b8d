"""JAX: the whole epoch as one compiled program, ``lax.scan`` over its batches."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.mnist import BATCH, MOMENTUM, NETWORK, RATE, Mnist, first_weights
from benchmarks.peers import Train
from tenfold.model.network import Weights


def scan(data: Mnist) -> Train:
    """Gather, gradients and update in one loop on the device; state is donated, batches are resident."""
    rows, labels = jnp.asarray(data.rows), jnp.asarray(data.labels, jnp.int32)

    def step(state: tuple, batch: jax.Array) -> tuple:
        parameters, momentum = state
        gradients = jax.grad(_loss)(parameters, rows[batch], labels[batch])
        momentum = jax.tree.map(lambda m, g: MOMENTUM * m + g, momentum, gradients)
        return (jax.tree.map(lambda p, m: p - RATE * m, parameters, momentum), momentum), None

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: tuple, order: jax.Array) -> tuple:
        whole = len(order) // BATCH * BATCH
        state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, BATCH))
        return step(state, order[whole:])[0]

    generator = np.random.default_rng(0)

    def train() -> Weights:
        parameters = {name: jnp.asarray(tensor.T) for name, tensor in first_weights().items()}
        state = (parameters, jax.tree.map(jnp.zeros_like, parameters))
        parameters, _ = epoch(state, jnp.asarray(generator.permutation(len(rows))))
        return {name: np.asarray(tensor).T for name, tensor in parameters.items()}

    return train


def _loss(parameters: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
    for layer in range(1, NETWORK.layers):
        x = jax.nn.relu(x @ parameters[f"l{layer}.weight"] + parameters[f"l{layer}.bias"])
    logits = x @ parameters[f"l{NETWORK.layers}.weight"] + parameters[f"l{NETWORK.layers}.bias"]
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()
