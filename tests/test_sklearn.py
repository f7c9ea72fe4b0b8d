"""The estimator, against scikit-learn's own checks, its classifiers and its scaler."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from tenfold.cores import available_cores
from tenfold.errors import UsageError
from tenfold.sklearn import SoftmaxClassifier, learning
from tenfold.sklearn.learning import granted_threads
from tenfold.sklearn.rows import FARTHEST, Scale, fingerprints, taken_places

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0}


@parametrize_with_checks([SoftmaxClassifier()])
def test_it_keeps_every_rule_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture
def without_compiled_part(monkeypatch):
    monkeypatch.setitem(sys.modules, "tenfold._native", None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def pixels():
    images, labels = load_digits(return_X_y=True)
    return train_test_split((images * 15).astype(np.uint8), labels, random_state=0)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits])
def test_it_is_as_accurate_as_logistic_regression(load):
    rows, labels = load(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    rival = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    ours = cross_val_score(SoftmaxClassifier(random_state=0), rows, labels, cv=folds).mean()
    assert ours > cross_val_score(rival, rows, labels, cv=folds).mean() - 0.025


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_pixels_and_numbers_are_learnt(pixels, dtype):
    train, test, y_train, y_test = pixels
    ours = SoftmaxClassifier(random_state=0).fit(train.astype(dtype), y_train)
    assert ours.score(test.astype(dtype), y_test) > 0.96
    losses = ours.loss_curve_
    assert len(losses) == ours.n_iter_ == 20
    assert losses[-1] < 0.1 * losses[0]


def test_pixels_are_the_numbers_that_they_hold(pixels):
    train, test, y_train, _ = pixels
    ours = SoftmaxClassifier(**SMALL).fit(train, y_train)
    wide = ours.predict_proba(test.astype(np.float64))
    np.testing.assert_allclose(ours.predict_proba(test), wide, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(test.astype(np.float32)), wide, atol=1e-5)


def test_without_the_compiled_part_the_same_is_learnt(pixels, request):
    train, test, y_train, _ = pixels
    ours = SoftmaxClassifier(**SMALL, precision="float32").fit(train, y_train)
    expected = ours.predict_proba(test)
    request.getfixturevalue("without_compiled_part")
    np.testing.assert_allclose(ours.predict_proba(test), expected, atol=1e-5)
    np.testing.assert_allclose(clone(ours).fit(train, y_train).predict_proba(test), expected, atol=2e-3)


@pytest.mark.usefixtures("without_compiled_part")
def test_without_the_compiled_part_weights_are_repetition(pixels):
    test_a_weight_is_a_repetition(pixels, np.float32, None)


@pytest.mark.parametrize("class_weight", [None, "balanced", {3: 2.0}])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_a_weight_is_a_repetition(pixels, dtype, class_weight):
    train, test, y_train, _ = pixels
    train = train.astype(dtype)
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, len(train))
    ours = SoftmaxClassifier(**SMALL, class_weight=class_weight)
    weighted = clone(ours).fit(train, y_train, weights)
    order = rng.permutation(np.repeat(np.arange(len(train)), weights))
    repeated = clone(ours).fit(train[order], y_train[order])
    assert weighted.loss_curve_ == repeated.loss_curve_
    probabilities = weighted.predict_proba(test.astype(dtype))
    np.testing.assert_array_equal(probabilities, repeated.predict_proba(test.astype(dtype)))


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    rows, labels = load_iris(return_X_y=True)
    weights = (labels != 2).astype(float)
    with_strange = rows.copy()
    with_strange[labels == 2] = 1e9
    ours = SoftmaxClassifier(**SMALL).fit(with_strange, labels, weights)
    others = SoftmaxClassifier(**SMALL).fit(rows[labels != 2], labels[labels != 2])
    assert ours.classes_.tolist() == [0, 1]
    np.testing.assert_array_equal(ours.predict_proba(rows), others.predict_proba(rows))


def test_weights_are_relative():
    rows, labels = load_iris(return_X_y=True)
    weights = np.random.default_rng(0).uniform(0.5, 1.0, len(rows))
    ours = SoftmaxClassifier(**SMALL, precision="float32")
    large, small = (clone(ours).fit(rows, labels, weights * scale) for scale in (1, 1 / 1024))
    np.testing.assert_array_equal(large.predict_proba(rows), small.predict_proba(rows))
    vast, huge = (clone(ours).fit(rows, labels, weights * scale) for scale in (1e5, 1e9))
    np.testing.assert_allclose(vast.predict_proba(rows), huge.predict_proba(rows), atol=1e-4)


def test_rare_classes_count_more_when_balanced():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, 1, (950, 2)), rng.normal(1, 1, (50, 2))])
    labels = np.repeat([0, 1], [950, 50])
    plain = SoftmaxClassifier(random_state=0).fit(rows, labels)
    balanced = SoftmaxClassifier(random_state=0, class_weight="balanced").fit(rows, labels)
    rare = labels == 1
    assert (plain.predict(rows)[rare] == 1).mean() < 0.3
    assert (balanced.predict(rows)[rare] == 1).mean() > 0.6


@pytest.mark.parametrize("share", [None, "whole", "fraction"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_scale_is_scikit_learns(dtype, share):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (500, 7)).astype(dtype)
    weights = {None: None, "whole": rng.integers(0, 4, 500), "fraction": rng.uniform(0, 3, 500)}[share]
    weights = None if weights is None else weights.astype(float)
    scale = Scale.measured(rows, *taken_places(rows, np.zeros(500, np.int64), weights))
    flat = rows.reshape(-1, 1) if dtype == np.uint8 else rows
    repeats = 7 if dtype == np.uint8 else 1
    expected = StandardScaler().fit(
        flat.astype(float), sample_weight=None if weights is None else np.repeat(weights, repeats)
    )
    np.testing.assert_allclose(scale.mean, expected.mean_, rtol=1e-12)
    np.testing.assert_allclose(scale.std, expected.scale_, rtol=1e-12)


def test_constant_and_nearly_constant_features():
    rows = np.full((1000, 3), 0.1)
    rows[0, 1] = 1.1
    scale = Scale.measured(rows, np.arange(1000), None)
    normalised = scale.normalised(rows)
    assert not normalised[:, [0, 2]].any()
    np.testing.assert_allclose(normalised[0, 1], FARTHEST)


def test_a_large_mean_costs_no_digits():
    rows, labels = load_iris(return_X_y=True)
    near, far = (SoftmaxClassifier(**SMALL, precision="float32") for _ in range(2))
    near, far = near.fit(rows, labels), far.fit(rows + 1e8, labels)
    assert far.score(rows + 1e8, labels) == pytest.approx(near.score(rows, labels), abs=0.03)


def test_fingerprints_tell_small_whole_numbers_apart():
    every = np.stack(np.meshgrid(*[np.arange(40.0)] * 3), axis=-1).reshape(-1, 3)
    for dtype in (np.uint8, np.float32, np.float64):
        assert len(np.unique(fingerprints(every.astype(dtype)))) == len(every)


def test_partial_fits_are_a_fit_at_a_constant_rate(pixels):
    train, test, y_train, _ = pixels
    whole = SoftmaxClassifier(**SMALL, learning_rate="constant", warmup=0).fit(train, y_train)
    parts = SoftmaxClassifier(**SMALL)
    for _ in range(8):
        parts.partial_fit(train, y_train, classes=range(10))
    assert parts.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(parts.predict_proba(test), whole.predict_proba(test))


def test_partial_fits_know_classes_that_have_not_come_yet():
    rows, labels = load_iris(return_X_y=True)
    ours = SoftmaxClassifier(random_state=0)
    for _ in range(60):
        for label in (0, 1, 2):
            ours.partial_fit(rows[label::3], labels[label::3], classes=[0, 1, 2])
    assert ours.score(rows, labels) > 0.95
    with pytest.raises(UsageError, match="y: label 7; expected one of the classes 0, 1, 2"):
        ours.partial_fit(rows[:2], [0, 7])
    with pytest.raises(UsageError, match="classes: 0, 1; expected 0, 1, 2, as at first"):
        ours.partial_fit(rows, labels, classes=[0, 1])


def test_a_warm_start_goes_on():
    rows, labels = load_digits(return_X_y=True)
    ours = SoftmaxClassifier(**SMALL, warm_start=True).fit(rows, labels)
    first = ours.loss_curve_
    ours.set_params(max_iter=2).fit(rows, labels)
    assert ours.n_iter_ == len(ours.loss_curve_) == 10
    assert ours.loss_curve_[:8] == first
    assert ours.loss_curve_[8] < 2 * first[-1] < first[0]
    with pytest.raises(UsageError, match="y: classes 0, 1, 2, 3, 4; expected 0, 1.*, 9, for warm_start"):
        ours.fit(rows[labels < 5], labels[labels < 5])
    with pytest.raises(UsageError, match="hidden_layer_sizes: a network 64-4-10; expected 64-16-10"):
        ours.set_params(hidden_layer_sizes=4).fit(rows, labels)
    assert ours.set_params(hidden_layer_sizes=16, warm_start=False).fit(rows, labels).n_iter_ == 2


@pytest.mark.parametrize("names", [["b", "c", "a"], [True, False], [2.0, -1.0], np.array(["x", "y"], object)])
def test_labels_of_any_type(names):
    rows, labels = load_iris(return_X_y=True)
    names = np.asarray(names)
    known = labels < len(names)
    rows, labels = rows[known], names[labels[known]]
    ours = SoftmaxClassifier(random_state=0).fit(rows, labels)
    assert ours.classes_.tolist() == sorted(names.tolist())
    assert set(ours.predict(rows)) <= set(names.tolist())
    assert ours.score(rows, labels) > 0.95
    np.testing.assert_allclose(np.exp(ours.predict_log_proba(rows)), ours.predict_proba(rows))


def test_random_state_decides():
    rows, labels = load_iris(return_X_y=True)

    def probabilities(random_state, **parameters):
        ours = SoftmaxClassifier(**SMALL | {"random_state": random_state} | parameters)
        return ours.fit(rows, labels).predict_proba(rows)

    np.testing.assert_array_equal(probabilities(3), probabilities(3))
    np.testing.assert_array_equal(probabilities(np.random.RandomState(3)), probabilities(3))
    assert np.abs(probabilities(3) - probabilities(4)).max() > 1e-3
    assert np.abs(probabilities(None) - probabilities(None)).max() > 1e-3


@pytest.mark.skipif(learning.engine_name() == "reference", reason="the compiled part was not built")
def test_threads_and_the_order_of_rows_change_nothing():
    rows, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(rows))
    one = SoftmaxClassifier(**SMALL, n_jobs=1).fit(rows, labels)
    three = SoftmaxClassifier(**SMALL, n_jobs=3).fit(rows[order], labels[order])
    np.testing.assert_array_equal(one.predict_proba(rows), three.predict_proba(rows))


def test_it_is_pickled_and_goes_on():
    rows, labels = load_iris(return_X_y=True)
    ours = SoftmaxClassifier(**SMALL).fit(rows, labels)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict_proba(rows), ours.predict_proba(rows))
    again, ours = again.partial_fit(rows, labels), ours.partial_fit(rows, labels)
    np.testing.assert_array_equal(again.predict_proba(rows), ours.predict_proba(rows))


def test_in_a_pipeline():
    rows, labels = load_digits(return_X_y=True)
    to_pixels = FunctionTransformer(lambda rows: (rows * 15).astype(np.uint8))
    ours = make_pipeline(to_pixels, SoftmaxClassifier(random_state=0))
    weights = np.ones(len(rows))
    ours.fit(rows, labels, softmaxclassifier__sample_weight=weights)
    assert ours.score(rows, labels) > 0.97


@pytest.mark.parametrize(("backend", "most"), [("loky", max(1, available_cores() // 2)), ("threading", 1)])
def test_grid_search_shares_the_cores_out(backend, most, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    rows, labels = load_iris(return_X_y=True)

    def threads_of_training(estimator, rows, labels):
        return estimator._learned.state.threads

    search = GridSearchCV(
        SoftmaxClassifier(random_state=0),
        {"momentum": [0.5, 0.9], "hidden_layer_sizes": [(), (8, 8)]},
        scoring={"threads": threads_of_training, "accuracy": "accuracy"},
        refit="accuracy",
        n_jobs=2,
        cv=3,
    )
    with parallel_config(backend=backend):
        search.fit(rows, labels)
    assert set(search.cv_results_["mean_test_threads"]) <= set(range(1, most + 1))
    assert search.best_score_ > 0.9
    assert search.best_estimator_._learned.state.threads == available_cores()


@pytest.mark.parametrize(
    ("variable", "expected"), [("1", 1), ("1,4", 1), ("9999", available_cores()), ("", available_cores())]
)
def test_the_threads_that_open_mp_is_granted(monkeypatch, variable, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert granted_threads(None) == expected
    assert granted_threads(5) == 5
    assert granted_threads(-1) == available_cores()
    assert granted_threads(-9999) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_iter": 0}, "max_iter: 0; expected a whole number from 1"),
        ({"learning_rate_init": -1}, "learning_rate_init: -1; expected a number"),
        ({"learning_rate": "adaptive"}, "learning_rate: 'adaptive'; expected constant, linear, cosine"),
        ({"nesterovs_momentum": 1}, "nesterovs_momentum: 1; expected true or false"),
        ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes: 0; expected a whole number from 1"),
        ({"precision": "float64"}, "precision: 'float64'; expected auto, float32, bfloat16"),
        ({"n_jobs": 0}, "n_jobs: 0; expected a whole number of threads"),
        ({"learning_rate_init": 1e6}, "learning_rate_init: 1e[+]06 led to a loss of"),
        ({"class_weight": {0: -1}}, r"class_weight: {0: -1}; expected finite weights, none below zero"),
        ({"class_weight": {0: np.nan}}, r"class_weight: {0: nan}; expected finite weights"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, "class_weight: .*; expected .* one above"),
    ],
)
def test_what_a_parameter_cannot_be(parameters, message):
    rows, labels = load_iris(return_X_y=True)
    with pytest.raises(UsageError, match=message) as caught:
        SoftmaxClassifier(**SMALL | parameters).fit(rows, labels)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "weights", "message"),
    [
        ([0, 0, 0], None, "y: one class, .*0.*; expected at least two classes"),
        ([0, 1, 1], [1, 0, 0], "y: one class"),
        ([0, 1, 1], [1, -1, 1], "sample_weight: -1; expected no weight below zero"),
        ([0, 1, 1], [0, 0, 0], "sample_weight: all weights are zero"),
        ([0, 1, 1], [1, 1], r"sample_weight: shape \(2,\); expected one a row: \(3,\)"),
    ],
)
def test_what_labels_and_weights_cannot_be(labels, weights, message):
    with pytest.raises(UsageError, match=message):
        SoftmaxClassifier().fit(np.eye(3), labels, weights)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_too_large_for_float32_are_refused_by_name(dtype):
    rows, labels = load_iris(return_X_y=True)
    huge = rows.astype(dtype) * dtype(4e37)
    with pytest.raises(UsageError, match=r"X: a value of 3.*e\+38; expected -1e\+38 to 1e\+38"):
        SoftmaxClassifier(**SMALL).fit(huge, labels)
    small = rows.astype(dtype) / dtype(1000)
    ours = SoftmaxClassifier(**SMALL).fit(small, labels)
    with pytest.raises(UsageError, match=r"X: a value of 3.*e\+38"):
        ours.predict(huge)
    small[7] = 9e37  # which float32 no longer holds once it is divided by a deviation
    with pytest.raises(UsageError, match="X: row 7 lies so far from the rows of the training"):
        ours.predict_proba(small)


def test_partial_fit_cannot_balance_and_needs_the_classes():
    with pytest.raises(UsageError, match="class_weight: 'balanced' needs all rows at once"):
        SoftmaxClassifier(class_weight="balanced").partial_fit(np.eye(2), [0, 1], classes=[0, 1])
    with pytest.raises(UsageError, match="classes: none given"):
        SoftmaxClassifier().partial_fit(np.eye(2), [0, 1])


def test_a_failed_fit_leaves_what_was_learnt():
    rows, labels = load_iris(return_X_y=True)
    ours = SoftmaxClassifier(**SMALL).fit(rows, labels)
    before = ours.predict_proba(rows)
    with pytest.raises(UsageError, match="learning_rate_init"):
        ours.set_params(learning_rate_init=1e6).fit(rows, labels)
    np.testing.assert_array_equal(ours.predict_proba(rows), before)


def test_torch_is_not_loaded():
    program = (
        "import sys, numpy; from tenfold.sklearn import SoftmaxClassifier; "
        "SoftmaxClassifier(max_iter=1).fit(numpy.eye(4), [0, 1, 0, 1]).predict(numpy.eye(4)); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_scikit_learn_the_extra_is_named():
    program = "import sys; sys.modules['sklearn'] = None; import tenfold.sklearn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "extra 'sklearn'" in done.stderr.splitlines()[-1]
