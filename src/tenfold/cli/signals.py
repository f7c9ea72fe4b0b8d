"""What Ctrl-C and SIGTERM do while a command works."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals(asked: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """Call ``asked`` with the number of a signal that asks to stop, for as long as the block lasts.

    Yields
    ------
    callable (int) -> None
        Gives a signal back what it did before: the next one then ends the program at once.
    """

    def received(number: int, frame: FrameType | None) -> None:
        asked(number)

    before = {number: signal.signal(number, received) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore(number: int) -> None:
        signal.signal(number, before[signal.Signals(number)])

    try:
        yield restore
    finally:
        for number in before:
            restore(number)
