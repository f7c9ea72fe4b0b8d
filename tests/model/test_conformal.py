"""Prediction sets against MAPIE's, and their coverage against its distribution over random splits."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from mapie.classification import SplitConformalClassifier
from mapie.conformity_scores import RAPSConformityScore
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedShuffleSplit

from tenfold.data.load import load_path
from tenfold.errors import UsageError
from tenfold.model.conformal import Conformal, images_needed
from tenfold.model.conformity import METHODS

SEED = 5


class Probabilities(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose inputs are its probabilities."""

    def __init__(self, classes):
        self.classes_ = np.arange(classes)
        self.fitted_ = True

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return x

    def predict(self, x):
        return x.argmax(axis=1)


def drawn(rng, n, classes, spread=2.5, floor=1e-4):
    """Probabilities that float32 holds, none near MAPIE's tolerance of 1e-8, and labels drawn from them."""
    p = scipy.special.softmax(rng.normal(size=(n, classes)) * spread, axis=1) + floor
    p = (p / p.sum(axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
    labels = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return p, labels


@pytest.fixture(scope="module")
def sample():
    """Probabilities and labels of 500 held-out and of 400 new images, of ten classes."""
    rng = np.random.default_rng(SEED)
    return *drawn(rng, 500, 10), *drawn(rng, 400, 10)


def mapies_draws(n):
    """MAPIE takes ``above + p - u p`` where tenfold takes ``above + u p``, from this stream."""
    return 1 - np.random.RandomState(SEED).uniform(size=n)


def mapies_sets(p, labels, new, method, coverage, last="randomized"):
    model = SplitConformalClassifier(
        Probabilities(p.shape[1]), coverage, conformity_score=method, prefit=True, random_state=SEED
    )
    model.conformalize(p, labels)
    parameters = {} if method == "lac" else {"include_last_label": last}
    return model.predict_set(new, conformity_score_params=parameters)[1][..., 0]


def own(p, labels, **constants):
    return replace(Conformal.fitted(p, labels), draws=mapies_draws(len(p)), **constants)


def kept_by_mapie(p, labels):
    """Leave out the tenth of the images on which MAPIE's RAPS tunes its constants."""
    kept, _ = next(StratifiedShuffleSplit(1, random_state=SEED).split(p, labels))
    return p[kept], labels[kept]


@pytest.mark.parametrize("coverage", [0.9, 0.95, 0.987])
def test_lac_sets_are_mapies(sample, coverage):
    p, labels, new, _ = sample
    expected = mapies_sets(p, labels, new, "lac", coverage)
    np.testing.assert_array_equal(own(p, labels).sets(new, coverage, "lac", with_top=False), expected)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95, 0.987])
def test_aps_sets_are_mapies(sample, coverage):
    p, labels, new, _ = sample
    conformal = own(p, labels)
    randomised = mapies_sets(p, labels, new, "aps", coverage)
    found = conformal.sets(new, coverage, "aps", draws=mapies_draws(len(new)), with_top=False)
    np.testing.assert_array_equal(found, randomised)
    always = mapies_sets(p, labels, new, "aps", coverage, last=True)
    np.testing.assert_array_equal(conformal.sets(new, coverage, "aps", with_top=False), always)


