"""What drawn sheets share: sizes, names that fit, files that are PNGs."""

import pytest
from PIL.Image import Resampling

from tenfold.data.drawing import Cell, fonts, png_path, shortened
from tenfold.errors import UsageError


def test_the_longer_side_fits_and_small_pictures_keep_their_pixels():
    assert Cell.fitting((28, 14), 56) == Cell(28, 56, Resampling.NEAREST)
    assert Cell.fitting((100, 400), 200) == Cell(200, 50, Resampling.LANCZOS)
    assert Cell.fitting((1, 1000), 100) == Cell(100, 1, Resampling.LANCZOS)


def test_a_name_is_one_line_and_fits():
    _, font = fonts("")
    assert shortened("ankle\n boot", font) == "ankle boot"
    cut = shortened("w" * 500, font, width=60)
    assert font.getlength(cut) <= 60
    assert cut.startswith("w") and cut.endswith("…")


def test_a_drawing_ends_in_png():
    assert png_path("a.PNG", "a sheet").name == "a.PNG"
    with pytest.raises(
        UsageError, match=r"^a.jpg: a sheet is a PNG; expected a file name that ends in .png$"
    ):
        png_path("a.jpg", "a sheet")
