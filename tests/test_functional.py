"""The lecture's mathematics against SciPy, 200-digit arithmetic, and PyTorch's automatic gradients."""

import mpmath
import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tenfold import functional as F

logit = st.floats(-1e4, 1e4, allow_subnormal=False)
logit_tables = arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=6), elements=logit)


@st.composite
def batches(draw):
    """Logits (N, K) and labels (N,)."""
    n, k = draw(st.integers(1, 5)), draw(st.integers(2, 7))
    logits = draw(arrays(np.float64, (n, k), elements=logit))
    return logits, draw(arrays(np.int64, n, elements=st.integers(0, k - 1)))


@st.composite
def bernoulli_batches(draw):
    n = draw(st.integers(1, 8))
    return draw(arrays(np.float64, n, elements=logit)), draw(arrays(np.int64, n, elements=st.integers(0, 1)))


def exact_softmax(logits):
    with mpmath.workdps(200):
        exponentials = [mpmath.exp(mpmath.mpf(float(z))) for z in logits]
        return [e / mpmath.fsum(exponentials) for e in exponentials]


@given(logit_tables, st.data())
def test_softmax_is_scipys_on_every_axis(logits, data):
    axis = data.draw(st.integers(-logits.ndim, logits.ndim - 1))
    np.testing.assert_allclose(F.softmax(logits, axis), scipy.special.softmax(logits, axis), rtol=1e-14)
    expected = scipy.special.log_softmax(logits, axis)
    np.testing.assert_allclose(F.log_softmax(logits, axis), expected, rtol=1e-14, atol=1e-14)


@given(logit_tables)
def test_outputs_are_non_negative_and_sum_to_one(logits):
    p = F.softmax(logits)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)


@given(arrays(np.float64, st.integers(1, 8), elements=logit))
def test_softmax_and_its_logarithm_against_two_hundred_digits(logits):
    exact = exact_softmax(logits)
    p, log_p = F.softmax(logits), F.log_softmax(logits)
    for k, truth in enumerate(exact):
        with mpmath.workdps(200):
            rounded, log_truth = float(truth), mpmath.log(truth)
            assert abs(mpmath.mpf(float(log_p[k])) - log_truth) <= 1e-14 * (1 + abs(log_truth))
        assert p[k] == pytest.approx(rounded, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("extreme", [[1e4, -1e4], [-1e4, -1e4, 1e4], [1e4] * 5, [0.0, 1e4, -1e4]])
def test_logits_of_ten_thousand_neither_overflow_nor_lose_the_loss(extreme):
    logits = np.array([extreme])
    for label, truth in enumerate(exact_softmax(extreme)):
        expected = float(-mpmath.log(truth))
        assert F.cross_entropy(logits, np.array([label])) == pytest.approx(expected, rel=1e-15, abs=1e-300)


@given(batches())
def test_cross_entropy_is_softmax_then_negative_log_likelihood(batch):
    logits, labels = batch
    log_p = scipy.special.log_softmax(logits, axis=1)
    expected = -np.mean([log_p[row, label] for row, label in enumerate(labels)])
    assert F.cross_entropy(logits, labels) == pytest.approx(expected, rel=1e-13, abs=1e-13)
    assert F.negative_log_likelihood(log_p, labels) == pytest.approx(expected, rel=1e-13, abs=1e-13)


@given(batches())
def test_cross_entropy_and_its_gradient_are_pytorchs(batch):
    logits, labels = batch
    z = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
    loss.backward()
    assert F.cross_entropy(logits, labels) == pytest.approx(loss.item(), rel=1e-13, abs=1e-13)
    np.testing.assert_allclose(F.cross_entropy_gradient(logits, labels), z.grad, rtol=1e-12, atol=1e-14)


@given(batches(), st.floats(0, 0.99), st.integers(0, 99))
def test_smoothed_and_weighted_cross_entropy_and_its_gradient_are_pytorchs(batch, smoothing, seed):
    logits, labels = batch
    weights = np.random.default_rng(seed).uniform(0, 5, len(labels))
    z = torch.tensor(logits, requires_grad=True)
    losses = torch.nn.functional.cross_entropy(
        z, torch.tensor(labels), label_smoothing=smoothing, reduction="none"
    )
    loss = (losses * torch.tensor(weights)).mean()
    loss.backward()
    found = F.cross_entropy(logits, labels, smoothing, weights)
    assert found == pytest.approx(loss.item(), rel=1e-12, abs=1e-12)
    gradient = F.cross_entropy_gradient(logits, labels, smoothing, weights)
    np.testing.assert_allclose(gradient, z.grad, rtol=1e-12, atol=1e-14)


@given(bernoulli_batches(), st.integers(0, 99))
def test_weighted_binary_cross_entropy_of_any_target_and_its_gradient_are_pytorchs(batch, seed):
    logits, labels = batch
    rng = np.random.default_rng(seed)
    targets, weights = 0.25 + 0.5 * labels, rng.uniform(0, 5, len(labels))
    z = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        z, torch.tensor(targets), weight=torch.tensor(weights)
    )
    loss.backward()
    found = F.binary_cross_entropy(logits, targets, weights)
    assert found == pytest.approx(loss.item(), rel=1e-12, abs=1e-12)
    gradient = F.binary_cross_entropy_gradient(logits, targets, weights)
    np.testing.assert_allclose(gradient, z.grad, rtol=1e-12, atol=1e-14)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=5), elements=logit))
