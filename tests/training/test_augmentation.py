"""Augmentations: numbers within their limits, refusals that name them, a round trip through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.errors import UsageError
from tenfold.training.augmentation import AUGMENTATIONS, LIMITS, Augmentation

augmentations = st.builds(
    Augmentation, **{name: st.floats(0, limit) for name, limit in LIMITS.items()}, mirror=st.booleans()
)


@given(augmentations)
def test_an_augmentation_survives_json(augmentation):
    assert Augmentation.from_dict(json.loads(json.dumps(augmentation.to_dict()))) == augmentation


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [-0.01, 46, float("nan"), float("inf"), "far", True, None])
def test_a_number_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(
        UsageError, match=f"^augmentation: {name} is .*; expected a number from 0 to "
    ) as raised:
        Augmentation(**{name: value})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_a_mirror_is_there_or_not(value):
    with pytest.raises(UsageError, match="^augmentation: mirror is .*; expected true or false"):
        Augmentation(mirror=value)


def test_an_unknown_number_is_refused_by_name():
    with pytest.raises(UsageError, match="^augmentation: unknown field 'blur'; expected rotation, scaling"):
        Augmentation.from_dict({"rotation": 3, "blur": 1})


def test_none_moves_nothing_and_whole_numbers_are_taken():
    assert AUGMENTATIONS["none"] == Augmentation() == Augmentation.from_dict({})
    assert Augmentation(rotation=12) == Augmentation(rotation=12.0)
