"""The sheet shows the suspects in their order, and is a whole PNG or nothing."""

import numpy as np
import pytest
from PIL import Image

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.faults import Part
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.suspects import Suspect, Suspects
from tenfold.evaluation.suspects_sheet import CELL, suspects_sheet
from tenfold.training.recipe import Recipe


def suspects(count, shape=(7, 7), classes=("a", "b"), source="shades"):
    """Each suspect's picture has one shade, 40 and up in the order of rows; their places run backwards."""
    shades = np.arange(count)[::-1] % 200 + 40
    pixels = np.broadcast_to(shades[(...,) + (None,) * len(shape)], (count, *shape)).astype(np.uint8)
    images = ImageSet(pixels, np.zeros(count, np.int64), classes, source)
    rows = [Suspect("train", count - 1 - k, None, *classes, 0.0, 1.0, "network", "") for k in range(count)]
    part = Part("train", images)
    return Suspects((part,), Recipe.named("fast"), 5, np.ones((count, 2), np.float32), tuple(rows))


def shades(path, height=CELL):
    """Read a sheet back, row by row: the shades of blocks as large as a cell."""
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet.convert("L"))
    found = []
    for y in range(1, len(pixels) - height):
        top = np.flatnonzero(
            (pixels[y] == pixels[y + height - 1]) & (pixels[y - 1] == 255) & (pixels[y] < 240)
        )
        starts = top[np.diff(top, prepend=-2) > 1]
        for x in starts:
            block = pixels[y : y + height, x : x + CELL]
            if block.shape == (height, CELL) and (block == block[0, 0]).all():
                found.append(int(block[0, 0]))
    return found


def test_suspects_stand_in_their_order(tmp_path):
    path = suspects(30).sheet(tmp_path / "sheet.png")
    assert shades(path) == list(range(40, 70))


def test_at_most_96_are_drawn(tmp_path):
    assert shades(suspects_sheet(suspects(100), tmp_path / "sheet.png")) == list(range(40, 136))


def test_colour_and_oblong_pictures(tmp_path):
    assert shades(suspects(3, (40, 80, 3)).sheet(tmp_path / "s.png"), height=CELL // 2) == [40, 41, 42]


def test_long_and_wide_names_leave_the_pictures_apart(tmp_path):
    names = ("a name\nof two lines, and " + "long " * 60, "猫")
    printable = tuple(name.replace("\n", " ") for name in names)
    path = suspects(14, classes=printable, source="two\nlines").sheet(tmp_path / "s.png")
    assert shades(path) == list(range(40, 54))


def test_nothing_found(tmp_path):
    path = suspects(1)
    empty = Suspects(path.parts, path.recipe, 5, path.probabilities, ())
    with Image.open(empty.sheet(tmp_path / "s.png")) as sheet:
        assert np.asarray(sheet).min() < 100  # the title


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"expected a file name that ends in \.png"):
        suspects(1).sheet(tmp_path / "sheet.jpg")


def test_a_missing_folder(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        suspects(1).sheet(tmp_path / "missing" / "sheet.png")
