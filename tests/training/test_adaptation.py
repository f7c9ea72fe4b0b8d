"""What a recipe leaves open: solver, epochs, and what fits into a budget, by a clock that the test turns."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.image_set import ImageSet, Splits
from tenfold.errors import UsageError
from tenfold.training import adaptation, trial
from tenfold.training.adaptation import (
    CLOSING_SECONDS,
    MOST_EPOCHS,
    PROBE_SECONDS,
    RESERVE,
    Deadline,
    adapted,
)
from tenfold.training.augmentation import AUGMENTATIONS
from tenfold.training.engine import Event
from tenfold.training.partition import partition
from tenfold.training.recipe import Recipe
from tenfold.training.reference import ReferenceEngine

FAST = Recipe.named("fast").with_changes(precision="float32")


def splits_of(count, tested=10, size=(4, 4)):
    def part(images):
        return ImageSet(np.zeros((images, *size), np.uint8), np.arange(images) % 2, ("a", "b"), "memory")

    return Splits(train=part(count), test=part(tested))


class Clock:
    """Stands still until it is turned."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class SteadyEngine:
    """Learns nothing, at a rate; a stretch takes a twentieth of a second."""

    name, precisions = "steady", ("float32",)

    def __init__(self, clock, images_per_second):
        self._clock, self._rate = clock, images_per_second
        self.seconds = 0.0

    def fit(self, network, recipe, train, state):
        assert recipe.augmentation != "auto"
        for batch in range(1, 1000):
            self._clock.now += 0.05
            self.seconds += 0.05
            yield Event(1, batch, 1000, 0.0, False, 0.1, self._rate, lambda: state)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module, name in ((adaptation, "monotonic"), (trial, "perf_counter")):
        monkeypatch.setattr(module, "time", SimpleNamespace(**{name: clock}))
    return clock


@pytest.mark.parametrize("budget", [1.0, 2.0, 10.0, 600.0])
@pytest.mark.parametrize("rate", [500.0, 3_000.0, 40_000.0])
def test_as_many_epochs_as_fit_into_a_budget(clock, monkeypatch, budget, rate):
    """A test image takes a fifth of the time of a training image."""

    def tests(self, weights, images):
        clock.now += 0.2 * len(images) / rate
        return 0

    monkeypatch.setattr(trial.Trial, "_count_correct", tests)
    splits, engine, notes = splits_of(1000, tested=200), SteadyEngine(clock, rate), []
    deadline = Deadline(budget)
    began = clock.now
    recipe = adapted(FAST, splits, engine, 1, deadline, notes.append)
    assert PROBE_SECONDS <= engine.seconds <= PROBE_SECONDS + 0.1
    spent = clock.now - began
    assert deadline.left == pytest.approx(budget - spent)
    epoch = (900 + 0.2 * 200) / rate
    left = budget * (1 - RESERVE) - CLOSING_SECONDS - spent
    assert recipe.epochs == 1 or recipe.epochs * epoch <= left * (1 + 1e-9)
    assert (recipe.epochs + 1) * epoch > left
    assert recipe.least_steps == 0
    fit = "1 epoch fits" if recipe.epochs == 1 else f"{recipe.epochs} epochs fit"
    assert notes == [f"budget: {fit} into {budget:.1f} s"]


def test_a_budget_that_is_spent_already_leaves_one_epoch(clock):
    assert adapted(FAST, splits_of(100), SteadyEngine(clock, 10.0), 1, Deadline(1e-3)).epochs == 1


def test_a_budget_for_ever_ends_at_the_most_epochs_that_a_recipe_may_have(clock):
    assert adapted(FAST, splits_of(20), SteadyEngine(clock, 1e6), 1, Deadline(1e9)).epochs == 1_000_000


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, -math.inf])
def test_a_budget_is_some_time(seconds):
    with pytest.raises(UsageError, match="^budget: .*; expected more than zero"):
        Deadline(seconds)


