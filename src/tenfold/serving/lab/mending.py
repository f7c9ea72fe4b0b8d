"""Mend a data set: suspects are shown, decisions on them logged, and a copy made. The source is only read."""

from __future__ import annotations

import base64
import csv
import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tenfold
from tenfold.atomic import write_bytes
from tenfold.data.catalog import load_data
from tenfold.data.image_set import Splits
from tenfold.data.members import picture_paths
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.suspects import fingerprint
from tenfold.evaluation.suspects_csv import COLUMNS
from tenfold.serving.lab.decisions import Choice, Decisions, Place

SHOWN = 24
"""Suspects that are sent at a time."""


class Mending:
    """The suspects of one data set, and what is decided about them.

    Parameters
    ----------
    source : str
        The data: catalog name or path.
    folder : Path
        Where ``suspects.csv`` lies, and the log of decisions is kept.

    Raises
    ------
    DataError
        When the data cannot be read, or has changed since it was searched.
    """

    def __init__(self, source: str, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._lock = threading.Lock()  # one copy at a time, each with a name of its own
        with (folder / "suspects.csv").open(encoding="utf-8", newline="") as file:
            self._rows = list(csv.DictReader(file))
        self._decisions = Decisions(folder / "decisions.jsonl")
        splits = load_data(source)
        self._classes = splits.train.classes
        self._images = {_place(row): self._image(row, splits) for row in self._rows}

    def page(self, first: int) -> dict[str, Any]:
        """Describe some suspects, the most suspicious first.

        Parameters
        ----------
        first : int
            The place in the list, from 0, of the first that is wanted.

        Returns
        -------
        dict
            The suspects with their pixels in base64, row by row; the classes; and how far it is.
        """
        rows = self._rows[first : first + SHOWN]
        return {"classes": self._classes, "suspects": [self._card(row) for row in rows], **self.progress()}

    def progress(self) -> dict[str, Any]:
        """Tell how many suspects there are, what is decided of which, and whether something can be undone."""
        decided = [
            {"split": split, "index": index, "decision": choice.decision, "label": choice.label}
            for (split, index), choice in self._decisions.current.items()
        ]
        return {"total": len(self._rows), "decided": decided, "can_undo": self._decisions.can_undo}

    def decide(self, choice: Choice) -> dict[str, Any]:
        """Log a decision; return what `progress` says then.

        Raises
        ------
        UsageError
            When it is about no suspect, or the class is none of the data's.
        HTTPException
            507 when the log cannot be written.
        """
        if choice.place not in self._images:
            raise UsageError(f"index: {choice.split}[{choice.index}]; expected one of the suspects")
        if choice.label is not None and choice.label not in self._classes:
            raise UsageError(f"label: {choice.label!r}; expected {', '.join(self._classes)}")
        self._decisions.decide(choice)
        return self.progress()

    def undo(self) -> dict[str, Any]:
        """Take back the last decision; return what `progress` says then, and which image it was about.

        Raises
        ------
        HTTPException
            409 when there is none, 507 when the log cannot be written.
        """
        split, index = self._decisions.undo()
        return self.progress() | {"undone": {"split": split, "index": index}}

    def copy(self, copies: Path, stem: str) -> Path:
        """Write a mended copy: a folder where the source is one of class folders, else an ``.npz``.

        Parameters
        ----------
        copies : Path
            The folder for it.
        stem : str
            Its name, to which a number is added.

        Returns
        -------
        Path
            The copy.

        Raises
        ------
        DataError
            When the decisions change nothing or too much, the source has changed, or nothing can be written.
        """
        with self._lock:
            ending = "" if picture_paths(self._source) else ".npz"
            try:
                copies.mkdir(parents=True, exist_ok=True)
                number = 1
                while (target := copies / f"{stem}-{number}{ending}").exists():
                    number += 1
                table = self._folder / f"{target.stem}.csv"
                write_bytes(table, self._table())
            except OSError as error:
                raise DataError(f"{copies}: cannot be written ({error.strerror}); make room") from None
            return tenfold.relabel(self._source, table, target)

    def _table(self) -> bytes:
        """Write all suspects as a table with their decisions, as ``tenfold suspects --relabel`` reads it."""
        current = self._decisions.current
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in self._rows:
            choice = current.get(_place(row))
            writer.writerow(row | {"decision": choice.cell if choice else ""})
        return text.getvalue().encode()

    def _card(self, row: dict[str, str]) -> dict[str, Any]:
        image = self._images[_place(row)]
        height, width, *channels = image.shape
        split, index = _place(row)
        return {
            "split": split,
            "index": index,
            "place": row["path"] or f"{split}[{index}]",
            "given": row["given"],
            "suggested": row["suggested"],
            "given_probability": float(row["given_probability"]),
            "suggested_probability": float(row["suggested_probability"]),
            "reason": row["reason"],
            "height": height,
            "width": width,
            "channels": channels[0] if channels else 1,
            "pixels": base64.b64encode(image.tobytes()).decode(),
        }

    def _image(self, row: dict[str, str], splits: Splits) -> NDArray[np.uint8]:
        split, index = _place(row)
        part = splits.parts.get(split)
        if part is None or index >= len(part) or fingerprint(part.images[index]) != row["pixels"]:
            raise DataError(
                f"{self._source}: has changed since it was searched; expected the same images: "
                f"remove {self._folder} to search it anew"
            )
        return np.array(part.images[index])  # no view, which would keep all images


def _place(row: dict[str, str]) -> Place:
    return row["split"], int(row["index"])


def search_arguments(source: str, folder: Path) -> Sequence[str]:
    """Return the arguments of ``tenfold`` that search a data set and leave what is found in a folder."""
    found = ["--out", str(folder / "suspects.csv"), "--sheet", str(folder / "suspects.png")]
    return ["suspects", source, *found]
