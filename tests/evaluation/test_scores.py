"""Loss and Brier score against scikit-learn."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.evaluation.calibration_error import calibration_error
from tenfold.evaluation.scores import ProbabilityScores


@settings(max_examples=25)
@given(n=st.integers(1, 80), classes=st.integers(2, 6), seed=st.integers(0, 999))
def test_figures_are_scikit_learns(answers, n, classes, seed):
    logits, labels = answers(n, classes, seed)
    p = scipy.special.softmax(logits, axis=1)
    found = ProbabilityScores.measured(scipy.special.log_softmax(logits, axis=1), labels)
    names = range(classes)
    assert found.loss.value == pytest.approx(sklearn.metrics.log_loss(labels, p, labels=names))
    brier = sklearn.metrics.brier_score_loss(labels, p, labels=names, scale_by_half=False)
    assert found.brier.value == pytest.approx(brier)
    for scheme, error in (("equal-width", found.equal_width), ("equal-mass", found.equal_mass)):
        assert error.expected.value == pytest.approx(calibration_error(p, labels, 15, scheme))
        assert error.expected.value <= error.maximum.value + 1e-12


def test_intervals_of_loss_and_brier_score_are_those_of_students_t(answers):
    """With many images the mean is normal, and both ways to an interval agree."""
    logits, labels = answers(4000, 5, seed=0)
    log_p = scipy.special.log_softmax(logits, axis=1)
    found = ProbabilityScores.measured(log_p, labels)
    each_loss = -log_p[np.arange(4000), labels]
    each_square = ((np.exp(log_p) - np.eye(5)[labels]) ** 2).sum(axis=1)
    for estimate, values in ((found.loss, each_loss), (found.brier, each_square)):
        low, high = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert estimate.interval == pytest.approx((low, high), abs=0.1 * (high - low))


def test_certainty_that_is_right_has_no_loss_and_none_that_is_wrong_loses_its_digits():
    certain = np.array([[0.0, -1e4], [-1e4, 0.0]])
    right = ProbabilityScores.measured(certain, np.array([0, 1]))
    for estimate in (right.loss, right.brier, right.equal_width.expected, right.equal_mass.maximum):
        assert estimate == (0, 0, 0)
    wrong = ProbabilityScores.measured(certain, np.array([1, 0]))
    assert wrong.loss == (1e4, 1e4, 1e4)
    assert wrong.brier == (2, 2, 2)
    assert wrong.equal_width.maximum == (1, 1, 1)
