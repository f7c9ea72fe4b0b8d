"""Images of a data set as PNG pictures inside the page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.reporting.markup import Html, element

LARGEST, LARGEST_IN_STRIP = 96, 32
"""Pixels of the longer side beyond which a picture is made smaller."""

GAP = 2


def picture(image: NDArray[np.uint8], shows: str) -> Html:
    """Return an ``img`` that carries its own pixels; small ones are magnified without smoothing.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
        What to show.
    shows : str
        What stands for the picture where it cannot be seen: the name of its class, in any language.
    """
    pixels = _shrunk(image, LARGEST)
    height, width = pixels.shape[:2]
    return element("img", src=_data_uri(pixels), alt=shows, width=str(width), height=str(height))


def strip(images: NDArray[np.uint8], shows: str) -> Html:
    """Return one picture of several images side by side, with gaps that let the page show through.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, 3)
        At least one.
    shows : str
        As for `picture`.
    """
    shrunk = np.stack([_shrunk(image, LARGEST_IN_STRIP) for image in images])
    colours = shrunk if shrunk.ndim == 4 else np.repeat(shrunk[..., np.newaxis], 3, axis=3)
    opaque = np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=3)
    spaced = np.pad(opaque, ((0, 0), (0, 0), (0, GAP), (0, 0)))  # (N, H, W + GAP, RGBA)
    row = np.concatenate(list(spaced), axis=1)[:, :-GAP]
    return element("img", src=_data_uri(row), alt=shows, width=str(row.shape[1]), height=str(row.shape[0]))


def _shrunk(image: NDArray[np.uint8], largest: int) -> NDArray[np.uint8]:
    from PIL import Image

    if max(image.shape[:2]) <= largest:
        return image
    drawn = Image.fromarray(image)
    drawn.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    return np.asarray(drawn)


def _data_uri(pixels: NDArray[Any]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
