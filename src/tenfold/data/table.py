"""Images as rows of a CSV file, as Kaggle hands out MNIST: a label, then the pixels, row by row.

- A header is optional. The label is the column that it calls ``label`` (or ``class``, ``target``, ``y``),
  wherever that stands; without a header, or without such a name, it is the first.
- The number of pixels is a square, H x W of grey, or three times a square: H x W x 3, red, green, blue in
  turn.
- Files may be gzipped (``.csv.gz``).
- One file is split for you; in a folder, ``train.csv`` and ``test.csv`` (or ``mnist_train.csv`` and
  ``mnist_test.csv``) are the splits. A test file without labels, as Kaggle's competitions have it, is no test
  set: the training file is split instead.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from tenfold.data.idx import GZIP_MAGIC
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.inflation import believable
from tenfold.data.labels import LARGEST_LABEL, check_labels, number_names
from tenfold.data.split import stratified_split
from tenfold.data.warning_filter import all_warnings
from tenfold.errors import DataError

LABEL_NAMES = ("label", "labels", "class", "target", "y")
_CHUNK = 2_048  # rows parsed at a time
_LONGEST_LINE = 1 << 22  # characters: room for 200,000 pixels with spaces and quotes
_FILE_NAME = re.compile(r"(?:.*[-_.])?(?P<split>train|test)\.csv(?:\.gz)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Columns:
    """The label's column (None: there is none), the number of columns, whether line 1 names them."""

    label: int | None
    count: int
    shape: tuple[int, ...]
    named: bool


def find_csv_files(path: str | os.PathLike[str]) -> dict[str, Path]:
    """Find the training and test tables of a folder.

    Parameters
    ----------
    path : path-like
        A folder.

    Returns
    -------
    dict
        Paths by split, ``"train"`` and ``"test"``; empty without a training table.

    Raises
    ------
    DataError
        When there are several training or several test tables.
    """
    files: dict[str, Path] = {}
    for file in sorted(Path(path).iterdir()):  # a plain file sorts before its gzipped twin
        match = _FILE_NAME.fullmatch(file.name)
        if match is None or file.name.startswith(".") or not file.is_file():
            continue
        split = match["split"].lower()
        other = files.setdefault(split, file)
        if other is not file and file.name != f"{other.name}.gz":
            raise DataError(
                f"{os.fspath(path)}: has two {split} tables, {other.name} and {file.name}; expected one: "
                "move each data set into a folder of its own"
            )
    return files if "train" in files else {}


def read_csv_folder(path: str | os.PathLike[str]) -> Splits:
    """Read a folder with a training table and, if there is one, a test table.

    Parameters
    ----------
    path : path-like
        A folder as :func:`find_csv_files` knows it.

    Returns
    -------
    Splits
        Without a test table, or when it has no labels, a fifth of the training images is the test split (seed
        0).

    Raises
    ------
    DataError
        When a table is missing, damaged, or the two do not fit.
    """
    files = find_csv_files(path)
    if not files:
        raise DataError(
            f"{os.fspath(path)}: has no training table; expected train.csv, and test.csv beside it"
        )
    train = read_csv(files["train"])
    if "test" not in files or not has_labels(files["test"]):
        return Splits(*stratified_split(train))
    test = read_csv(files["test"])
    classes = number_names(train.labels, test.labels)
    return Splits(*(ImageSet(part.images, part.labels, classes, str(path)) for part in (train, test)))


def has_labels(path: str | os.PathLike[str]) -> bool:
    """Tell whether the rows of a table begin with a label or have a column of that name.

    Raises
    ------
    DataError
        When the file cannot be read or its first line is not that of a table of images.
    """
    with _opened(Path(path)) as lines:
        return _find_columns(next(lines, ""), Path(path)).label is not None


def read_csv(path: str | os.PathLike[str]) -> ImageSet:
    """Read one table of images with their labels.

    Parameters
    ----------
    path : path-like
        A ``.csv`` file, gzipped or not.

    Returns
    -------
    ImageSet
        Classes are named ``"0"`` to the largest label.

    Raises
    ------
    DataError
        When the file is missing or damaged, has no labels, or a row is short, long or holds anything but
        whole numbers, 0 to 255 for pixels and 0 to 9,999 for labels. The message names file, line and column.
    """
    path = Path(path)
    with _opened(path) as lines:
        first = next(lines, "")
        columns = _find_columns(first, path)
        if columns.label is None:
            raise DataError(
                f"{path}: has {columns.count} pixels a row and no label; "
                "expected a label first, or a column named label: give the table that has one"
            )
        chunks = list(_parse(lines if columns.named else chain([first], lines), columns, path))
    if not chunks:
        raise DataError(f"{path}: has no rows; expected one an image: a label, then the pixels")
    labels = check_labels(np.concatenate([part for part, _ in chunks]), str(path))
    pixels = np.concatenate([part for _, part in chunks])
    return ImageSet(pixels.reshape(-1, *columns.shape), labels, number_names(labels), str(path))


