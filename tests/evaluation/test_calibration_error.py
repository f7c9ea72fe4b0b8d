"""Bins against scikit-learn's calibration curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from tenfold.errors import UsageError
from tenfold.evaluation.calibration_error import Binning, calibration_error, expected_error, maximum_error

STRATEGIES = {"equal-width": "uniform", "equal-mass": "quantile"}
schemes = pytest.mark.parametrize("scheme", STRATEGIES)


def draw(n, seed, digits=16):
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.beta(4, 1, n), digits)
    return confidence, rng.random(n) < confidence**1.5


@schemes
@given(in_each=st.integers(1, 20), bins=st.sampled_from([1, 2, 7, 15]), seed=st.integers(0, 999))
def test_bins_and_errors_follow_from_scikit_learns_calibration_curve(scheme, in_each, bins, seed):
    n = in_each * bins  # where shares are whole, quantiles leave no choice
    confidence, correct = draw(n, seed)
    binning = Binning(confidence, correct, bins, scheme)
    accuracy, mean = calibration_curve(correct, confidence, n_bins=bins, strategy=STRATEGIES[scheme])
    found = binning.reliability
    held = found.images > 0
    np.testing.assert_allclose(found.accuracy[held], accuracy)
    np.testing.assert_allclose(found.confidence[held], mean)
    assert np.isnan(found.accuracy[~held]).all()
    assert found.images.sum() == n
    gaps = np.abs(accuracy - mean)
    assert expected_error(binning.columns.mean(axis=0)) == pytest.approx(gaps @ found.images[held] / n)
    assert maximum_error(binning.columns.mean(axis=0)) == pytest.approx(gaps.max())
    assert [entry["images"] for entry in found.to_dict()] == found.images[held].tolist()


@given(st.integers(15, 2000), st.integers(0, 999))
def test_bins_of_equal_mass_share_the_images(n, seed):
    images = Binning(*draw(n, seed), 15, "equal-mass").reliability.images
    assert images.max() - images.min() <= 1


@schemes
@given(n=st.integers(1, 100), seed=st.integers(0, 999))
def test_equal_confidences_share_a_bin_and_the_order_of_images_does_not_matter(scheme, n, seed):
    confidence, correct = draw(n, seed, digits=1)
    places = Binning(confidence, correct, 15, scheme).places
    assert all(len(set(places[confidence == value])) == 1 for value in confidence)
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_array_equal(
        places[order], Binning(confidence[order], correct[order], 15, scheme).places
    )


def test_a_bin_holds_its_upper_end():
    edges = np.linspace(0, 1, 5)
    np.testing.assert_array_equal(Binning(edges, edges > 0, 4).places, [0, 0, 1, 2, 3])


@schemes
@given(n=st.integers(1, 200), classes=st.integers(2, 6), seed=st.integers(0, 999))
def test_one_bin_gives_the_distance_of_the_means(scheme, n, classes, seed):
    rng = np.random.default_rng(seed)
    p, labels = rng.dirichlet(np.ones(classes), n), rng.integers(0, classes, n)
    distance = abs(np.mean(p.argmax(axis=1) == labels) - np.mean(np.max(p, axis=1)))
    assert calibration_error(p, labels, bins=1, scheme=scheme) == pytest.approx(distance)
    assert distance - 1e-12 <= calibration_error(p, labels, scheme=scheme) <= 1


@schemes
def test_probabilities_that_mean_what_they_say_have_no_error_but_noise(scheme):
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 200_000)
    labels = (rng.random((len(p), 1)) > p.cumsum(axis=1)).sum(axis=1)
    assert calibration_error(p, labels, scheme=scheme) < 0.005
    assert calibration_error(p**2 / (p**2).sum(axis=1, keepdims=True), labels, scheme=scheme) > 0.1


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="scheme: 'quantile'; expected equal-width or equal-mass"):
        Binning(np.ones(1), np.ones(1, bool), 15, "quantile")
    with pytest.raises(UsageError, match="bins: 0; expected at least 1"):
        Binning(np.ones(1), np.ones(1, bool), 0)
