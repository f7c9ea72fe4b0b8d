"""Sets and refusals, counted one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.evaluation.doubt import RefusalFigures, SetFigures


@given(st.lists(st.tuples(st.sets(st.integers(0, 4)), st.integers(0, 4)), min_size=1))
def test_sets_are_counted(rows):
    sets = np.array([[k in chosen for k in range(5)] for chosen, _ in rows])
    found = SetFigures.counted(sets, np.array([label for _, label in rows]), nominal=0.9)
    assert found.coverage == sum(label in chosen for chosen, label in rows) / len(rows)
    assert found.average_size == pytest.approx(sum(len(chosen) for chosen, _ in rows) / len(rows))
    low, high = found.coverage_interval
    assert low <= found.coverage <= high
    sizes = [len(chosen) for chosen, _ in rows]
    assert found.to_dict()["sizes"] == {str(size): sizes.count(size) for size in sorted(set(sizes))}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_refusals_are_counted(rows):
    refused, correct = np.array(rows).T
    found = RefusalFigures.counted(refused, correct)
    answered = [right for no, right in rows if not no]
    assert found.refused == len(rows) - len(answered)
    assert found.refused_wrong == sum(no and not right for no, right in rows)
    assert found.interval[0] <= found.share <= found.interval[1]
    if answered:
        assert found.answered_accuracy == pytest.approx(sum(answered) / len(answered))
    else:
        assert found.answered_accuracy is None
