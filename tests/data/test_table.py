"""CSV tables, written with Python's csv module, in every layout and with every fault."""

import csv
import gzip
import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data import inflation, table
from tenfold.data.split import stratified_split
from tenfold.data.table import find_csv_files, has_labels, read_csv, read_csv_folder
from tenfold.errors import DataError

RANDOM = np.random.default_rng(0)
LABELS = np.array([3, 0, 1, 3, 2, 0, 1, 2, 3, 0])
GREY = RANDOM.integers(0, 256, (10, 4, 4), np.uint8)
COLOUR = RANDOM.integers(0, 256, (10, 4, 4, 3), np.uint8)


def written(
    images: np.ndarray, label: int | None, header: str | None, quoting: int = csv.QUOTE_MINIMAL
) -> str:
    """Write rows with the label in a given column and, maybe, a header that calls it so."""
    rows = images.reshape(len(images), -1).tolist()
    names = [f"pixel{k}" for k in range(len(rows[0]))]
    if label is not None:
        names.insert(label, header or "label")
        for row, value in zip(rows, LABELS.tolist(), strict=False):
            row.insert(label, value)
    text = io.StringIO()
    csv.writer(text, quoting=quoting).writerows(([names] if header is not None else []) + rows)
    return text.getvalue()


def check(path: Path, images: np.ndarray) -> None:
    found = read_csv(path)
    np.testing.assert_array_equal(found.images, images)
    assert found.labels.tolist() == LABELS.tolist() and found.classes == ("0", "1", "2", "3")


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize(
    ("label", "header"), [(0, None), (0, "label"), (5, "Label"), (-1, "class"), (0, "digit")]
)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_layouts(tmp_path: Path, images: np.ndarray, label: int, header: str | None, quoting: int) -> None:
    column = images[0].size if label == -1 else label
    path = tmp_path / "x.csv"
    path.write_text(written(images, column, header, quoting))
    check(path, images)


def test_gzip_blank_lines_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    text = "\ufeff" + written(GREY, 0, "label").replace("\r\n", "\r\n\r\n") + "\r\n\r\n"
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    check(path, GREY)


def test_many_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_CHUNK", 3)
    path = tmp_path / "x.csv"
    path.write_text(written(GREY, 0, None) + "\n" * 7)
    check(path, GREY)
    path.write_text(written(GREY, 0, "label").replace("\n3,", "\n999999,", 1))
    with pytest.raises(DataError, match="line 2, column 1 is the label '999999'"):
        read_csv(path)


