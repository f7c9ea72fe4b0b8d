"""What an inspection finds: a part of a data set as far as it can be read, and a fault with its mend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tenfold.data.image_set import ImageSet
from tenfold.errors import DataError

MAX_PATHS = 6

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Fault:
    """Something wrong with a data set, and how to mend it.

    Parameters
    ----------
    code : str
        A short name that stays the same between versions, such as ``damaged-file``.
    message : str
        What was found, and where: one line.
    mend : str
        What to do about it: one line.
    severity : {"error", "warning"}
        An error makes training fail or its figures wrong; a warning may be meant.
    paths : tuple of str
        The files concerned, all of them where each needs its own mend, else the first few; ``train[17]`` for
        an image that has no file of its own.
    """

    code: str
    message: str
    mend: str
    severity: Severity = "error"
    paths: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them."""
        return {**asdict(self), "paths": list(self.paths)}


@dataclass(frozen=True)
class Part:
    """The readable images of one split, and the file of each, where each has one.

    Parameters
    ----------
    name : str
        ``train``, ``test``, ``validation``, or ``all`` for a data set that is not split yet.
    images : ImageSet
        Its images and labels; every part of a data set has the same classes.
    paths : sequence of str, optional
        The file of each image, in the order of the images.
    hashes : sequence of bytes, optional
        A hash of each picture's pixels before it was scaled, where that was needed.
    """

    name: str
    images: ImageSet
    paths: Sequence[str] | None = None
    hashes: Sequence[bytes] | None = None

    def place(self, index: int) -> str:
        """Name one image: its path, or the split and its index there."""
        return f"{self.name}[{index}]" if self.paths is None else self.paths[index]


def fault_of(error: DataError, code: str, *paths: object) -> Fault:
    """Turn a reader's complaint, ``found; expected: mend``, into a fault.

    Examples
    --------
    >>> fault_of(DataError("a.csv: row 2 is short; expected 785 numbers: mend the row"), "bad-table")
    Fault(code='bad-table', message='a.csv: row 2 is short; expected 785 numbers', mend='mend the row', \
severity='error', paths=())
    """
    found, _, rest = str(error).partition("; expected ")
    expected, _, mend = rest.partition(": ")
    if not rest:
        return Fault(code, found, "see tenfold inspect --help for what is accepted", paths=first_few(paths))
    return Fault(code, f"{found}; expected {expected}", mend or f"give {expected}", paths=first_few(paths))


def first_few(places: Iterable[object]) -> tuple[str, ...]:
    """Return the first `MAX_PATHS` places as text, no more."""
    return tuple(str(place) for place, _ in zip(places, range(MAX_PATHS), strict=False))


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1, "image"), counted(1200, "image"), counted(2, "class", "classes")
    ('1 image', '1,200 images', '2 classes')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
