"""Softmax regression against scikit-learn and SciPy: no lower objective, the same probabilities."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_expit, log_softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tenfold import native
from tenfold.errors import DataError, UsageError
from tenfold.model.network import Network
from tenfold.training import curvature, regression
from tenfold.training.engine import Examples
from tenfold.training.regression import falls_to_come, solve

PATHS = [
    pytest.param(True, id="numpy"),
    pytest.param(
        False, id="compiled", marks=pytest.mark.skipif(native.absence() is not None, reason="not compiled")
    ),
]


def examples_of(inputs, labels, *, places=None, weights=None, mean=None, std=None):
    """Normalise as the program does: pixels with one scale, numbers with one a feature, constants by one."""
    pixels = inputs.dtype == np.uint8
    values = inputs / 255 if pixels else inputs.astype(np.float64)
    mean = values.mean(axis=None if pixels else 0) if mean is None else mean
    deviation = values.std(axis=None if pixels else 0) if std is None else std
    deviation = np.where(np.ptp(values, axis=None if pixels else 0) == 0, 1, deviation)
    return Examples(
        inputs,
        labels,
        np.atleast_1d(mean).astype(np.float32),
        np.atleast_1d(deviation).astype(np.float32),
        places=places,
        weights=weights,
    )


class Oracle:
    """The objective in float64, on inputs as they are, after scikit-learn's documentation."""

    def __init__(self, train, network, c):
        places = np.arange(len(train.labels)) if train.places is None else train.places
        pixels = train.inputs.dtype == np.uint8
        self.x = train.inputs[places].astype(np.float64) / (255 if pixels else 1)
        self.y = train.labels[places]
        self.w = np.ones(len(places)) if train.weights is None else train.weights[places].astype(np.float64)
        self.c, self.sigmoid, self.train = c, network.head_name == "sigmoid", train
        self.shape = (network.widths[1], network.inputs + 1)

    def log_probabilities(self, matrix):
        z = self.x @ matrix[:, :-1].T + matrix[:, -1]
        return log_expit(np.concatenate([-z, z], axis=1)) if self.sigmoid else log_softmax(z, axis=1)

    def objective(self, matrix):
        loss = -self.log_probabilities(matrix)[np.arange(len(self.y)), self.y]
        return 0.5 * (matrix[:, :-1] ** 2).sum() + self.c * (self.w * loss).sum()

    def gradient(self, matrix):
        p = np.exp(self.log_probabilities(matrix))
        p[np.arange(len(self.y)), self.y] -= 1
        g = (self.c * self.w)[:, np.newaxis] * (p[:, 1:] if self.sigmoid else p)
        penalty = np.column_stack([matrix[:, :-1], np.zeros(len(matrix))])
        return np.column_stack([g.T @ self.x, g.sum(axis=0)]) + penalty

    def minimum(self, *starts):
        """Let SciPy go down in float64 from several points; return the lowest objective that it finds."""
        with threadpool_limits(1):
            return min(self.fall(start) for start in starts)

    def fall(self, start):
        return minimize(
            lambda v: self.objective(v.reshape(self.shape)),
            start.ravel(),
            jac=lambda v: self.gradient(v.reshape(self.shape)).ravel(),
            method="L-BFGS-B",
            options={"maxiter": 300, "ftol": 1e-15, "gtol": 1e-10, "maxcor": 50},
        ).fun

    def of(self, tensors):
        """Carry the network's float32 tensors back to inputs as they are."""
        mean, std = (scale.astype(np.float64) for scale in self.train.scale)
        weight = tensors["l1.weight"].astype(np.float64) / std
        return np.column_stack([weight, tensors["l1.bias"] - weight @ mean])


def check(train, network, c, threads=2):
    """Solve, and compare with the oracle; return the last progress."""
    *_, last = solve(network, train, c, threads)
    oracle = Oracle(train, network, c)
    ours = oracle.of(last.weights)
    assert last.remark is None
    assert last.objective == pytest.approx(oracle.objective(ours), rel=1e-4)
    assert oracle.objective(ours) <= oracle.minimum(ours, np.zeros(oracle.shape)) * (1 + 1e-4)
    return last


@pytest.fixture(params=PATHS)
def by_numpy(request, monkeypatch):
    """Both ways to compute the objective."""
    if request.param:
        monkeypatch.setattr(native, "absence", lambda: "taken away")
    return request.param


