"""A log of decisions on suspects: one JSON object a line, flushed to the disk. Nothing in it is ever changed.

.. code-block:: json

    {"at": "2026-11-23T15:40:02+00:00", "split": "train", "index": 59915, "decision": "relabel", "label": "7"}
    {"at": "2026-11-23T15:40:09+00:00", "undo": true}

Undoing is a line as well: it takes back the last decision that still stands, and an image is again as it was
decided before.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from tenfold.errors import UsageError
from tenfold.evaluation.suspects_csv import DROP, KEEP

RELABEL = "relabel"
WORDS = (KEEP, RELABEL, DROP)

Place = tuple[str, int]
"""A split, and a place in it."""


@dataclass(frozen=True)
class Choice:
    """What is to become of one image.

    Parameters
    ----------
    split : str
        Which split it is in.
    index : int
        Its place there.
    decision : str
        keep, relabel or drop.
    label : str, optional
        The class that a relabelled image gets.

    Raises
    ------
    UsageError
        When the decision is none of these, or has a label too many or none where it needs one.
    """

    split: str
    index: int
    decision: str
    label: str | None = None

    def __post_init__(self) -> None:
        if self.decision not in WORDS:
            raise UsageError(f"decision: {self.decision!r}; expected {', '.join(WORDS)}")
        if (self.label is None) == (self.decision == RELABEL):
            raise UsageError(f"label: {self.label!r}; expected a class with {RELABEL}, none with the others")

    @property
    def place(self) -> Place:
        """Split and place."""
        return self.split, self.index

    @property
    def cell(self) -> str:
        """What a table of suspects holds in its column ``decision``."""
        return self.label if self.label is not None else self.decision


class Decisions:
    """The log of one data set.

    Parameters
    ----------
    file : Path
        Where it is kept; made with the first decision. A last line that a crash has cut off is passed over.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        content = file.read_bytes() if file.exists() else b""
        self._size = content.rfind(b"\n") + 1
        self._standing: list[Choice] = []
        for line in content[: self._size].splitlines():
            self._apply(json.loads(line))

    @property
    def current(self) -> dict[Place, Choice]:
        """The decision on each image that has one."""
        return {choice.place: choice for choice in self._standing}

    @property
    def can_undo(self) -> bool:
        """Whether a decision stands that could be taken back."""
        return bool(self._standing)

    def decide(self, choice: Choice) -> None:
        """Add a decision; an earlier one on the same image no longer counts.

        Raises
        ------
        HTTPException
            507 when it cannot be written: then nothing has been decided.
        """
        self._append(asdict(choice))

    def undo(self) -> Place:
        """Take back the last decision that stands; return the image that it was about.

        Raises
        ------
        HTTPException
            409 when there is none, 507 when the log cannot be written.
        """
        if not self._standing:
            raise HTTPException(409, "undo: no decision stands; expected one to take back")
        place = self._standing[-1].place
        self._append({"undo": True})
        return place

    def _append(self, record: dict[str, Any]) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds")} | record) + "\n"
        try:
            self._file.touch()
            with self._file.open("r+b") as file:
                file.seek(self._size)  # what a crash or a full disk has left of a line is written over
                file.write(line.encode())
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise HTTPException(
                507,
                f"{self._file}: cannot be written ({error.strerror}); expected a writable folder with room",
            ) from None
        self._size += len(line.encode())
        self._apply(record)

    def _apply(self, record: dict[str, Any]) -> None:
        if record.get("undo"):
            self._standing.pop()
        else:
            fields = ("split", "index", "decision", "label")
            self._standing.append(Choice(**{name: record[name] for name in fields}))
