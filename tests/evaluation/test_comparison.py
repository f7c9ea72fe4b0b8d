"""McNemar's test against SciPy's binomial test, Tango's interval against a likelihood maximised by SciPy."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from tenfold.evaluation.comparison import Comparison, mcnemar, tango_interval

some = st.integers(0, 60)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemars_test_is_the_binomial_test_of_the_disagreements(first, second):
    n = first + second
    expected = scipy.stats.binomtest(first, n, 0.5).pvalue if n else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    if first != second:
        half = scipy.stats.binom(n, 0.5).pmf(first)
        assert mcnemar(first, second, mid_p=True) == pytest.approx(expected - half, rel=1e-9)
    assert mcnemar(first, second, mid_p=True) <= mcnemar(first, second)


def likely_share(delta, first, second, rest):
    """The likeliest share of images that only the second model names rightly, at a difference of delta."""

    def surprise(q):
        return -(
            scipy.special.xlogy(first, q + delta)
            + scipy.special.xlogy(second, q)
            + scipy.special.xlogy(rest, 1 - 2 * q - delta)
        )

    bounds = (max(0.0, -delta), (1 - delta) / 2)
    return scipy.optimize.minimize_scalar(
        surprise, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    ).x


@given(some, some, some)
def test_at_the_ends_of_the_interval_the_score_is_the_normal_quantile(first, second, rest):
    assume(first + second + rest > 0)
    n = first + second + rest
    low, high = tango_interval(first, second, n)
    assert -1 <= low <= (first - second) / n <= high <= 1
    for end, quantile in ((low, 0.975), (high, 0.025)):
        if abs(end) < 1 - 1e-9:
            q = likely_share(end, first, second, rest)
            score = (first - second - n * end) / np.sqrt(n * (2 * q + end * (1 - end)))
            assert score == pytest.approx(scipy.stats.norm.ppf(quantile), rel=1e-3)


@given(some, some, some)
def test_exchanging_the_models_turns_the_interval_round(first, second, rest):
    assume(first + second + rest > 0)
    low, high = tango_interval(first, second, first + second + rest)
    assert tango_interval(second, first, first + second + rest) == pytest.approx((-high, -low), abs=1e-12)


def test_nineteen_intervals_of_twenty_hold_the_true_difference():
    counts = np.random.default_rng(0).multinomial(400, [0.06, 0.03, 0.91], 1000)
    found = [tango_interval(first, second, 400) for first, second, _ in counts.tolist()]
    held = sum(low <= 0.03 <= high for low, high in found)
    assert scipy.stats.binom(1000, 0.95).ppf(0.0005) <= held <= scipy.stats.binom(1000, 0.95).ppf(0.9995)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_counts_accuracies_and_schema(check_schema, rows):
    first, second = np.array(rows).T
    found = Comparison.counted(first, second)
    table = sklearn.metrics.confusion_matrix(first, second, labels=[False, True])
    assert [[found.neither, found.second], [found.first, found.both]] == table.tolist()
    assert found.accuracies == pytest.approx((first.mean(), second.mean()))
    assert found.difference == pytest.approx(first.mean() - second.mean())
    check_schema(found.to_dict(), "comparison")
