"""Images in a mapped file that is larger than memory: how the system is to read them."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray


def expect_shuffled_reading(images: NDArray[np.uint8]) -> None:
    """Tell the system that mapped images will be read in shuffled order, where they may not fit in memory.

    Unasked, the system reads ahead what lies behind each image, which shuffled reading does not want and
    which drives out of memory what it does want: ``python -m benchmarks mapped`` shows how much that costs.
    Images that fit are left alone, since reading ahead fills memory with them sooner.

    Parameters
    ----------
    images : ndarray of uint8
        Any array; nothing happens where no mapped file is behind it.
    """
    base: Any = images
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_RANDOM") and images.nbytes > _memory() / 2:
        base.madvise(mmap.MADV_RANDOM)


def _memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
