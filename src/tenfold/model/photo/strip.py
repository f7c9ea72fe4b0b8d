"""Draw the steps from a picture to the network's input as a strip, a row a picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.data.drawing import GAP, INK, MARGIN, PALE, TEXT, Cell, fonts, png_path, save_png, shortened
from tenfold.errors import UsageError
from tenfold.model.photo import Step

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

CELL = 196  # pixels: seven for each of MNIST's 28
LINE = TEXT + 2 * GAP
ROW = CELL + 2 * LINE + MARGIN
LARGEST_STRIP = 100  # rows


def write_strip(pictures: Mapping[str, Sequence[Step]], path: str | os.PathLike[str]) -> Path:
    """Draw every step of every picture, each with its name below.

    Parameters
    ----------
    pictures : mapping of str to sequence of Step
        Of each picture its name and what `tenfold.model.preprocessing.Preprocessing.steps` gives for it.
    path : path-like
        The file to write, ending in ``.png``; written beside and renamed, so that it is whole or not there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        When ``path`` does not end in ``.png``, or there are no or more than 100 pictures.
    DataError
        When the file cannot be written.
    """
    path = png_path(path, "the strip of steps")
    if not 1 <= len(pictures) <= LARGEST_STRIP:
        raise UsageError(
            f"steps: of {len(pictures)} pictures; expected 1 to {LARGEST_STRIP}, a row each: name fewer"
        )
    save_png(_draw(pictures), path)
    return path


def _draw(pictures: Mapping[str, Sequence[Step]]) -> Image:
    from PIL import Image, ImageDraw

    columns = max(len(steps) for steps in pictures.values())
    width = columns * (CELL + MARGIN) + MARGIN
    sheet = Image.new("RGB", (width, len(pictures) * ROW + MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (name, steps) in enumerate(pictures.items()):
        top = MARGIN + row * ROW
        _, font = fonts(name)
        draw.text((MARGIN, top), shortened(name, font, width - 2 * MARGIN), INK, font)
        for column, step in enumerate(steps):
            _draw_step(sheet, draw, step, MARGIN + column * (CELL + MARGIN), top + LINE)
    return sheet


def _draw_step(sheet: Image, draw: ImageDraw, step: Step, left: int, top: int) -> None:
    """Draw one step in the middle of its cell, framed, its name below."""
    cell = Cell.fitting(step.image.shape, CELL)
    x, y = left + (CELL - cell.width) // 2, top + (CELL - cell.height) // 2
    cell.paste(sheet, step.image, (x, y))
    draw.rectangle((x - 1, y - 1, x + cell.width, y + cell.height), outline=PALE)
    draw.text((left + CELL // 2, top + CELL + GAP), step.name, INK, fonts(step.name)[1], anchor="ma")
