"""What flags mean: a time is a time, or it is refused."""

import pytest
from click import BadParameter
from hypothesis import given
from hypothesis import strategies as st

from tenfold.cli.options import seconds


@given(st.integers(1, 10**6), st.sampled_from([("", 1), ("s", 1), ("m", 60), ("h", 3600)]))
def test_whole_numbers_of_any_unit(number, unit):
    letter, length = unit
    assert seconds(f"{number}{letter}") == number * length


@pytest.mark.parametrize(
    ("text", "meant"), [("10s", 10), ("2m", 120), ("1.5h", 5400), ("0.5", 0.5), ("007s", 7)]
)
def test_times(text, meant):
    assert seconds(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "ten",
        "-5",
        "-5s",
        "5 s",
        "5d",
        "1e3",
        "1,5s",
        ".5s",
        "5.",
        "nan",
        "inf",
        "0",
        "0s",
        "0.0h",
        "5s\n",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadParameter, match="(?s)^'.*'; expected a time such as 10s, 2m or 1h$") as raised:
        seconds(text)
    assert repr(text)[1:-1] in str(raised.value).replace("\n", "\\n")


@given(st.text(max_size=8))
def test_any_text_is_a_time_or_is_refused(text):
    try:
        assert seconds(text) > 0
    except BadParameter as error:
        assert str(error).startswith("'")
