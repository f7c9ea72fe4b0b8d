"""What a network's first layer looks for, as pictures; of softmax regression, what each class looks for."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenfold.data.drawing import (
    GAP,
    INK,
    MARGIN,
    TEXT,
    TITLE,
    Cell,
    fonts,
    png_path,
    save_png,
    shortened,
    titled_sheet,
)
from tenfold.evaluation.attribution import direction
from tenfold.evaluation.heat_map import draw_legend, heat_map, legend_width
from tenfold.functional import Floats
from tenfold.model.model_file import Model

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PICTURES = 256
SMALL, LARGE = 56, 112  # pixels, the longer side of a neuron's and of a template's picture

_BELOW, _ABOVE = "looks for dark", "looks for light"


def class_templates(model: Model) -> Floats:
    """Return what softmax regression weighs each input with, for each class.

    What all classes share is taken away: it moves all logits alike, which changes no probability.

    Parameters
    ----------
    model : Model
        Of one layer.

    Returns
    -------
    ndarray of float64, shape (classes, inputs)
        They sum to zero over the classes.
    """
    directions = np.stack([direction(model.network, label) for label in range(model.network.classes)])
    centred: Floats = (directions - directions.mean(axis=0)) @ model.weights["l1.weight"].astype(np.float64)
    return centred


def weight_sheet(model: Model, path: str | os.PathLike[str]) -> Path:
    """Draw the weights of the first layer: a picture a neuron, or a class where it is the only layer.

    Neurons are drawn in the order of their largest weights, at most 256 of them, each at its own scale;
    templates in the order of the classes, all at one scale.

    Parameters
    ----------
    model : Model
        Of grey or colour images; a colour image's weights are drawn in its colours, on grey.
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
    path = png_path(path, "a drawing of weights")
    save_png(_templates(model) if model.network.layers == 1 else _neurons(model), path)
    return path


def _templates(model: Model) -> Image:
    pictures = class_templates(model).reshape(-1, *model.preprocessing.shape)
    largest = np.abs(pictures).max()
    title = f"What {len(pictures)} classes look for: {model.network}"
    return _draw(title, [_picture(each, largest) for each in pictures], model.classes, LARGE)


def _neurons(model: Model) -> Image:
    weights = model.weights["l1.weight"].astype(np.float64)
    order = np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:MAX_PICTURES]
    pictures = weights[order].reshape(-1, *model.preprocessing.shape)
    count = f"{len(weights)}" if len(weights) == len(order) else f"{len(order)} of {len(weights):,}"
    title = f"What {count} neurons of the first layer look for: {model.network}"
    return _draw(title, [_picture(each, np.abs(each).max()) for each in pictures], (), SMALL)


def _picture(weights: Floats, largest: float) -> NDArray[np.uint8]:
    """Colour the weights of one picture, shape (H, W) or (H, W, 3); the largest has full colour."""
    if weights.ndim == 2:
        return heat_map(weights, largest)
    shades: Floats = np.rint(127.5 * (1 + weights / (largest or 1.0)))
    return shades.astype(np.uint8)


def _draw(title: str, pictures: list[NDArray[np.uint8]], captions: tuple[str, ...], longest: int) -> Image:
    """Draw pictures in a grid somewhat wider than high, each above its caption."""
    title_font, font = fonts(title + "".join(captions))
    cell = Cell.fitting(pictures[0].shape, longest)
    columns = math.ceil(math.sqrt(2 * len(pictures)))
    row_height = cell.height + GAP + (2 * TEXT if captions else 0)
    top = MARGIN + 2 * TITLE
    bottom = top + math.ceil(len(pictures) / columns) * row_height + GAP
    right = max(
        columns * (cell.width + GAP), int(title_font.getlength(title)), legend_width(font, _BELOW, _ABOVE)
    )
    sheet, pen = titled_sheet((right + 2 * MARGIN, bottom + 2 * TEXT + MARGIN), title, title_font)
    for index, picture in enumerate(pictures):
        x, y = MARGIN + index % columns * (cell.width + GAP), top + index // columns * row_height
        cell.paste(sheet, picture, (x, y))
        if captions:
            pen.text((x, y + cell.height), shortened(captions[index], font, cell.width), INK, font)
    draw_legend(sheet, (MARGIN, bottom), font, _BELOW, _ABOVE)
    return sheet
