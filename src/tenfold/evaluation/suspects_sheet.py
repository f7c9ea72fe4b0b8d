"""The most suspicious images as one PNG: what each is labelled, and what it probably shows."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from tenfold.data.drawing import Font
    from tenfold.evaluation.suspects import Suspects

MOST, COLUMNS = 96, 12
CELL = 84  # pixels, the longer side of a picture on the sheet
LINE = TEXT + 4


def suspects_sheet(suspects: Suspects, path: str | os.PathLike[str]) -> Path:
    """Draw the first 96 suspects, in their order, each with its rank, its label, and below it the suggestion.

    Parameters
    ----------
    suspects : Suspects
        What was found.
    path : path-like
        The file to write, ending in ``.png``; written beside and renamed, so that it is whole or not there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When ``path`` does not end in ``.png``.
    DataError
        When the file cannot be written.
    """
    target = png_path(path, "a contact sheet")
    save_png(_draw(suspects), target)
    return target


def _draw(suspects: Suspects) -> Image:
    rows = suspects.rows[:MOST]
    images = {part.name: part.images for part in suspects.parts}
    title = _title(suspects)
    title_font, font = fonts(title + "".join(suspects.parts[0].images.classes))
    captions = [
        (f"{rank}:", shortened(row.given, font), shortened(row.suggested, font))
        for rank, row in enumerate(rows, 1)
    ]
    cell = Cell.fitting(suspects.parts[0].images.size, CELL)
    indent = int(font.getlength(f"{MOST}: "))
    widest = max((font.getlength(name) for _, *names in captions for name in names), default=0)
    across, down = max(cell.width, indent + int(widest) + 1) + 2 * GAP, cell.height + 2 * LINE + 4 * GAP
    columns = max(1, min(COLUMNS, len(rows)))
    top, right = MARGIN + 2 * TITLE, max(columns * across, int(title_font.getlength(title)))
    bottom = top + math.ceil(len(rows) / columns) * down
    sheet, pen = titled_sheet((right + 2 * MARGIN, bottom + MARGIN), title, title_font)
    for number, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        x, y = MARGIN + number % columns * across, top + number // columns * down
        cell.paste(sheet, images[row.split].images[row.index], (x, y))
        _caption(pen, font, (x, y + cell.height + GAP), indent, caption)
    return sheet


def _caption(
    pen: ImageDraw, font: Font, at: tuple[int, int], indent: int, words: tuple[str, str, str]
) -> None:
    """Write rank and label, and below them, behind an arrow, the suggestion."""
    (x, y), (rank, given, suggested) = at, words
    pen.text((x, y), rank, PALE, font)
    pen.text((x + indent, y), given, INK, font)
    pen.text((x + indent, y + LINE), suggested, INK, font)
    tip, middle = (x + indent - 2 * GAP, y + LINE + TEXT // 2 + 2), y + LINE + TEXT // 2 + 2
    pen.line([(x + GAP, middle), tip], PALE, 2)  # the default font has no arrow
    pen.line([(tip[0] - GAP, middle - GAP), tip, (tip[0] - GAP, middle + GAP)], PALE, 2)


def _title(suspects: Suspects) -> str:
    """Say what is shown, in one line."""
    names = ", ".join(part.name for part in suspects.parts)
    text = f"{suspects.source}, {names}: {len(suspects.rows):,} suspects among {suspects.images:,} images"
    if len(suspects.rows) > MOST:
        text += f", the first {MOST}"
    return " ".join(f"{text}: label, then suggestion".split())  # a path may hold line breaks
