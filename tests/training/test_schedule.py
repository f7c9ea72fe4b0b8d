"""The schedule against PyTorch's schedulers, and by its properties."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from tenfold.training.recipe import SCHEDULES, Recipe
from tenfold.training.schedule import learning_rates

LECTURE = Recipe.named("lecture")
recipes = st.builds(
    LECTURE.with_changes,
    lr=st.floats(1e-6, 10),
    schedule=st.sampled_from(SCHEDULES),
    warmup=st.floats(0, 0.99),
)


def pytorchs(phases, lr, steps):
    """Return the rates of PyTorch's schedulers, one after the other: each a function and its steps."""
    rates = []
    for make, length in phases:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        scheduler = make(optimizer)
        for _ in range(length):
            rates += scheduler.get_last_lr()
            optimizer.step()
            scheduler.step()
    assert len(rates) == steps
    return rates


FALLS = {
    "constant": lambda steps: lambda optimizer: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    "linear": lambda steps: lambda optimizer: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps),
    "cosine": lambda steps: lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("rising", "falling"), [(0, 1), (0, 30), (1, 9), (10, 30), (15, 5)])
def test_rises_and_falls_are_pytorchs(schedule, rising, falling):
    steps = rising + falling
    recipe = LECTURE.with_changes(lr=0.3, schedule=schedule, warmup=rising / steps)
    phases = [(FALLS[schedule](falling), falling)]
    if rising > 1:
        phases.insert(
            0, (lambda o: lr_scheduler.LinearLR(o, 1 / rising, 1.0, total_iters=rising - 1), rising)
        )
    elif rising:
        phases.insert(0, (FALLS["constant"](1), 1))
    ours = learning_rates(recipe, steps, 0, steps)
    np.testing.assert_allclose(ours, pytorchs(phases, 0.3, steps), rtol=1e-10)


@given(recipes, st.integers(1, 200))
def test_a_rate_is_never_zero_nor_beyond_its_peak_and_has_one_summit(recipe, steps):
    rates = learning_rates(recipe, steps, 0, steps)
    assert len(rates) == steps
    assert (rates > 0).all()
    assert (rates <= recipe.lr * (1 + 1e-12)).all()
    summit = int(rates.argmax())
    assert rates[summit] == pytest.approx(recipe.lr)
    assert (np.diff(rates[: summit + 1]) > 0).all()
    assert (np.diff(rates[summit:]) <= 1e-12 * recipe.lr).all()


@given(recipes, st.integers(1, 200), st.data())
def test_steps_do_not_depend_on_how_they_are_asked_for(recipe, steps, data):
    first = data.draw(st.integers(0, steps))
    last = data.draw(st.integers(first, steps))
    whole = learning_rates(recipe, steps, 0, steps)
    np.testing.assert_array_equal(learning_rates(recipe, steps, first, last), whole[first:last])


@given(st.sampled_from(["linear", "cosine"]), st.floats(0, 0.9), st.integers(2, 200))
def test_a_fall_would_reach_zero_one_step_after_the_last(schedule, warmup, steps):
    assume(round(warmup * steps) < steps)  # else nothing is left to fall
    recipe = LECTURE.with_changes(lr=1.0, schedule=schedule, warmup=warmup)
    assert learning_rates(recipe, steps, steps, steps + 1)[0] == pytest.approx(0, abs=1e-12)


def test_the_lecture_has_one_rate():
    assert set(learning_rates(LECTURE, 9380, 0, 9380).tolist()) == {0.01}
