"""One training at a time in a run's folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tenfold.errors import RunError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the system's lock on a file; it goes with the process, however that ends.

    Where the file system knows no locks, nothing is held.

    Raises
    ------
    RunError
        When another process holds it.
    """
    with path.open("rb+") as file:
        try:
            _lock(file)
        except BlockingIOError:
            raise RunError(
                f"{path.parent}: another process trains this run; wait for it, or stop it first"
            ) from None
        yield


if os.name == "nt":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(1 << 30)  # a byte that nobody reads: Windows keeps readers out of locked ones
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except PermissionError:
            raise BlockingIOError from None
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise BlockingIOError from None
