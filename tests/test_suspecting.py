"""From a data set to suspects, from decisions to a copy: the functions as a user calls them."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tenfold.api.suspecting import file_for, relabel, suspects
from tenfold.data.catalog import load_data
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.cross_validation import FoldListener
from tenfold.training.recipe import Recipe

SMALL = Recipe.named("fast").with_changes(precision="float32", hidden=(64,))
FLIPS = range(0, 600, 25)
"""Training images whose label is one too high."""


@pytest.fixture(scope="module")
def flipped_digits(tmp_path_factory, write_idx):
    """Four IDX files, 600 training and 200 test digits, some training labels of them wrong."""
    folder = tmp_path_factory.mktemp("flipped")
    images, labels = load_digits(return_X_y=True)
    pixels, wrong = np.round(images.reshape(-1, 8, 8) * 255 / 16), labels.copy()
    wrong[list(FLIPS)] = (labels[list(FLIPS)] + 1) % 10
    for name, part in (("train", slice(0, 600)), ("t10k", slice(600, 800))):
        write_idx(folder / f"{name}-images-idx3-ubyte", pixels[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte", wrong[part])
    return folder


@pytest.fixture(scope="module")
def digit_pictures(tmp_path_factory):
    """A folder of class folders, 40 digits a class; the first four of class 3 lie in class 5."""
    folder = tmp_path_factory.mktemp("pictures")
    images, labels = load_digits(return_X_y=True)
    for label in range(10):
        (folder / str(label)).mkdir()
    for label in range(10):
        for number, image in enumerate(images[labels == label][:40]):
            home = 5 if label == 3 and number < 4 else label
            picture = Image.fromarray(np.round(image.reshape(8, 8) * 255 / 16).astype(np.uint8))
            picture.save(folder / str(home) / f"{label}-{number}.png")
    return folder


def decide(path, column, decisions):
    """Write decisions into the rows that have these values in a column."""
    table = pandas.read_csv(path, dtype=str).fillna("")
    table["decision"] = table[column].map(decisions).fillna("")
    table.to_csv(path, index=False)


def test_from_flips_to_a_mended_copy(flipped_digits, tmp_path):
    found = suspects(flipped_digits, SMALL, out=tmp_path / "s.csv", sheet=tmp_path / "s.png")
    mended, dropped, kept, *_ = (row.index for row in found.rows if row.index in FLIPS)
    assert json.loads(json.dumps(found.to_dict()))["images"] == 600
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.format == "PNG"
    source = load_data(flipped_digits)
    right = source.train.labels.copy()
    right[mended] = (right[mended] - 1) % 10
    choices = {str(mended): str(right[mended]), str(dropped): "drop", str(kept): "keep"}
    decide(tmp_path / "s.csv", "index", choices)
    notes = []
    copy = relabel(flipped_digits, tmp_path / "s.csv", tmp_path / "copy.npz", note=notes.append)
    assert notes == ["1 label changed, 1 image left out"]
    read = load_data(copy)
    np.testing.assert_array_equal(read.train.labels, np.delete(right, dropped))
    np.testing.assert_array_equal(read.train.images, np.delete(source.train.images, dropped, axis=0))
    assert read.test.sha256() == source.test.sha256()
    assert load_data(flipped_digits).sha256() == source.sha256()


def test_a_folder_of_pictures_is_mended_by_paths(digit_pictures, tmp_path):
    found = suspects(digit_pictures, SMALL, split="all", folds=4, out=tmp_path / "s.csv")
    wrong = [row for row in found.rows if row.path.startswith(str(digit_pictures / "5" / "3-"))]
    assert [row.suggested for row in wrong] == ["3"] * len(wrong) != []
    decide(tmp_path / "s.csv", "path", {row.path: "3" for row in wrong})
    copy = relabel(digit_pictures, tmp_path / "s.csv", tmp_path / "copy")
    for source in (Path(row.path) for row in wrong):
        assert (copy / "3" / source.name).read_bytes() == source.read_bytes()
        assert not (copy / "5" / source.name).exists()
    assert len(list(copy.rglob("*.png"))) == 400
    with pytest.raises(DataError, match="is another picture or has another label"):
        relabel(copy, tmp_path / "s.csv", tmp_path / "again")


def test_a_search_with_a_size_belongs_to_that_size(flipped_digits, tmp_path):
    suspects(flipped_digits, SMALL, size=(6, 6), out=tmp_path / "s.csv")
    table = pandas.read_csv(tmp_path / "s.csv", dtype=str).assign(decision="drop")
    table.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(DataError, match="expected the data, and the --size, in which"):
        relabel(flipped_digits, tmp_path / "s.csv", tmp_path / "copy.npz")
    copy = relabel(flipped_digits, tmp_path / "s.csv", tmp_path / "copy.npz", size=(6, 6))
    assert load_data(copy).train.size == (6, 6)


def test_a_table_with_decisions_is_never_overwritten(flipped_digits, tmp_path):
    (tmp_path / "s.csv").write_text("hours of work")

    class Unheard(FoldListener):
        def learning(self, fold, folds, share):
            raise AssertionError("the search began")

    with pytest.raises(DataError, match=r"s\.csv: exists already"):
        suspects(flipped_digits, out=tmp_path / "s.csv", listener=Unheard())
    assert (tmp_path / "s.csv").read_text() == "hours of work"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"split": "validation"}, UsageError, r"split: 'validation'; this data has train, test, all"),
        ({"folds": 1}, UsageError, r"folds: 1; expected"),
        ({"folds": 100}, DataError, "different pictures; expected one a fold, 100"),
        ({"recipe": "none"}, UsageError, "none"),
        ({"sheet": "sheet.jpg"}, UsageError, r"ends in \.png"),
    ],
)
def test_what_cannot_be(flipped_digits, tmp_path, monkeypatch, settings, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        suspects(flipped_digits, **{"out": "s.csv"} | settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", [{"out": "s.csv"}, {"sheet": "s.png"}])
def test_nothing_is_written_among_the_pictures(digit_pictures, target):
    with pytest.raises(UsageError, match="lies in the data"):
        suspects(digit_pictures, **{name: digit_pictures / "5" / file for name, file in target.items()})


def test_files_are_named_after_the_data():
    assert str(file_for("mnist", "csv")) == "mnist-suspects.csv"
    assert str(file_for("/a b/c d.npz", "png")) == "c-d-suspects.png"
    assert str(file_for("/", "csv")) == "data-suspects.csv"
