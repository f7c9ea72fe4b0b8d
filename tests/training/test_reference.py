"""The reference engine against PyTorch's automatic gradients in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info
from torch.nn import functional as F

from tenfold.model.network import Network
from tenfold.training import reference
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.recipe import Recipe
from tenfold.training.reference import ReferenceEngine, backward

STEPS = 10
networks = st.builds(
    Network.for_task,
    inputs=st.integers(1, 20),
    hidden=st.lists(st.integers(1, 12), max_size=4).map(tuple),
    classes=st.just(2) | st.integers(2, 6),
).flatmap(
    lambda network: st.sampled_from(
        [network, Network((*network.widths[:-1], 1), "sigmoid")] if network.classes == 2 else [network]
    )
)


def autograd_forward(tensors, rows):
    layers = len(tensors) // 2
    for layer in range(1, layers + 1):
        rows = rows @ tensors[f"l{layer}.weight"].T + tensors[f"l{layer}.bias"]
        if layer < layers:
            rows = rows.relu()
    return rows


def autograd_loss(network, logits, labels, smoothing=0.0, weights=None):
    counts = 1.0 if weights is None else weights
    if network.head_name == "sigmoid":
        targets = labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2
        losses = F.binary_cross_entropy_with_logits(logits[:, 0], targets, reduction="none")
    else:
        losses = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    return (losses * counts).mean()


@pytest.mark.skipif(
    not any(library["user_api"] == "blas" for library in threadpool_info()),
    reason="NumPy's matrix library here is one whose threads cannot be set (Accelerate)",
)
def test_matrix_products_use_the_threads_of_the_state(recipe, examples, network, monkeypatch):
    seen = set()

    def watched(*arguments):
        seen.update(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return backward(*arguments)

    monkeypatch.setattr(reference, "backward", watched)
    for _ in ReferenceEngine().fit(network, recipe, examples, initial_snapshot(network, recipe, threads=1)):
        pass
    assert seen == {1}


@settings(max_examples=60)
@given(networks, st.integers(1, 9), st.integers(0, 1000))
def test_every_gradient_is_autograds(network, n, seed):
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(size=shape) for name, shape in network.shapes.items()}
    rows, labels = rng.normal(size=(n, network.inputs)), rng.integers(0, network.classes, n)

    values = network.forward(weights, rows)
    gradients = backward(network, weights, values, network.head.loss_gradient(values[-1], labels))

    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in weights.items()}
    logits = autograd_forward(tensors, torch.tensor(rows))
    autograd_loss(network, logits, torch.tensor(labels)).backward()
    np.testing.assert_allclose(values[-1], logits.detach(), rtol=0, atol=1e-10)
    assert gradients.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_allclose(gradients[name], tensor.grad, rtol=0, atol=1e-10)


changes = st.fixed_dictionaries(
    {"lr": st.floats(1e-4, 0.5)},
    optional={
        "momentum": st.floats(0.1, 0.95),
        "weight_decay": st.floats(1e-5, 0.1),
        "label_smoothing": st.floats(0.01, 0.9),
    },
).flatmap(lambda drawn: st.booleans().map(lambda asked: drawn | {"nesterov": asked and "momentum" in drawn}))


@settings(max_examples=60)
@given(networks, changes, st.integers(1, 5), st.booleans(), st.integers(0, 1000))
def test_ten_steps_of_sgd_are_pytorchs(network, changes, batch_size, weighted, seed):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (batch_size * STEPS, network.inputs)).astype(np.uint8)
    labels = rng.integers(0, network.classes, len(pixels))
    weights = rng.uniform(0, 3, len(pixels)).astype(np.float32) if weighted else None
    examples = Examples(pixels, labels, np.float32([0.5]), np.float32([0.25]), weights=weights)
    recipe = Recipe.named("lecture").with_changes(
        **({"momentum": 0.0} | changes), epochs=1, batch_size=batch_size, precision="float64", seed=seed
    )
    start = initial_snapshot(network, recipe, threads=1)
    (end,) = [
        event.snapshot()
        for event in ReferenceEngine().fit(network, recipe, examples, start)
        if event.ends_epoch
    ]

    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in start.weights.items()}
    names = ("lr", "momentum", "nesterov", "weight_decay")
    optimizer = torch.optim.SGD(tensors.values(), **{name: getattr(recipe, name) for name in names})
    generator = torch.Generator()
    generator.manual_seed(seed)
    for tensor in tensors.values():  # the draws that made the first weights
        torch.empty(tensor.shape).uniform_(generator=generator)
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    shuffle = torch.Generator().manual_seed(
        torch.empty((), dtype=torch.int64).random_(generator=generator).item()
    )
    for batch in torch.randperm(len(pixels), generator=shuffle).split(batch_size):
        rows = torch.tensor(pixels)[batch].float().div(255).sub(0.5).div(0.25).double()
        counts = None if weights is None else torch.tensor(weights)[batch]
        optimizer.zero_grad()
        logits = autograd_forward(tensors, rows)
        autograd_loss(network, logits, torch.tensor(labels)[batch], recipe.label_smoothing, counts).backward()
        decayed = {name: t.grad + recipe.weight_decay * t.detach() for name, t in tensors.items()}
        optimizer.step()
    for name, tensor in tensors.items():
        np.testing.assert_allclose(end.weights[name], tensor.detach(), rtol=0, atol=1e-10)
        velocity = optimizer.state[tensor]["momentum_buffer"] if recipe.momentum else decayed[name]
        np.testing.assert_allclose(end.momentum[name], velocity, rtol=0, atol=1e-10)
