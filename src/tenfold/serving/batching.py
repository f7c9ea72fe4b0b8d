"""Requests that arrive together are computed together, and none waits for company.

An image alone is computed as soon as the event loop has read what has arrived; what arrives while a batch
is being computed forms the next one. So batches are as large as the server is busy, and there is no time to
be chosen. A small batch is computed on the event loop itself, as to hand it to another thread and back takes
longer; a large one in a thread, so that the server keeps answering.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, Gauge, Histogram

from tenfold.model.predictor import CHUNK
from tenfold.serving.limits import Limits
from tenfold.serving.problems import too_busy, too_late
from tenfold.serving.tensors import Tensors

Compute = Callable[[NDArray[np.uint8], Collection[str]], Tensors]


@dataclass(frozen=True)
class Counts:
    """Where a batcher reports to."""

    images: Counter
    batches: Histogram
    waiting: Gauge


@dataclass(eq=False, slots=True)
class _Job:
    images: NDArray[np.uint8]
    wanted: Collection[str]
    answer: asyncio.Future[Tensors]

    def give_up(self, seconds: float) -> None:
        if not self.answer.done():
            self.answer.set_exception(too_late(seconds))


class Batcher:
    """A queue of images before one model, and the batches that are taken from it.

    Parameters
    ----------
    compute : callable (ndarray, collection of str) -> dict of str to ndarray
        Gives the outputs of these names, a row an image.
    thread : Executor
        Where large batches are computed.
    small : int
        Images at most that are computed on the event loop.
    limits : Limits
        How many images may wait, and for how long.
    counts : Counts
        Where to report.
    """

    def __init__(
        self, compute: Compute, thread: Executor, small: int, limits: Limits, counts: Counts
    ) -> None:
        self._compute = compute
        self._thread = thread
        self._small = small
        self._limits = limits
        self._counts = counts
        self._jobs: deque[_Job] = deque()
        self._waiting = 0  # images
        self._worker: asyncio.Task[None] | None = None
        counts.waiting.set_function(lambda: self._waiting)

    def answer(self, images: NDArray[np.uint8], wanted: Collection[str]) -> asyncio.Future[Tensors]:
        """Compute outputs for some images, together with whatever else is waiting.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of the model's shape.
        wanted : collection of str
            Names of outputs.

        Returns
        -------
        Future of dict of str to ndarray
            One an output, a row an image; a 504 when the deadline is over.

        Raises
        ------
        HTTPException
            429 when too many images wait already.
        """
        if self._waiting and self._waiting + len(images) > self._limits.queue:
            raise too_busy(f"{self._waiting:,} images are waiting, {self._limits.queue:,} may")
        loop = asyncio.get_running_loop()
        job = _Job(images, wanted, loop.create_future())
        self._jobs.append(job)
        self._waiting += len(images)
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        timer = loop.call_later(self._limits.deadline, job.give_up, self._limits.deadline)
        job.answer.add_done_callback(lambda _: timer.cancel())
        return job.answer

    async def _work(self) -> None:
        """Compute batch after batch until no image waits."""
        loop = asyncio.get_running_loop()
        while jobs := self._next():
            images = np.concatenate([job.images for job in jobs]) if len(jobs) > 1 else jobs[0].images
            wanted = {name for job in jobs for name in job.wanted}
            self._counts.batches.observe(len(images))
            try:
                if len(images) <= self._small:
                    found = self._compute(images, wanted)
                else:
                    found = await loop.run_in_executor(self._thread, self._compute, images, wanted)
            except Exception as error:
                _fail(jobs, error)
            else:
                _deliver(jobs, found)
                self._counts.images.inc(len(images))
            await asyncio.sleep(0)  # the loop sends these answers and reads what has arrived
        self._worker = None

    def _next(self) -> list[_Job]:
        """Take jobs from the queue, up to a chunk of images; those given up are left out."""
        jobs: list[_Job] = []
        size = 0
        while self._jobs and (not jobs or size + len(self._jobs[0].images) <= CHUNK):
            job = self._jobs.popleft()
            self._waiting -= len(job.images)
            if not job.answer.done():
                jobs.append(job)
                size += len(job.images)
        return jobs


def _deliver(jobs: list[_Job], found: Tensors) -> None:
    """Hand each job its rows of the outputs that it wanted."""
    start = 0
    for job in jobs:
        end = start + len(job.images)
        if not job.answer.done():
            job.answer.set_result({name: found[name][start:end] for name in job.wanted})
        start = end


def _fail(jobs: list[_Job], error: Exception) -> None:
    for job in jobs:
        if not job.answer.done():
            job.answer.set_exception(error)
