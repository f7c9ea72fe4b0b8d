"""Trainings side by side in threads, which end early when nobody wants them any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

PATIENCE_SECONDS = 1.0
"""How long to wait at a time: on Windows, Ctrl-C is heard only in between."""

Result = TypeVar("Result")
Job = Callable[[threading.Event], Result]
"""Work that ends early when the event is set."""


class StoppedError(Exception):
    """A training was asked to stop before its end."""


def at_once(jobs: Iterable[Job[Result]], threads: int) -> Generator[Result, None, None]:
    """Do jobs in threads, and yield each result as it comes; a job is taken when a thread is free for it.

    When the iterator is closed, or a job fails, the jobs under way are stopped.

    Examples
    --------
    >>> list(at_once([lambda stop: 1, lambda stop: 2], threads=1))
    [1, 2]
    """
    waiting = iter(jobs)
    stop = threading.Event()
    running: set[Future[Result]] = set()
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                running |= {pool.submit(job, stop) for job in islice(waiting, threads - len(running))}
                if not running:
                    return
                done, running = wait(running, PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            stop.set()
