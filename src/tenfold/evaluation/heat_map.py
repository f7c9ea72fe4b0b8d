"""Numbers around zero as colours: vermilion above, blue below, the ground where there is nothing to say.

Both colours are Okabe and Ito's, which people with any kind of colour vision tell apart.

References
----------
M. Okabe, K. Ito, "Color universal design: how to make figures and presentations that are friendly to
colorblind people", 2008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.drawing import GAP, INK, TEXT
from tenfold.functional import Floats

if TYPE_CHECKING:
    from PIL.Image import Image

    from tenfold.data.drawing import Font

ABOVE, BELOW = (213, 94, 0), (0, 114, 178)
_BAR = 160  # pixels


def heat_map(values: Floats, largest: float, ground: NDArray[Any] | int = 255) -> NDArray[np.uint8]:
    """Colour numbers: the further from zero, the more of its colour covers the ground.

    Parameters
    ----------
    values : ndarray of shape (H, W)
        Any numbers.
    largest : float
        Distance from zero at which the colour is full.
    ground : ndarray of shape (H, W) or int, default 255
        Grey values below the colours, 0 to 255.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Red, green, blue.

    Examples
    --------
    >>> heat_map(np.array([[0.0, 2.0, -1.0]]), largest=2.0).tolist()
    [[[255, 255, 255], [213, 94, 0], [128, 184, 216]]]
    """
    cover = np.clip(np.abs(values) / (largest or 1.0), 0, 1)[..., np.newaxis]
    colour = np.where(values[..., np.newaxis] > 0, ABOVE, BELOW)
    below = np.broadcast_to(ground, values.shape)[..., np.newaxis]
    mixed: Floats = np.rint(below + cover * (colour - below))
    return mixed.astype(np.uint8)


def draw_legend(sheet: Image, corner: tuple[int, int], font: Font, below: str, above: str) -> int:
    """Draw the colours from full blue to full vermilion between their meanings; return the right end."""
    from PIL import Image, ImageDraw

    pen = ImageDraw.Draw(sheet)
    x, y = corner
    pen.text((x, y), below, INK, font)
    x += int(font.getlength(below)) + 2 * GAP
    ramp = heat_map(np.tile(np.linspace(-1, 1, _BAR), (TEXT, 1)), largest=1)
    sheet.paste(Image.fromarray(ramp), (x, y + 2))
    x += _BAR + 2 * GAP
    pen.text((x, y), above, INK, font)
    return x + int(font.getlength(above))


def legend_width(font: Font, below: str, above: str) -> int:
    """Return the pixels that `draw_legend` takes."""
    return int(font.getlength(below)) + _BAR + 4 * GAP + int(font.getlength(above))
