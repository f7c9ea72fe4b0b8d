"""The log of decisions: any sequence of decisions and undos, read back, torn and unwritable."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from tenfold.errors import UsageError
from tenfold.serving.lab.decisions import Choice, Decisions

CHOICES = st.builds(
    lambda index, cell: Choice("train", index, *cell),
    st.integers(0, 4),
    st.sampled_from([("keep", None), ("drop", None), ("relabel", "7"), ("relabel", "蝶\n")]),
)


@given(steps=st.lists(st.none() | CHOICES, max_size=20))
def test_undoing_is_as_if_the_last_decision_had_never_been(tmp_path_factory, steps):
    file = tmp_path_factory.mktemp("log") / "decisions.jsonl"
    log, never_undone = Decisions(file), []
    for step in steps:
        if step is not None:
            log.decide(step)
            never_undone.append(step)
        elif never_undone:
            assert log.undo() == never_undone.pop().place
    plain = Decisions(file.with_name("plain.jsonl"))
    for choice in never_undone:
        plain.decide(choice)
    assert log.current == plain.current == Decisions(file).current
    assert log.can_undo == bool(never_undone)


def test_the_log_only_grows_and_says_when(tmp_path):
    file = tmp_path / "decisions.jsonl"
    log = Decisions(file)
    log.decide(Choice("train", 1, "drop"))
    first = file.read_bytes()
    log.undo()
    assert file.read_bytes().startswith(first)
    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert [record.get("undo") for record in records] == [None, True]
    assert all(record["at"].endswith("+00:00") for record in records)
    with pytest.raises(HTTPException) as refused:
        log.undo()
    assert refused.value.status_code == 409


@pytest.mark.parametrize("torn", [b'{"at": "2026', b"\xff\xfe", b"{}"])
def test_a_line_that_a_crash_has_cut_off_is_written_over(tmp_path, torn):
    file = tmp_path / "decisions.jsonl"
    Decisions(file).decide(Choice("train", 1, "drop"))
    file.write_bytes(file.read_bytes() + torn)
    log = Decisions(file)
    assert list(log.current) == [("train", 1)]
    log.decide(Choice("train", 2, "keep"))
    assert list(Decisions(file).current) == [("train", 1), ("train", 2)]


def test_what_cannot_be_written_is_not_decided(tmp_path):
    log = Decisions(tmp_path / "missing/decisions.jsonl")
    with pytest.raises(HTTPException, match="cannot be written") as refused:
        log.decide(Choice("train", 1, "drop"))
    assert refused.value.status_code == 507
    assert not log.current


@pytest.mark.parametrize(
    ("decision", "label"), [("burn", None), ("relabel", None), ("keep", "7"), ("drop", "")]
)
def test_a_choice_that_makes_no_sense(decision, label):
    with pytest.raises(UsageError, match="decision|label"):
        Choice("train", 0, decision, label)
