"""Figures against scikit-learn."""

from collections import Counter

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.errors import DataError
from tenfold.evaluation.doubt import RefusalFigures, SetFigures
from tenfold.evaluation.metrics import evaluation

sizes = {"classes": st.integers(2, 7), "n": st.integers(1, 60), "seed": st.integers(0, 999)}


def names(classes):
    return tuple(map(str, range(classes)))


@settings(max_examples=50)
@given(**sizes)
def test_figures_of_classes_are_scikit_learns(answers, classes, n, seed):
    logits, truth = answers(n, classes, seed)
    guess = logits.argmax(axis=1)
    found = evaluation(logits, truth, names(classes))
    expected = sklearn.metrics.confusion_matrix(truth, guess, labels=range(classes))
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.accuracy == pytest.approx(sklearn.metrics.accuracy_score(truth, guess))
    figures = [
        sklearn.metrics.precision_recall_fscore_support(
            truth, guess, labels=range(classes), zero_division=np.nan, average=average
        )[:3]
        for average in (None, "macro")
    ]
    np.testing.assert_allclose([found.precision, found.recall, found.f1], figures[0])
    means = [found.macro_precision, found.balanced_accuracy, found.macro_f1]
    np.testing.assert_allclose(means, figures[1])
    present = np.bincount(truth)[np.bincount(truth) > 0]
    assert found.is_lopsided == (present.max() / present.min() > 2)


@settings(max_examples=50)
@given(**sizes | {"classes": st.integers(3, 7)})
def test_top_k_is_scikit_learns(answers, classes, n, seed):
    logits, truth = answers(n, classes, seed)
    found = evaluation(logits, truth, names(classes)).top_k
    assert list(found) == [k for k in (1, 2, 3, 5) if k < classes]
    for k, share in found.items():
        expected = sklearn.metrics.top_k_accuracy_score(truth, logits, k=k, labels=range(classes))
        assert share == pytest.approx(expected)


def test_of_equal_logits_the_first_class_counts_as_the_most_probable():
    found = evaluation(np.zeros((4, 4)), np.arange(4), names(4))
    assert found.top_k == {1: 0.25, 2: 0.5, 3: 0.75}
    assert found.accuracy == 0.25


@settings(max_examples=15)
@given(**sizes)
def test_neither_the_order_of_the_images_nor_that_of_the_classes_matters(answers, classes, n, seed):
    logits, truth = answers(n, classes, seed)
    found = evaluation(logits, truth, names(classes))
    rng = np.random.default_rng(seed)
    images, order = rng.permutation(n), rng.permutation(classes)
    place = np.argsort(order)  # where each class has gone
    other = evaluation(
        logits[images][:, order], place[truth[images]], tuple(names(classes)[k] for k in order)
    )
    np.testing.assert_array_equal(other.confusion, found.confusion[np.ix_(order, order)])
    assert other.top_k == found.top_k
    for one, two in ((found.scores, other.scores),):
        assert two.loss.value == pytest.approx(one.loss.value)
        assert two.brier.value == pytest.approx(one.brier.value)
        assert two.equal_width.expected.value == pytest.approx(one.equal_width.expected.value)
    assert found.to_dict()["classes"] == other.to_dict()["classes"]


@settings(max_examples=15)
@given(**sizes)
def test_confusions_come_the_most_frequent_first(answers, classes, n, seed):
    logits, truth = answers(n, classes, seed)
    pairs = zip(map(str, truth), map(str, logits.argmax(axis=1)), strict=True)
    expected = Counter(pair for pair in pairs if pair[0] != pair[1])
    found = evaluation(logits, truth, names(classes)).confusions
    assert {(true, guess): count for true, guess, count in found} == expected
    assert [count for *_, count in found] == sorted(expected.values(), reverse=True)


def test_one_logit_stands_for_two_classes():
    z = np.array([[2.0], [-1.0], [0.5], [0.0]], np.float32)
    truth = np.array([1, 1, 0, 0])
    found = evaluation(z, truth, ("no", "yes"))
    assert found.confusion.tolist() == [[1, 1], [1, 1]]
    assert found.top_k == {1: 0.5}
    assert found.loss == pytest.approx(
        sklearn.metrics.log_loss(truth, scipy.special.expit(z[:, 0].astype(float)))
    )


def test_temperature_changes_probabilities_and_nothing_else(answers, check_schema):
    logits, truth = answers(300, 4, seed=1)
    plain = evaluation(logits, truth, names(4))
    found = evaluation(logits, truth, names(4), temperature=2.5, calibrated=logits / 2.5)
    np.testing.assert_array_equal(found.confusion, plain.confusion)
    assert found.uncalibrated.to_dict() == plain.scores.to_dict()
    assert found.loss == pytest.approx(
        sklearn.metrics.log_loss(truth, scipy.special.softmax(logits / 2.5, axis=1))
    )
    assert plain.uncalibrated is None and plain.temperature is None


@settings(max_examples=15)
@given(**sizes)
def test_what_is_printed_for_machines_follows_its_schema(answers, check_schema, classes, n, seed):
    logits, truth = answers(n, classes, seed)
    plain = evaluation(logits, truth, names(classes)).to_dict()
    check_schema(plain, "evaluation")
    rng = np.random.default_rng(seed)
    sets = SetFigures.counted(rng.random((n, classes)) < 0.5, truth, nominal=0.95)
    refusals = RefusalFigures.counted(rng.random(n) < 0.5, logits.argmax(axis=1) == truth)
    full = evaluation(
        logits, truth, names(classes), temperature=2.0, calibrated=logits / 2, sets=sets, refusals=refusals
    ).to_dict()
    check_schema(full, "evaluation")
    assert list(full) == list(plain)
    assert [entry["images"] for entry in plain["classes"].values()] == plain_counts(truth, classes)
    absent = [entry["recall"] for entry in plain["classes"].values() if entry["images"] == 0]
    assert absent == [None] * len(absent)


def plain_counts(truth, classes):
    return [list(truth).count(k) for k in range(classes)]


def test_no_images_are_refused():
    with pytest.raises(DataError, match="images: none"):
        evaluation(np.zeros((0, 3)), np.zeros(0, np.int64), names(3))
