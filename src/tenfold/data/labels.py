"""Whole-number labels, as IDX files, tables and arrays hold them: label ``k`` names the class ``"k"``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import DataError

LARGEST_LABEL = 9_999


def check_labels(values: NDArray[np.generic], source: str) -> NDArray[np.int64]:
    """Return labels as int64, after a look at their type and range.

    Parameters
    ----------
    values : ndarray of integers, shape (N,)
        Labels as they were read.
    source : str
        Where they came from, for the error message.

    Returns
    -------
    ndarray of int64, shape (N,)

    Raises
    ------
    DataError
        When labels are not whole numbers from 0 to 9,999.
    """
    if values.dtype.kind not in "iu":
        raise DataError(
            f"{source}: labels are {values.dtype}; expected whole numbers from 0 to {LARGEST_LABEL:,}: "
            "number the classes 0, 1, 2 and store the numbers as integers"
        )
    outside = (values < 0) | (values > LARGEST_LABEL)  # type: ignore[operator]
    if outside.any():
        raise DataError(
            f"{source}: label {values[outside][0]} of image {outside.argmax()} is out of range; "
            f"expected 0 to {LARGEST_LABEL:,}: number the classes 0, 1, 2"
        )
    return values.astype(np.int64)


def number_names(*labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Return the class names ``"0"`` to ``"max"`` of the labels of all parts together.

    Examples
    --------
    >>> number_names(np.array([0, 2]), np.array([3]))
    ('0', '1', '2', '3')
    """
    return tuple(
        str(k) for k in range(1 + max((int(part.max()) for part in labels if len(part)), default=-1))
    )
