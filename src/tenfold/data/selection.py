"""The pictures that a person names on a command line: files, folders, glob patterns, standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from tenfold.data.listing import natural_key, walk_pictures
from tenfold.errors import DataError

STANDARD_INPUT = "-"


def find_pictures(names: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Spell out which files are meant, each once.

    Parameters
    ----------
    names : iterable of str or path-like
        Files, folders (the pictures below them, by the rules of training: neither hidden files nor texts such
        as ``notes.txt``), patterns such as ``digits/*.png``, and ``-``.

    Returns
    -------
    list of str
        In the order given; the files of a folder or pattern as people count: 2 before 10.

    Raises
    ------
    DataError
        When a name is no file, no folder and matches nothing, or when a folder holds no picture or cannot be
        read.
    """
    found = [path for name in names for path in _spelled_out(os.fspath(name))]
    return list(dict.fromkeys(found))


def _spelled_out(name: str) -> list[str]:
    if name == STANDARD_INPUT or Path(name).is_file():
        return [name]
    if Path(name).is_dir():
        paths = _below(Path(name))
        missing = "holds no picture; expected some in the folder"
    else:
        paths = [path for path in glob.glob(name, recursive=True) if Path(path).is_file()]  # noqa: PTH207
        missing = "no such file or folder; expected a picture, a folder of pictures, a pattern, or -"
    if not paths:
        raise DataError(f"{name}: {missing}")
    return sorted(paths, key=natural_key)


def _below(folder: Path) -> list[str]:
    try:
        paths, _ = walk_pictures(folder)
    except OSError as error:
        raise DataError(
            f"{error.filename}: cannot be read ({error.strerror}); expected a folder of pictures"
        ) from None
    return [str(Path(path)) for path in paths]
