"""One picture file becomes one uint8 array: grey ``(H, W)`` or red, green, blue ``(H, W, 3)``.

The content, never the file's name, tells the format: PNG, JPEG, BMP, TIFF or WebP.

=================  ===========================================================================================
what the file has  what becomes of it
=================  ===========================================================================================
8-bit grey, RGB    as it is
1-bit              0 and 255
palette            its colours; grey when all those in use are grey
alpha              laid on white: ``round((c * a + 255 * (255 - a)) / 255)``; grey stays grey
16-bit grey        scaled, not clipped: ``round(v / 257)``, so that 65,535 becomes 255
16-bit colour      the upper byte of each value, as Pillow reads it
CMYK, YCbCr, HSV   RGB by Pillow's plain conversion, without colour profiles
EXIF orientation   applied: the picture stands as a viewer shows it
several frames     the first
32-bit int, float  refused: the file does not say which value is white
=================  ===========================================================================================
"""

from __future__ import annotations

import contextlib
import io
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenfold.data.png import SIGNATURE, decode_plain, is_plain, read_chunk_types, size_of
from tenfold.data.warning_filter import all_warnings
from tenfold.errors import DataError, UsageError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
LARGEST_PICTURE = 89_478_485  # pixels: where Pillow begins to suspect a decompression bomb
_ORIENTATION = 0x0112  # EXIF tag
_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"8BPS": "PSD",
    b"\0\0\1\0": "ICO",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"<svg": "SVG",
    b"<?xml": "XML",
    b"PK\3\4": "zip",
    b"\x1f\x8b": "gzip",
}


def picture_format(data: bytes) -> str | None:
    """Name the format of a file by its first bytes, or return None where they are not known.

    Examples
    --------
    >>> picture_format(b"GIF89a")
    'GIF'
    """
    if data.startswith(SIGNATURE):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return "AVIF" if data[8:12] in (b"avif", b"avis") else "HEIC" if data[8:10] == b"he" else "MP4"
    return next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)


def read_picture(source: str | os.PathLike[str] | bytes, *, name: str = "picture") -> NDArray[np.uint8]:
    """Read one picture by the rules above.

    Parameters
    ----------
    source : path-like or bytes
        A file, or the bytes of one.
    name : str
        What errors call the picture when ``source`` is bytes.

    Returns
    -------
    ndarray of uint8, shape (H, W) or (H, W, 3)

    Raises
    ------
    DataError
        When the file is missing, no picture, of another format, damaged, too large or of a kind that has no
        rule.
    """
    if isinstance(source, bytes):
        return decode_picture(source, name)
    try:
        data = Path(source).read_bytes()
    except OSError as error:
        raise DataError(f"{source}: cannot be read ({error.strerror}); expected a picture file") from None
    return decode_picture(data, str(source))


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """Read one picture from its bytes; ``name`` is what errors call it."""
    kind = picture_format(data)
    if kind not in FORMATS:
        raise DataError(
            f"{name}: is {f'a {kind} file' if kind else 'not a picture' if data else 'an empty file'}; "
            "expected PNG, JPEG, BMP, TIFF or WebP: convert or remove it"
        )
    try:
        if kind == "PNG":
            chunks = read_chunk_types(data)
            if is_plain(data, chunks):
                _refuse_bomb(math.prod(size_of(data)), name)
                return decode_plain(data, len(chunks))
        with all_warnings("ignore"):  # about metadata; a picture too large is refused all the same
            return _decode(data, name)
    except DataError:
        raise
    except Exception as error:  # decoders meet damaged bytes with errors of every type
        reason = " ".join(str(error).split()) or type(error).__name__
        if "cannot identify" in reason:
            reason = "its header cannot be read"
        raise DataError(
            f"{name}: damaged {kind} file ({reason}); expected a whole picture: replace or remove it"
        ) from None


