"""Both heads against SciPy: the sigmoid head is softmax over (0, z)."""

import numpy as np
import scipy.special
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
