"""Wilson's interval against SciPy."""

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tenfold.evaluation.intervals import wilson_interval


@given(st.integers(1, 100_000), st.data())
def test_the_interval_is_scipys_wilson_interval(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    expected = scipy.stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)
