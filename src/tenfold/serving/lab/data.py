"""Data sets at hand, by the names under which a page may ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tenfold.data.catalog import find_path, list_data
from tenfold.data.known_sets import CATALOG
from tenfold.data.listing import is_hidden
from tenfold.errors import UsageError


def data_at_hand(given: Iterable[str], copies: Path) -> dict[str, str]:
    """List data sets: those that were given, mended copies, and what of the catalog lies on this machine.

    Parameters
    ----------
    given : iterable of str
        Catalog names and paths.
    copies : Path
        Folder of mended copies; it need not exist.

    Returns
    -------
    dict of str to str
        What `tenfold.load_data` is to be given, by name: letters, digits, ``.``, ``-`` and ``_`` only.

    Raises
    ------
    DataError
        When a path is not there.
    UsageError
        When two have the same name.
    """
    found: dict[str, str] = {}
    for data in given:
        place = data if data in CATALOG else str(find_path(data).resolve())
        name = safe_name(Path(place).name) or "data"
        if found.setdefault(name, place) != place:
            raise UsageError(f"data: '{name}' would be {found[name]} and {place}; rename one of them")
    made = sorted(path for path in copies.iterdir() if not is_hidden(path.name)) if copies.is_dir() else []
    for copy in made:
        found.setdefault(name_of_copy(copy), str(copy.resolve()))
    for line in list_data():
        if line.where is not None:
            found.setdefault(line.name, line.name)
    return found


def safe_name(text: str) -> str:
    """Return a name for paths and file names.

    Examples
    --------
    >>> safe_name("my digits (2)")
    'my-digits-2-'
    """
    return re.sub(r"[^\w.-]+", "-", text)


def name_of_copy(copy: Path) -> str:
    """Return the name of a mended copy, a folder or an ``.npz``."""
    return copy.name.removesuffix(".npz")