class GivenPenalty(RAPSConformityScore):
    """MAPIE's RAPS, which tunes its constants, with constants that are given."""

    def __init__(self, k, strength):
        super().__init__()
        self.k, self.strength = k, strength

    def _find_lambda_star(self, *args, **kwargs):
        self.k_star = np.array([self.k])
        return self.strength


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
@pytest.mark.parametrize(("k_reg", "strength"), [(5, 0.01), (2, 0.01), (1, 0.1), (3, 0.5)])
def test_raps_sets_are_mapies(sample, coverage, k_reg, strength):
    p, labels, new, _ = sample
    conformal = own(*kept_by_mapie(p, labels), k_reg=k_reg, lambda_reg=strength)
    expected = mapies_sets(p, labels, new, GivenPenalty(k_reg, strength), coverage, last=True)
    np.testing.assert_array_equal(conformal.sets(new, coverage, "raps", with_top=False), expected)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_randomised_raps_sets_are_mapies(sample, coverage):
    """They are compared up to the rank after k_reg.

    Beyond, MAPIE divides the excess over the threshold by ``p - lambda (length - k_reg - 1)`` instead of by
    ``p``: a last class stays in the set for other random numbers than its own score would say.
    """
    p, labels, new, _ = sample
    expected = mapies_sets(p, labels, new, GivenPenalty(5, 0.01), coverage)
    conformal = own(*kept_by_mapie(p, labels))
    found = conformal.sets(new, coverage, "raps", draws=mapies_draws(len(new)), with_top=False)
    short = conformal.sets(new, coverage, "raps").sum(axis=1) <= 6
    assert short.mean() > 0.3
    np.testing.assert_array_equal(found[short], expected[short])


def test_raps_with_the_constants_that_mapie_tunes(sample):
    p, labels, new, _ = sample
    score = RAPSConformityScore()
    expected = mapies_sets(p, labels, new, score, 0.9, last=True)
    constants = {"k_reg": int(score.k_star[0]), "lambda_reg": float(score.lambda_star)}
    conformal = own(*kept_by_mapie(p, labels), **constants)
    np.testing.assert_array_equal(conformal.sets(new, 0.9, "raps", with_top=False), expected)


def splits_outside(p, labels, held_out, coverage, method, randomised=True, **constants):
    """Count the splits whose coverage lies outside its central 95 % interval; return their mean coverage too.

    The number of n new images that are covered after n' held-out ones is beta-binomial, exactly, with
    parameters k and n' + 1 - k, where k is the place of the threshold among their scores.
    """
    rng = np.random.default_rng(0)
    new = len(labels) - held_out
    place = int(np.ceil(round((held_out + 1) * coverage, 9)))
    low, high = scipy.stats.betabinom(new, place, held_out + 1 - place).ppf([0.025, 0.975])
    covered = []
    for seed in range(200):
        order = rng.permutation(len(labels))
        first, rest = order[:held_out], order[held_out:]
        draws = rng.random(new) if randomised else None
        conformal = replace(Conformal.fitted(p[first], labels[first], seed), **constants)
        sets = conformal.sets(p[rest], coverage, method, draws=draws, with_top=False)
        covered.append(sets[np.arange(new), labels[rest]].sum())
    covered = np.array(covered)
    return ((covered < low) | (covered > high)).sum(), covered.mean() / new


