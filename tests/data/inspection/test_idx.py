import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tenfold.data.inspection.faults import Fault, Part
from tenfold.data.inspection.idx import inspect_idx_folder

RNG = np.random.default_rng(5)
CODES = {"u1": 0x08, "i4": 0x0C, "f4": 0x0D}


def idx(values: np.ndarray) -> bytes:
    code = CODES[values.dtype.str[1:]]
    header = struct.pack(f">4B{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


IMAGES = RNG.integers(0, 256, (30, 4, 4), np.uint8)
LABELS = np.arange(30, dtype=np.uint8) % 3


@pytest.fixture
def folder(tmp_path) -> Path:
    for split in ("train", "t10k"):
        (tmp_path / f"{split}-images-idx3-ubyte").write_bytes(idx(IMAGES))
        (tmp_path / f"{split}-labels-idx1-ubyte").write_bytes(idx(LABELS))
    return tmp_path


def inspected(root: Path) -> tuple[dict[str, Part], dict[str, Fault]]:
    parts, faults = inspect_idx_folder(root)
    for fault in faults:
        assert fault.mend
        assert "\n" not in fault.message + fault.mend
    return {part.name: part for part in parts}, {fault.code: fault for fault in faults}


def test_clean_files_have_no_faults(folder):
    parts, faults = inspected(folder)
    assert faults == {}
    np.testing.assert_array_equal(parts["test"].images.images, IMAGES)
    np.testing.assert_array_equal(parts["train"].images.labels, LABELS)
    assert parts["train"].place(3) == "train[3]"


def test_counts_that_differ(folder):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS[:-2]))
    parts, faults = inspected(folder)
    assert list(faults) == ["counts-differ"]
    assert "30 images" in faults["counts-differ"].message
    assert "28 labels" in faults["counts-differ"].message
    assert len(parts["test"].images) == 28


def test_labels_out_of_range(folder):
    labels = LABELS.astype("i4")
    labels[[4, 20]] = -1, 10_000
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    parts, faults = inspected(folder)
    assert list(faults) == ["labels-out-of-range"]
    assert faults["labels-out-of-range"].paths == ("train[4]", "train[20]")
    np.testing.assert_array_equal(parts["train"].images.images, np.delete(IMAGES, [4, 20], axis=0))


def test_a_split_without_a_usable_label(folder):
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(-1 - LABELS.astype("i4")))
    parts, faults = inspected(folder)
    assert list(faults) == ["labels-out-of-range"]
    assert "30 labels of train out of range" in faults["labels-out-of-range"].message
    assert list(parts) == ["test"]


def test_the_largest_label_of_any_split_names_the_classes(folder):
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS + 2))
    parts, faults = inspected(folder)
    assert faults == {}
    assert parts["train"].images.classes == parts["test"].images.classes == ("0", "1", "2", "3", "4")


def test_a_missing_file(folder):
    (folder / "t10k-images-idx3-ubyte").unlink()
    parts, faults = inspected(folder)
    assert list(faults) == ["missing-file"]
    assert "images of test" in faults["missing-file"].message
    assert list(parts) == ["train"]


def test_every_damaged_file_is_found(folder):
    files = sorted(folder.iterdir())
    for file in files:
        file.write_bytes(gzip.compress(file.read_bytes())[:-9])
    parts, faults = inspect_idx_folder(folder)
    assert parts == []
    assert [fault.code for fault in faults] == ["damaged-file"] * 4
    assert sorted(path for fault in faults for path in fault.paths) == list(map(str, files))


@pytest.mark.parametrize("labels", [LABELS.astype("f4"), IMAGES], ids=["floats", "images"])
def test_labels_that_are_none(folder, labels):
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    assert list(inspected(folder)[1]) == ["unusable-labels"]


def test_splits_of_two_sizes(folder):
    wide = RNG.integers(0, 256, (30, 4, 6), np.uint8)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(wide))
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(wide.transpose(0, 2, 1)))
    parts, faults = inspected(folder)
    assert list(faults) == ["mixed-sizes"]
    assert "may be transposed" in faults["mixed-sizes"].message
    assert list(parts) == ["train"]


def test_two_data_sets_in_one_folder(folder):
    (folder / "other-train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    assert list(inspected(folder)[1]) == ["several-data-sets"]
