"""Scaling and blurring in whole numbers, against exact fractions and SciPy."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from tenfold.model.photo.resampling import blurred, resized

sides = st.integers(1, 12)
images = arrays(np.uint8, st.tuples(sides, sides) | st.tuples(sides, sides, st.just(3)))


def covered(old, new):
    """Say how much of each old pixel, in ``1 / old`` of its width, each new pixel covers."""
    edges = [Fraction(i * old, new) for i in range(new + 1)]
    return np.array(
        [
            [max(min(right, j + 1) - max(left, j), 0) * new for j in range(old)]
            for left, right in pairwise(edges)
        ]
    )


@given(images, sides, sides)
def test_a_new_pixel_is_the_mean_of_the_area_that_it_covers(image, height, width):
    rows, columns = covered(image.shape[0], height), covered(image.shape[1], width)
    sums = np.tensordot(rows, image.astype(object), (1, 0))
    sums = np.moveaxis(np.tensordot(columns, sums, (1, 1)), 0, 1)
    area = image.shape[0] * image.shape[1]
    expected = np.array([(2 * value + area) // (2 * area) for value in sums.ravel()], np.int64)
    np.testing.assert_array_equal(resized(image, height, width), expected.reshape(sums.shape))


@given(images)
def test_a_picture_of_the_same_size_stays(image):
    np.testing.assert_array_equal(resized(image, *image.shape[:2]), image)


@given(arrays(np.int64, st.tuples(sides, sides), elements=st.integers(-500, 500)), st.integers(0, 4))
def test_a_blurred_pixel_is_the_rounded_mean_of_its_neighbours(image, radius):
    side = 2 * radius + 1
    sums = ndimage.convolve(image, np.ones((side, side), np.int64), mode="nearest")
    expected = np.floor(sums / side**2 + 0.5)  # side is odd: there are no halves
    np.testing.assert_array_equal(blurred(image, radius), expected)
