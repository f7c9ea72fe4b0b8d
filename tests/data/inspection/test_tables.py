import zipfile
from pathlib import Path

import numpy as np
import pytest

from tenfold.data import inflation
from tenfold.data.inspection.tables import inspect_csv, inspect_npz

RNG = np.random.default_rng(11)
IMAGES = RNG.integers(0, 256, (30, 4, 4), np.uint8)
LABELS = np.arange(30) % 3


def write_table(path: Path, labels: np.ndarray, images: np.ndarray = IMAGES) -> Path:
    rows = np.column_stack([labels, images.reshape(len(images), -1)])
    np.savetxt(path, rows, "%d", delimiter=",")
    return path


def arrays(**changes: np.ndarray) -> dict[str, np.ndarray]:
    return {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:9], "y_test": LABELS[:9]} | changes


def codes(found) -> list[str]:
    for fault in found[1]:
        assert fault.mend
        assert "\n" not in fault.message + fault.mend
    return [fault.code for fault in found[1]]


def test_a_clean_table(tmp_path):
    found = inspect_csv(write_table(tmp_path / "digits.csv", LABELS))
    assert codes(found) == []
    assert [part.name for part in found[0]] == ["all"]
    np.testing.assert_array_equal(found[0][0].images.images, IMAGES)


def test_each_table_of_a_folder_is_inspected(tmp_path):
    write_table(tmp_path / "train.csv", LABELS + 9_999)
    (tmp_path / "test.csv").write_text("1,2,3,4,5\n0,1,2\n")
    found = inspect_csv(tmp_path)
    assert found[0] == []
    assert codes(found) == ["damaged-table"] * 2
    paths = [Path(path).name for fault in found[1] for path in fault.paths]
    assert sorted(paths) == ["test.csv", "train.csv"]
    assert "line 2 has 3 columns" in next(f.message for f in found[1] if f.paths[0].endswith("test.csv"))


def test_a_test_table_without_labels_is_a_warning(tmp_path):
    write_table(tmp_path / "train.csv", LABELS)
    np.savetxt(tmp_path / "test.csv", IMAGES.reshape(30, -1), "%d", delimiter=",")
    found = inspect_csv(tmp_path)
    assert codes(found) == ["test-without-labels"]
    assert found[1][0].severity == "warning"
    assert [part.name for part in found[0]] == ["train"]


def test_tables_of_two_sizes(tmp_path):
    write_table(tmp_path / "train.csv", LABELS)
    write_table(tmp_path / "test.csv", LABELS, RNG.integers(0, 256, (30, 5, 5), np.uint8))
    found = inspect_csv(tmp_path)
    assert codes(found) == ["mixed-sizes"]
    assert [part.name for part in found[0]] == ["train"]


def test_clean_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", **arrays(x_val=IMAGES[:3], y_val=LABELS[:3]))
    found = inspect_npz(tmp_path / "a.npz")
    assert codes(found) == []
    assert [(part.name, len(part.images)) for part in found[0]] == [
        ("train", 30),
        ("validation", 3),
        ("test", 9),
    ]


def test_all_that_differs_in_counts_and_range_is_found(tmp_path):
    labels = LABELS.copy()
    labels[7] = -1
    np.savez(tmp_path / "a.npz", **arrays(y_train=labels, y_test=LABELS[:8]))
    found = inspect_npz(tmp_path / "a.npz")
    assert sorted(codes(found)) == ["counts-differ", "labels-out-of-range"]
    assert [(part.name, len(part.images)) for part in found[0]] == [("train", 29), ("test", 8)]
    by_code = {fault.code: fault for fault in found[1]}
    assert by_code["labels-out-of-range"].paths == ("train[7]",)
    assert "9 images" in by_code["counts-differ"].message


@pytest.mark.parametrize(
    "change",
    [
        {"x_train": IMAGES / 255},
        {"y_train": LABELS.astype(float)},
        {"y_train": np.array([{}] * 30)},
        {"x_train": IMAGES[0]},
    ],
    ids=["float images", "float labels", "pickled objects", "one image"],
)
def test_arrays_of_other_kinds_are_refused_as_the_reader_does(tmp_path, change):
    np.savez(tmp_path / "a.npz", **arrays(**change))
    found = inspect_npz(tmp_path / "a.npz")
    assert codes(found) == ["damaged-file"]
    assert next(iter(change)) in found[1][0].message


def test_a_zip_bomb_is_not_inflated(tmp_path, monkeypatch):
    monkeypatch.setattr(inflation, "LARGE", 10_000)
    np.savez_compressed(
        tmp_path / "a.npz", **arrays(x_train=np.zeros((30, 1000, 100), np.uint8), y_train=-LABELS)
    )
    found = inspect_npz(tmp_path / "a.npz")
    assert [part.name for part in found[0]] in ([], ["test"])
    assert codes(found) == ["damaged-file"]


def test_files_that_are_no_arrays(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"not a zip file")
    assert codes(inspect_npz(tmp_path / "a.npz")) == ["damaged-file"]
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("x_train.npy", b"no array")
        archive.writestr("y_train.npy", b"no array")
    assert codes(inspect_npz(tmp_path / "b.npz")) == ["damaged-file"]