def test_sigmoid_is_scipys(logits):
    np.testing.assert_allclose(F.sigmoid(logits), scipy.special.expit(logits), rtol=1e-14, atol=1e-300)


@given(bernoulli_batches())
def test_binary_cross_entropy_and_its_gradient_are_pytorchs(batch):
    logits, labels = batch
    z = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(labels, dtype=torch.float64))
    loss.backward()
    assert F.binary_cross_entropy(logits, labels) == pytest.approx(loss.item(), rel=1e-13, abs=1e-13)
    gradient = F.binary_cross_entropy_gradient(logits, labels)
    np.testing.assert_allclose(gradient, z.grad, rtol=1e-12, atol=1e-14)


@given(bernoulli_batches())
def test_bernoulli_is_the_two_class_case_of_multinomial(batch):
    logits, labels = batch
    pairs = np.stack([np.zeros_like(logits), logits], axis=1)
    np.testing.assert_allclose(scipy.special.softmax(pairs, axis=1)[:, 1], F.sigmoid(logits), rtol=1e-13)
    multinomial = F.cross_entropy(pairs, labels)
    assert multinomial == pytest.approx(F.binary_cross_entropy(logits, labels), rel=1e-13, abs=1e-13)


@given(batches(), st.randoms())
def test_renaming_the_classes_renames_the_probabilities(batch, random):
    logits, labels = batch
    order = list(range(logits.shape[1]))
    random.shuffle(order)
    np.testing.assert_allclose(F.softmax(logits[:, order]), F.softmax(logits)[:, order], rtol=1e-13)
    renamed = np.argsort(order)[labels]
    loss = F.cross_entropy(logits[:, order], renamed)
    assert loss == pytest.approx(F.cross_entropy(logits, labels), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_logits_is_kept(dtype):
    logits, labels = np.array([[1, 2], [3, 4]], dtype), np.array([0, 1])
    results = [
        F.softmax(logits),
        F.log_softmax(logits),
        F.cross_entropy_gradient(logits, labels),
        F.cross_entropy_gradient(logits, labels, 0.1, np.array([0.5, 2.0])),
        F.sigmoid(logits),
        F.binary_cross_entropy_gradient(logits[:, 0], labels),
        F.binary_cross_entropy_gradient(logits[:, 0], labels, np.array([0.5, 2.0])),
    ]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
