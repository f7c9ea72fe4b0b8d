"""The table of suspects: pandas reads it, spreadsheets may rewrite it, and nonsense in it is refused."""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas
import pytest

from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.relabelling import Decision
from tenfold.errors import DataError
from tenfold.evaluation.suspects import Suspect, fingerprint
from tenfold.evaluation.suspects_csv import COLUMNS, read_decisions, write_suspects

CLASSES = ("cat, tame", "お", "7")


@pytest.fixture
def splits():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 3, 3)).astype(np.uint8)
    images = ImageSet(pixels, np.array([0, 1, 2, 0, 1, 2, 0, 1]), CLASSES, "memory")
    return Splits(images.select(range(6)), images.select(range(6, 8)))


@pytest.fixture
def rows(splits):
    return [suspect(splits, "train", 4, "x/お.png"), suspect(splits, "train", 0), suspect(splits, "test", 1)]


def suspect(splits, split, index, path=None):
    part = splits.parts[split]
    return Suspect(
        split, index, path, CLASSES[part.labels[index]], "7", 1e-9, 0.98765, 'said "so"; twice',
        fingerprint(part.images[index]),
    )  # fmt: skip


@pytest.fixture
def table(rows, tmp_path):
    """A function (decisions, changes) that writes a table with decisions, and whatever else changes."""

    def write(*decisions, **changes):
        path = tmp_path / "suspects.csv"
        write_suspects(rows, path)
        lines = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        for line, decision in zip(lines, decisions, strict=False):
            line["decision"] = decision
        lines[0] |= changes
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(lines)
        return path

    return write


def test_pandas_reads_what_was_written(rows, tmp_path):
    read = pandas.read_csv(write_suspects(rows, tmp_path / "s.csv"), dtype={"given": str, "suggested": str})
    assert tuple(read.columns) == COLUMNS
    assert read["rank"].tolist() == [1, 2, 3]
    assert read["given"].tolist() == ["お", "cat, tame", "お"]
    assert read["index"].tolist() == [4, 0, 1]
    assert read["given_probability"].tolist() == pytest.approx([1e-9] * 3)
    assert read["reason"].tolist() == ['said "so"; twice'] * 3
    assert read["decision"].isna().all()
    assert read["pixels"].str.startswith("blake2b:").all()


def test_decisions_that_change_something(table, splits):
    path = table("7", " DROP ", "keep")
    assert read_decisions(path, splits) == [Decision("train", 4, 2), Decision("train", 0, None)]


def test_an_empty_cell_and_the_given_class_change_nothing(table, splits):
    assert read_decisions(table("", "cat, tame", "drop"), splits) == [Decision("test", 1, None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_spreadsheet_may_sort_remove_add_and_write_its_own_way(table, splits, delimiter, encoding):
    read = pandas.read_csv(table("7", "drop"), dtype=str).fillna("")
    read = read.iloc[::-1].iloc[1:].assign(mine="x").drop(columns=["rank", "reason"])
    path = table()
    read.to_csv(path, sep=delimiter, index=False, encoding=encoding, lineterminator="\r\n")
    assert read_decisions(path, splits) == [Decision("train", 0, None), Decision("train", 4, 2)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decision": "dog"}, r"column decision is 'dog'; expected keep, drop, or a class: cat, .*, 7$"),
        ({"split": "validation"}, r"line 2, column split is 'validation'; expected train, test"),
        ({"index": "6"}, r"line 2, column index is '6'; expected 0 to 5"),
        ({"index": "-1"}, r"line 2, column index is '-1'; expected 0 to 5"),
        ({"index": "²"}, r"line 2, column index is '²'; expected 0 to 5"),
        ({"index": "1"}, r"line 2: train\[1\] is another picture"),
        ({"given": "7"}, r"line 2: train\[4\] .* has another label \('お'\); expected the data"),
        ({"pixels": "blake2b:00"}, r"line 2: train\[4\] is another picture"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_line(table, splits, changes, message):
    path = table(**{"decision": "drop"} | changes)
    with pytest.raises(DataError, match=message) as raised:
        read_decisions(path, splits)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_other_data_is_refused(table, splits):
    other = replace(splits.train, images=255 - splits.train.images)
    with pytest.raises(DataError, match="is another picture"):
        read_decisions(table("drop"), replace(splits, train=other))


def test_two_decisions_on_one_image(table, splits):
    path = table("drop")
    path.write_text(path.read_text("utf-8") + path.read_text("utf-8").splitlines()[1] + "\n", "utf-8")
    with pytest.raises(DataError, match=r"line 5 decides on train\[4\], as line 2 does"):
        read_decisions(path, splits)


@pytest.mark.parametrize("decisions", [(), ("keep", "", "お")])
def test_a_table_that_changes_nothing(table, splits, decisions):
    with pytest.raises(DataError, match="changes nothing; expected drop or the name of another class"):
        read_decisions(table(*decisions), splits)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column split"),
        (b"split,index,given,pixels\n", "has no column decision; expected split, index, given, decision"),
        (b"\xff\xfe\x00", r"cannot be read \(it is not text in UTF-8\)"),
        (b"split,index,given,decision,pixels\ntrain,1\n", "line 2 has 2 columns; expected 5"),
        (b'split,index,given,decision,pixels\n"train,1\n', "line 2 is no CSV"),
        (b"split,index,given,decision,pixels\n" + b"x" * 200_000, "line 2 is no CSV"),
    ],
)
def test_a_file_that_is_no_table(tmp_path, splits, content, message):
    path = tmp_path / "no.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_decisions(path, splits)


def test_a_missing_file(tmp_path, splits):
    with pytest.raises(DataError, match=r"cannot be read \(No such file"):
        read_decisions(tmp_path / "missing.csv", splits)


def test_a_class_called_drop(table, splits):
    named = [replace(part, classes=("a", "drop", "b")) for part in splits.parts.values()]
    with pytest.raises(DataError, match="has a class called 'drop'"):
        read_decisions(table("drop"), Splits(*named))


def test_a_folder_that_is_missing(rows, tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_suspects(rows, tmp_path / "missing" / "s.csv")
