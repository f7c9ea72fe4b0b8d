"""Our stream of random numbers against PyTorch's own."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.model.network import Network
from tenfold.training.torch_random import TorchGenerator, initial_weights

pytestmark = pytest.mark.usefixtures("with_and_without_compiled_part")
seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(0, 3000))
def test_permutation_is_randperm(seed, n):
    expected = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    np.testing.assert_array_equal(TorchGenerator(seed).permutation(n), expected)


def test_permutation_of_sixty_thousand():
    expected = torch.randperm(60_000, generator=torch.Generator().manual_seed(5))
    np.testing.assert_array_equal(TorchGenerator(5).permutation(60_000), expected)


@given(seeds)
def test_integer_is_random(seed):
    generator, ours = torch.Generator().manual_seed(seed), TorchGenerator(seed)
    for _ in range(3):
        assert ours.integer() == torch.empty((), dtype=torch.int64).random_(generator=generator).item()


@given(seeds, st.lists(st.integers(2, 40), min_size=2, max_size=5))
def test_first_weights_are_those_of_linear_layers(seed, widths):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(*pair) for pair in itertools.pairwise(widths)]
        after = torch.empty((), dtype=torch.int64).random_().item()
    network = Network(tuple(widths))
    ours = TorchGenerator(seed)
    weights = initial_weights(network, ours)
    for number, layer in enumerate(layers, start=1):
        np.testing.assert_array_equal(weights[f"l{number}.weight"], layer.weight.detach())
        np.testing.assert_array_equal(weights[f"l{number}.bias"], layer.bias.detach())
    assert ours.integer() == after


@given(seeds, st.lists(st.integers(2, 300), min_size=2, max_size=4))
def test_he_weights_are_those_of_kaiming_uniform_the_last_layers_a_tenth(seed, widths):
    generator, ours = torch.Generator().manual_seed(seed), TorchGenerator(seed)
    weights = initial_weights(Network(tuple(widths)), ours, "he")
    for number, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        expected = torch.empty(outputs, inputs)
        torch.nn.init.kaiming_uniform_(expected, nonlinearity="relu", generator=generator)
        if number < len(widths) - 1:
            np.testing.assert_array_equal(weights[f"l{number}.weight"], expected)
        else:
            bound = np.sqrt(6 / inputs)
            np.testing.assert_allclose(weights[f"l{number}.weight"], expected / 10, rtol=0, atol=1e-7 * bound)
        np.testing.assert_array_equal(weights[f"l{number}.bias"], np.zeros(outputs))
        assert {tensor.dtype for tensor in weights.values()} == {np.dtype(np.float32)}
    assert ours.integer() == torch.empty((), dtype=torch.int64).random_(generator=generator).item()


@given(seeds, st.integers(1, 200))
def test_epoch_orders_are_those_of_the_lectures_two_loaders(seed, n):
    numbers = torch.utils.data.TensorDataset(torch.arange(n))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        train = torch.utils.data.DataLoader(numbers, batch_size=7, shuffle=True)
        test = torch.utils.data.DataLoader(numbers, batch_size=7, shuffle=False)
        expected = []
        for _ in range(2):
            expected.append(torch.cat([batch for (batch,) in train]))
            for _ in test:
                pass
    ours = TorchGenerator(seed)
    for order in expected:
        np.testing.assert_array_equal(ours.epoch_order(n), order)


@given(seeds, st.integers(0, 700))
def test_a_state_goes_on_where_it_was_taken(seed, draws):
    ours = TorchGenerator(seed)
    ours.uniform((draws,), 1.0)
    copy = TorchGenerator(0)
    copy.state = ours.state
    assert [copy.integer() for _ in range(400)] == [ours.integer() for _ in range(400)]
