"""The sheet of explanations: a PNG with pictures, heat maps and what they explain."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tenfold.data.drawing import GAP, MARGIN, TITLE
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.explanation import Explanation, Method
from tenfold.evaluation.explanation_sheet import CELL, explanation_sheet
from tenfold.evaluation.heat_map import ABOVE, BELOW


def explained(image, shares, name="ant"):
    return Explanation(Method(), name, 0.9, name, None, image, 1.0, 0.0, 0, np.array(shares, float))


@pytest.fixture
def two():
    black = np.zeros((2, 2), np.uint8)
    ink = np.array([[0, 255], [128, 0]], np.uint8)
    return {
        "blank.png": explained(black, [[0, 0], [0, 0]]),
        "ink.png": explained(ink, [[0, 4], [-4, 0]]),
    }


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def panel(page, row, column):
    """Cut out a picture or heat map, and take the middle of each of its 2 x 2 blocks."""
    y = MARGIN + 2 * TITLE + row * (CELL + MARGIN)
    x = MARGIN + column * (CELL + GAP)
    return page[y : y + CELL, x : x + CELL][CELL // 4 :: CELL // 2, CELL // 4 :: CELL // 2]


def test_a_row_shows_the_picture_and_its_heat_map(two, tmp_path):
    page = pixels(explanation_sheet(two, tmp_path / "why.png"))
    assert (panel(page, 0, 0) == 0).all()
    assert (panel(page, 0, 1) == 255).all()
    assert panel(page, 1, 0)[..., 0].tolist() == [[0, 255], [128, 0]]
    heat = panel(page, 1, 1)
    assert heat[0, 1].tolist() == list(ABOVE)
    assert heat[1, 0].tolist() == list(BELOW)
    assert heat[0, 0].tolist() == heat[1, 1].tolist() == [255, 255, 255]


def test_the_ink_is_faint_below_the_heat(two, tmp_path):
    ink = replace(two["ink.png"], shares=np.zeros((2, 2)))
    page = pixels(explanation_sheet({"ink.png": ink}, tmp_path / "why.png"))
    assert panel(page, 0, 1)[..., 0].tolist() == [[255, 204], [229, 255]]


def test_colour_pictures_and_foreign_names(tmp_path):
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    page = pixels(explanation_sheet({"猫.png": explained(red, np.eye(2), "蝶")}, tmp_path / "why.png"))
    assert panel(page, 0, 0)[0, 0].tolist() == [255, 0, 0]


def test_a_long_sheet_says_how_many_it_leaves_out(two, tmp_path, monkeypatch):
    monkeypatch.setattr("tenfold.evaluation.explanation_sheet.MAX_ROWS", 3)
    sheets = {str(k): two["ink.png"] for k in range(3)}, {str(k): two["ink.png"] for k in range(9)}
    full, more = (pixels(explanation_sheet(each, tmp_path / "why.png")) for each in sheets)
    assert full.shape == more.shape
    assert (full != more).any(axis=(1, 2)).nonzero()[0].min() > 3 * CELL


def test_a_sheet_that_cannot_be_is_refused(two, tmp_path):
    with pytest.raises(UsageError, match=r"why.jpg: an explanation is a PNG; expected a file name that ends"):
        explanation_sheet(two, tmp_path / "why.jpg")
    with pytest.raises(DataError, match=r"why.png: cannot be written .* expected a writable folder$"):
        explanation_sheet(two, tmp_path / "missing" / "why.png")
    assert list(tmp_path.iterdir()) == []
