"""The strip of steps, opened with Pillow."""

import numpy as np
import pytest
from PIL import Image

from tenfold.errors import DataError, UsageError
from tenfold.model.photo import Step
from tenfold.model.photo.strip import CELL, MARGIN, ROW, write_strip

STEPS = [
    Step("picture", np.full((40, 60, 3), (200, 30, 90), np.uint8)),
    Step("input", np.zeros((28, 28), np.uint8)),
]


def test_a_row_a_picture_and_a_cell_a_step(tmp_path):
    path = write_strip({"seven.png": STEPS, "七.jpg": STEPS[1:]}, tmp_path / "strip.png")
    with Image.open(path) as strip:
        pixels = np.asarray(strip)
    assert pixels.shape == (2 * ROW + MARGIN, 2 * (CELL + MARGIN) + MARGIN, 3)
    assert (pixels[ROW // 2, MARGIN + CELL // 2] == (200, 30, 90)).all()
    assert (pixels[ROW // 2, 2 * MARGIN + CELL + CELL // 2] == 0).all()
    assert (pixels[ROW + ROW // 2, MARGIN + CELL // 2] == 0).all()
    assert (pixels[ROW + ROW // 2, 2 * MARGIN + CELL + CELL // 2] == 255).all()


@pytest.mark.parametrize(
    ("pictures", "name", "says"),
    [
        ({"a": STEPS}, "strip.jpg", r"strip\.jpg.*expected a file name that ends in \.png"),
        ({}, "strip.png", "0 pictures; expected 1 to 100"),
        ({str(i): STEPS for i in range(101)}, "strip.png", "101 pictures; expected 1 to 100"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_written(tmp_path, pictures, name, says):
    with pytest.raises(UsageError, match=says):
        write_strip(pictures, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere.*expected a writable folder"):
        write_strip({"a": STEPS}, tmp_path / "nowhere" / "strip.png")
