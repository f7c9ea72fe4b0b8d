"""Checkpoints go on bit for bit, and refuse what has changed."""

from dataclasses import replace

import numpy as np
import pytest

from tenfold.errors import RunError
from tenfold.training.checkpoint import (
    Origin,
    checkpoints,
    latest_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from tenfold.training.engine import initial_snapshot
from tenfold.training.reference import ReferenceEngine
from tenfold.training.run import Settings
from tenfold.training.torch_engine import TorchEngine


@pytest.fixture
def origin(recipe):
    settings = Settings(data="/here", engine="reference", device="cpu", threads=2)
    return Origin(recipe, settings, "ab" * 32)


@pytest.mark.parametrize("engine", [ReferenceEngine(), TorchEngine()], ids=lambda engine: engine.name)
def test_from_every_checkpoint_the_end_is_the_same_to_the_bit(
    engine, recipe, examples, network, origin, tmp_path
):
    start = initial_snapshot(network, recipe, threads=2)
    places = []
    for number, event in enumerate(engine.fit(network, recipe, examples, start)):
        (folder := tmp_path / str(number)).mkdir()
        places.append(write_checkpoint(folder, event.snapshot(), origin))
    unbroken, _ = read_checkpoint(places[-1])
    assert len(places) > recipe.epochs
    for place in places[:-1]:
        state, _ = read_checkpoint(place)
        *_, last = engine.fit(network, recipe, examples, state)
        end = last.snapshot()
        for name in network.shapes:
            assert end.weights[name].tobytes() == unbroken.weights[name].tobytes()
            assert end.momentum[name].tobytes() == unbroken.momentum[name].tobytes()


def test_the_last_two_are_kept(recipe, network, origin, tmp_path):
    first = initial_snapshot(network, recipe, threads=1)
    for batch in (1, 2, 11, 3):
        write_checkpoint(tmp_path, type(first)(**{**vars(first), "batch": batch}), origin)
    assert [read_checkpoint(path)[0].batch for path in checkpoints(tmp_path)] == [3, 11]


def test_no_checkpoint_yet_is_no_error_and_leftovers_go(origin, tmp_path):
    (tmp_path / ".checkpoint-000001-000000000.safetensors.0123.partial").write_bytes(b"half")
    assert latest_checkpoint(tmp_path, origin) is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_one_gives_way_to_the_one_before(recipe, network, origin, tmp_path):
    first = initial_snapshot(network, recipe, threads=1)
    write_checkpoint(tmp_path, first, origin)
    damaged = write_checkpoint(tmp_path, type(first)(**{**vars(first), "batch": 5}), origin)
    content = bytearray(damaged.read_bytes())
    content[-3] ^= 1
    damaged.write_bytes(content)
    whole, damaged_again = checkpoints(tmp_path)
    assert latest_checkpoint(tmp_path, origin).batch == 0
    assert checkpoints(tmp_path) == [whole, damaged_again]
    whole.unlink()
    with pytest.raises(RunError, match="SHA-256"):
        latest_checkpoint(tmp_path, origin)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": {"lr": 0.2, "epochs": 4}}, r"epochs \(3 → 4\); lr \(0.1 → 0.2\)"),
        ({"data_sha256": "cd" * 32}, "images or labels"),
        ({"settings": {"engine": "torch", "size": (8, 8)}}, r"engine \(reference → torch\); size"),
    ],
)
def test_what_changed_since_the_run_began_is_named(recipe, network, origin, tmp_path, change, message):
    write_checkpoint(tmp_path, initial_snapshot(network, recipe, threads=1), origin)
    parts = vars(origin) | change
    if "recipe" in change:
        parts["recipe"] = recipe.with_changes(**change["recipe"])
    if "settings" in change:
        parts["settings"] = replace(origin.settings, **change["settings"])
    with pytest.raises(RunError, match=message):
        latest_checkpoint(tmp_path, Origin(**parts))


def test_random_numbers_are_part_of_it(recipe, network, origin, tmp_path):
    first = initial_snapshot(network, recipe, threads=3)
    again, began_with = read_checkpoint(write_checkpoint(tmp_path, first, origin))
    np.testing.assert_array_equal(again.generator, first.generator)
    assert (again.threads, again.epoch, again.batch, again.loss_sum) == (3, 0, 0, 0.0)
    assert began_with == origin


def test_data_that_has_only_moved_is_no_change(recipe, network, origin, tmp_path):
    write_checkpoint(tmp_path, initial_snapshot(network, recipe, threads=1), origin)
    moved = replace(origin, settings=replace(origin.settings, data="/there"))
    assert latest_checkpoint(tmp_path, moved) is not None
