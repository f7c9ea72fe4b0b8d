"""Recipes: the lecture's numbers, a round trip through TOML, and refusals that name the field."""

import json
import re

import numpy as np
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from tenfold.errors import UsageError
from tenfold.training.recipe import HEADS, PRECISIONS, Recipe

recipes = st.builds(
    Recipe,
    name=st.text(st.characters(codec="utf-8"), max_size=9),
    epochs=st.integers(1, 1_000_000),
    batch_size=st.integers(1, 1_000_000),
    lr=st.floats(0, 1e6),
    momentum=st.floats(0, 1, exclude_max=True),
    hidden=st.lists(st.integers(1, 8192), max_size=4).map(tuple),
    head=st.sampled_from(HEADS),
    precision=st.sampled_from(PRECISIONS),
    log_interval=st.integers(1, 10**9),
    seed=st.integers(0, 2**32 - 1),
)


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


@given(recipes, recipes)
def test_differences_are_named_with_both_values(one, other):
    named = {difference.partition(" ")[0] for difference in one.differences(other)}
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
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(change):
    (field,) = change
    with pytest.raises(UsageError, match=f"^{field}: ") as raised:
        Recipe.named("lecture").with_changes(**change)
    assert "expected" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs = ", "not a TOML file"),
        ("epochs = 3", "missing field"),
        ("speed = 3", "unknown field 'speed'"),
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
