import json

import pytest
from click.testing import CliRunner

from tenfold.cli import app
from tenfold.errors import DataError

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """An own folder with one catalog set (KMNIST is not known by its content), and an empty cache."""
    monkeypatch.setenv("TENFOLD_DATA", str(tmp_path / "own"))
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "own" / "kmnist"
    folder.mkdir(parents=True)
    for name in NAMES:
        shape = (10, 2, 2) if "images" in name else (10,)
        header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
        (folder / name).write_bytes(header + bytes(range(40 if "images" in name else 10)))
    return folder


def test_list_says_what_is_at_hand(own):
    result = CliRunner().invoke(app, ["data", "list"])
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[lines.index(next(line for line in lines if line.startswith("kmnist"))) + 1] == str(own)
    assert "not at hand: tenfold data fetch mnist" in lines


def test_list_as_json(own):
    listings = {
        line["name"]: line for line in json.loads(CliRunner().invoke(app, ["data", "list", "--json"]).stdout)
    }
    assert listings["kmnist"]["where"] == str(own)
    assert listings["mnist"]["where"] is None
    assert listings["mnist"]["images"] == 70_000


def test_fetch_prints_where_the_set_lies(own):
    result = CliRunner().invoke(app, ["data", "fetch", "kmnist"])
    assert (result.exit_code, result.stdout) == (0, f"{own}\n")


def test_fetch_knows_its_names(own):
    with pytest.raises(DataError, match="did you mean 'mnist'"):
        CliRunner().invoke(app, ["data", "fetch", "mnits"], catch_exceptions=False)
