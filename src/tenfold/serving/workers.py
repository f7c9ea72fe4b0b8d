"""Threads for what would keep the event loop from answering: decoding pictures, reading long JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tenfold.serving.limits import Limits
from tenfold.serving.problems import too_busy, too_late

Result = TypeVar("Result")

WAITING = 64
"""Calls that may wait for each thread."""


class Workers:
    """A few threads, and a bounded queue before them.

    Parameters
    ----------
    threads : int
        Calls that run at a time.
    limits : Limits
        How long a call may take, from being asked for.
    """

    def __init__(self, threads: int, limits: Limits) -> None:
        self._executor = ThreadPoolExecutor(threads, "tenfold-worker")
        self._places = threads * (1 + WAITING)
        self._taken = 0
        self._seconds = limits.deadline

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in one of the threads.

        Raises
        ------
        HTTPException
            429 when too many calls wait already, 504 when the deadline is over. A call that has begun
            then runs to its end, and keeps its place.
        """
        if self._taken >= self._places:
            raise too_busy(f"{self._taken} requests are being read, {self._places} may")
        loop = asyncio.get_running_loop()
        self._taken += 1
        call = self._executor.submit(function, *arguments)
        call.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(call)
        except TimeoutError:
            raise too_late(self._seconds) from None

    def _leave(self) -> None:
        self._taken -= 1
