"""Intervals against SciPy's bootstrap, which draws the same images from the same seed."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.evaluation import bootstrap
from tenfold.evaluation.bootstrap import Bootstrap


def total_distance(means):
    return np.abs(means).sum(axis=-1)


def scipys_interval(columns, statistic, resamples, seed):
    result = scipy.stats.bootstrap(
        (np.arange(len(columns)),),
        lambda drawn, axis: statistic(columns[drawn].mean(axis=axis - 1)),
        n_resamples=resamples,
        vectorized=True,
        axis=-1,
        method="basic",
        rng=np.random.default_rng(seed),
    )
    return result.confidence_interval


@settings(max_examples=20)
@given(st.integers(2, 60), st.integers(1, 4), st.integers(0, 999), st.sampled_from([1, 7, 10_000]))
def test_the_interval_is_scipys_however_many_images_are_drawn_at_a_time(n, m, seed, draws):
    columns = np.random.default_rng(seed).normal(1, 1, (n, m))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "_DRAWS", draws)
        found = Bootstrap(columns, resamples=200, seed=seed).estimate(total_distance)
    expected = scipys_interval(columns, total_distance, 200, seed)
    assert found.value == pytest.approx(np.abs(np.mean(columns, axis=0)).sum())
    assert found.low == pytest.approx(min(max(0, expected.low), found.value))
    assert found.high == pytest.approx(max(expected.high, found.value))


def test_nineteen_intervals_of_twenty_hold_the_true_mean():
    rng = np.random.default_rng(0)
    mean = scipy.stats.expon(scale=2).mean()
    found = [
        Bootstrap(rng.exponential(2, (200, 1)), 500, seed).estimate(lambda means: means[..., 0])
        for seed in range(300)
    ]
    held = sum(low <= mean <= high for _, low, high in found)
    assert held >= scipy.stats.binom(300, 0.92).ppf(0.001)  # a little under 95 %, as known of small samples


def test_noise_alone_does_not_pass_for_error():
    """Where the truth is zero, the lower end mostly says so; percentiles never would."""
    rng = np.random.default_rng(1)
    found = [Bootstrap(rng.normal(0, 1, (500, 5)), 300, seed).estimate(total_distance) for seed in range(100)]
    assert sum(low == 0 for _, low, _ in found) > 50
    assert all(low <= value <= high for value, low, high in found)


def test_the_seed_decides():
    columns = np.random.default_rng(0).normal(size=(50, 2))
    one, same, other = (Bootstrap(columns, 20, seed).resampled for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
