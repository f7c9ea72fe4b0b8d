"""Many pictures become one array, with all cores at work.

A large set is shared out: this process decodes one part, worker processes the others. A worker is a plain
``python -c`` that gets file names from a temporary file and writes pixels straight into the memory-mapped
array, so nothing is copied between processes, no process is forked, and a script that calls tenfold needs no
``if __name__ == "__main__"``. Whatever ends the call, an interrupt as well, ends the workers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tenfold.cores import available_cores
from tenfold.data.cache import Allocate
from tenfold.data.image_set import LARGEST_INPUT
from tenfold.data.picture import decode_picture, scale
from tenfold.errors import DataError

Size = tuple[int, int]
Worker = subprocess.Popen[bytes]

SHARE = 1_000  # pictures: fewer are not worth a worker's start, about 0.15 s
MOST_WORKERS = 7
_BLOCK = 1 << 17  # bytes

_WORKER = "from tenfold.data.decoding import work; work()"


@dataclass(frozen=True)
class Misfit:
    """A picture that does not go into the array.

    Parameters
    ----------
    kind : {"damaged", "size", "colour"}
        It cannot be decoded; it has another size; it is in colour although the array is grey.
    path : str
        The file.
    message : str
        The error, or the size as ``HxW``.
    """

    kind: Literal["damaged", "size", "colour"]
    path: str
    message: str


def decode_pictures(paths: Sequence[str], size: Size | None, allocate: Allocate) -> NDArray[np.uint8]:
    """Decode pictures into one array: grey when all of them are grey, otherwise RGB.

    Parameters
    ----------
    paths : sequence of str
        The files, at least one.
    size : tuple of int, optional
        Height and width to scale every picture to; without it they must all have the same size.
    allocate : callable
        Returns a new uint8 array of a given shape; worker processes help to fill a :class:`numpy.memmap`.

    Returns
    -------
    ndarray of uint8, shape (N, H, W) or (N, H, W, 3)
        The array allocated last.

    Raises
    ------
    DataError
        When pictures are damaged, differ in size, or are too large.
    """
    shape = _first_shape(paths, size)
    pixels = allocate((len(paths), *shape))
    misfits = _fill_shared(pixels, paths, size)
    if any(misfit.kind == "colour" for misfit in misfits):
        _refuse_large((*shape, 3), paths[0])
        pixels = allocate((len(paths), *shape, 3))
        misfits = _fill_shared(pixels, paths, size)
    odd = next((misfit for misfit in misfits if misfit.kind == "size"), None)
    if odd is not None:
        height, width = shape[:2]
        raise DataError(
            f"{odd.path}: is {odd.message} pixels, but {_sized(paths, shape)} is {height}x{width}; "
            "expected one size: --size 28x28, say, scales every picture"
        )
    if misfits:
        raise _damaged([misfit.message for misfit in misfits])
    return pixels


def _first_shape(paths: Sequence[str], size: Size | None) -> tuple[int, ...]:
    """Return the shape of the first picture that can be decoded, scaled to ``size``."""
    messages = []
    for path in paths:
        try:
            picture = _read(path)
        except DataError as error:
            messages.append(str(error))
            continue
        shape = (*(size or picture.shape[:2]), *picture.shape[2:])
        _refuse_large(shape, path)
        return shape
    raise _damaged(messages)


def _refuse_large(shape: tuple[int, ...], path: str) -> None:
    values = int(np.prod(shape))
    if values > LARGEST_INPUT:
        raise DataError(
            f"{path}: makes {values:,} input values ({' x '.join(map(str, shape))}); "
            f"expected at most {LARGEST_INPUT:,}: --size 28x28, say, scales every picture"
        )


def _damaged(messages: list[str]) -> DataError:
    if len(messages) == 1:
        return DataError(f"{messages[0]} (tenfold inspect DATA lists every fault)")
    return DataError(f"{messages[0]} (and {len(messages) - 1:,} more: tenfold inspect DATA lists them all)")


def _sized(paths: Sequence[str], shape: tuple[int, ...]) -> str:
    """Return the path of the first picture that can be decoded and has the size that the array has."""
    for path in paths:
        try:
            if _read(path).shape[:2] == shape[:2]:
                return path
        except DataError:
            continue
    raise AssertionError("the shape came from one of these pictures")


def _fill_shared(pixels: NDArray[np.uint8], paths: Sequence[str], size: Size | None) -> list[Misfit]:
    """Fill the array, with the help of worker processes when it is a memory-mapped file and large."""
    shares = min(available_cores(), MOST_WORKERS + 1, len(paths) // SHARE)
    if shares < 2 or not isinstance(pixels, np.memmap) or not sys.executable or hasattr(sys, "frozen"):
        return _fill(pixels, paths, size)
    bounds = [len(paths) * share // shares for share in range(shares + 1)]
    own = slice(0, bounds[1])
    others = [slice(start, stop) for start, stop in pairwise(bounds[1:])]
    workers: list[Worker | None] = []
    try:
        for part in others:
            workers.append(_start(pixels, part, paths[part], size))
        misfits = _fill(pixels[own], paths[own], size)
        for part, worker in zip(others, workers, strict=True):
            answer = None if worker is None else _answer(worker)
            misfits += _fill(pixels[part], paths[part], size) if answer is None else answer
    finally:
        for worker in filter(None, workers):
            with worker:
                worker.kill()
    return misfits


def _start(
    pixels: np.memmap[Any, np.dtype[np.uint8]], part: slice, paths: Sequence[str], size: Size | None
) -> Worker | None:
    """Start a worker that fills a part of the array, or return None where none can be had."""
    task = json.dumps({"file": str(pixels.filename), "start": part.start, "size": size})
    home = str(Path(__file__).parents[2])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")])),
        "OPENBLAS_NUM_THREADS": "1",
    }
    try:
        with tempfile.TemporaryFile() as names:
            names.write(b"\0".join(map(os.fsencode, paths)))
            names.seek(0)
            return subprocess.Popen(
                [sys.executable, "-P", "-c", _WORKER, task],
                stdin=names,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is for this process alone, which ends its workers
            )
    except OSError:
        return None


def _answer(worker: Worker) -> list[Misfit] | None:
    """Wait for a worker; None where it did not do its part."""
    output, _ = worker.communicate()
    try:
        return None if worker.returncode else [Misfit(**misfit) for misfit in json.loads(output)]
    except ValueError:
        return None


def work() -> None:
    """Be a worker: the task as JSON in the last argument, file names on stdin, misfits as JSON on stdout."""
    task = json.loads(sys.argv[-1])
    paths = list(map(os.fsdecode, sys.stdin.buffer.read().split(b"\0")))
    pixels = np.lib.format.open_memmap(task["file"], mode="r+")
    part = pixels[task["start"] : task["start"] + len(paths)]
    misfits = _fill(part, paths, task["size"] and tuple(task["size"]))
    print(json.dumps([asdict(misfit) for misfit in misfits]))


def _fill(pixels: NDArray[np.uint8], paths: Sequence[str], size: Size | None) -> list[Misfit]:
    """Decode pictures one by one; stop at the first that no longer fits the array."""
    misfits = []
    for target, path in zip(pixels, paths, strict=True):
        try:
            picture = _read(path)
        except DataError as error:
            misfits.append(Misfit("damaged", path, str(error)))
            continue
        if size is not None:
            picture = scale(picture, size)
        if picture.shape[:2] != target.shape[:2]:
            return [*misfits, Misfit("size", path, f"{picture.shape[0]}x{picture.shape[1]}")]
        if picture.ndim > target.ndim:
            return [*misfits, Misfit("colour", path, "")]
        target[...] = picture if picture.ndim == target.ndim else picture[:, :, np.newaxis]
    return misfits


def _read(path: str) -> NDArray[np.uint8]:
    try:
        data = _read_bytes(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected a picture file") from None
    return decode_picture(data, path)


def _read_bytes(path: str) -> bytes:
    """Return a file's content in few system calls: of a small picture's time they take a quarter."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        content = piece = os.read(descriptor, _BLOCK)
        while len(piece) == _BLOCK:
            piece = os.read(descriptor, _BLOCK)
            content += piece
        return content
    finally:
        os.close(descriptor)
