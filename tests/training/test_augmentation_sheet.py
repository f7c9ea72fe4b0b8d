"""The sheet that shows an augmentation: a PNG with the originals in its first column."""

import numpy as np
import pytest
from PIL import Image

import tenfold
from tenfold.data.image_set import ImageSet
from tenfold.errors import UsageError
from tenfold.training.augmentation import AUGMENTATIONS, Augmentation
from tenfold.training.augmentation_sheet import EPOCHS, augmentation_sheet


@pytest.fixture
def images():
    """A white square on black in one class, a white bar in the other, 28 x 28."""
    pixels = np.zeros((6, 28, 28), np.uint8)
    pixels[::2, 9:19, 9:19] = 255
    pixels[1::2, 4:24, 12:16] = 255
    return ImageSet(pixels, np.arange(6) % 2, ("square", "bar"), "shapes")


def cells(path):
    """Cut the sheet's pictures out: 56 pixels each, 60 apart, on white from the first dark column on."""
    with Image.open(path) as picture:
        page = np.asarray(picture.convert("L")).astype(int)
    dark = (page == 0).sum(axis=0) > 60
    left = int(np.flatnonzero(dark)[0])
    top = int(np.flatnonzero((page == 0).sum(axis=1) > 300)[0])
    return [
        [
            page[top + 60 * r : top + 60 * r + 56, left + 60 * c : left + 60 * c + 56]
            for c in range(1 + EPOCHS)
        ]
        for r in range(2)
    ]


def test_the_first_column_is_as_it_is_and_the_others_are_distorted(images, tmp_path):
    augmentation_sheet(images, AUGMENTATIONS["handwriting"], tmp_path / "sheet.png")
    for row, original in zip(cells(tmp_path / "sheet.png"), images.images, strict=False):
        np.testing.assert_array_equal(row[0][::2, ::2], original)
        assert all((column[::2, ::2] != original).any() for column in row[1:])


def test_without_augmentation_all_columns_are_alike(images, tmp_path):
    augmentation_sheet(images, Augmentation(), tmp_path / "sheet.png")
    for row in cells(tmp_path / "sheet.png"):
        assert all((column == row[0]).all() for column in row)


def test_inspect_draws_it_and_knows_the_names(images, tmp_path):
    np.savez(
        tmp_path / "shapes.npz",
        x_train=images.images,
        y_train=images.labels,
        x_test=images.images[:2],
        y_test=images.labels[:2],
    )
    tenfold.inspect(tmp_path / "shapes.npz", augment=tmp_path / "drawn.png", augmentation="objects")
    assert len(cells(tmp_path / "drawn.png")) == 2
    with pytest.raises(UsageError, match=r"^augmentation: 'rubber'; expected none, handwriting, objects$"):
        tenfold.inspect(tmp_path / "shapes.npz", augment=tmp_path / "other.png", augmentation="rubber")
