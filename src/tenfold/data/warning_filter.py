"""All warnings of a library call ignored, or turned into errors, in a process of many threads.

Python keeps one list of warning filters for the whole process, and :class:`warnings.catch_warnings` restores
the list that it found: two threads within one at the same time can leave a filter behind for good. Here they
take turns.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

_TURN = threading.Lock()


@contextmanager
def all_warnings(action: Literal["ignore", "error"]) -> Iterator[None]:
    """Ignore all warnings of the body, or raise them as errors; one thread at a time.

    Parameters
    ----------
    action : {"ignore", "error"}
        What to do with a warning of any category. The body must not use this function again.

    Examples
    --------
    >>> with all_warnings("ignore"):
    ...     warnings.warn("of no interest to the user")
    """
    with _TURN, warnings.catch_warnings():
        warnings.simplefilter(action)
        yield
