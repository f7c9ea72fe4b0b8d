"""What the sheets that tenfold draws have in common: fonts, colours, sizes, and a PNG written whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.atomic import replacing
from tenfold.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image, Resampling
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

GAP = 4  # pixels
MARGIN = 24
MAX_NAME = 220
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


def fonts(text: str) -> tuple[Font, Font]:
    """Return a font for the title and one for text; with Chinese and Japanese signs if ``text`` has some."""
    from PIL import ImageFont

    for name in _WIDE_FONTS if max(map(ord, text), default=0) >= 0x2E80 else ():
        try:
            return ImageFont.truetype(name, TITLE), ImageFont.truetype(name, TEXT)
        except OSError:
            continue
    return ImageFont.load_default(TITLE), ImageFont.load_default(TEXT)


def shortened(name: str, font: Font, width: int = MAX_NAME) -> str:
    """Cut a name that is wider than ``width`` pixels; one line, even where a folder's name has several."""
    name = " ".join(name.split())[:width]  # no letter is narrower than a pixel
    while font.getlength(name) > width:
        name = name[:-2] + "…"
    return name


@dataclass(frozen=True)
class Cell:
    """The place of a picture on a sheet.

    Parameters
    ----------
    width, height : int
        In pixels.
    zoom : Resampling
        The filter that takes the picture there.
    """

    width: int
    height: int
    zoom: Resampling

    @classmethod
    def fitting(cls, size: tuple[int, ...], longest: int) -> Cell:
        """Return the place of pictures of one shape.

        Parameters
        ----------
        size : tuple of int
            Height and width of the pictures, and the channels if they have some.
        longest : int
            Pixels of the longer side as drawn; small pictures are magnified without smoothing.
        """
        from PIL.Image import Resampling

        height, width = size[:2]
        scale = longest / max(height, width)
        zoom = Resampling.NEAREST if scale >= 1 else Resampling.LANCZOS
        return cls(max(round(width * scale), 1), max(round(height * scale), 1), zoom)

    def paste(self, sheet: Image, picture: NDArray[np.uint8], corner: tuple[int, int]) -> None:
        """Draw a picture, its upper left corner there."""
        from PIL import Image

        sheet.paste(Image.fromarray(picture).resize((self.width, self.height), self.zoom), corner)


def titled_sheet(size: tuple[int, int], title: str, font: Font) -> tuple[Image, ImageDraw]:
    """Return a white sheet of so many pixels, wide and high, with its title; and the pen to write on it."""
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), title, INK, font)
    return sheet, pen


def png_path(path: str | os.PathLike[str], what: str, shown: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Return the path of a drawing, ``what`` it is called in errors.

    Raises
    ------
    UsageError
        When it does not end in ``.png``, or is one of the pictures ``shown``, which it would replace.
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise UsageError(f"{path}: {what} is a PNG; expected a file name that ends in .png")
    if target.exists() and any(Path(file).exists() and target.samefile(file) for file in shown):
        raise UsageError(f"{path}: is one of the pictures; expected another file for {what}")
    return target


def refuse_among_pictures(path: str | os.PathLike[str], data: str | os.PathLike[str]) -> None:
    """Refuse a drawing that would lie in a folder of the data's, as one more picture or in place of one.

    Raises
    ------
    UsageError
        When it would.
    """
    if Path(data).resolve() in Path(path).resolve().parent.parents:
        raise UsageError(f"{path}: lies among the pictures of {data}; expected a file elsewhere")


def save_png(sheet: Image, path: Path) -> None:
    """Write a drawing, whole or not at all.

    Raises
    ------
    DataError
        When the file cannot be written.
    """
    try:
        with replacing(path) as temporary:
            sheet.save(temporary, format="PNG", optimize=True)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror or error}); expected a writable folder"
        ) from None
