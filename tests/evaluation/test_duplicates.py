"""Equal images, against comparing every image with every other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.evaluation.duplicates import contradicted, first_copies

pictures = st.integers(1, 30).flatmap(lambda n: arrays(np.uint8, (n, 2, 1), elements=st.integers(0, 1)))


@given(pictures)
def test_the_first_copy_is_the_first_equal_image(images):
    expected = [next(j for j in range(len(images)) if (images[j] == image).all()) for image in images]
    np.testing.assert_array_equal(first_copies(images), expected)


@given(pictures, st.integers(0, 2**32 - 1))
def test_the_more_probable_label_of_equal_images_stands(images, seed):
    rng = np.random.default_rng(seed)
    copies = first_copies(images)
    labels = rng.integers(0, 3, len(images))
    probabilities = rng.dirichlet(np.ones(3), len(images))[copies]
    found = contradicted(labels, copies, probabilities)
    for place, label in enumerate(labels):
        twins = [other for other in range(len(images)) if (images[other] == images[place]).all()]
        best = max(twins, key=lambda twin: probabilities[twin, labels[twin]])
        if labels[best] == label:
            assert found[place] == -1
        else:
            assert found[place] in twins
            assert labels[found[place]] == labels[best]
