"""Explanations as one PNG: each picture, beside it what speaks for its class and what against."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenfold.data.drawing import (
    GAP,
    INK,
    MARGIN,
    MAX_NAME,
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
from tenfold.evaluation.explanation import Explanation
from tenfold.evaluation.heat_map import draw_legend, heat_map, legend_width

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from tenfold.data.drawing import Font

MAX_ROWS = 100
CELL = 168  # pixels, the longer side of a picture on the sheet
FAINT = 0.2
"""Contrast of the picture below its heat map."""

_BELOW, _ABOVE = "speaks against", "speaks for"


def explanation_sheet(explanations: Mapping[str, Explanation], path: str | os.PathLike[str]) -> Path:
    """Draw a row a picture: as the network takes it, its heat map, and what is explained.

    A heat map's colours are full at its own largest share. At most 100 pictures are drawn; the sheet says how
    many it leaves out.

    Parameters
    ----------
    explanations : mapping of str to Explanation
        By the pictures' names; at least one, all by one method.
    path : path-like
        The file to write, ending in ``.png``.

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
    path = png_path(path, "an explanation")
    save_png(_draw(explanations), path)
    return path


def _draw(explanations: Mapping[str, Explanation]) -> Image:
    shown = list(explanations.items())[:MAX_ROWS]
    first = shown[0][1]
    title = f"Why? By {first.method.name.replace('-', ' ')}"
    title_font, font = fonts(title + "".join(name + each.target + each.label for name, each in shown))
    cell = Cell.fitting(first.image.shape, CELL)
    left, top = MARGIN + cell.width + GAP, MARGIN + 2 * TITLE
    text_left = left + cell.width + MARGIN
    row_height = max(cell.height, 5 * (TEXT + GAP)) + MARGIN
    bottom = top + len(shown) * row_height
    page_width = max(text_left + MAX_NAME, MARGIN + legend_width(font, _BELOW, _ABOVE)) + MARGIN
    sheet, pen = titled_sheet((page_width, bottom + 3 * TEXT + MARGIN), title, title_font)
    for row, (name, each) in enumerate(shown):
        y = top + row * row_height
        cell.paste(sheet, each.image, (MARGIN, y))
        cell.paste(sheet, _heat(each), (left, y))
        _write(pen, (text_left, y), [shortened(line, font) for line in _lines(name, each)], font)
    draw_legend(sheet, (MARGIN, bottom), font, _BELOW, _ABOVE)
    if hidden := len(explanations) - len(shown):
        pen.text((MARGIN, bottom + 2 * TEXT), f"and {hidden:,} more pictures", PALE, font)
    return sheet


def _heat(each: Explanation) -> NDArray[np.uint8]:
    """Lay the shares over the picture, made faint: what differs from the baseline as grey on white."""
    contrast = np.abs(each.image.astype(np.float64) - each.baseline)
    grey = 255 - FAINT * (contrast if contrast.ndim == 2 else contrast.mean(axis=2))
    return heat_map(each.shares, float(np.abs(each.shares).max()), grey)


def _lines(name: str, each: Explanation) -> list[str]:
    why = f"why {each.target}?" if each.against is None else f"why {each.target}, not {each.against}?"
    return [
        name,
        f"{each.label}, {each.confidence:.1%}",
        why,
        f"score: {each.score:.2f}, baseline {each.baseline_score:.2f}",
        f"full colour: ±{np.abs(each.shares).max():.2g}",
    ]


def _write(pen: ImageDraw, corner: tuple[int, int], lines: list[str], font: Font) -> None:
    """Write lines below one another, the first darker than the others."""
    x, y = corner
    for line, colour in zip(lines, [INK, *[PALE] * len(lines)], strict=False):
        pen.text((x, y), line, colour, font)
        y += TEXT + GAP
