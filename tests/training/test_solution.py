"""Softmax regression as an engine tells it: lines, one epoch, and the optimum that scikit-learn finds."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from tenfold.model.network import Network
from tenfold.training.engine import initial_snapshot
from tenfold.training.solution import solution


@pytest.fixture
def bare(recipe):
    return recipe.with_changes(hidden=(), solver="lbfgs", precision="float32", log_interval=3, c=0.5)


def told(recipe, examples, state=None):
    network = Network.for_task(30, (), 3)
    state = state or initial_snapshot(network, recipe, threads=1)
    return [(event, event.snapshot()) for event in solution(network, recipe, examples, state, None)]


def test_it_is_one_epoch_with_a_line_every_few_iterations_and_at_the_end(bare, examples):
    events = [event for event, _ in told(bare, examples)]
    assert [event.batch for event in events] == list(range(1, len(events) + 1))
    assert {event.epoch for event in events} == {1}
    assert [event.ends_epoch for event in events] == [False] * (len(events) - 1) + [True]
    lines = [event.batch for event in events if event.is_line]
    assert lines == sorted({*range(3, len(events) + 1, 3), len(events)})


def test_the_end_is_scikit_learns_optimum(bare, examples):
    _, end = told(bare, examples)[-1]
    theirs = LogisticRegression(C=0.5, max_iter=10_000, tol=1e-8)
    theirs.fit(examples.inputs / 255, examples.labels)
    logits = examples.rows(np.arange(100)) @ end.weights["l1.weight"].T + end.weights["l1.bias"]
    expected = theirs.predict_log_proba(examples.inputs / 255)
    np.testing.assert_allclose(log_softmax(logits, axis=1), expected, atol=0.02)


def test_only_the_end_is_a_place_to_go_on_from(bare, examples):
    events = told(bare, examples)
    assert [snapshot.epoch for _, snapshot in events] == [0] * (len(events) - 1) + [1]
    assert told(bare, examples, events[-1][1]) == []
    again = told(bare, examples, events[2][1])
    for name, tensor in events[-1][1].weights.items():
        assert again[-1][1].weights[name].tobytes() == tensor.tobytes()
