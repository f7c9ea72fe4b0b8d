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


def test_a_drawing_replaces_none_of_the_pictures_it_shows(tmp_path):
    picture, link = tmp_path / "digit.png", tmp_path / "link.png"
    picture.write_bytes(b"ink")
    link.symlink_to(picture)
    for path in (picture, link, tmp_path / "." / "digit.png"):
        with pytest.raises(UsageError, match="is one of the pictures; expected another file for a strip"):
            png_path(path, "a strip", ["-", str(tmp_path / "gone.png"), str(picture)])
    assert png_path(tmp_path / "other.png", "a strip", [picture]) == tmp_path / "other.png"
