"""The temperature against scikit-learn's, against closed forms, and against the loss at T = 1."""

import math

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from tenfold.errors import UsageError
from tenfold.model.head import HEADS
from tenfold.model.temperature import fitted_temperature

SOFTMAX, SIGMOID = HEADS["softmax"], HEADS["sigmoid"]


class Logits(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose inputs are its logits."""

    def __init__(self, classes):
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, x, y):
        return self

    def decision_function(self, x):
        return x if self.classes > 2 else x[:, 0]

    def predict(self, x):
        return x.argmax(axis=1)


def temperature_of_scikit_learn(logits, labels, classes):
    model = CalibratedClassifierCV(FrozenEstimator(Logits(classes)), method="temperature", ensemble=False)
    (calibrated,) = model.fit(logits, labels).calibrated_classifiers_
    (scaling,) = calibrated.calibrators
    return 1 / scaling.beta_


def drawn(rng, n, classes, sharpness, spread=2.0):
    """Logits whose true temperature is ``sharpness``: labels are drawn from ``logits / sharpness``."""
    logits = rng.normal(size=(n, classes)) * spread * sharpness
    p = scipy.special.softmax(logits / sharpness, axis=1)
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return logits, labels


@pytest.mark.parametrize("sharpness", [0.2, 0.9, 1.0, 1.1, 7.0])
@pytest.mark.parametrize("classes", [3, 10])
def test_it_is_scikit_learns(classes, sharpness):
    logits, labels = drawn(np.random.default_rng(classes), 1_500, classes, sharpness)
    expected = temperature_of_scikit_learn(logits, labels, classes)
    assert fitted_temperature(logits, labels, SOFTMAX) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 7.0])
def test_one_logit_for_two_classes_has_scikit_learns_too(sharpness):
    pairs, labels = drawn(np.random.default_rng(1), 1_500, 2, sharpness)
    logit = pairs[:, 1:] - pairs[:, :1]
    expected = temperature_of_scikit_learn(logit / 2, labels, 2)  # scikit-learn makes (-x, x) of x
    assert fitted_temperature(logit, labels, SIGMOID) == pytest.approx(expected, rel=1e-4)
    assert fitted_temperature(pairs, labels, SOFTMAX) == pytest.approx(expected, rel=1e-4)


def test_float32_logits_give_the_same():
    logits, labels = drawn(np.random.default_rng(2), 1_000, 10, 2.0)
    expected = temperature_of_scikit_learn(logits, labels, 10)
    assert fitted_temperature(logits.astype(np.float32), labels, SOFTMAX) == pytest.approx(expected, rel=1e-4)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    classes=st.integers(2, 6),
    scale=st.floats(1e-3, 1e3),
)
def test_held_out_images_are_never_less_likely_than_at_one(seed, n, classes, scale):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(n, classes)) * scale, rng.integers(0, classes, n)
    temperature = fitted_temperature(logits, labels, SOFTMAX)

    def loss(t):
        return -scipy.special.log_softmax(logits / t, axis=1)[np.arange(n), labels].mean()

    assert math.exp(-10.001) < temperature < math.exp(10.001)
    assert loss(temperature) <= loss(1.0) * (1 + 1e-12) + 1e-12


@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(0.5, 2.0))
def test_it_follows_the_scale_of_the_logits(seed, factor):
    logits, labels = drawn(np.random.default_rng(seed), 200, 4, 3.0)
    once = fitted_temperature(logits, labels, SOFTMAX)
    assert fitted_temperature(logits * factor, labels, SOFTMAX) == pytest.approx(factor * once, rel=1e-6)


@pytest.mark.parametrize("n", [1, 9, 2_000])
@pytest.mark.parametrize("margin", [0.01, 0.1])
def test_without_a_mistake_confidence_stops_at_laplaces_rule(n, margin):
    """All right by one margin m: sigmoid(m / T) = (n + 1) / (n + 2), so T = m / log(n + 1)."""
    logits, labels = np.tile([0.0, margin], (n, 1)), np.ones(n, np.int64)
    for head, z in ((SOFTMAX, logits), (SIGMOID, logits[:, 1:])):
        assert fitted_temperature(z, labels, head) == pytest.approx(margin / math.log(n + 1), rel=1e-6)


def test_a_sure_model_without_a_mistake_keeps_its_probabilities():
    logits, labels = np.tile([0.0, 50.0, 0.0], (30, 1)), np.ones(30, np.int64)
    assert fitted_temperature(logits, labels, SOFTMAX) == 1


def test_a_model_that_is_always_wrong_is_given_no_confidence():
    logits, labels = np.tile([0.0, 5.0], (30, 1)), np.zeros(30, np.int64)
    temperature = fitted_temperature(logits, labels, SOFTMAX)
    assert scipy.special.softmax(logits / temperature, axis=1).max() == pytest.approx(0.5, abs=1e-3)


def test_logits_that_say_nothing_stay_as_they_are():
    assert fitted_temperature(np.zeros((20, 3)), np.arange(20) % 3, SOFTMAX) == 1


def test_no_images_are_a_usage_error():
    with pytest.raises(UsageError, match=r"no held-out images; expected some: see calibration_images$"):
        fitted_temperature(np.zeros((0, 3)), np.zeros(0, np.int64), SOFTMAX)