@pytest.mark.parametrize("coverage", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("method", METHODS)
def test_coverage_is_as_asked_even_where_probabilities_are_wrong(method, coverage):
    rng = np.random.default_rng(3)
    p, labels = drawn(rng, 900, 6)
    sharpened = p**2 / (p**2).sum(axis=1, keepdims=True)
    outside, _ = splits_outside(sharpened, labels, 400, coverage, method, k_reg=1, lambda_reg=0.1)
    assert outside <= 20


@pytest.mark.parametrize("method", ["aps", "raps"])
def test_without_random_numbers_coverage_is_at_least_as_asked(method):
    p, labels = drawn(np.random.default_rng(4), 900, 6)
    _, mean = splits_outside(p, labels, 400, 0.9, method, randomised=False)
    assert mean >= 0.9


def test_by_class_every_class_is_covered_as_asked():
    """Label 0 is hard to tell: all together it is covered too rarely, by class as often as the others."""
    rng = np.random.default_rng(6)
    p, labels = drawn(rng, 12_000, 4, spread=3.0)
    labels = np.where(rng.random(len(labels)) < 0.1, 0, labels)
    first, rest = np.split(np.arange(len(labels)), 2)
    conformal = Conformal.fitted(p[first], labels[first])
    counts = np.bincount(labels[first])
    for by_class in (False, True):
        sets = conformal.sets(p[rest], 0.9, by_class=by_class, with_top=False)
        covered = sets[np.arange(len(rest)), labels[rest]]
        rates = np.array([covered[labels[rest] == k].mean() for k in range(4)])
        if not by_class:
            assert rates[0] < 0.85
            continue
        for k, rate in enumerate(rates):
            place = np.ceil((counts[k] + 1) * 0.9)
            new = (labels[rest] == k).sum()
            low, high = scipy.stats.betabinom(new, place, counts[k] + 1 - place).ppf([0.001, 0.999])
            assert low <= rate * new <= high


@pytest.fixture(scope="module")
def mnist():
    """Probabilities of softmax regression, fitted on a part of the training images, for the test images."""
    if "TENFOLD_DATA" not in os.environ:
        pytest.skip("needs the full MNIST: set TENFOLD_DATA")
    from sklearn.linear_model import RidgeClassifier

    splits = load_path(Path(os.environ["TENFOLD_DATA"]) / "mnist")
    rows = splits.train.images[:20_000].reshape(-1, 784) / np.float32(255)
    model = RidgeClassifier(alpha=100.0).fit(rows, splits.train.labels[:20_000])
    scores = model.decision_function(splits.test.images.reshape(-1, 784) / np.float32(255))
    return scipy.special.softmax(6 * scores, axis=1), splits.test.labels


@pytest.mark.parametrize("coverage", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("method", METHODS)
def test_coverage_on_mnist(mnist, method, coverage):
    p, labels = (values[:4_000] for values in mnist)
    outside, mean = splits_outside(p, labels, 1_000, coverage, method)
    assert outside <= 20
    assert mean == pytest.approx(coverage, abs=0.003)


@st.composite
def cases(draw):
    """A calibration, new probabilities, and their random numbers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = draw(st.integers(2, 7))
    p, labels = drawn(rng, draw(st.integers(20, 80)), classes, floor=draw(st.sampled_from([0.0, 0.1])))
    new, _ = drawn(rng, 15, classes)
    return Conformal.fitted(p, labels), new, rng.random(15)


@given(cases(), st.sampled_from(METHODS))
def test_sets_grow_with_the_coverage_and_none_is_empty(case, method):
    conformal, new, draws = case
    for u in (None, draws):
        small = conformal.sets(new, 0.5, method, draws=u)
        large = conformal.sets(new, 0.9, method, draws=u)
        assert (small <= large).all()
        assert small[np.arange(len(new)), new.argmax(axis=1)].all()
        assert (conformal.sets(new, 0.5, method, draws=u, with_top=False) <= small).all()


@given(cases(), st.sampled_from(METHODS))
def test_no_random_number_gives_a_larger_set_than_none(case, method):
    conformal, new, draws = case
    without = conformal.sets(new, 0.8, method, with_top=False)
    for u in (draws, np.zeros_like(draws)):
        assert (conformal.sets(new, 0.8, method, draws=u, with_top=False) <= without).all()


@given(cases(), st.sampled_from(METHODS), st.randoms())
def test_relabelling_the_classes_relabels_the_sets(case, method, random):
    conformal, new, _ = case
    order = list(range(conformal.classes))
    random.shuffle(order)
    found = conformal.sets(new[:, order], 0.9, method)
    np.testing.assert_array_equal(found, conformal.sets(new, 0.9, method)[:, order])


@given(cases(), st.sampled_from(METHODS))
def test_a_held_out_image_at_the_threshold_is_covered(case, method):
    """Equality counts: of n held-out images at least ``coverage * n`` true classes are in their own sets."""
    conformal, _, _ = case
    n = len(conformal.labels)
    p = np.tile(np.full(conformal.classes, 1 / conformal.classes), (n, 1))
    same = replace(Conformal.fitted(p, conformal.labels), draws=np.full(n, 0.5))
    sets = same.sets(p, 0.9, method, draws=np.full(n, 0.5), with_top=False)
    assert sets[np.arange(n), conformal.labels].mean() >= 0.9


def test_of_equally_probable_classes_the_first_comes_first():
    conformal = Conformal.fitted(np.full((20, 4), 0.25), np.full(20, 1))
    members = conformal.sets([[0.25, 0.25, 0.25, 0.25]], 0.9, "aps")
    assert members.tolist() == [[True, True, False, False]]


@given(st.integers(1, 999))
def test_images_needed_is_the_first_number_with_a_threshold(thousandths):
    coverage = thousandths / 1000
    n = images_needed(coverage)

    def place(images):
        return -(-(images + 1) * thousandths // 1000)

    assert place(n) <= n
    assert place(n - 1) > n - 1


@pytest.mark.parametrize(
    ("images", "best"), [(0, None), (8, None), (9, 0.9), (18, 0.9), (19, 0.95), (98, 0.95), (99, 0.99)]
)
def test_the_best_coverage_is_the_largest_that_is_possible(images, best):
    p, labels = drawn(np.random.default_rng(0), images, 3)
    conformal = Conformal.fitted(p, labels)
    assert conformal.best_coverage() == best
    assert best is None or conformal.sets(p, best).any(axis=1).all()


def test_too_few_held_out_images_are_a_usage_error():
    p, _ = drawn(np.random.default_rng(0), 40, 3)
    labels = np.repeat([0, 1, 2], [20, 8, 12])
    conformal = Conformal.fitted(p, labels)
    with pytest.raises(UsageError) as refused:
        conformal.sets(p, 0.99)
    assert str(refused.value) == (
        "coverage: 99 % takes 99 held-out images, there are 40; ask for 95 %, "
        "or hold out more with calibration_images"
    )
    with pytest.raises(UsageError) as refused:
        conformal.thresholds(0.9, by_class=True)
    assert str(refused.value) == (
        "coverage: 90 % takes 9 held-out images of class 1 (counted from 0), there are 8; "
        "hold out more with calibration_images"
    )


@pytest.mark.parametrize("coverage", [0.0, 1.0, 99, -0.1, float("nan")])
def test_a_coverage_is_a_share(sample, coverage):
    with pytest.raises(UsageError, match="expected a share above 0 and below 1, such as 0.99"):
        own(*sample[:2]).thresholds(coverage)


def test_an_unknown_method_is_a_usage_error(sample):
    with pytest.raises(UsageError, match="method: 'top'; expected lac, aps, raps"):
        own(*sample[:2]).thresholds(method="top")


@given(cases(), st.sampled_from(METHODS))
def test_the_model_file_keeps_all_of_it(case, method):
    conformal, new, draws = case
    read = Conformal.from_dict(json.loads(json.dumps(conformal.to_dict())))
    for u in (None, draws):
        found = read.sets(new, 0.9, method, draws=u)
        np.testing.assert_array_equal(found, conformal.sets(new, 0.9, method, draws=u))


def packed(values, dtype):
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("labels", packed([0, 1], "<u2")),
        ("labels", packed([7] * 20, "<u2")),
        ("labels", "no base64"),
        ("labels", 3),
        ("probability", packed([1.5] * 20, "<f4")),
        ("probability", packed([np.nan] * 20, "<f4")),
        ("above", packed([-1.0] * 20, "<f8")),
        ("above", packed([0.5] * 20, "<f4")[:-4]),
        ("rank", packed([0] * 20, "<u2")),
        ("draws", packed([np.inf] * 20, "<f4")),
        ("classes", 2),
        ("classes", "many"),
        ("k_reg", -1),
        ("lambda_reg", float("nan")),
        ("lambda_reg", None),
    ],
)
def test_damaged_values_are_refused(field, value):
    p, labels = drawn(np.random.default_rng(1), 20, 4)
    values = Conformal.fitted(p, labels).to_dict()
    Conformal.from_dict(values)
    with pytest.raises((TypeError, ValueError)):
        Conformal.from_dict(values | {field: value})


@pytest.mark.parametrize("field", ["classes", "labels", "probability", "above", "rank", "draws", "k_reg"])
def test_missing_values_are_refused(field):
    p, labels = drawn(np.random.default_rng(1), 20, 4)
    values = Conformal.fitted(p, labels).to_dict()
    del values[field]
    with pytest.raises(KeyError):
        Conformal.from_dict(values)
