"""Limits are numbers above zero."""

import math

import pytest

from tenfold.errors import UsageError
from tenfold.serving.limits import Limits


@pytest.mark.parametrize("field", ["body", "json", "bodies", "queue", "deadline", "patience"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_a_limit_that_is_none_is_refused(field, value):
    with pytest.raises(UsageError, match=f"^{field}: "):
        Limits(**{field: value})