def _refuse_bomb(pixels: int, name: str) -> None:
    if pixels > LARGEST_PICTURE:
        raise DataError(
            f"{name}: has {pixels:,} pixels or more; expected at most {LARGEST_PICTURE:,}: make it smaller"
        )


def _decode(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode with Pillow and turn the picture upright."""
    from PIL import Image, ImageOps

    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        _refuse_bomb(image.width * image.height, name)
    except Image.DecompressionBombError:
        _refuse_bomb(2 * LARGEST_PICTURE, name)
        raise
    image.load()
    orientation = 1
    with contextlib.suppress(Exception):  # an EXIF block that cannot be read turns nothing
        orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation in range(2, 9):
        image = ImageOps.exif_transpose(image)
    return np.ascontiguousarray(_to_array(image, name))


def _to_array(image: Image.Image, name: str) -> NDArray[np.uint8]:
    """Apply the rule of the image's mode."""
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return np.asarray(image)
    if mode.startswith("I;16"):
        return _from_16_bit(image, name)
    if mode in ("I", "F"):
        raise DataError(
            f"{name}: has 32-bit {'whole' if mode == 'I' else 'floating-point'} values, "
            "of which no one can tell which is white; "
            "expected 8 or 16 bits a channel: convert it to 16 bits"
        )
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        grey = mode in ("1", "L", "LA", "La")
        array = _on_white(np.asarray(image.convert("LA" if grey else "RGBA")))
    else:
        array = np.asarray(image.convert("L" if mode == "1" else "RGB"))
    if mode in ("P", "PA") and (array == array[:, :, :1]).all():
        return array[:, :, 0]
    return array


def _on_white(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay an image with alpha, shape (H, W, 2) or (H, W, 4), on white."""
    alpha = array[:, :, -1:].astype(np.uint32)
    mixed = array[:, :, :-1] * alpha + 255 * (255 - alpha)
    rounded = ((mixed + 127) // 255).astype(np.uint8)  # 255 is odd: there are no halves
    return rounded[:, :, 0] if rounded.shape[2] == 1 else rounded


def _from_16_bit(image: Image.Image, name: str) -> NDArray[np.uint8]:
    """Scale 16-bit grey to 8 bits; a value declared transparent becomes white."""
    bits = getattr(image, "tag_v2", {}).get(258, (16,))  # TIFF tag BitsPerSample
    if bits != (16,):
        raise DataError(f"{name}: has {bits[0]} bits a pixel; expected 1, 8 or 16: convert it to 16 bits")
    values = np.asarray(image).astype(np.uint32)
    if (transparent := image.info.get("transparency")) is not None:
        values[values == transparent] = 65_535
    return ((values + 128) // 257).astype(np.uint8)  # 257 is odd: there are no halves


def check_size(size: tuple[int, int]) -> None:
    """Raise :class:`UsageError` when ``size`` is not a height and a width from 1 to 65,535 pixels."""
    if len(size) != 2 or not all(isinstance(side, int) and 1 <= side <= 65_535 for side in size):
        raise UsageError(
            f"size is {size!r}; expected height and width in pixels from 1 to 65,535, such as 28x28"
        )


def scale(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Stretch or shrink a picture to a size; its proportions follow the new frame.

    Bilinear, by Pillow, whose filter widens as a picture shrinks, so that every pixel counts (antialiasing);
    along rows first, then along columns, whatever Pillow's version would choose.
    It never overshoots: no value leaves the range that the picture has.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W) or (H, W, 3)
        The picture.
    size : tuple of int
        New height and width in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width) or (height, width, 3)
        The picture itself where it has that size already.

    Raises
    ------
    UsageError
        When ``size`` is not a height and a width from 1 to 65,535 pixels.
    """
    check_size(size)
    if picture.shape[:2] == tuple(size):
        return picture
    from PIL import Image

    height, width = size
    rows = Image.fromarray(picture).resize((width, picture.shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(rows.resize((width, height), Image.Resampling.BILINEAR))
