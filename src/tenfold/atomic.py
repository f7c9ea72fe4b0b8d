"""Files that are whole or not there: written under another name, flushed to disk, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".partial"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the body a temporary file beside ``path``, and rename it onto ``path`` when the body succeeds.

    Whoever reads ``path`` finds the earlier file or the new one, never a part of it, not even after a
    power cut. When the body raises, the earlier file stays as it was. A process killed meanwhile leaves
    nothing but a file whose name ends in ``.partial``.

    Parameters
    ----------
    path : path-like
        The file to create or replace. Its folder must exist.

    Yields
    ------
    Path
        An empty file in the same folder, to be written and closed by the body.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    target = Path(path)
    temporary = beside(target)
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(target.parent)


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def beside(target: Path) -> Path:
    """Return a name for a temporary file or folder beside ``target`` that nobody else has."""
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}{TEMPORARY}")


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
