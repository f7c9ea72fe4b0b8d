"""IDX, the format that MNIST came in: a big-endian header of sizes, then the numbers, row by row.

======  =====================================================================================
bytes   meaning
======  =====================================================================================
0–1     zero
2       type: 08 uint8, 09 int8, 0B int16, 0C int32, 0D float32, 0E float64
3       number of dimensions
4–      one uint32 size a dimension, then the numbers; all big-endian, the last index fastest
======  =====================================================================================

The format is Yann LeCun's, http://yann.lecun.com/exdb/mnist/. Files may be gzipped; their content tells.
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tenfold.data.inflation import believable
from tenfold.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

GZIP_MAGIC = b"\x1f\x8b"
DEFLATE_LIMIT = 1_032  # the most that deflate can expand a byte: https://zlib.net/zlib_tech.html

_LARGEST_NDIM = 32  # NumPy's limit before its version 2
_CHUNK = 1 << 20  # bytes


def read_idx(path: str | os.PathLike[str], *, ndim: int | None = None) -> NDArray[np.generic]:
    """Read one IDX file, gzipped or not.

    The file is trusted in nothing: it must hold exactly what its header declares, and a gzip file is never
    inflated further than that.

    Parameters
    ----------
    path : path-like
        The file.
    ndim : int, optional
        The number of dimensions it must have: 3 for images, 1 for labels.

    Returns
    -------
    ndarray
        Of the shape and type that the header declares, in the machine's own byte order.

    Raises
    ------
    DataError
        When the file is missing, damaged, cut short, too long, or not IDX.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            zipped = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if not zipped:
                return _read(file, path, ndim, length, zipped=False)
            with gzip.GzipFile(fileobj=file) as inflated:
                return _read(inflated, path, ndim, length, zipped=True)  # type: ignore[arg-type]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip file is damaged or cut short ({error}); expected a whole one: fetch it again"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected an IDX file") from None


def _read(file: BinaryIO, path: Path, ndim: int | None, length: int, *, zipped: bool) -> NDArray[np.generic]:
    """Read header and numbers from an opened file of ``length`` bytes (before inflation)."""
    dtype, shape = _read_header(file, path)
    if ndim is not None and len(shape) != ndim:
        raise DataError(
            f"{path}: has {len(shape)} dimensions {shape}; expected {ndim}: "
            "images have 3 and labels 1, check that the two files are not swapped"
        )
    header = 4 + 4 * len(shape)
    declared = math.prod(shape) * dtype.itemsize  # bytes
    if zipped:
        _refuse_bomb(path, declared, length)
    elif header + declared != length:
        raise DataError(_wrong_length(path, shape, header + declared, f"{length:,}"))
    array = np.empty(shape, dtype)
    view = memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    done = 0
    while done < declared and (count := file.readinto(view[done : done + _CHUNK])):  # type: ignore[attr-defined]
        done += count
    if done < declared:
        raise DataError(_wrong_length(path, shape, header + declared, f"{header + done:,}"))
    if file.read(1):  # at the end of a gzip file this read also checks its CRC
        raise DataError(_wrong_length(path, shape, header + declared, "more"))
    return array if array.dtype.isnative else array.byteswap(inplace=True).view(dtype.newbyteorder("="))


def _read_header(file: BinaryIO, path: Path) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    """Read magic, type and sizes."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{path}: begins with the bytes {magic.hex(' ') or 'of an empty file'}; "
            "expected an IDX file, which begins with 00 00: check that it is one, and whole"
        )
    code, ndim = magic[2], magic[3]
    if code not in TYPES:
        raise DataError(
            f"{path}: has the unknown IDX type {code:02X}; expected one of "
            f"{', '.join(f'{known:02X}' for known in TYPES)} (images and labels: 08): fetch the file again"
        )
    if not 1 <= ndim <= _LARGEST_NDIM:
        raise DataError(
            f"{path}: declares {ndim} dimensions; expected 1 to {_LARGEST_NDIM}: fetch the file again"
        )
    sizes = file.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise DataError(f"{path}: ends within its header; expected {ndim} sizes: fetch the file again")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    if 0 in shape:
        raise DataError(
            f"{path}: declares the sizes {_by(shape)}, so holds nothing; expected at least 1 each: "
            "fetch the file again"
        )
    return np.dtype(TYPES[code]), shape


def _refuse_bomb(path: Path, declared: int, length: int) -> None:
    """Refuse a header that its gzip file of ``length`` bytes cannot, or should not, hold."""
    impossible = declared > DEFLATE_LIMIT * length
    if impossible or declared > believable(length):
        raise DataError(
            f"{path}: declares {declared:,} bytes, {'more than' if impossible else 'which'} its {length:,} "
            f"gzipped bytes {'can' if impossible else 'should not'} hold; expected an honest file: "
            + ("fetch it again" if impossible else "gunzip it yourself if you trust it")
        )


def _wrong_length(path: Path, shape: tuple[int, ...], expected: int, found: str) -> str:
    return (
        f"{path}: holds {found} bytes; expected {expected:,} for its sizes {_by(shape)}: "
        "the file is damaged, fetch it again"
    )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
