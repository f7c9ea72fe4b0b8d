"""Recipes: the lecture's numbers, a round trip through TOML, and refusals that name the field."""

import json
import re

import numpy as np
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from tenfold.errors import UsageError
from tenfold.training.augmentation import AUGMENTATIONS, LIMITS, Augmentation
from tenfold.training.recipe import (
    CLASS_WEIGHTS,
    FIRST_WEIGHTS,
    HEADS,
    PRECISIONS,
    SCHEDULES,
    SOLVED,
    SOLVERS,
    Recipe,
)

shares = st.floats(0, 1, exclude_max=True)
augmentations = st.sampled_from(["auto", *AUGMENTATIONS]) | st.builds(
    Augmentation, **{name: st.floats(0, limit) for name, limit in LIMITS.items()}, mirror=st.booleans()
)
recipes = st.builds(
    Recipe,
    name=st.text(st.characters(codec="utf-8"), max_size=9),
    epochs=st.integers(1, 1_000_000),
    batch_size=st.integers(1, 1_000_000),
    lr=st.floats(0, 1e6),
    momentum=shares,
    hidden=st.lists(st.integers(1, 8192), min_size=1, max_size=4).map(tuple),
    least_steps=st.integers(0, 10**9),
    schedule=st.sampled_from(SCHEDULES),
    warmup=shares,
    nesterov=st.booleans(),
    weight_decay=st.floats(0, 1e3),
    label_smoothing=shares,
    first_weights=st.sampled_from(FIRST_WEIGHTS),
    augmentation=augmentations,
    solver=st.sampled_from(SOLVERS[:2]),
    c=st.floats(0, 1e12, exclude_min=True),
    calibration_images=st.integers(0, 10**9),
    patience=st.integers(0, 10**6),
    class_weight=st.sampled_from(CLASS_WEIGHTS),
    head=st.sampled_from(HEADS),
    precision=st.sampled_from(PRECISIONS),
    log_interval=st.integers(1, 10**9),
    seed=st.integers(0, 2**32 - 1),
)


MINIMAL = 'name = "x"\nepochs = 1\nbatch_size = 1\nlr = 1\nmomentum = 0\nhidden = []\n'


def test_the_lectures_numbers():
    lecture = Recipe.named("lecture")
    assert (lecture.epochs, lecture.batch_size, lecture.lr, lecture.momentum) == (10, 64, 0.01, 0.5)
    assert lecture.hidden == (512, 256, 128, 64)
    assert lecture.log_interval == 300
    assert lecture.head == "softmax"


@given(recipes)
def test_a_recipe_survives_its_file(recipe):
    text = tomli_w.dumps(recipe.to_dict() | {"run": {"data": "mnist"}})
    assert Recipe.from_toml(text, "a file") == recipe


def test_an_augmentation_is_a_table_that_a_person_can_write():
    recipe = Recipe.from_toml(MINIMAL + "[augmentation]\nrotation = 3\nmirror = true", "a file")
    assert recipe.augmentation == Augmentation(rotation=3, mirror=True)
    assert recipe.distorts
    named = Recipe.from_toml(MINIMAL + 'augmentation = "handwriting"', "a file")
    assert named.distortion == AUGMENTATIONS["handwriting"]
    assert not Recipe.from_toml(MINIMAL, "a file").distorts


def test_a_file_from_before_these_fields_is_the_lectures_way():
    """Runs and models of version 0.1 have no more than these."""
    written = {
        "name": "lecture",
        "epochs": 10,
        "batch_size": 64,
        "lr": 0.01,
        "momentum": 0.5,
        "hidden": [512, 256, 128, 64],
        "head": "softmax",
        "precision": "auto",
        "log_interval": 300,
        "seed": 0,
    }
    assert Recipe.from_toml(tomli_w.dumps(written), "an old file") == Recipe.named("lecture")


@pytest.mark.parametrize("name", Recipe.names())
def test_every_recipe_that_comes_along_is_whole_and_named_as_its_file(name):
    recipe = Recipe.named(name)
    assert recipe.name == name
    assert recipe.hidden == (512, 256, 128, 64)


