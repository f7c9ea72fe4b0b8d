"""Shares of a score against captum, and the laws that they obey."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.evaluation.attribution import (
    Score,
    bends,
    direction,
    gradient_x_input,
    integrated_gradients,
    occlusion,
)
from tenfold.model.network import Network

LECTURE = (784, 512, 256, 128, 64, 10)


def case(widths, head="softmax", seed=0):
    """A network with random weights, two inputs, and the same network in PyTorch."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(seed)
    network = Network(widths, head)
    weights = {
        name: rng.normal(0, (2 / widths[0 if len(shape) == 1 else int(name[1]) - 1]) ** 0.5, shape)
        for name, shape in network.shapes.items()
    }
    layers = []
    for layer in range(1, network.layers + 1):
        linear = torch.nn.Linear(*widths[layer - 1 : layer + 1], dtype=torch.float64)
        linear.load_state_dict({k: torch.tensor(weights[f"l{layer}.{k}"]) for k in ("weight", "bias")})
        layers += [linear, torch.nn.ReLU()] if layer < network.layers else [linear]
    row, baseline = rng.normal(size=(2, widths[0]))
    return SimpleNamespace(
        network=network,
        weights=weights,
        row=row,
        baseline=baseline,
        torch=torch.nn.Sequential(*layers),
        x=torch.tensor(row[None]),
        b=torch.tensor(baseline[None]),
    )


def close(found, expected, tolerance=1e-5):
    """Equal to a share of the largest."""
    expected = expected.detach().numpy().ravel()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


networks = st.builds(
    case,
    st.lists(st.integers(1, 12), min_size=1, max_size=4).map(lambda hidden: (9, *hidden, 4)),
    seed=st.integers(0, 999),
)


@pytest.mark.parametrize("widths", [LECTURE, (784, 10)])
@pytest.mark.parametrize("target, against", [(3, None), (3, 8)])
class TestCaptum:
    """The lecture's network, and softmax regression."""

    @pytest.fixture
    def drawn(self, widths, target, against):
        drawn = case(widths)
        drawn.captum = pytest.importorskip("captum.attr", reason="captum is not installed")
        drawn.score = Score.of(drawn.network, drawn.weights, target, against)
        drawn.function = lambda x: (
            drawn.torch(x)[:, target] - (drawn.torch(x)[:, against] if against is not None else 0)
        )
        return drawn

    def test_gradient_x_input(self, drawn):
        expected = drawn.captum.InputXGradient(drawn.function).attribute(drawn.x.requires_grad_())
        close(gradient_x_input(drawn.score, drawn.row, np.zeros(784)), expected)

    def test_gradient_x_input_from_a_baseline_is_that_of_inputs_measured_from_it(self, drawn):
        shifted = drawn.captum.InputXGradient(lambda x: drawn.function(x + drawn.b))
        expected = shifted.attribute((drawn.x - drawn.b).requires_grad_())
        close(gradient_x_input(drawn.score, drawn.row, drawn.baseline), expected)

    @pytest.mark.parametrize("steps", [1, 50])
    def test_integrated_gradients_by_the_same_quadrature(self, drawn, steps):
        expected = drawn.captum.IntegratedGradients(drawn.function).attribute(drawn.x, drawn.b, n_steps=steps)
        close(integrated_gradients(drawn.score, drawn.row, drawn.baseline, steps=steps), expected)

    @pytest.mark.parametrize(
        "shape, window, stride", [((28, 28), 5, 2), ((16, 49), 16, 16), ((7, 28, 4), 3, 3)]
    )
    def test_occlusion(self, drawn, shape, window, stride):
        view = drawn.captum.Occlusion(lambda x: drawn.function(x.reshape(-1, 784)))
        expected = view.attribute(
            drawn.x.reshape(1, *shape),
            (window, window, *shape[2:]),
            (stride, stride, *shape[2:]),
            baselines=drawn.b.reshape(1, *shape),
            perturbations_per_eval=64,
        )
        found = occlusion(drawn.score, drawn.row, drawn.baseline, shape=shape, window=window, stride=stride)
        close(found, expected)


def test_exact_integration_is_the_limit_of_captums_many_steps():
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    drawn = case((30, 20, 10, 3))
    expected = captum.IntegratedGradients(drawn.torch).attribute(
        drawn.x, drawn.b, target=1, n_steps=20_000, method="riemann_middle", internal_batch_size=20_000
    )
    score = Score.of(drawn.network, drawn.weights, 1)
    close(integrated_gradients(score, drawn.row, drawn.baseline), expected, tolerance=1e-4)


@given(networks, st.integers(0, 3))
def test_integrated_gradients_are_complete(drawn, target):
    score = Score.of(drawn.network, drawn.weights, target)
    shares = integrated_gradients(score, drawn.row, drawn.baseline)
    logits, blank = (drawn.torch(each)[0, target].item() for each in (drawn.x, drawn.b))
    assert shares.sum() == pytest.approx(logits - blank, abs=1e-9)


