"""Threads with a bounded queue: what is too much is refused, what is too slow is given up."""

import asyncio
import threading

import pytest
from starlette.exceptions import HTTPException

from tenfold.serving.limits import Limits
from tenfold.serving.workers import WAITING, Workers


def test_calls_beyond_the_queue_are_refused_until_there_is_room():
    may_go = threading.Event()

    async def scenario():
        workers = Workers(1, Limits())
        calls = [asyncio.create_task(workers.run(may_go.wait, 30)) for _ in range(1 + WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as refused:
            await workers.run(int)
        may_go.set()
        assert await asyncio.gather(*calls) == [True] * (1 + WAITING)
        return refused.value.status_code, await workers.run(pow, 2, 5)

    assert asyncio.run(scenario()) == (429, 32)


def test_a_call_that_takes_too_long_is_given_up():
    may_go = threading.Event()

    async def scenario():
        workers = Workers(1, Limits(deadline=0.02))
        with pytest.raises(HTTPException) as running:
            await workers.run(may_go.wait, 30)
        with pytest.raises(HTTPException) as waiting:
            await workers.run(int)
        may_go.set()
        return running.value.status_code, waiting.value.status_code

    assert asyncio.run(scenario()) == (504, 504)


def test_an_error_is_the_callers():
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Workers(1, Limits()).run(divmod, 1, 0))
