from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.contact_sheet import CELL, contact_sheet
from tenfold.errors import DataError, UsageError


def shades(classes: int = 3, each: int = 4, shape: tuple[int, ...] = (14, 14)) -> ImageSet:
    """Every image has one shade, its number times ten: no shade is the page's white."""
    count = classes * each
    images = np.broadcast_to((np.arange(count) * 10 % 250)[(...,) + (None,) * len(shape)], (count, *shape))
    labels = np.repeat(np.arange(classes), each)
    return ImageSet(images.astype(np.uint8), labels, tuple(f"class {k}" for k in range(classes)), "shades")


def opened(path: Path) -> Image.Image:
    with Image.open(path) as sheet:
        sheet.load()
    return sheet


def full_cells(path: Path) -> list[tuple[int, int]]:
    """Read a sheet back: (row, shade) of each block of 56 x 56 pixels with one shade, not white."""
    sheet = np.asarray(opened(path).convert("L")).astype(int)
    found = []
    for y in range(sheet.shape[0] - CELL + 1):
        line = sheet[y]
        starts = np.flatnonzero((line[1:] != line[:-1]) & (line[1:] != 255)) + 1
        for x in starts:
            block = sheet[y : y + CELL, x : x + CELL]
            above = sheet[y - 1, x]
            if block.shape == (CELL, CELL) and (block == block[0, 0]).all() and above == 255:
                found.append((y, int(block[0, 0])))
    return found


def test_every_row_shows_its_own_class(tmp_path):
    path = contact_sheet(shades(), tmp_path / "sheet.png")
    cells = full_cells(path)
    rows = sorted({y for y, _ in cells})
    assert [[shade for y, shade in cells if y == row] for row in rows] == [
        [0, 10, 20, 30],
        [40, 50, 60, 70],
        [80, 90, 100, 110],
    ]
    assert np.all(np.diff(rows) > CELL)


def test_columns_bound_a_seeded_sample(tmp_path):
    one, same, other = (
        contact_sheet(shades(each=8), tmp_path / f"{n}.png", columns=3, seed=seed)
        for n, seed in enumerate((0, 0, 5))
    )
    assert len(full_cells(one)) == 9
    assert one.read_bytes() == same.read_bytes()
    assert full_cells(one) != full_cells(other)


def test_colour_stays_colour(tmp_path):
    red = np.zeros((2, 8, 8, 3), np.uint8)
    red[..., 0] = 200
    path = contact_sheet(ImageSet(red, np.array([0, 1]), ("猫", "dog"), "red"), tmp_path / "sheet.png")
    assert (np.asarray(opened(path)) == (200, 0, 0)).all(axis=2).sum() == 2 * CELL * CELL


def test_large_and_oblong_pictures_keep_their_proportions(tmp_path):
    path = contact_sheet(shades(1, 1, (100, 200)), tmp_path / "sheet.png")
    assert (np.asarray(opened(path).convert("L")) == 0).sum() == CELL * CELL // 2


def test_many_classes_and_classes_without_images(tmp_path):
    images = ImageSet(np.zeros((1, 2, 2), np.uint8), np.array([120]), tuple(map(str, range(150))), "many")
    sheet = opened(contact_sheet(images, tmp_path / "sheet.png"))
    assert 100 * CELL < sheet.height < 101 * (CELL + 10) + 100


def one_image(name: str) -> ImageSet:
    return ImageSet(np.zeros((1, 2, 2), np.uint8), np.array([0]), (name,), "one")


def test_a_long_name_is_cut(tmp_path):
    widths = [
        opened(contact_sheet(one_image("n" * length), tmp_path / "sheet.png")).width
        for length in (1, 40, 4000)
    ]
    assert widths[0] < widths[1] == widths[2]


def test_the_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "sheet.png"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", lambda self, file, **_: file.write_bytes(b"half") and 1 / 0)
        with pytest.raises(ZeroDivisionError):
            contact_sheet(shades(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    contact_sheet(shades(), path)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_bad_arguments_and_places_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.png"):
        contact_sheet(shades(), tmp_path / "sheet.jpg")
    with pytest.raises(UsageError, match="columns is 0"):
        contact_sheet(shades(), tmp_path / "sheet.png", columns=0)
    with pytest.raises(DataError, match="cannot be written") as caught:
        contact_sheet(shades(), tmp_path / "missing" / "sheet.png")
    assert "\n" not in str(caught.value)
