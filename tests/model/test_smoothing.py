"""Undoing label smoothing, against probabilities that were smoothed by its definition."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.model.head import HEADS
from tenfold.model.smoothing import LEAST_KEPT, unsmoothed

SOFTMAX, SIGMOID = HEADS["softmax"], HEADS["sigmoid"]
smoothings = st.floats(0.01, 0.5)
rows = arrays(np.float64, (3, 5), elements=st.floats(-8, 8))


@given(rows, smoothings, st.floats(-50, 50))
def test_it_is_the_inverse_of_smoothing(logits, s, shift):
    p = scipy.special.softmax(logits, axis=1)
    q = (1 - s) * p + s / 5
    clear = (1 - s) * p > q * LEAST_KEPT * 1.001
    found = unsmoothed(np.log(q) + shift, s, SOFTMAX)
    ratios = found - found.max(axis=1, keepdims=True)
    expected = np.log(p) - np.log(p.max(axis=1, keepdims=True))
    np.testing.assert_allclose(ratios[clear], expected[clear], rtol=1e-6, atol=1e-6)


@given(rows, smoothings)
def test_classes_keep_their_order(logits, s):
    before, after = (np.sort(z, axis=1) for z in (logits, unsmoothed(logits, s, SOFTMAX)))
    order = logits.argsort(axis=1, kind="stable")
    np.testing.assert_allclose(
        np.take_along_axis(unsmoothed(logits, s, SOFTMAX), order, axis=1), after, rtol=0, atol=1e-9
    )
    assert ((np.diff(after) > 0) | (np.diff(before) < 1e-6)).all()


@given(arrays(np.float64, (4, 1), elements=st.floats(-20, 20)), smoothings)
def test_one_logit_is_two_with_the_first_at_zero(logit, s):
    pair = np.concatenate([np.zeros_like(logit), logit], axis=1)
    np.testing.assert_allclose(
        SIGMOID.probabilities(unsmoothed(logit, s, SIGMOID)),
        scipy.special.softmax(unsmoothed(pair, s, SOFTMAX), axis=1),
        atol=1e-12,
    )


def test_without_smoothing_nothing_changes():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    np.testing.assert_array_equal(unsmoothed(logits, 0.0, SOFTMAX), logits)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_that_have_become_zero_stay_finite(dtype):
    logits = np.array([[0.0, 900.0, -900.0]], dtype)
    found = unsmoothed(logits, 0.1, SOFTMAX)
    assert found.dtype == dtype
    np.testing.assert_allclose(
        found - found[0, 1], logits - 900 + np.log([LEAST_KEPT, 1, LEAST_KEPT]), atol=0.1
    )
