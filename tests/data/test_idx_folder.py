"""Folders of four IDX files, written by hand in every layout and with every fault."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tenfold.data.idx_folder import (
    find_idx_files,
    read_idx_folder,
    read_idx_images,
    read_idx_labels,
    read_idx_split,
)
from tenfold.errors import DataError

IMAGES = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
LABELS = np.array([0, 1, 2, 2, 1, 0], np.uint8)
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def idx(array: np.ndarray, code: int = 8) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()


def write(folder: Path, names: tuple[str, ...] = NAMES, suffix: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(names, (IMAGES, LABELS, IMAGES[:2], LABELS[:2]), strict=True):
        content = idx(array)
        (folder / (name + suffix)).write_bytes(gzip.compress(content) if suffix else content)
    return folder


def check(path: Path) -> None:
    splits = read_idx_folder(path)
    np.testing.assert_array_equal(splits.train.images, IMAGES)
    assert splits.train.labels.tolist() == LABELS.tolist()
    np.testing.assert_array_equal(splits.test.images, IMAGES[:2])
    assert splits.train.classes == splits.test.classes == ("0", "1", "2")
    assert splits.validation is None


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("inner", ["", "raw", "MNIST/raw", "FashionMNIST/raw"])
def test_layouts(tmp_path: Path, inner: str, suffix: str) -> None:
    write(tmp_path / inner, suffix=suffix)
    check(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: name.replace("t10k", "test"),
        lambda name: f"emnist-digits-{name}",
        str.upper,
    ],
)
def test_file_names(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, tuple(change(name) for name in NAMES))
    check(tmp_path)


def test_the_plain_file_is_read_before_its_gzipped_twin(tmp_path: Path) -> None:
    write(tmp_path)
    for name in NAMES:
        (tmp_path / f"{name}.gz").write_bytes(b"\x1f\x8bno gzip file")
    check(tmp_path)


def test_qmnist_labels_are_the_first_of_eight_columns(tmp_path: Path) -> None:
    table = np.zeros((6, 8), ">i4")
    table[:, 0] = LABELS
    table[:, 2] = 3000
    (tmp_path / "qmnist-train-labels-idx2-int").write_bytes(idx(table, 0x0C))
    (tmp_path / "qmnist-train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    part = read_idx_split(tmp_path, "train")
    assert part.labels.tolist() == LABELS.tolist() and part.labels.dtype == np.int64
    with pytest.raises(DataError, match="no IDX file for t10k-images, t10k-labels"):
        read_idx_split(tmp_path, "test")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / NAMES[3]).unlink()
    assert len(find_idx_files(tmp_path)) == 3
    with pytest.raises(DataError, match="no IDX file for t10k-labels;"):
        read_idx_folder(tmp_path)


def test_other_folders_hold_no_idx_files(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train-images-idx3-ubyte.md5").write_text("")
    assert find_idx_files(tmp_path) == {}


def test_several_data_sets_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "MNIST" / "raw")
    write(tmp_path / "KMNIST" / "raw")
    with pytest.raises(DataError, match=r"holds 2 data sets .*KMNIST.*MNIST"):
        find_idx_files(tmp_path)
    for prefix in ("emnist-letters", "emnist-digits"):
        write(tmp_path, tuple(f"{prefix}-{name}" for name in NAMES))
    with pytest.raises(DataError, match=r"several data sets .emnist-digits, emnist-letters"):
        find_idx_files(tmp_path)


def test_counts_that_differ(tmp_path: Path) -> None:
    (write(tmp_path) / NAMES[1]).write_bytes(idx(LABELS[:5]))
    with pytest.raises(DataError, match="5 labels, but train-images-idx3-ubyte holds 6 images"):
        read_idx_folder(tmp_path)


@pytest.mark.parametrize(
    ("array", "code", "found"),
    [
        (np.zeros((2, 4, 4), ">i2"), 0x0B, "images are int16"),
        (np.zeros((2, 4), np.uint8), 8, "has 2 dimensions"),
        (np.zeros((0, 4, 4), np.uint8), 8, "declares the sizes 0 x 4 x 4, so holds nothing"),
    ],
)
def test_images_that_are_none(tmp_path: Path, array: np.ndarray, code: int, found: str) -> None:
    (tmp_path / "images").write_bytes(idx(array, code))
    with pytest.raises(DataError, match=found):
        read_idx_images(tmp_path / "images")


@pytest.mark.parametrize(
    ("array", "code", "found"),
    [
        (np.zeros(2, ">f4"), 0x0D, "labels are float32"),
        (np.array([0, -1], ">i4"), 0x0C, "label -1 of image 1"),
        (np.array([0, 10_000], ">i4"), 0x0C, "label 10000 of image 1 is out of range; expected 0 to 9,999"),
        (np.zeros((2, 3), np.uint8), 8, r"shape \(2, 3\)"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, array: np.ndarray, code: int, found: str) -> None:
    (tmp_path / "labels").write_bytes(idx(array, code))
    with pytest.raises(DataError, match=found):
        read_idx_labels(tmp_path / "labels")
