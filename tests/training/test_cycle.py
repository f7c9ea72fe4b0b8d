"""The training cycle: which losses a line covers, in which order images come, and how it goes on."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.model.network import Network
from tenfold.training.cycle import TrainingCycle
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.recipe import Recipe


class Recorder:
    """Learns nothing, remembers its batches; the loss of a batch is its first index."""

    threads = 1

    def __init__(self):
        self.batches = []

    def train(self, stretch):
        new = [batch for batch, _ in stretch]
        self.batches += new
        return [float(batch[0]) for batch in new]

    def weights(self):
        return {}

    def momentum(self):
        return {}


cycles = st.builds(
    lambda **changes: Recipe.named("lecture").with_changes(**changes),
    epochs=st.integers(1, 3),
    batch_size=st.integers(1, 9),
    log_interval=st.integers(1, 12),
    seed=st.integers(0, 99),
)


def blank(count, places=None):
    return Examples(
        np.zeros((count, 2), np.uint8), np.zeros(count, np.int64), np.ones(1), np.ones(1), places=places
    )


def run(recipe, examples, state=None):
    recorder = Recorder()
    state = state or initial_snapshot(Network((2, 2)), recipe, threads=1)
    events = []
    for event in TrainingCycle(recorder, recipe, blank(examples), state):
        events.append((event, event.snapshot()))
    return recorder, events


@given(cycles, st.integers(1, 60))
def test_every_epoch_sees_every_image_once_the_last_batch_short(recipe, examples):
    recorder, _ = run(recipe, examples)
    per_epoch = math.ceil(examples / recipe.batch_size)
    assert len(recorder.batches) == recipe.epochs * per_epoch
    for start in range(0, len(recorder.batches), per_epoch):
        epoch = recorder.batches[start : start + per_epoch]
        sizes = [len(batch) for batch in epoch]
        assert sizes == [len(part) for part in torch.arange(examples).split(recipe.batch_size)]
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch)), np.arange(examples))


@given(cycles, st.integers(1, 60))
def test_a_line_is_the_mean_of_its_own_batches(recipe, examples):
    """As the lecture sums: from zero at each epoch's start and after each line."""
    recorder, events = run(recipe, examples)
    batches = math.ceil(examples / recipe.batch_size)
    expected = []
    losses = iter(recorder.batches)
    for epoch in range(1, recipe.epochs + 1):
        running = []
        for batch in range(1, batches + 1):
            running.append(next(losses)[0])
            if batch % recipe.log_interval == 0 or (batch == batches and batches < recipe.log_interval):
                expected.append((epoch, batch, np.mean(running)))
                running = []
    lines = [(event.epoch, event.batch, event.loss) for event, _ in events if event.is_line]
    assert [line[:2] for line in lines] == [line[:2] for line in expected]
    np.testing.assert_allclose([line[2] for line in lines], [line[2] for line in expected])


@given(cycles, st.integers(1, 60), st.data())
def test_from_any_snapshot_the_rest_is_the_same(recipe, examples, data):
    recorder, events = run(recipe, examples)
    event, snapshot = data.draw(st.sampled_from(events))
    done = snapshot.epoch * event.batches + snapshot.batch
    rest, later = run(recipe, examples, snapshot)
    for ours, theirs in zip(rest.batches, recorder.batches[done:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    lines = [(e.epoch, e.batch, e.loss) for e, _ in events if e.is_line]
    again = [(e.epoch, e.batch, e.loss) for e, _ in later if e.is_line]
    assert again == lines[len(lines) - len(again) :]


def test_a_finished_training_has_nothing_more_to_say():
    recipe = Recipe.named("lecture").with_changes(epochs=1)
    _, events = run(recipe, 10)
    assert run(recipe, 10, events[-1][1])[1] == []


def test_the_lecture_prints_three_lines_an_epoch_and_none_for_the_last_38_batches():
    _, events = run(Recipe.named("lecture").with_changes(epochs=1), 60_000)
    assert [event.batch for event, _ in events if event.is_line] == [300, 600, 900]
    assert events[-1][0].batch == 938
