"""Both heads against PyTorch's gradients and SciPy, where the sigmoid head is softmax over (0, z)."""

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.model.head import HEADS

columns = arrays(np.float64, st.tuples(st.integers(1, 6), st.just(1)), elements=st.floats(-700, 700))


@given(columns)
def test_sigmoid_probabilities_are_softmax_over_zero_and_z(logits):
    pairs = np.hstack([np.zeros_like(logits), logits])
    p = HEADS["sigmoid"].probabilities(logits)
    np.testing.assert_allclose(p, scipy.special.softmax(pairs, axis=1), rtol=1e-13, atol=1e-300)


@given(columns, st.integers(0, 99))
def test_sigmoid_loss_and_gradient_are_those_of_softmax_over_zero_and_z(logits, seed):
    labels = np.random.default_rng(seed).integers(0, 2, len(logits))
    pairs = np.hstack([np.zeros_like(logits), logits])
    sigmoid, softmax = HEADS["sigmoid"], HEADS["softmax"]
    np.testing.assert_allclose(
        sigmoid.loss(logits, labels), softmax.loss(pairs, labels), rtol=1e-12, atol=1e-12
    )
    ours, theirs = sigmoid.loss_gradient(logits, labels), softmax.loss_gradient(pairs, labels)
    np.testing.assert_allclose(ours, theirs[:, 1:], rtol=1e-12, atol=1e-14)


def torch_losses(head, z, labels, smoothing):
    """One loss an example, by PyTorch; two classes share what smoothing takes from a label."""
    if head == "softmax":
        return torch.nn.functional.cross_entropy(z, labels, label_smoothing=smoothing, reduction="none")
    targets = torch.tensor(np.where(labels == 1, 1 - smoothing / 2, smoothing / 2))
    return torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], targets, reduction="none")


@pytest.mark.parametrize(("head", "outputs"), [("softmax", 4), ("softmax", 2), ("sigmoid", 1)])
@given(st.integers(1, 6), st.floats(0, 0.99), st.integers(0, 999))
def test_smoothed_and_weighted_losses_and_gradients_are_pytorchs(head, outputs, n, smoothing, seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=5, size=(n, outputs)), rng.integers(0, max(outputs, 2), n)
    weights = rng.uniform(0, 3, n)
    z = torch.tensor(logits, requires_grad=True)
    loss = (torch_losses(head, z, torch.tensor(labels), smoothing) * torch.tensor(weights)).mean()
    loss.backward()
    found = HEADS[head].loss(logits, labels, smoothing, weights)
    assert found == pytest.approx(loss.item(), rel=1e-12)
    gradient = HEADS[head].loss_gradient(logits, labels, smoothing, weights)
    np.testing.assert_allclose(gradient, z.grad, rtol=1e-11, atol=1e-15)
