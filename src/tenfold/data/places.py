"""Where data is looked for, and where tenfold keeps what it can fetch or make again."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path | None:
    """Return the folder that ``TENFOLD_DATA`` names, or None where it is not set.

    It belongs to the user: tenfold reads there and never writes.
    """
    named = os.environ.get("TENFOLD_DATA")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Return the folder that ``TENFOLD_CACHE`` names, else the user's cache folder for tenfold.

    Whatever lies there can be deleted at any time: it is fetched or made again.
    """
    named = os.environ.get("TENFOLD_CACHE")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("tenfold", appauthor=False)
