"""Early stopping: when it stops, what it keeps, and that an interruption changes nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tenfold.training.early_stopping import EarlyStopping
from tenfold.training.recipe import Recipe
from tenfold.training.run import Run, Settings

SETTINGS = Settings(data="/here", engine="reference", device="cpu", threads=1)


def weights_of(epoch):
    return {"l1.weight": np.full((2, 3), epoch, np.float32)}


def watched(run, accuracies, stopping=None, first=1):
    """Tell each epoch's accuracy, as a session does, until it is over; return the last epoch."""
    stopping = stopping or EarlyStopping(run)
    epoch = first - 1
    for epoch, accuracy in enumerate(accuracies, start=first):
        run.append({"epoch": epoch, "batch": 7, "validation_accuracy": accuracy})
        stopping.validated(epoch, accuracy, weights_of(epoch))
        if stopping.is_over(epoch):
            break
    return stopping, epoch


def last_epoch(accuracies, patience):
    """Write the rule down once more: over when the last ``patience`` accuracies beat none before them."""
    for epoch in range(patience + 1, len(accuracies) + 1):
        before, recent = accuracies[: epoch - patience], accuracies[epoch - patience : epoch]
        if max(recent) <= max(before):
            return epoch
    return len(accuracies)


accuracy_lists = st.lists(st.integers(0, 9).map(lambda tenths: tenths / 10), min_size=1, max_size=20)


@given(accuracy_lists, st.integers(1, 5))
def test_it_stops_when_patience_runs_out_and_keeps_the_first_of_the_best(
    tmp_path_factory, accuracies, patience
):
    recipe = Recipe.named("lecture").with_changes(patience=patience)
    run = Run.create(tmp_path_factory.mktemp("runs") / "run", recipe, SETTINGS)
    stopping, last = watched(run, accuracies)
    assert last == last_epoch(accuracies, patience)
    seen = accuracies[:last]
    assert (stopping.best_epoch, stopping.best_accuracy) == (seen.index(max(seen)) + 1, max(seen))
    np.testing.assert_array_equal(
        stopping.best_weights()["l1.weight"], weights_of(stopping.best_epoch)["l1.weight"]
    )


@given(accuracy_lists, st.integers(1, 5), st.data())
def test_it_remembers_across_an_interruption(tmp_path_factory, accuracies, patience, data):
    """A crash loses what came after the last checkpoint, but not the weights that were written meanwhile."""
    recipe = Recipe.named("lecture").with_changes(patience=patience)
    run = Run.create(tmp_path_factory.mktemp("runs") / "run", recipe, SETTINGS)
    whole, last = watched(run, accuracies)
    kept = data.draw(st.integers(0, last))
    run.rewind(kept, 0)
    again = EarlyStopping(run)
    if not again.is_over(kept):
        again, stopped = watched(run, accuracies[kept:], again, first=kept + 1)
        assert stopped == last
    assert (again.best_epoch, again.best_accuracy) == (whole.best_epoch, whole.best_accuracy)
    np.testing.assert_array_equal(
        again.best_weights()["l1.weight"], weights_of(whole.best_epoch)["l1.weight"]
    )


def test_without_patience_it_is_never_over(tmp_path):
    run = Run.create(tmp_path / "run", Recipe.named("lecture"), SETTINGS)
    assert not any(EarlyStopping(run).is_over(epoch) for epoch in (0, 1, 1000))
