"""A contact sheet: one PNG with a row a class and a few of its pictures, to see what a data set holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tenfold.data.drawing import (
    GAP,
    INK,
    MARGIN,
    PALE,
    TEXT,
    TITLE,
    Cell,
    fonts,
    png_path,
    save_png,
    shortened,
    titled_sheet,
)
from tenfold.data.image_set import ImageSet
from tenfold.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from tenfold.data.drawing import Font

MAX_ROWS = 100
CELL = 56  # pixels, the longer side of a picture on the sheet


def contact_sheet(
    image_set: ImageSet, path: str | os.PathLike[str], *, columns: int = 16, seed: int = 0
) -> Path:
    """Draw a few pictures of every class into one PNG.

    Pictures are drawn 56 pixels large, small ones magnified without smoothing. A sheet has at most 100 rows
    and says how many classes it leaves out.

    Parameters
    ----------
    image_set : ImageSet
        The images to choose from.
    path : path-like
        The file to write, ending in ``.png``; written beside and renamed, so that it is whole or not there.
    columns : int
        Pictures a class, at most.
    seed : int
        Seed of the choice: the same pictures for the same image set, columns and seed.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When ``path`` does not end in ``.png`` or ``columns`` is below 1.
    DataError
        When the file cannot be written.
    """
    path = png_path(path, "a contact sheet")
    if columns < 1:
        raise UsageError(f"columns is {columns}; expected 1 or more")
    save_png(_draw(image_set, _choose(image_set, columns, seed)), path)
    return path


def _choose(image_set: ImageSet, columns: int, seed: int) -> list[list[int]]:
    """Draw up to ``columns`` images of each class, in rising order."""
    generator = np.random.default_rng(seed)
    rows = []
    for label in range(min(len(image_set.classes), MAX_ROWS)):
        members = np.flatnonzero(image_set.labels == label)
        chosen = generator.choice(members, min(columns, len(members)), replace=False)
        rows.append(sorted(chosen.tolist()))
    return rows


def _draw(image_set: ImageSet, rows: list[list[int]]) -> Image:
    title = f"{image_set.source}: {len(image_set):,} images, {len(image_set.classes):,} classes"
    title = " ".join(title.split())  # a path may hold line breaks
    title_font, font = fonts(title + "".join(image_set.classes))
    cell = Cell.fitting(image_set.size, CELL)
    names = [shortened(name, font) for name in image_set.classes[: len(rows)]]
    left = MARGIN + int(max(font.getlength(text) for text in ("0,000,000", *names)))
    top = MARGIN + 2 * TITLE
    columns = max(map(len, rows), default=0)
    right = left + MARGIN + columns * (cell.width + GAP)
    counts = image_set.counts
    hidden = len(image_set.classes) - len(rows)
    bottom = top + len(rows) * (cell.height + GAP) + (2 * TEXT if hidden else 0)
    page_width = max(right, MARGIN + int(title_font.getlength(title))) + MARGIN
    sheet, pen = titled_sheet((page_width, bottom + MARGIN), title, title_font)
    for row, chosen in enumerate(rows):
        y = top + row * (cell.height + GAP)
        _label(pen, font, y + cell.height // 2, names[row], int(counts[row]))
        for column, index in enumerate(chosen):
            cell.paste(sheet, image_set.images[index], (left + MARGIN + column * (cell.width + GAP), y))
    if hidden:
        pen.text((MARGIN, bottom - TEXT), f"and {hidden:,} more classes", PALE, font)
    return sheet


def _label(pen: ImageDraw, font: Font, middle: int, name: str, count: int) -> None:
    """Write a class name, and below it how many images the class has."""
    pen.text((MARGIN, middle - TEXT - 3), name, INK, font)
    pen.text((MARGIN, middle + 1), f"{count:,}", PALE, font)
