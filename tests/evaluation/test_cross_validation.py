"""Each image is judged by a network that has not learnt from it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.cross_validation import CrossValidation, FoldListener, stratified_folds
from tenfold.evaluation.duplicates import first_copies
from tenfold.training.engines import open_engine
from tenfold.training.recipe import Recipe
from tenfold.training.reference import ReferenceEngine
from tenfold.training.side_by_side import StoppedError


def numbered(labels):
    """Images that all differ, with these labels."""
    pixels = np.arange(2 * len(labels), dtype=np.uint16).view(np.uint8).reshape(-1, 2, 2)
    labels = np.asarray(labels, np.int64)
    return ImageSet(pixels, labels, tuple("abcdef"), "memory")


def few(digits, count):
    return load_data(digits).train.select(np.arange(count))


def fast(**changes):
    fixed = {"precision": "float32", "solver": "sgd", "least_steps": 0, "hidden": (16,)}
    return Recipe.named("fast").with_changes(**fixed | changes)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=80), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_folds_are_equal_in_size_and_in_every_class(labels, folds, seed):
    images = numbered(labels)
    present = images.counts[images.counts > 0]
    assume(present.min() >= folds)
    fold_of = stratified_folds(images, np.arange(len(labels)), folds, seed)
    sizes = np.bincount(fold_of, minlength=folds)
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= 1
    for label in range(4):
        share = np.bincount(fold_of[images.labels == label], minlength=folds)
        assert share.max() - share.min() <= 1
    np.testing.assert_array_equal(fold_of, stratified_folds(images, np.arange(len(labels)), folds, seed))


def test_another_seed_deals_otherwise():
    images = numbered([0, 1] * 20)
    first, second = (stratified_folds(images, np.arange(40), 5, seed) for seed in (0, 1))
    assert (first != second).any()


@given(st.integers(0, 2**32 - 1))
def test_copies_share_a_fold(seed):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 40, 200).astype(np.uint8).reshape(-1, 1, 1)
    images = ImageSet(pixels, rng.integers(0, 2, 200), ("a", "b"), "memory")
    fold_of = stratified_folds(images, first_copies(pixels), 3, seed)
    for value in np.unique(pixels):
        assert len(set(fold_of[pixels.ravel() == value])) == 1


@pytest.mark.parametrize("folds", [1, 101, 2.0, "5"])
def test_impossible_folds(folds):
    with pytest.raises(UsageError, match=r"^folds: .* expected a whole number from 2 to 100$"):
        stratified_folds(numbered([0, 1] * 9), np.arange(18), folds, 0)


def test_an_impossible_seed():
    with pytest.raises(UsageError, match=r"^seed: -1; expected"):
        stratified_folds(numbered([0, 1] * 9), np.arange(18), 2, -1)


def test_a_class_that_is_too_small():
    with pytest.raises(DataError, match=r"^memory: class 'b' has 2 different pictures; expected .* 3: add"):
        stratified_folds(numbered([0, 0, 0, 1, 1]), np.arange(5), 3, 0)


def test_copies_do_not_make_a_class_large_enough():
    images = numbered([0, 0, 0, 1, 1, 1])
    with pytest.raises(DataError, match="class 'b' has 1 different pictures"):
        stratified_folds(images, np.array([0, 1, 2, 3, 3, 3]), 2, 0)


def test_softmax_regression_gives_scikit_learns_probabilities(digits):
    images = few(digits, 600)
    recipe = Recipe.named("fast").with_changes(hidden=(), solver="lbfgs", c=1.0, precision="float32")
    fold_of = stratified_folds(images, np.arange(600), 3, 0)
    found = CrossValidation(images, fold_of, recipe, ReferenceEngine(), 1).probabilities(FoldListener())
    rows = images.images.reshape(600, -1) / 255
    model = LogisticRegression(C=1.0, tol=1e-5, max_iter=10_000)
    split = PredefinedSplit(fold_of)
    expected = cross_val_predict(model, rows, images.labels, cv=split, method="predict_proba")
    assert np.abs(found - expected).mean() < 1e-3
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_a_fold_knows_nothing_of_its_own_labels(digits):
    images = few(digits, 300)
    fold_of = stratified_folds(images, np.arange(300), 3, 0)
    changed = ImageSet(
        images.images, np.where(fold_of == 1, 9 - images.labels, images.labels), images.classes, "memory"
    )
    engine = open_engine("auto", "cpu", "float32")
    first, second = (
        CrossValidation(each, fold_of, fast(epochs=2), engine, 1).probabilities(FoldListener())
        for each in (images, changed)
    )
    np.testing.assert_array_equal(first[fold_of == 1], second[fold_of == 1])
    assert (first[fold_of != 1] != second[fold_of != 1]).any(axis=1).all()
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)


def test_threads_change_no_bit(digits):
    pytest.importorskip("tenfold._native", reason="the compiled part was not built")
    images = few(digits, 400)
    fold_of = stratified_folds(images, np.arange(400), 4, 0)
    engine = open_engine("fused", "cpu", "float32")
    one, several = (
        CrossValidation(images, fold_of, fast(), engine, threads).probabilities(FoldListener())
        for threads in (1, 3)
    )
    np.testing.assert_array_equal(one, several)


class Told(FoldListener):
    def __init__(self):
        self.shares = {}

    def learning(self, fold, folds, share):
        assert share > self.shares.get(fold, (0, 0.0))[1]
        self.shares[fold] = (folds, share)


def test_the_listener_hears_every_fold_to_its_end(digits):
    images = few(digits, 300)
    fold_of = stratified_folds(images, np.arange(300), 3, 0)
    told = Told()
    engine = open_engine("auto", "cpu", "float32")
    CrossValidation(images, fold_of, fast(epochs=3), engine, 2).probabilities(told)
    assert told.shares == dict.fromkeys(range(3), (3, 1.0))


def test_a_training_that_explodes_says_so(digits):
    images = few(digits, 300)
    fold_of = stratified_folds(images, np.arange(300), 3, 0)
    cross = CrossValidation(images, fold_of, fast(lr=1e6), open_engine("auto", "cpu", "float32"), 1)
    with pytest.raises(UsageError, match=r"^recipe fast: .* take a recipe with a lower learning rate$"):
        cross.probabilities(FoldListener())


def test_an_interruption_stops_the_other_folds(digits):
    """The first fold that is heard interrupts; the others would take minutes."""

    class Interrupting(FoldListener):
        def learning(self, fold, folds, share):
            raise KeyboardInterrupt

    images = few(digits, 300)
    fold_of = stratified_folds(images, np.arange(300), 3, 0)
    engine = open_engine("auto", "cpu", "float32")
    cross = CrossValidation(images, fold_of, fast(epochs=100_000), engine, 2)
    with pytest.raises((KeyboardInterrupt, StoppedError)):
        cross.probabilities(Interrupting())
