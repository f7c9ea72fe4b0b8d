"""Against cleanlab, the authors' own code, on the same labels and probabilities."""

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from hypothesis import given
from hypothesis import strategies as st

from tenfold.evaluation.confident_learning import confident_joint, label_issues, label_quality

pytestmark = pytest.mark.filterwarnings("ignore:May not flag all label issues in class")  # cleanlab's own


def judged(seed, count, classes, noise, skill):
    """Labels with noise, and what a classifier of some skill says: a Dirichlet draw around the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, count)
    labels = np.where(rng.random(count) < noise, rng.integers(0, classes, count), truth)
    labels[:classes] = np.arange(classes)
    gammas = rng.gamma(0.5 + skill * np.eye(classes)[truth])
    return labels, gammas / gammas.sum(axis=1, keepdims=True)


cases = st.builds(
    judged,
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(30, 400),
    classes=st.integers(2, 8),
    noise=st.floats(0, 0.5),
    skill=st.floats(0, 8),
)


@given(cases)
def test_the_joint_is_cleanlabs(case):
    labels, probabilities = case
    ours = confident_joint(labels, probabilities)
    theirs = compute_confident_joint(labels, probabilities)
    assert (ours.sum(axis=1) == np.bincount(labels)).all()
    assert np.abs(ours - theirs).max() <= 1  # where two remainders are equal, either may be rounded up
    counts = compute_confident_joint(labels, probabilities, calibrate=False)
    exact = counts / counts.sum(axis=1, keepdims=True) * np.bincount(labels)[:, np.newaxis]
    for remainders, differs in zip(exact % 1, ours != theirs, strict=True):
        assert not differs.any() or np.ptp(remainders[differs]) < 1e-9


@given(cases)
def test_the_suspects_are_cleanlabs(case):
    labels, probabilities = case
    ours = label_issues(labels, probabilities)
    theirs = find_label_issues(labels, probabilities, filter_by="prune_by_class", n_jobs=1)
    joint, other = confident_joint(labels, probabilities), compute_confident_joint(labels, probabilities)
    same = np.diagonal(joint) == np.diagonal(other)
    assert (ours == theirs)[same[labels]].all()


@given(cases)
def test_the_quality_of_labels_is_cleanlabs(case):
    labels, probabilities = case
    theirs = get_label_quality_scores(labels, probabilities, method="self_confidence")
    np.testing.assert_array_equal(label_quality(labels, probabilities), theirs)


@given(cases, st.integers(0, 2**32 - 1))
def test_neither_the_order_of_images_nor_that_of_classes_matters(case, seed):
    labels, probabilities = case
    rng = np.random.default_rng(seed)
    images, names = rng.permutation(len(labels)), rng.permutation(probabilities.shape[1])
    moved = label_issues(np.argsort(names)[labels][images], probabilities[:, names][images])
    joint = confident_joint(labels, probabilities)
    renamed = confident_joint(np.argsort(names)[labels], probabilities[:, names])
    same = np.diagonal(joint) == np.diagonal(renamed)[np.argsort(names)]  # equal remainders, as above
    assert (moved == label_issues(labels, probabilities)[images])[same[labels[images]]].all()


def test_a_class_without_images_is_believed_of_none():
    labels, probabilities = judged(3, 200, 4, 0.1, 4)
    labels[labels == 2] = 1
    theirs = compute_confident_joint(labels, probabilities)
    ours = confident_joint(labels, probabilities)
    np.testing.assert_array_equal(ours, theirs)
    assert not ours[2].any()
    assert not ours[:, 2].any()


def test_the_last_image_of_a_class_is_never_a_suspect():
    labels = np.array([0, 1, 1, 1, 1])
    probabilities = np.array([[0.01, 0.99]] + [[0.3, 0.7]] * 4)
    assert not label_issues(labels, probabilities).any()