@given(recipes, recipes)
def test_what_is_left_open_is_settled_as_the_run_did_and_nothing_else(asked, run):
    settled = asked.settled_as(run)
    assert settled.settled_as(run) == settled
    for name, value in vars(settled).items():
        is_open = vars(asked)[name] == "auto" or (asked.least_steps and name in ("least_steps", "epochs"))
        is_open |= settled.solver == "lbfgs" and name in SOLVED
        assert value == (vars(run)[name] if is_open else vars(asked)[name])


def test_numbers_of_an_augmentation_that_is_left_open_are_a_mistake_of_ours():
    with pytest.raises(AssertionError, match="adapt the recipe"):
        _ = Recipe.named("lecture").with_changes(augmentation="auto").distorts


@given(recipes, recipes)
def test_differences_are_named_with_both_values(one, other):
    named = {difference.partition(" ")[0] for difference in one.differences(other)}
    assert set(one.to_dict()) == set(vars(one))
    assert named == {name for name, value in vars(one).items() if value != vars(other)[name]}


def test_lists_and_numpys_numbers_are_taken():
    lecture = Recipe.named("lecture")
    changed = lecture.with_changes(epochs=np.int64(3), lr=np.float32(0.5), hidden=[np.int32(7), 5])
    assert changed == lecture.with_changes(epochs=3, lr=0.5, hidden=(7, 5))
    assert json.dumps(changed.to_dict())


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": True},
        {"batch_size": -1},
        {"lr": float("nan")},
        {"lr": -0.1},
        {"lr": "fast"},
        {"momentum": 1},
        {"momentum": 1.5},
        {"hidden": (5, 0)},
        {"hidden": "55"},
        {"hidden": [5.5]},
        {"head": "tanh"},
        {"precision": "int8"},
        {"log_interval": 0},
        {"seed": -1},
        {"seed": 2**32},
        {"least_steps": -1},
        {"least_steps": 0.5},
        {"schedule": "steps"},
        {"schedule": None},
        {"warmup": 1},
        {"warmup": -0.1},
        {"warmup": float("nan")},
        {"nesterov": "yes"},
        {"nesterov": 1},
        {"weight_decay": -1e-4},
        {"weight_decay": 1001},
        {"label_smoothing": 1.0},
        {"label_smoothing": True},
        {"first_weights": "zero"},
        {"augmentation": "flips"},
        {"augmentation": 3},
        {"augmentation": [1, 2]},
        {"augmentation": {"rotation": 90}},
        {"augmentation": {"blur": 1}},
        {"augmentation": {"mirror": 1}},
        {"solver": "adam"},
        {"solver": "lbfgs"},  # with hidden layers
        {"c": 0},
        {"c": -1},
        {"c": float("inf")},
        {"calibration_images": -1},
        {"patience": -1},
        {"patience": 2.5},
        {"class_weight": "equal"},
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(change):
    (field,) = change
    with pytest.raises(UsageError, match=f"^{field}: ") as raised:
        Recipe.named("lecture").with_changes(**change)
    assert "expected" in str(raised.value) or "use" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs = ", "not a TOML file"),
        ("epochs = 3", "missing field"),
        ("speed = 3", "unknown field 'speed'"),
        (MINIMAL + "[augmentation]\nrotation = 3\nzoom = 1", "augmentation: unknown field 'zoom'"),
        (MINIMAL + "[augmentation]\nshift = 0.6", "augmentation: shift is 0.6"),
        (MINIMAL + 'augmentation = "wild"', "augmentation: 'wild'"),
        ('name = "x"\nepochs = 0\nbatch_size = 1\nlr = 1\nmomentum = 0\nhidden = []', "epochs: 0"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_with_its_name(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(str(path)) + ".*" + message) as raised:
        Recipe.read(path)
    assert "\n" not in str(raised.value)


def test_unknown_names_and_missing_files_say_what_there_is(tmp_path):
    with pytest.raises(UsageError, match="no recipe is called 'slow'; expected .*lecture"):
        Recipe.named("slow")
    with pytest.raises(UsageError, match="cannot be read"):
        Recipe.read(tmp_path / "none.toml")
