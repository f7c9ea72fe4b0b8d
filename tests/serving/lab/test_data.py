"""Data sets at hand and their names."""

import pytest

from tenfold.errors import DataError, UsageError
from tenfold.serving.lab.data import data_at_hand


def test_names_are_safe_for_paths_and_lead_to_places(tmp_path, digits, monkeypatch):
    monkeypatch.setenv("TENFOLD_DATA", str(tmp_path))
    odd = tmp_path / "my digits?token=x & <b>"
    odd.symlink_to(digits)
    copies = tmp_path / "copies"
    copies.mkdir()
    for name in ("digits-mended-1.npz", ".digits.partial"):
        (copies / name).touch()
    found = data_at_hand([str(digits), "mnist"], copies)
    assert found[digits.name] == str(digits.resolve())
    assert found["mnist"] == "mnist"
    assert found["digits-mended-1"] == str(copies / "digits-mended-1.npz")
    assert not {".digits.partial", "kmnist"} & found.keys()


def test_two_of_one_name_are_refused(tmp_path):
    for folder in ("a/x y", "b/x-y"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(UsageError, match="'x-y'"):
        data_at_hand([str(tmp_path / "a/x y"), str(tmp_path / "b/x-y")], tmp_path / "none")


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        data_at_hand([str(tmp_path / "nothing")], tmp_path)