def test_integrated_gradients_of_the_lectures_network_are_complete():
    drawn = case(LECTURE)
    for target in (0, 7):
        shares = integrated_gradients(
            Score.of(drawn.network, drawn.weights, target), drawn.row, drawn.baseline
        )
        logits, blank = (drawn.torch(each)[0, target].item() for each in (drawn.x, drawn.b))
        assert shares.sum() == pytest.approx(logits - blank, abs=1e-9)


@given(networks)
def test_between_two_bends_the_score_is_linear(drawn):
    score = Score.of(drawn.network, drawn.weights, 0)
    places = bends(score, drawn.baseline, drawn.row)
    assert places[0] == 0 and places[-1] == 1 and (np.diff(places) >= 0).all()

    def at(t):
        rows = drawn.baseline + t[:, None] * (drawn.row - drawn.baseline)
        return drawn.torch(drawn.x.new_tensor(rows))[:, 0].detach().numpy()

    np.testing.assert_allclose(at((places[:-1] + places[1:]) / 2), (at(places[:-1]) + at(places[1:])) / 2)


def test_there_is_a_bend_for_every_neuron_that_turns_on_or_off():
    drawn = case((9, 12, 8, 4), seed=3)
    places = bends(Score.of(drawn.network, drawn.weights, 0), drawn.baseline, drawn.row)
    rows = drawn.baseline + np.linspace(0, 1, 100_001)[:, None] * (drawn.row - drawn.baseline)
    first = drawn.torch[1](drawn.torch[0](drawn.x.new_tensor(rows)))
    second = drawn.torch[3](drawn.torch[2](first))
    turns = sum(int((on[1:] != on[:-1]).sum()) for on in (first > 0, second > 0))
    assert len(places) - 2 == turns > 0


def test_batches_and_pieces_of_the_way_change_nothing(monkeypatch):
    drawn = case((9, 12, 8, 4), seed=3)
    score = Score.of(drawn.network, drawn.weights, 0)

    def shares():
        return (
            integrated_gradients(score, drawn.row, drawn.baseline),
            occlusion(score, drawn.row, drawn.baseline, shape=(3, 3), window=2, stride=1),
        )

    whole = shares()
    monkeypatch.setattr("tenfold.evaluation.attribution._BATCH", 20)
    for found, expected in zip(shares(), whole, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


@given(networks, st.permutations(range(4)))
def test_the_order_of_the_classes_changes_nothing(drawn, order):
    last = f"l{drawn.network.layers}"
    reordered = drawn.weights | {
        f"{last}.{k}": drawn.weights[f"{last}.{k}"][order] for k in ("weight", "bias")
    }
    for place, target in enumerate(order):
        for method in (gradient_x_input, integrated_gradients):
            np.testing.assert_allclose(
                method(Score.of(drawn.network, reordered, place), drawn.row, drawn.baseline),
                method(Score.of(drawn.network, drawn.weights, target), drawn.row, drawn.baseline),
                atol=1e-12,
            )


@given(networks)
def test_a_difference_of_logits_has_the_difference_of_their_shares(drawn):
    def shares(method, *target):
        return method(Score.of(drawn.network, drawn.weights, *target), drawn.row, drawn.baseline)

    for method in (gradient_x_input, integrated_gradients):
        parts = shares(method, 2) - shares(method, 1)
        np.testing.assert_allclose(shares(method, 2, 1), parts, atol=1e-9)


@given(networks, st.lists(st.integers(0, 8), min_size=1))
def test_an_input_that_is_as_in_the_baseline_has_no_share(drawn, same):
    drawn.row[same] = drawn.baseline[same]
    score = Score.of(drawn.network, drawn.weights, 1)
    for method in (gradient_x_input, integrated_gradients):
        assert (method(score, drawn.row, drawn.baseline)[same] == 0).all()


@given(st.integers(0, 999), st.integers(0, 3))
def test_of_softmax_regression_all_methods_give_weight_times_input(seed, target):
    drawn = case((12, 4), seed=seed)
    score = Score.of(drawn.network, drawn.weights, target)
    expected = drawn.weights["l1.weight"][target] * (drawn.row - drawn.baseline)
    for found in (
        gradient_x_input(score, drawn.row, drawn.baseline),
        integrated_gradients(score, drawn.row, drawn.baseline),
        integrated_gradients(score, drawn.row, drawn.baseline, steps=3),
        occlusion(score, drawn.row, drawn.baseline, shape=(3, 4), window=1, stride=1),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_sigmoid_head_has_one_logit_for_two_classes():
    drawn = case((9, 5, 1), head="sigmoid")
    slope = drawn.torch(drawn.x.requires_grad_())[0, 0]
    slope.backward()
    expected = drawn.x.grad.numpy()[0] * drawn.row
    for target, against, sign in ((1, None, 1), (1, 0, 1), (0, None, -1), (0, 1, -1)):
        score = Score.of(drawn.network, drawn.weights, target, against)
        np.testing.assert_allclose(gradient_x_input(score, drawn.row, np.zeros(9)), sign * expected)


def test_the_direction_of_a_difference():
    network = Network((3, 4))
    assert direction(network, 2).tolist() == [0, 0, 1, 0]
    assert direction(network, 2, 0).tolist() == [-1, 0, 1, 0]
