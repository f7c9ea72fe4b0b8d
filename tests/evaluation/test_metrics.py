"""Figures against scikit-learn and SciPy."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from tenfold.evaluation.metrics import evaluation, wilson_interval


@given(st.integers(2, 6), st.integers(1, 60), st.integers(0, 999))
def test_counts_precision_and_recall_are_scikit_learns(classes, n, seed):
    rng = np.random.default_rng(seed)
    p, truth = rng.dirichlet(np.ones(classes), n), rng.integers(0, classes, n)
    names = tuple(map(str, range(classes)))
    found = evaluation(p, truth, names, loss=0.5)
    guess = p.argmax(axis=1)
    expected = sklearn.metrics.confusion_matrix(truth, guess, labels=range(classes))
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.accuracy == pytest.approx(sklearn.metrics.accuracy_score(truth, guess))
    precision, recall, _, _ = sklearn.metrics.precision_recall_fscore_support(
        truth, guess, labels=range(classes), zero_division=np.nan
    )
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    present = np.bincount(truth)[np.bincount(truth) > 0]
    assert found.balanced_accuracy == pytest.approx(np.mean(recall[~np.isnan(recall)]))
    assert found.is_lopsided == (present.max() / present.min() > 2)
    values = found.to_dict()["classes"]
    assert [values[name]["images"] for name in names] == np.bincount(truth, minlength=classes).tolist()
    assert all(values[name]["recall"] is None for k, name in enumerate(names) if k not in truth)


@given(st.integers(1, 100_000), st.data())
def test_the_interval_is_scipys_wilson_interval(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    expected = scipy.stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)


def test_balanced_accuracy_is_scikit_learns():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [90, 9, 30])
    p = rng.dirichlet(np.ones(3), len(truth))
    found = evaluation(p, truth, ("a", "b", "c"), loss=0.5)
    expected = sklearn.metrics.balanced_accuracy_score(truth, p.argmax(axis=1))
    assert found.balanced_accuracy == pytest.approx(expected)
    assert found.is_lopsided
