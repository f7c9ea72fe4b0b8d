"""A contact sheet: one PNG with a row a class and a few of its pictures, to see what a data set holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tenfold.atomic import replacing
from tenfold.data.image_set import ImageSet
from tenfold.errors import DataError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

MAX_ROWS = 100
CELL = 56  # pixels, the longer side of a picture on the sheet
GAP = 4
MARGIN = 24
MAX_NAME = 220  # pixels
TITLE, TEXT = 20, 15  # font sizes in pixels
INK, PALE = (32, 33, 36), (128, 134, 139)

_WIDE_FONTS = (  # with Chinese and Japanese signs, by the file names of Linux, macOS and Windows
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-microhei.ttc",
    "Hiragino Sans GB.ttc",
    "PingFang.ttc",
    "msyh.ttc",
)


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
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: a contact sheet is a PNG; expected a file name that ends in .png")
    if columns < 1:
        raise UsageError(f"columns is {columns}; expected 1 or more")
    _save(_draw(image_set, _choose(image_set, columns, seed)), path)
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
    from PIL import Image, ImageDraw

    title = f"{image_set.source}: {len(image_set):,} images, {len(image_set.classes):,} classes"
    title = " ".join(title.split())  # a path may hold line breaks
    title_font, font = _fonts(title + "".join(image_set.classes))
    width, height, zoom = _cell_size(image_set)
    names = [_shortened(name, font) for name in image_set.classes[: len(rows)]]
    left = MARGIN + int(max(font.getlength(text) for text in ("0,000,000", *names)))
    top = MARGIN + 2 * TITLE
    columns = max(map(len, rows), default=0)
    right = left + MARGIN + columns * (width + GAP)
    counts = image_set.counts
    hidden = len(image_set.classes) - len(rows)
    bottom = top + len(rows) * (height + GAP) + (2 * TEXT if hidden else 0)
    page_width = max(right, MARGIN + int(title_font.getlength(title))) + MARGIN
    sheet = Image.new("RGB", (page_width, bottom + MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), title, INK, title_font)
    for row, chosen in enumerate(rows):
        y = top + row * (height + GAP)
        _label(pen, font, y + height // 2, names[row], int(counts[row]))
        for column, index in enumerate(chosen):
            picture = Image.fromarray(image_set.images[index]).resize((width, height), zoom)
            sheet.paste(picture, (left + MARGIN + column * (width + GAP), y))
    if hidden:
        pen.text((MARGIN, bottom - TEXT), f"and {hidden:,} more classes", PALE, font)
    return sheet


def _label(pen: ImageDraw, font: FreeTypeFont | ImageFont, middle: int, name: str, count: int) -> None:
    """Write a class name, and below it how many images the class has."""
    pen.text((MARGIN, middle - TEXT - 3), name, INK, font)
    pen.text((MARGIN, middle + 1), f"{count:,}", PALE, font)


def _shortened(name: str, font: FreeTypeFont | ImageFont) -> str:
    """Cut a name that is wider than its column; one line, even where a folder's name has several."""
    name = " ".join(name.split())[:MAX_NAME]  # no letter is narrower than a pixel
    while font.getlength(name) > MAX_NAME:
        name = name[:-2] + "…"
    return name


def _cell_size(image_set: ImageSet) -> tuple[int, int, int]:
    """Return width and height of a picture on the sheet, and the filter that takes it there."""
    from PIL.Image import Resampling

    height, width = image_set.size
    scale = CELL / max(height, width)
    zoom = Resampling.NEAREST if scale >= 1 else Resampling.LANCZOS
    return max(round(width * scale), 1), max(round(height * scale), 1), zoom


def _fonts(text: str) -> tuple[FreeTypeFont | ImageFont, FreeTypeFont | ImageFont]:
    """Return a font for the title and one for text; of ones with Chinese and Japanese signs, if need be."""
    from PIL import ImageFont

    for name in _WIDE_FONTS if max(map(ord, text)) >= 0x2E80 else ():
        try:
            return ImageFont.truetype(name, TITLE), ImageFont.truetype(name, TEXT)
        except OSError:
            continue
    return ImageFont.load_default(TITLE), ImageFont.load_default(TEXT)


def _save(sheet: Image, path: Path) -> None:
    try:
        with replacing(path) as temporary:
            sheet.save(temporary, format="PNG", optimize=True)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror or error}); expected a writable folder"
        ) from None
