"""Labels: types and range."""

import numpy as np
import pytest

from tenfold.data.labels import check_labels, number_names
from tenfold.errors import DataError


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64, ">i4"])
def test_every_integer_type_becomes_int64(dtype: str) -> None:
    labels = check_labels(np.array([0, 7, 3], dtype), "here")
    assert labels.tolist() == [0, 7, 3] and labels.dtype == np.int64


@pytest.mark.parametrize("values", [[0.0, 1.0], [True, False], ["a", "b"]])
def test_other_types_are_refused(values: list[object]) -> None:
    with pytest.raises(DataError, match=r"here: labels are .* expected whole numbers"):
        check_labels(np.array(values), "here")


@pytest.mark.parametrize("wrong", [-1, 10_000])
def test_the_first_label_out_of_range_is_named(wrong: int) -> None:
    with pytest.raises(DataError, match=f"label {wrong} of image 2 is out of range"):
        check_labels(np.array([0, 9_999, wrong, wrong]), "here")


def test_names_cover_all_parts() -> None:
    assert number_names(np.array([1, 0]), np.array([2])) == ("0", "1", "2")
    assert number_names(np.array([], np.int64)) == ()