GOOD = "label," + ",".join(f"p{k}" for k in range(4)) + "\n7,0,1,2,3\n8,4,5,6,7\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "its first line is empty"),
        ("label,p0,p1,p2,p3\n", "has no rows"),
        (GOOD + "9,1,2,3\n", "line 4 has 4 columns; expected 5, a label and 4 pixels"),
        (GOOD + "9,1,2,3,4,5\n", "line 4 has 6 columns"),
        (GOOD + "\n\n9,1,2,3\n", "line 6 has 4 columns"),
        (
            GOOD + "9,1,2,256,4\n",
            "line 4, column 4 is the pixel '256'; expected a whole number from 0 to 255",
        ),
        (GOOD + "9,1,2,-1,4\n", "line 4, column 4 is the pixel '-1'"),
        (GOOD + "9,1,2,x,4\n", "line 4, column 4 is the pixel 'x'"),
        (GOOD + "9,1,2,,4\n", "line 4, column 4 is the pixel ''"),
        (GOOD + "9,1,2,0.5,4\n", "line 4, column 4 is the pixel '0.5'"),
        (GOOD + "9,1,2,3.0,4\n", "line 4, column 4 is the pixel '3.0'"),
        (GOOD + f"9,1,2,{10**20},4\n", f"line 4, column 4 is the pixel '{10**20}'"),
        (
            GOOD + "cat,1,2,3,4\n",
            "line 4, column 1 is the label 'cat'; expected a whole number from 0 to 9,999",
        ),
        (GOOD + "-1,1,2,3,4\n", "line 4, column 1 is the label '-1'"),
        (GOOD + "10000,1,2,3,4\n", "line 4, column 1 is the label '10000'"),
        (GOOD + "9,1,2,3,4 # five\n", "line 4, column 5 is the pixel '4 # five'"),
        ("1,2,3\n", "its first line has 3 columns; expected a label and H x H or H x H x 3 pixels"),
        (GOOD.replace(",", ";"), "its first line has 1 column;"),
        ("p0,p1,p2,p3\n1,2,3,4\n", "has 4 pixels a row and no label"),
        ("7,0,1,2,\xff\n", "is not text"),
    ],
)
def test_faults_are_named_by_line_and_column(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError) as caught:
        read_csv(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and found in message and "\n" not in message


def test_damaged_gzip_files(tmp_path: Path) -> None:
    whole = gzip.compress(written(GREY, 0, "label").encode())
    for content in (whole[:-4], whole[:-8] + bytes(8), whole[:30]):
        (tmp_path / "x.csv.gz").write_bytes(content)
        with pytest.raises(DataError, match="damaged or cut short"):
            read_csv(tmp_path / "x.csv.gz")


def test_gzip_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (1 << 23)))
    with pytest.raises(DataError, match="a line of 4,194,304 characters or more"):
        read_csv(path)
    monkeypatch.setattr(inflation, "LARGE", 10_000)
    path.write_bytes(gzip.compress(b"1,0,0,0,0\n" * 100_000))
    with pytest.raises(DataError, match="too many for its gzipped size; expected an honest file"):
        read_csv(path)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(DataError, match="has no training table"):
        read_csv_folder(tmp_path)


@pytest.mark.parametrize("names", [("train.csv", "test.csv"), ("mnist_train.csv", "mnist_test.csv")])
def test_a_folder_of_two(tmp_path: Path, names: tuple[str, str]) -> None:
    (tmp_path / names[0]).write_text(written(GREY, 0, "label"))
    (tmp_path / names[1]).write_text(written(GREY[:2], 0, "label"))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    splits = read_csv_folder(tmp_path)
    np.testing.assert_array_equal(splits.train.images, GREY)
    np.testing.assert_array_equal(splits.test.images, GREY[:2])
    assert splits.test.labels.tolist() == [3, 0] and splits.test.classes == ("0", "1", "2", "3")


def test_a_test_table_without_labels_is_no_test_set(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(written(GREY, 0, "label"))
    (tmp_path / "test.csv").write_text(written(GREY, None, "label"))
    assert has_labels(tmp_path / "train.csv") and not has_labels(tmp_path / "test.csv")
    splits = read_csv_folder(tmp_path)
    expected = stratified_split(read_csv(tmp_path / "train.csv"))
    for part, own in zip((splits.train, splits.test), expected, strict=True):
        np.testing.assert_array_equal(part.images, own.images)
        assert part.labels.tolist() == own.labels.tolist()


def test_two_training_tables(tmp_path: Path) -> None:
    for name in ("mnist_train.csv", "train.csv"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(DataError, match=r"two train tables, mnist_train\.csv and train\.csv"):
        find_csv_files(tmp_path)
    (tmp_path / "mnist_train.csv").unlink()
    (tmp_path / "train.csv.gz").write_bytes(b"")
    assert find_csv_files(tmp_path) == {"train": tmp_path / "train.csv"}


@given(st.text(alphabet="0123456789,.-\n\"xe #'\x00", max_size=80))
def test_any_text_is_a_table_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = read_csv(path)
        except DataError as error:
            assert "\n" not in str(error)
        else:
            rows = [line.replace('"', "").split(",") for line in text.splitlines() if line.strip()]
            assert len(rows) - len(found) in (0, 1)  # with or without a header
            assert found.images[0].size == len(rows[-1]) - 1
