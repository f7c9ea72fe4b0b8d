"""Each request gets its own rows, whoever it is computed with; the queue is bounded, and so is the wait."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.exceptions import HTTPException

from tenfold.model.predictor import CHUNK
from tenfold.serving.batching import Batcher, Counts
from tenfold.serving.limits import Limits

SMALL = 8


def numbered(*numbers):
    """Images of one pixel."""
    return np.array(numbers, np.uint8).reshape(-1, 1, 1)


class Squares:
    """A model that squares, and remembers the sizes of its batches; in a thread it waits to be let go."""

    def __init__(self):
        self.batches = []
        self.is_computing = threading.Event()
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, images, wanted):
        self.batches.append(len(images))
        if threading.current_thread() is not threading.main_thread():
            self.is_computing.set()
            assert self.may_go.wait(30)
        return {"square": images.reshape(-1).astype(int) ** 2, "more": np.zeros(len(images))}


def run(scenario, compute, **limits):
    """Run a scenario with a batcher; return what it returns."""
    registry = CollectorRegistry()
    counts = Counts(
        Counter("images", "", registry=registry),
        Histogram("batches", "", registry=registry),
        Gauge("waiting", "", registry=registry),
    )

    async def start():
        with ThreadPoolExecutor(1) as thread:
            return await scenario(Batcher(compute, thread, SMALL, Limits(**limits), counts))

    return asyncio.run(start()), registry


@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=12), min_size=1, max_size=40))
def test_each_request_gets_its_own_rows(requests):
    async def scenario(batcher):
        return await asyncio.gather(*(batcher.answer(numbered(*r), ["square"]) for r in requests))

    answers, registry = run(scenario, Squares())
    for request, answer in zip(requests, answers, strict=True):
        assert list(answer) == ["square"]
        assert answer["square"].tolist() == [number**2 for number in request]
    assert registry.get_sample_value("images_total") == sum(map(len, requests))
    assert registry.get_sample_value("waiting") == 0


def test_requests_that_arrive_together_are_computed_together():
    squares = Squares()

    async def scenario(batcher):
        await asyncio.gather(*(batcher.answer(numbered(i), ["square"]) for i in range(7)))

    run(scenario, squares)
    assert squares.batches == [7]


def test_what_arrives_during_a_batch_is_the_next_one():
    squares = Squares()
    squares.may_go.clear()

    async def scenario(batcher):
        first = asyncio.ensure_future(batcher.answer(numbered(*range(SMALL + 1)), ["square"]))
        await asyncio.to_thread(squares.is_computing.wait, 30)
        others = [asyncio.ensure_future(batcher.answer(numbered(i), ["square"])) for i in range(5)]
        await asyncio.sleep(0)
        squares.may_go.set()
        await asyncio.gather(first, *others)

    run(scenario, squares)
    assert squares.batches == [SMALL + 1, 5]


def test_a_batch_is_no_larger_than_a_chunk_unless_one_request_is():
    squares = Squares()
    large, huge = np.zeros((CHUNK - 1, 1, 1), np.uint8), np.zeros((3 * CHUNK, 1, 1), np.uint8)

    async def scenario(batcher):
        await asyncio.gather(
            *(batcher.answer(images, ["square"]) for images in (large, large, huge, numbered(1)))
        )

    run(scenario, squares)
    assert squares.batches == [CHUNK - 1, CHUNK - 1, 3 * CHUNK, 1]


def test_a_full_queue_refuses_and_an_empty_one_takes_any_size():
    squares = Squares()
    squares.may_go.clear()

    async def scenario(batcher):
        huge = asyncio.ensure_future(batcher.answer(numbered(*range(100)), ["square"]))
        await asyncio.to_thread(squares.is_computing.wait, 30)
        waiting = asyncio.ensure_future(batcher.answer(numbered(1, 2, 3), ["square"]))
        await asyncio.sleep(0)
        with pytest.raises(HTTPException) as refused:
            await batcher.answer(numbered(4, 5), ["square"])
        squares.may_go.set()
        await asyncio.gather(huge, waiting)
        again = await batcher.answer(numbered(4, 5), ["square"])
        return refused.value, again

    (refused, again), _ = run(scenario, squares, queue=4)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert again["square"].tolist() == [16, 25]


def test_who_waits_too_long_is_told_and_not_computed():
    squares = Squares()
    squares.may_go.clear()

    async def scenario(batcher):
        slow = asyncio.ensure_future(batcher.answer(numbered(*range(SMALL + 1)), ["square"]))
        await asyncio.to_thread(squares.is_computing.wait, 30)
        waiting = asyncio.ensure_future(batcher.answer(numbered(1), ["square"]))
        answers = await asyncio.gather(slow, waiting, return_exceptions=True)
        squares.may_go.set()
        return answers, await batcher.answer(numbered(3), ["square"])

    (answers, later), _ = run(scenario, squares, deadline=0.05)
    assert [answer.status_code for answer in answers] == [504, 504]
    assert later["square"].tolist() == [9]
    assert squares.batches == [SMALL + 1, 1]


@pytest.mark.parametrize("count", [1, SMALL + 1])
def test_an_error_reaches_those_whose_batch_it_was_and_nobody_else(count):
    def compute(images, wanted):
        if images.max() == 13:
            raise MemoryError("thirteen")
        return {"square": images.reshape(-1).astype(int) ** 2}

    async def scenario(batcher):
        bad = await asyncio.gather(
            batcher.answer(numbered(*[13] * count), ["square"]), return_exceptions=True
        )
        return bad[0], await batcher.answer(numbered(2), ["square"])

    (error, good), _ = run(scenario, compute)
    assert isinstance(error, MemoryError)
    assert good["square"].tolist() == [4]