@given(st.integers(1, 3_000), st.integers(1, 500), st.integers(1, 50), st.integers(0, 5_000))
def test_small_data_gets_the_least_steps_and_no_epoch_more(count, batch_size, epochs, least):
    recipe = FAST.with_changes(batch_size=batch_size, epochs=epochs, least_steps=least)
    found = adapted(recipe, splits_of(count), ReferenceEngine(), 1)
    steps = math.ceil(len(partition(np.arange(count) % 2, recipe).learn) / batch_size)
    assert found.epochs * steps >= least or found.epochs == MOST_EPOCHS
    assert found.epochs == epochs or (found.epochs > epochs and (found.epochs - 1) * steps < least)
    assert found.epochs <= max(epochs, MOST_EPOCHS)
    assert found.least_steps == 0


def test_no_hidden_layer_means_the_optimum_unless_another_way_is_asked_for():
    splits, bare = splits_of(40), FAST.with_changes(hidden=())
    solved = adapted(bare, splits, ReferenceEngine(), 1)
    assert (solved.solver, solved.epochs, solved.least_steps) == ("lbfgs", 1, 0)
    assert not solved.distorts
    assert adapted(FAST, splits, ReferenceEngine(), 1).solver == "sgd"
    asked = [bare.with_changes(solver="sgd"), bare.with_changes(augmentation="handwriting")]
    assert {adapted(recipe, splits, ReferenceEngine(), 1).solver for recipe in asked} == {"sgd"}
    best = Recipe.named("best").with_changes(hidden=(), precision="float32")
    assert adapted(best, splits, ReferenceEngine(), 1).solver == "lbfgs"


def test_an_optimum_takes_the_time_that_it_takes():
    with pytest.raises(UsageError, match="^budget: softmax regression is solved to its optimum"):
        adapted(FAST.with_changes(hidden=()), splits_of(40), ReferenceEngine(), 1, Deadline(5))


@pytest.mark.parametrize("size", [(1, 6), (6, 1), (513, 2)])
def test_sizes_that_cannot_be_distorted_are_refused_or_left_alone(size):
    splits = splits_of(40, size=size)
    with pytest.raises(UsageError, match=f"^augmentation: the images are {size[0]} x {size[1]} pixels"):
        adapted(FAST.with_changes(augmentation="handwriting"), splits, ReferenceEngine(), 1)
    best = Recipe.named("best").with_changes(hidden=(3,), precision="float32")
    found = adapted(best, splits, ReferenceEngine(), 1)
    assert found.augmentation == AUGMENTATIONS["none"]


@pytest.mark.parametrize("name", Recipe.names())
def test_nothing_is_left_open_and_a_settled_recipe_stays_as_it_is(name):
    recipe = Recipe.named(name).with_changes(hidden=(3,), precision="float32", epochs=2)
    notes = []
    splits = splits_of(40)
    settled = adapted(recipe, splits, ReferenceEngine(), 1, note=notes.append)
    assert "auto" not in settled.to_dict().values()
    assert adapted(settled, splits, ReferenceEngine(), 1) == settled
    assert any(note.startswith("augmentation: ") for note in notes) == (recipe.augmentation == "auto")


def test_too_few_steps_are_pointed_out_where_the_recipe_asks_for_no_least():
    lecture, notes = Recipe.named("lecture"), []
    adapted(lecture, splits_of(4_000), ReferenceEngine(), 1, note=notes.append)
    (note,) = notes
    assert note.startswith("4,000 images make 630 steps in all")
    adapted(lecture, splits_of(60_000), ReferenceEngine(), 1, note=notes.append)
    assert notes == [note]
    adapted(FAST, splits_of(4_000), ReferenceEngine(), 1, note=notes.append)
    assert notes == [note, "epochs: 16, as 3,600 images make 57 steps an epoch"]


def test_lopsided_classes_are_pointed_out_until_they_are_weighed():
    labels, notes = (np.arange(200) % 20 == 0).astype(np.int64), []
    part = ImageSet(np.zeros((200, 4, 4), np.uint8), labels, ("a", "b"), "memory")
    splits = Splits(part, part)
    enough = FAST.with_changes(epochs=300)
    adapted(enough, splits, ReferenceEngine(), 1, note=notes.append)
    (note,) = notes
    assert note.startswith("classes are lopsided (10 to 190 images)")
    adapted(enough.with_changes(class_weight="balanced"), splits, ReferenceEngine(), 1, note=notes.append)
    assert notes == [note]