@st.composite
def problems(draw):
    """Overlapping clouds of numbers or pixels, some features constant, some classes rare or absent."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    head = draw(st.sampled_from(["softmax", "sigmoid"]))
    classes = 2 if head == "sigmoid" else draw(st.integers(2, 5))
    features, count = draw(st.integers(1, 12)), draw(st.integers(30, 700))
    labels = random.integers(0, classes, count)
    centres = random.normal(size=(classes, features)) * draw(st.sampled_from([0.0, 0.5, 2.0]))
    rows = centres[labels] + random.normal(size=(count, features))
    rows[:, random.random(features) < 0.2] = 0.25
    if draw(st.booleans()):
        inputs = np.clip(128 + 40 * rows, 0, 255).astype(np.uint8)
    else:
        inputs = (rows * 10.0 ** random.integers(-2, 3, features)).astype(np.float32)
    weights = random.uniform(0, 3, count).astype(np.float32) if draw(st.booleans()) else None
    places = np.sort(random.permutation(count)[: count // 2 + 1]) if draw(st.booleans()) else None
    c = 10.0 ** draw(st.integers(-4, 4))
    return (
        examples_of(inputs, labels, places=places, weights=weights),
        Network.for_task(features, (), classes, head),
        c,
    )


@settings(max_examples=60)
@given(problem=problems())
def test_no_lower_objective_is_found_by_scipy(problem):
    check(*problem)


@settings(max_examples=30)
@given(problem=problems())
def test_nor_is_there_one_below_that_of_numpy_alone(problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "absence", lambda: "taken away")
        check(*problem)


@pytest.mark.parametrize("c", [1e-4, 1.0, 100.0])
def test_probabilities_are_scikit_learns(by_numpy, c):
    pixels, labels = load_digits(return_X_y=True)
    pixels = np.round(pixels * 255 / 16).astype(np.uint8)
    network = Network((64, 10))
    train = examples_of(pixels, labels)
    last = check(train, network, c)
    with threadpool_limits(1):
        peer = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-8).fit(pixels / 255, labels)
    ours = np.exp(Oracle(train, network, c).log_probabilities(Oracle(train, network, c).of(last.weights)))
    np.testing.assert_allclose(ours, peer.predict_proba(pixels / 255), atol=0.02)


def test_separable_classes_with_a_weak_penalty(by_numpy):
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 400)
    rows = (np.eye(3, 6)[labels] * 8 + random.normal(size=(400, 6))).astype(np.float32)
    check(examples_of(rows, labels), Network((6, 3)), 1e4)


def test_class_that_no_example_has(by_numpy):
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 300)
    rows = (np.eye(3, 5)[labels] + random.normal(size=(300, 5))).astype(np.float32)
    train = examples_of(rows, labels)
    last = check(train, Network((5, 4)), 1.0)
    peer = LogisticRegression(solver="newton-cholesky", tol=1e-8).fit(rows, labels)
    z = train.rows(np.arange(300)) @ last.weights["l1.weight"].T + last.weights["l1.bias"]
    p = np.exp(log_softmax(z, axis=1))
    assert p[:, 3].max() < 1e-3
    np.testing.assert_allclose(p[:, :3], peer.predict_proba(rows), atol=0.01)


def test_single_class(by_numpy):
    rows = np.random.default_rng(3).normal(size=(50, 2)).astype(np.float32)
    *_, last = solve(Network((2, 1), "sigmoid"), examples_of(rows, np.ones(50, np.int64)), 1.0, 1)
    assert last.remark is None
    assert last.objective < 1e-6


def test_a_weight_counts_as_so_many_examples(by_numpy):
    random = np.random.default_rng(4)
    rows = random.normal(size=(120, 3)).astype(np.float32)
    labels, counts = random.integers(0, 3, 120), random.integers(0, 4, 120)
    scale = {"mean": np.zeros(3), "std": np.ones(3)}
    repeated = examples_of(np.repeat(rows, counts, axis=0), np.repeat(labels, counts), **scale)
    weighted = examples_of(rows, labels, weights=counts.astype(np.float32), **scale)
    *_, a = solve(Network((3, 3)), repeated, 1.0, 1)
    *_, b = solve(Network((3, 3)), weighted, 1.0, 1)
    assert a.objective == pytest.approx(b.objective, rel=1e-4)
    np.testing.assert_allclose(a.coefficients, b.coefficients, atol=0.02)


def test_normalisation_changes_nothing():
    random = np.random.default_rng(5)
    rows, labels = random.normal(3, 2, size=(200, 4)).astype(np.float32), random.integers(0, 3, 200)
    plain = examples_of(rows, labels, mean=np.zeros(4), std=np.ones(4))
    found = [check(train, Network((4, 3)), 0.1).objective for train in (examples_of(rows, labels), plain)]
    assert found[0] == pytest.approx(found[1], rel=2e-4)


@pytest.mark.parametrize("limit", [1, 64, 150], ids=["diagonals", "one block", "a block an output"])
def test_coarser_curvature_leads_to_the_same_minimum(monkeypatch, limit):
    monkeypatch.setattr(curvature, "MOST_BLOCK_NUMBERS", limit)
    random = np.random.default_rng(6)
    labels = random.integers(0, 3, 500)
    rows = (np.eye(3, 6)[labels] + random.normal(size=(500, 6))).astype(np.float32)
    check(examples_of(rows, labels), Network((6, 3)), 1.0)


def test_sampled_curvature_leads_to_the_same_minimum(monkeypatch):
    for name, value in (("MOST_ROWS", 900), ("LEAST_ROWS", 200)):
        monkeypatch.setattr(curvature, name, value)
    random = np.random.default_rng(7)
    labels = random.integers(0, 3, 3_000)
    rows = (np.eye(3, 9)[labels] + random.normal(size=(3_000, 9))).astype(np.float32)
    check(examples_of(rows, labels), Network((9, 3)), 10.0)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_bits_do_not_depend_on_threads(by_numpy, head):
    random = np.random.default_rng(8)
    pixels, labels = random.integers(0, 256, (5_000, 40), np.uint8), random.integers(0, 2, 5_000)
    network = Network.for_task(40, (), 2, head)
    found = [list(solve(network, examples_of(pixels, labels), 1.0, threads)) for threads in (1, 2, 5)]
    for other in found[1:]:
        assert [progress.objective for progress in other] == [progress.objective for progress in found[0]]
        np.testing.assert_array_equal(other[-1].coefficients, found[0][-1].coefficients)


def test_objective_falls_and_progress_counts(by_numpy):
    random = np.random.default_rng(9)
    rows, labels = random.normal(size=(300, 5)).astype(np.float32), random.integers(0, 4, 300)
    found = list(solve(Network((5, 4)), examples_of(rows, labels), 1.0, 1))
    assert [progress.iteration for progress in found] == list(range(1, len(found) + 1))
    assert all(later.objective <= earlier.objective for earlier, later in pairwise(found[:-1]))
    assert [progress.is_last for progress in found] == [False] * (len(found) - 1) + [True]
    assert found[-1].loss < np.log(4)
    assert found[-1].weights["l1.weight"].dtype == np.float32


def test_too_few_iterations_are_remarked_upon(monkeypatch):
    monkeypatch.setattr(regression, "MOST_ITERATIONS", 3)
    random = np.random.default_rng(10)
    rows, labels = random.normal(size=(300, 5)).astype(np.float32), random.integers(0, 4, 300)
    *_, last = solve(Network((5, 4)), examples_of(rows, labels), 100.0, 1)
    assert "not at the minimum after 3 iterations" in last.remark


@given(st.floats(0.5, 0.99), st.floats(1e-3, 1e3))
def test_falls_of_a_geometric_series_are_foretold(ratio, first):
    values = [first * ratio**k for k in range(40)]
    assert falls_to_come(values) >= values[-1] * (1 - 1e-6)
    if ratio**regression.WINDOW > 0.5:
        assert falls_to_come(values) == pytest.approx(values[-1], rel=1e-3)


@pytest.mark.parametrize("c", [0.0, -1.0, np.inf, np.nan])
def test_penalties_that_mean_nothing_are_refused(c):
    with pytest.raises(UsageError, match="above 0"):
        next(solve(Network((2, 2)), examples_of(np.zeros((3, 2), np.float32), np.arange(3) % 2), c, 1))


def test_hidden_layers_are_refused():
    with pytest.raises(UsageError, match="no hidden layers"):
        next(solve(Network((2, 3, 2)), examples_of(np.zeros((3, 2), np.float32), np.arange(3) % 2), 1.0, 1))


def test_nothing_to_learn_from_is_refused():
    train = examples_of(np.zeros((3, 2), np.float32), np.arange(3) % 2, weights=np.zeros(3, np.float32))
    with pytest.raises(DataError, match="no example has a weight above zero"):
        next(solve(Network((2, 2)), train, 1.0, 1))
