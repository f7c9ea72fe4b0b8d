"""``tenfold suspects`` as it is typed."""

import json

import numpy as np
import pandas
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits

from tenfold.cli.suspects import suspects
from tenfold.data.catalog import load_data
from tenfold.errors import UsageError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(suspects, list(map(str, arguments)))


@pytest.fixture
def digits(tmp_path_factory, write_idx):
    """600 training digits, each thirtieth with a wrong label, and 200 to test on, as IDX files."""
    folder = tmp_path_factory.mktemp("wrong")
    images, labels = load_digits(return_X_y=True)
    pixels = np.round(images.reshape(-1, 8, 8) * 255 / 16)
    labels[:600:30] = (labels[:600:30] + 1) % 10
    for name, part in (("train", slice(0, 600)), ("t10k", slice(600, 800))):
        write_idx(folder / f"{name}-images-idx3-ubyte", pixels[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels[part])
    return folder


def test_a_search_and_the_way_back(run, digits, tmp_path):
    done = run(digits)
    assert done.exit_code == 0, done.output
    table, sheet = (tmp_path / f"{digits.name}-suspects.{ending}" for ending in ("csv", "png"))
    rows = pandas.read_csv(table, dtype=str).fillna("")
    assert f"{digits}, train: 600 images, " in done.stdout
    assert f"{len(rows):,} suspects" in done.stdout
    assert rows["index"].map("train[{}]".format).head(20).map(done.stdout.__contains__).all()
    assert sheet.exists()
    assert len(rows) > 10

    rows.assign(decision="drop").to_csv(table, index=False)
    done = run(digits, "--relabel", table, "--out", "copy.npz")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"0 labels changed, {len(rows)} images left out\ncopy: copy.npz\n"
    assert len(load_data(tmp_path / "copy.npz").train) == 600 - len(rows)


def test_json(run, digits, tmp_path):
    done = run(digits, "--json", "--out", "s.csv", "--sheet", "s.png", "--folds", "3", "--seed", "1")
    found = json.loads(done.stdout)
    assert (found["images"], found["folds"], found["recipe"]["seed"]) == (600, 3, 1)
    assert len(found["suspects"]) == len(pandas.read_csv(tmp_path / "s.csv"))


def test_a_copy_needs_a_name(run, digits):
    done = run(digits, "--relabel", "s.csv")
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == "out: none; --relabel makes a copy of the data: name it with --out"
