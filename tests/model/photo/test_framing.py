"""The frame of MNIST: length of the ink, its shape, its centre of mass (SciPy), and who has such a frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tenfold.model.photo.framing import are_framed, box_of, framed, ink_box_of, stroke_width, thickened


@st.composite
def figures(draw):
    """Draw two rectangles that overlap, somewhere in an empty image."""
    level = np.zeros((150, 150), np.int64)
    top, left = draw(st.integers(0, 60)), draw(st.integers(0, 60))
    height, width = draw(st.integers(14, 80)), draw(st.integers(14, 80))
    level[top : top + height, left : left + draw(st.integers(12, width + 1))] = 255
    level[top : top + draw(st.integers(12, height + 1)), left : left + width] = 255
    return level


@given(figures(), st.integers(8, 24))
def test_ink_is_as_long_as_asked_and_centred_by_its_mass(level, ink_box):
    image = framed(level, (28, 28), ink_box)
    rows, columns = box_of(image > 0)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    assert max(height, width) == ink_box
    for centre, side in zip(ndimage.center_of_mass(image), (rows, columns), strict=True):
        assert abs(centre - 14) <= 0.51 or side.start == 0 or side.stop == 28


@given(figures())
def test_ink_keeps_its_shape(level):
    rows, columns = box_of(thickened(level) >= 128)
    ratio = (rows.stop - rows.start) / (columns.stop - columns.start)
    rows, columns = box_of(framed(level, (56, 56), 40) > 0)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    assert abs(height - 40 * min(ratio, 1)) <= 0.51 or abs(width - 40 / max(ratio, 1)) <= 0.51


@given(figures(), st.integers(-20, 20), st.integers(-20, 20))
def test_the_place_in_the_picture_does_not_matter(level, down, right):
    page = np.pad(level, 20)
    moved = np.roll(page, (down, right), (0, 1))
    np.testing.assert_array_equal(framed(page, (28, 28), 20), framed(moved, (28, 28), 20))


def test_no_ink_gives_an_empty_image():
    assert not framed(np.zeros((40, 50), np.int64), (28, 28), 20).any()


@pytest.mark.parametrize("width", [3, 6, 10])
def test_the_width_of_a_ring_is_found(width):
    y, x = np.mgrid[-60:60, -60:60]
    radius = np.hypot(x, y)
    assert abs(stroke_width((radius > 45 - width / 2) & (radius < 45 + width / 2)) - width) <= 1


def test_a_thin_pen_becomes_thicker_and_a_marker_does_not():
    y, x = np.mgrid[-60:60, -60:60]
    thin = np.where(np.abs(np.hypot(x, y) - 50) < 1.5, 255, 0)
    thick = np.where(np.abs(np.hypot(x, y) - 45) < 8, 255, 0)
    assert stroke_width(thickened(thin) >= 128) >= 9
    np.testing.assert_array_equal(thickened(thick), thick)


def test_framed_images_are_framed_and_others_are_not():
    level = np.zeros((60, 60), np.int64)
    level[10:50, 20:40] = level[10:20, 20:55] = 255
    image = framed(level, (28, 28), 20)
    others = [
        image,
        np.roll(image, 3, 1),
        np.roll(image, 3, 0),
        255 - image,
        image // 4,
        np.zeros_like(image),
    ]
    np.testing.assert_array_equal(are_framed(np.stack(others), 20), [True] + 5 * [False])
    assert not are_framed(image[None], 16)[0]


def test_the_ink_box_is_measured_where_nearly_all_images_agree():
    random = np.random.default_rng(0)
    heights = random.integers(12, 17, 200)
    images = np.zeros((200, 28, 28), np.uint8)
    for image, width in zip(images, heights, strict=True):
        image[4:24, 14 - width // 2 : 14 + width // 2] = 255
    assert ink_box_of(images) == 20
    images[::20] = np.roll(images[::20], 5, axis=2)  # 5 % are not centred
    assert ink_box_of(images) is None
    assert ink_box_of(random.integers(0, 256, (50, 28, 28)).astype(np.uint8)) is None
