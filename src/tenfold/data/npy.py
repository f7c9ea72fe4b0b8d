r"""The header of an ``.npy`` file, read so that no damage can make it do anything but be refused.

======  ===========================================================================================
bytes   meaning
======  ===========================================================================================
0-5     ``\x93NUMPY``
6-7     version: 1 0, 2 0 or 3 0
8-      length of the text, uint16 (version 1) or uint32, little-endian
then    ``{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }``, padded with spaces
======  ===========================================================================================

The format is https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. NumPy's own reader
evaluates the text as Python and, where it is damaged, raises errors of many types and warns; this one looks
for the three fields alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO

import numpy as np

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {b"\1\0": 2, b"\2\0": 4, b"\3\0": 4}  # by version
_LONGEST = 10_000  # characters: NumPy's own limit
_LARGEST_NDIM = 32  # NumPy's limit before its version 2
_TYPE = re.compile(r"""['"]descr['"] *: *['"]([<>|=]?[biufcSUO][0-9]{0,9})['"]""")
_ORDER = re.compile(r"""['"]fortran_order['"] *: *(True|False)""")
_SHAPE = re.compile(r"""['"]shape['"] *: *\(([0-9, L]*)\)""")  # Python 2 wrote 10L


@dataclass(frozen=True)
class NpyHeader:
    """What follows the header: type, shape, and whether the first index is the fastest."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    fortran_order: bool


def read_npy_header(file: IO[bytes]) -> NpyHeader:
    """Read the header of an array and leave the file where its values begin.

    Parameters
    ----------
    file : binary file
        At the beginning of the array.

    Returns
    -------
    NpyHeader
        Also of arrays of objects, which the caller has to refuse.

    Raises
    ------
    ValueError
        When the header is damaged, or that of an array of anything but numbers, texts and objects. Errors of
        reading pass as they are.
    """
    magic = file.read(8)
    if magic[:6] != _MAGIC or magic[6:] not in _LENGTH_BYTES:
        raise ValueError(f"it begins with the bytes {magic.hex(' ') or 'of an empty file'}")
    prefix = file.read(_LENGTH_BYTES[magic[6:]])
    length = int.from_bytes(prefix, "little")
    text = file.read(min(length, _LONGEST)).decode("latin-1")
    fields = [pattern.search(text) for pattern in (_TYPE, _ORDER, _SHAPE)]
    if len(text) != length or not all(fields):
        raise ValueError("its header is not that of an array of numbers")
    kind, order, sizes = (match[1] for match in fields if match)
    try:
        dtype = np.dtype(kind)
    except TypeError:
        raise ValueError(f"its header names the unknown type {kind}") from None
    shape = tuple(int(size.strip(" L")) for size in sizes.split(",") if size.strip())
    if len(shape) > _LARGEST_NDIM:
        raise ValueError(f"its header declares {len(shape)} dimensions")
    return NpyHeader(dtype, shape, order == "True")
