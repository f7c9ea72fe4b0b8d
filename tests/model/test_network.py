"""Shapes, limits and the forward pass, against PyTorch's layers."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.errors import UsageError
from tenfold.model.network import Network


def torch_layers(widths):
    modules = []
    for inputs, outputs in itertools.pairwise(widths):
        modules += [torch.nn.Linear(inputs, outputs, dtype=torch.float64), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


@given(st.lists(st.integers(2, 20), min_size=2, max_size=6), st.integers(1, 8))
def test_forward_is_linear_layers_with_relu_between(widths, n):
    layers = torch_layers(widths)
    network = Network(tuple(widths))
    tensors = [tensor.detach().numpy() for tensor in layers.parameters()]
    weights = dict(zip(network.shapes, tensors, strict=True))
    assert network.shapes == {name: tensor.shape for name, tensor in weights.items()}
    assert network.parameters == sum(tensor.size for tensor in tensors)

    rows = np.random.default_rng(n).normal(size=(n, widths[0]))
    values = network.forward(weights, rows)
    assert [value.shape for value in values] == [(n, width) for width in widths]
    np.testing.assert_allclose(values[-1], layers(torch.tensor(rows)).detach(), atol=1e-12)
    for depth, value in enumerate(values[1:-1], start=1):
        np.testing.assert_allclose(value, layers[: 2 * depth](torch.tensor(rows)).detach(), atol=1e-12)


def test_the_lectures_network_is_written_as_the_lecture_writes_it():
    assert str(Network.for_task(784, (512, 256, 128, 64), 10)) == "784-512-256-128-64-10"
    assert str(Network.for_task(784, (), 10)) == "784-10"


def test_a_sigmoid_head_has_one_logit_for_two_classes():
    network = Network.for_task(9, (4,), 2, "sigmoid")
    assert network.widths == (9, 4, 1)
    assert network.classes == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": 9, "hidden": (), "classes": 3, "head": "sigmoid"}, "the data has 3"),
        ({"inputs": 200_001, "hidden": (), "classes": 3}, "200001 inputs"),
        ({"inputs": 9, "hidden": (0,), "classes": 3}, "0 neurons"),
        ({"inputs": 9, "hidden": (8193,), "classes": 3}, "8193 neurons"),
        ({"inputs": 9, "hidden": (4,) * 12, "classes": 3}, "12 hidden layers"),
        ({"inputs": 9, "hidden": (), "classes": 1}, "1 classes"),
    ],
)
def test_what_no_task_can_ask_for_is_refused_by_name(arguments, message):
    with pytest.raises(UsageError, match=message):
        Network.for_task(**arguments)


@pytest.mark.parametrize(
    ("widths", "head", "message"),
    [((9, 2), "tanh", "head: 'tanh'"), ((9, 2), "sigmoid", "expected 1"), ((9,), "softmax", "widths")],
)
def test_what_no_network_can_be_is_refused_by_name(widths, head, message):
    with pytest.raises(UsageError, match=message):
        Network(widths, head)
