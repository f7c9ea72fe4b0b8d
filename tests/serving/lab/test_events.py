"""The log of events: everything from the start, to everyone, however late and slow."""

import asyncio
from itertools import count

from tenfold.serving.lab import events as module
from tenfold.serving.lab.events import Events


async def everything(events):
    return b"".join([piece async for piece in events.stream()])


def test_whoever_comes_late_is_told_the_same():
    async def scene():
        events = Events()
        early = asyncio.create_task(everything(events))
        for number in range(5):
            events.tell("loss", epoch=number, name="line\nfeed")
            await asyncio.sleep(0)
        late = asyncio.create_task(everything(events))
        await asyncio.sleep(0)
        events.close()
        return await early, await late, await everything(events)

    first, *others = asyncio.run(scene())
    assert others == [first, first]
    parts = first.decode().split("\n\n")
    assert parts[0] == 'event: loss\ndata: {"epoch": 0, "name": "line\\nfeed"}'
    assert len(parts) == 6


def test_silence_is_broken_by_comments(monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT", 0)

    async def scene():
        events = Events()
        heard = []
        async for piece, number in _numbered(events.stream()):
            heard.append(piece)
            if number == 1:
                events.tell("data", name="x")
            if number == 3:
                events.close()
        return heard

    heard = asyncio.run(scene())
    assert heard.count(b'event: data\ndata: {"name": "x"}\n\n') == 1
    assert set(heard) == {b":\n\n", b'event: data\ndata: {"name": "x"}\n\n'}


async def _numbered(pieces):
    numbers = count()
    async for piece in pieces:
        yield piece, next(numbers)
