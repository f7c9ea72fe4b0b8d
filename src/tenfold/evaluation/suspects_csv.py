"""Suspects as a table in which a person writes decisions, and its way back.

The column ``decision`` is empty at first. In it, ``keep`` (or nothing) leaves an image as it is, ``drop``
leaves it out, and the name of a class becomes its label. Rows may be sorted and removed, columns added; a
spreadsheet may write semicolons or tabs. ``pixels`` ties each row to its image, so that a table is only
applied to the data in which the suspects were found.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tenfold.atomic import write_bytes
from tenfold.data.image_set import Splits
from tenfold.data.relabelling import Decision
from tenfold.errors import DataError
from tenfold.evaluation.suspects import Suspect, fingerprint

KEEP, DROP = "keep", "drop"
COLUMNS = (
    "rank",
    "split",
    "index",
    "path",
    "given",
    "suggested",
    "given_probability",
    "suggested_probability",
    "reason",
    "decision",
    "pixels",
)
NEEDED = ("split", "index", "given", "decision", "pixels")
_LONGEST = 10  # classes named in an error


def write_suspects(rows: Iterable[Suspect], path: str | os.PathLike[str]) -> Path:
    """Write suspects as a CSV in UTF-8, a line each, in the order given.

    Raises
    ------
    DataError
        When the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rank, row in enumerate(rows, 1):
        probabilities = (f"{row.given_probability:.4g}", f"{row.suggested_probability:.4g}")
        place = (rank, row.split, row.index, row.path or "")
        writer.writerow((*place, row.given, row.suggested, *probabilities, row.reason, "", row.pixels))
    try:
        write_bytes(path, text.getvalue().encode())
    except OSError as error:
        raise DataError(
            f"{os.fspath(path)}: cannot be written ({error.strerror}); expected a writable folder"
        ) from None
    return Path(path)


def read_decisions(path: str | os.PathLike[str], splits: Splits) -> list[Decision]:
    """Read the decisions that change something, and check that they belong to a data set.

    Parameters
    ----------
    path : path-like
        A table of suspects with decisions.
    splits : Splits
        The data that it is to be applied to.

    Raises
    ------
    DataError
        When the table cannot be read, lacks a column, decides something unknown or twice, changes nothing, or
        belongs to other data. The message names line and column.
    """
    for word in (KEEP, DROP):
        if word in splits.train.classes:
            raise DataError(
                f"{splits.train.source}: has a class called '{word}', which a decision means otherwise; "
                "expected another name: rename the class"
            )
    decisions: list[Decision] = []
    lines: dict[tuple[str, int], int] = {}
    for line, row in _rows(Path(path)):
        place = _place(row, splits, f"{path}: line {line}")
        if (first := lines.setdefault(place, line)) != line:
            raise DataError(
                f"{path}: line {line} decides on {place[0]}[{place[1]}], as line {first} does; "
                "expected one line an image: remove one of them"
            )
        decisions += _decision(row["decision"], place, splits, f"{path}: line {line}")
    if not decisions:
        raise DataError(
            f"{path}: changes nothing; expected {DROP} or the name of another class in the column decision"
        )
    return decisions


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows by column, each with its line number."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise DataError(f"{path}: cannot be read ({reason}); expected a CSV of tenfold suspects") from None
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in NEEDED if name not in names]:
            raise DataError(
                f"{path}: has no column {missing[0]}; expected {', '.join(NEEDED)}, "
                "as tenfold suspects writes them"
            )
        for values in filter(any, reader):
            if len(values) < len(names):
                raise DataError(
                    f"{path}: line {reader.line_num} has {len(values)} columns; expected {len(names)}"
                )
            yield reader.line_num, dict(zip(names, map(str.strip, values), strict=False))
    except csv.Error as error:
        raise DataError(
            f"{path}: line {reader.line_num} is no CSV ({error}); expected one row a line"
        ) from None


def _place(row: dict[str, str], splits: Splits, where: str) -> tuple[str, int]:
    """Return a row's split and index, where picture and label there are the row's."""
    part = splits.parts.get(row["split"])
    if part is None:
        raise DataError(
            f"{where}, column split is '{row['split']}'; expected {', '.join(splits.parts)}, "
            "the splits of this data"
        )
    if not row["index"].isdecimal() or int(row["index"]) >= len(part):
        raise DataError(
            f"{where}, column index is '{row['index']}'; expected 0 to {len(part) - 1:,}, "
            f"an image of {row['split']}"
        )
    index = int(row["index"])
    given = part.classes[part.labels[index]]
    if row["pixels"] != fingerprint(part.images[index]) or row["given"] != given:
        raise DataError(
            f"{where}: {row['split']}[{index}] is another picture or has another label ('{given}'); "
            "expected the data, and the --size, in which these suspects were found"
        )
    return row["split"], index


def _decision(decision: str, place: tuple[str, int], splits: Splits, where: str) -> Sequence[Decision]:
    """Read one cell; empty where nothing changes."""
    classes = splits.train.classes
    if decision in classes:
        label = classes.index(decision)
        changes = label != splits.parts[place[0]].labels[place[1]]
        return [Decision(*place, label)] if changes else []
    if decision.lower() == DROP:
        return [Decision(*place, None)]
    if decision.lower() not in ("", KEEP):
        known = ", ".join(classes[:_LONGEST]) + (", …" if len(classes) > _LONGEST else "")
        raise DataError(
            f"{where}, column decision is '{decision}'; expected {KEEP}, {DROP}, or a class: {known}"
        )
    return []
