"""The pictures that a person names on a command line: files, folders, glob patterns, standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from tenfold.data.listing import is_hidden, natural_key
from tenfold.errors import DataError

STANDARD_INPUT = "-"


def find_pictures(names: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Spell out which files are meant, each once.

    Parameters
    ----------
    names : iterable of str or path-like
        Files, folders (all files below them but hidden ones), patterns such as ``digits/*.png``, and ``-``.

    Returns
    -------
    list of str
        In the order given; the files of a folder or pattern as people count: 2 before 10.

    Raises
    ------
    DataError
        When a name is no file, no folder and matches nothing, or when a folder holds no file.
    """
    found = [path for name in names for path in _spelled_out(os.fspath(name))]
    return list(dict.fromkeys(found))


def _spelled_out(name: str) -> list[str]:
    if name == STANDARD_INPUT or Path(name).is_file():
        return [name]
    if Path(name).is_dir():
        paths = [
            str(path)
            for path in Path(name).rglob("*")
            if path.is_file() and not any(is_hidden(part) for part in path.relative_to(name).parts)
        ]
        missing = "an empty folder; expected pictures in it"
    else:
        paths = [path for path in glob.glob(name, recursive=True) if Path(path).is_file()]  # noqa: PTH207
        missing = "no such file or folder; expected a picture, a folder of pictures, a pattern, or -"
    if not paths:
        raise DataError(f"{name}: {missing}")
    return sorted(paths, key=natural_key)
