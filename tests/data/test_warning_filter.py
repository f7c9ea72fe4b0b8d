"""The filters act on all warnings of the body, and stand as they were afterwards, whatever threads do."""

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from tenfold.data.warning_filter import all_warnings


def test_errors() -> None:
    with pytest.raises(DeprecationWarning, match="old"), all_warnings("error"):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def test_silence() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with all_warnings("ignore"):
            warnings.warn("of no interest", stacklevel=1)
        warnings.warn("of interest", stacklevel=1)
    assert [str(warning.message) for warning in heard] == ["of interest"]


def test_eight_threads_leave_the_filters_as_they_were() -> None:
    def enter_often(_: int) -> None:
        for _ in range(300):
            with all_warnings("ignore"):
                warnings.warn("of no interest", stacklevel=1)

    before = warnings.filters[:]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(enter_often, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert warnings.filters == before
