import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data.inspection import inspect_data
from tenfold.errors import DataError, UsageError

full_data = pytest.mark.skipif("TENFOLD_DATA" not in os.environ, reason="TENFOLD_DATA is not set")
RNG = np.random.default_rng(2)


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "pets"
    for split, count in (("train", 12), ("test", 4)):
        for name in ("cat", "dog"):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(RNG.integers(0, 256, (6, 5), np.uint8)).save(folder / f"{number}.png")
    return root


def test_figures_of_a_clean_tree(tree):
    found = inspect_data(tree)
    assert (found.source, found.kind, found.classes) == (str(tree), "folder of class folders", ("cat", "dog"))
    assert found.faults == found.errors == ()
    train, test = found.splits
    assert (train.name, train.images, train.size, train.channels) == ("train", 24, (6, 5), 1)
    assert (test.name, test.counts) == ("test", {"cat": 4, "dog": 4})
    pixels = [np.asarray(Image.open(path)) for path in (tree / "test").rglob("*.png")]
    assert test.mean == pytest.approx((np.mean(pixels) / 255,), abs=1e-12)
    assert test.std == pytest.approx((np.std(pixels) / 255,), abs=1e-12)


def test_figures_of_colour_are_those_of_each_channel(tree):
    colours = RNG.integers(0, 256, (24, 6, 5, 3), np.uint8)
    for number, path in enumerate(sorted((tree / "train").rglob("*.png"))):
        Image.fromarray(colours[number]).save(path)
    train = inspect_data(tree).splits[0]
    assert train.channels == 3
    assert train.mean == pytest.approx(colours.mean(axis=(0, 1, 2)) / 255, abs=1e-12)
    assert train.std == pytest.approx(colours.std(axis=(0, 1, 2)) / 255, abs=1e-12)


def test_one_picture_a_class_leaves_none_to_test(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.fromarray(RNG.integers(0, 256, (6, 5), np.uint8)).save(tmp_path / name / "1.png")
    assert [fault.code for fault in inspect_data(tmp_path).errors] == ["no-test-images"]


def test_a_download_is_told_of(monkeypatch):
    told = []

    def load(name, *, size, progress):
        progress("train-images-idx3-ubyte.gz", 1, 2)
        raise DataError(f"{name}: no mirror serves it")

    monkeypatch.setattr("tenfold.data.inspection.load_data", load)
    with pytest.raises(DataError, match="no mirror"):
        inspect_data("mnist", progress=lambda *seen: told.append(seen))
    assert told == [("train-images-idx3-ubyte.gz", 1, 2)]


def test_faults_of_folders_files_and_images_come_together_errors_first(tree):
    (tree / "train" / ".hidden").mkdir()
    (tree / "train" / "cat" / "12.png").write_bytes((tree / "test" / "dog" / "0.png").read_bytes())
    (tree / "train" / "cat" / "13.png").write_bytes(b"")
    found = inspect_data(tree)
    assert [fault.code for fault in found.faults] == [
        "damaged-file",
        "conflicting-duplicates",
        "duplicates-across-splits",
        "hidden-folder",
    ]
    assert len(found.errors) == 3
    assert set(found.faults[2].paths) == {
        str(tree / "train" / "cat" / "12.png"),
        str(tree / "test" / "dog" / "0.png"),
    }


def test_all_of_it_is_json(tree):
    (tree / "train" / "cat" / "13.png").write_bytes(b"")
    found = json.loads(json.dumps(inspect_data(tree).to_dict()))
    assert found["classes"] == ["cat", "dog"]
    assert found["splits"][0]["size"] == [6, 5]
    assert found["splits"][1]["counts"] == {"cat": 4, "dog": 4}
    assert found["faults"][0]["paths"] == [str(tree / "train" / "cat" / "13.png")]


def test_size_allows_mixed_sizes(tree):
    Image.fromarray(RNG.integers(0, 256, (9, 9), np.uint8)).save(tree / "test" / "dog" / "0.png")
    assert [fault.code for fault in inspect_data(tree).faults] == ["mixed-sizes"]
    found = inspect_data(tree, size=(8, 8))
    assert found.faults == ()
    assert found.splits[0].size == (8, 8)


def test_the_contact_sheet_shows_the_training_images(tree, tmp_path):
    inspect_data(tree, sheet=tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(UsageError, match=r"\.png"):
        inspect_data(tree, sheet=tmp_path / "sheet.pdf")


@pytest.mark.parametrize(
    ("name", "kind", "splits"),
    [
        ("a.npz", "npz arrays", ["train", "test"]),
        ("a.csv", "CSV table", ["all"]),
        ("b", "CSV tables", ["train"]),
    ],
)
def test_tables_and_arrays(tmp_path, name, kind, splits):
    images = RNG.integers(0, 256, (40, 3, 3), np.uint8)
    labels = np.arange(40) % 2
    (tmp_path / "b").mkdir()
    for table in ("a.csv", "b/train.csv"):
        np.savetxt(tmp_path / table, np.column_stack([labels, images.reshape(40, 9)]), "%d", delimiter=",")
    np.savez(
        tmp_path / "a.npz", x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:]
    )
    found = inspect_data(tmp_path / name)
    assert (found.kind, [split.name for split in found.splits], found.faults) == (kind, splits, ())


def test_an_empty_folder_has_a_fault_and_no_sheet(tmp_path):
    (tmp_path / "empty").mkdir()
    found = inspect_data(tmp_path / "empty")
    assert [fault.code for fault in found.faults] == ["empty-split"]
    assert found.splits == found.classes == ()
    with pytest.raises(DataError, match="no image can be read"):
        inspect_data(tmp_path / "empty", sheet=tmp_path / "sheet.png")


def test_two_idx_sets_in_one_folder_are_a_fault(tmp_path):
    for name in ("train", "other-train"):
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(b"")
    found = inspect_data(tmp_path)
    assert (found.kind, [fault.code for fault in found.faults]) == ("IDX files", ["several-data-sets"])


def test_what_is_no_data_at_all_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for data, words in ((tmp_path / "notes.txt", "expected a folder"), ("mnits", "did you mean 'mnist'")):
        with pytest.raises(DataError, match=words) as caught:
            inspect_data(data)
        assert "\n" not in str(caught.value)


@full_data
@pytest.mark.parametrize(
    ("name", "mean", "std"), [("mnist", 0.1307, 0.3081), ("fashion-mnist", 0.2860, 0.3530)]
)
def test_the_real_sets_have_no_faults(name, mean, std):
    for data in (name, Path(os.environ["TENFOLD_DATA"], name)):
        found = inspect_data(data)
        assert found.faults == ()
        assert (found.splits[0].images, found.splits[1].images) == (60_000, 10_000)
        train = found.splits[0]
        assert ([round(x, 4) for x in train.mean], [round(x, 4) for x in train.std]) == ([mean], [std])


def test_a_sheet_never_replaces_a_picture(tree):
    picture = tree / "train" / "cat" / "0.png"
    before = picture.read_bytes()
    with pytest.raises(UsageError, match="lies among the pictures"):
        inspect_data(tree, sheet=picture)
    assert picture.read_bytes() == before
