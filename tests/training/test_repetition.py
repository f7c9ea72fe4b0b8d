"""What repeated trainings say together, against SciPy."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tenfold.training.recipe import Recipe
from tenfold.training.repetition import Repetition, t_quantile
from tenfold.training.run import Run, Settings


def repetition(accuracies):
    settings = Settings(data="/here", engine="reference", device="cpu", threads=1)
    lecture = Recipe.named("lecture")
    runs = [
        Run(Path(f"seed-{seed}"), lecture.with_changes(seed=seed), settings)
        for seed in range(len(accuracies))
    ]
    return Repetition(tuple(runs), tuple(accuracies))


@pytest.mark.parametrize("freedom", [*range(1, 60), 99, 999, 9_999])
def test_quantiles_are_scipys_to_four_digits(freedom):
    assert t_quantile(freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=2e-4)


@given(st.lists(st.floats(0.4, 0.6), min_size=2, max_size=30))
def test_mean_spread_and_interval_are_scipys(accuracies):
    found = repetition(accuracies)
    assert found.mean == pytest.approx(np.mean(accuracies))
    assert found.standard_deviation == pytest.approx(np.std(accuracies, ddof=1), abs=1e-12)
    error = np.std(accuracies, ddof=1) / math.sqrt(len(accuracies))
    half = error * scipy.stats.t.ppf(0.975, len(accuracies) - 1)
    low, high = max(0, np.mean(accuracies) - half), min(1, np.mean(accuracies) + half)
    assert found.interval == pytest.approx((low, high), abs=3e-4 * half + 1e-9)


def test_one_run_says_nothing_of_others():
    found = repetition([0.9])
    assert (found.mean, found.standard_deviation, found.interval) == (0.9, 0, (0, 1))


def test_an_interval_stays_among_accuracies():
    assert repetition([0.0, 1.0]).interval == (0, 1)


def test_plain_values_are_json():
    found = repetition([0.5, 0.7])
    values = json.loads(json.dumps(found.to_dict()))
    assert values["seeds"] == [0, 1]
    assert values["accuracies"] == [0.5, 0.7]
    assert values["runs"] == ["seed-0", "seed-1"]
    assert (values["mean"], tuple(values["interval"])) == (found.mean, found.interval)