def _parse(
    lines: Iterator[str], columns: _Columns, path: Path
) -> Iterator[tuple[NDArray[np.int16], NDArray[np.uint8]]]:
    """Parse rows with NumPy, some thousands at a time, into labels (N,) and pixels (N, count - 1)."""
    numbered = enumerate(lines, start=2 if columns.named else 1)
    while chunk := [(number, line) for number, line in islice(numbered, _CHUNK)]:
        rows = [(number, line) for number, line in chunk if line.strip()]
        if not rows:
            continue
        try:
            texts = (line for _, line in rows)
            with all_warnings("error"):  # NumPy only warns when a whole number is written as 1.0
                table = np.loadtxt(texts, np.int16, delimiter=",", ndmin=2, quotechar='"', comments=None)
        except (ValueError, DeprecationWarning) as error:
            raise _complaint(rows, columns, path, str(error)) from None
        labels, pixels = table[:, columns.label or 0], np.delete(table, columns.label or 0, axis=1)
        in_range = table.min() >= 0 and labels.max() <= LARGEST_LABEL and pixels.max() <= 255
        if table.shape[1] != columns.count or not in_range:
            raise _complaint(rows, columns, path, "a value is out of range")
        yield labels, pixels.astype(np.uint8)


def _complaint(rows: list[tuple[int, str]], columns: _Columns, path: Path, reason: str) -> DataError:
    """Find the row and column that the parser refused."""
    for number, line in rows:
        fields = [field.strip().strip('"') for field in line.split(",")]
        if len(fields) != columns.count:
            return DataError(
                f"{path}: line {number} has {len(fields)} columns; expected {columns.count}, a label and "
                f"{columns.count - 1} pixels: mend or remove the row"
            )
        for place, field in enumerate(fields):
            largest, what = (LARGEST_LABEL, "label") if place == columns.label else (255, "pixel")
            if not re.fullmatch(r"\+?[0-9]{1,9}", field) or int(field) > largest:
                return DataError(
                    f"{path}: line {number}, column {place + 1} is the {what} {field[:40]!r}; "
                    f"expected a whole number from 0 to {largest:,}: mend the value"
                )
    first, last = rows[0][0], rows[-1][0]
    return DataError(
        f"{path}: lines {first} to {last} cannot be parsed ({reason}); expected whole numbers and commas"
    )


def _find_columns(first: str, path: Path) -> _Columns:
    """Learn from the first line where label and pixels stand."""
    if not first.strip():
        raise DataError(f"{path}: its first line is empty; expected a label, then the pixels")
    names = [field.strip().strip('"').lower() for field in first.split(",")]
    count = len(names)
    named = not all(re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", name) for name in names)
    label = next((place for place, name in enumerate(names) if name in LABEL_NAMES), None)
    bare, labelled = _pixel_shape(count), _pixel_shape(count - 1)
    if label is None and labelled and not (named and bare and _stem(names[0]) == _stem(names[-1])):
        label = 0
    shape = bare if label is None else labelled
    if shape is None:
        raise DataError(
            f"{path}: its first line has {count} {'column' if count == 1 else 'columns'}; "
            "expected a label and H x H or H x H x 3 pixels, separated by commas, such as 785 or 3073 columns"
        )
    return _Columns(label, count, shape, named)


def _stem(name: str) -> str:
    """Return a column's name without its numbers: that of a pixel is like any other pixel's."""
    return re.sub(r"[0-9]", "", name)


def _pixel_shape(count: int) -> tuple[int, ...] | None:
    """Return (H, H) or (H, H, 3) for a number of pixels that allows it.

    Examples
    --------
    >>> _pixel_shape(784), _pixel_shape(3072), _pixel_shape(785)
    ((28, 28), (32, 32, 3), None)
    """
    for channels in (1, 3):
        side = math.isqrt(max(count, 0) // channels)
        if side > 1 and side * side * channels == count:
            return (side, side) if channels == 1 else (side, side, 3)
    return None


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[str]]:
    """Open a table and give its lines; whatever goes wrong with the file becomes a DataError."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            size = path.stat().st_size
            source = gzip.GzipFile(fileobj=file) if zipped else file
            with io.TextIOWrapper(source, encoding="utf-8-sig") as text:
                yield _lines(text, path, believable(size) if zipped else size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip file is damaged or cut short ({error}); expected a whole one: fetch it again"
        ) from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not text; expected a CSV file of numbers") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected a CSV file") from None


def _lines(text: TextIO, path: Path, limit: int) -> Iterator[str]:
    """Give the lines of a table, none too long, and no more than ``limit`` characters altogether."""
    total = 0
    while line := text.readline(_LONGEST_LINE):
        total += len(line)
        if len(line) == _LONGEST_LINE:
            raise DataError(
                f"{path}: has a line of {_LONGEST_LINE:,} characters or more; expected one row an image"
            )
        if total > limit:
            raise DataError(
                f"{path}: holds more than {limit:,} characters, too many for its gzipped size; "
                "expected an honest file: gunzip it yourself if you trust it"
            )
        yield line
