"""The decoded pictures of a folder, kept as one memory-mapped ``.npy`` file.

It lies in the cache folder as ``pictures/KEY-FINGERPRINT.npy``: the key names the folder and the options it
was read with, the fingerprint its files as they are now. When any of them changes, so does the fingerprint,
and the old file makes way for a new one. Nothing is lost by deleting it.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.data.npy import read_npy_header
from tenfold.data.places import cache_folder

Allocate = Callable[[tuple[int, ...]], NDArray[np.uint8]]

_ABANDONED = 86_400  # seconds: a part this old belongs to a process that was killed


def cached_pixels(
    key: str, fingerprint: str, count: int, decode: Callable[[Allocate], NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """Open the pixels of a folder, or decode them first.

    Parameters
    ----------
    key : str
        What the pixels are made from: the folder and the options.
    fingerprint : str
        The state of the source files, in hexadecimal.
    count : int
        Number of pictures.
    decode : callable
        Called with an allocator when there is no whole file yet; it fills and returns the last array that it
        allocated, which is a memory-mapped file, or plain memory where the cache folder cannot be written.

    Returns
    -------
    ndarray of uint8, shape (count, H, W) or (count, H, W, 3)
        Memory-mapped and read-only, or plain memory.
    """
    folder = cache_folder() / "pictures"
    path = folder / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:16]}-{fingerprint[:32]}.npy"
    kept = _open(path, count)
    if kept is not None:
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{_stem(path)}-", suffix=".part", dir=folder)
        os.close(handle)
    except OSError:
        return decode(_in_memory)
    part = Path(name)
    try:
        return _keep(decode(lambda shape: _in_file(part, shape)), part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _stem(path: Path) -> str:
    return path.name.partition("-")[0]


def _open(path: Path, count: int) -> NDArray[np.uint8] | None:
    """Map a whole file, or nothing: a damaged one is as good as none."""
    try:
        with path.open("rb") as file:
            header = read_npy_header(file)
            offset = file.tell()
        shape = header.shape
        images = len(shape) in (3, 4) and header.dtype == np.uint8 and not header.fortran_order
        whole = path.stat().st_size == offset + math.prod(shape)
        if not images or not whole or shape[0] != count:
            return None
        return np.asarray(np.memmap(path, np.uint8, "r", offset, shape))
    except (OSError, ValueError):
        return None


def _in_memory(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.zeros(shape, np.uint8)


def _in_file(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Allocate an array in a new file, or in memory where the disk has no room for it."""
    try:
        pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        if hasattr(os, "posix_fallocate"):  # meets a full disk here, not by a signal at some later write
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError:
        return _in_memory(shape)
    return pixels


def _keep(pixels: NDArray[np.uint8], part: Path, path: Path) -> NDArray[np.uint8]:
    """Flush a decoded file, give it its name, drop those that it replaces, and map it anew, read-only."""
    if not isinstance(pixels, np.memmap):
        return pixels
    try:
        pixels.flush()
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:  # the disk is full or the system renames no mapped file: go on without a cache
        return np.asarray(pixels)
    _remove_stale(path)
    kept = _open(path, len(pixels))
    return np.asarray(pixels) if kept is None else kept


def _remove_stale(path: Path) -> None:
    """Remove earlier files of the same key, and the parts that a killed process left behind."""
    for stale in path.parent.glob(f"{_stem(path)}-*"):
        with contextlib.suppress(OSError):  # another process may have removed it, or still hold it open
            abandoned = stale.suffix == ".part" and time.time() - stale.stat().st_mtime > _ABANDONED
            if abandoned or (stale.suffix == ".npy" and stale != path):
                stale.unlink()
