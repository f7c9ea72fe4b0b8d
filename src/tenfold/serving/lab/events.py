"""All that happens in a lab, in order, told to whoever listens as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

HEARTBEAT = 10.0
"""Seconds of silence after which a listener is sent an empty comment: so a broken connection is found out."""


class Events:
    """A log that only grows: who comes late is told everything from the start, then what is new."""

    def __init__(self) -> None:
        self._log: list[bytes] = []
        self._news = asyncio.Event()
        self._is_closed = False

    def tell(self, event: str, **fields: Any) -> None:
        """Add an event, a word and what belongs to it."""
        self._log.append(f"event: {event}\ndata: {json.dumps(fields)}\n\n".encode())
        self._wake()

    def close(self) -> None:
        """Let every stream end once it has told all."""
        self._is_closed = True
        self._wake()

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the events as they go over the wire; a slow listener gets more at a time."""
        told = 0
        while True:
            news = self._news  # before looking, so that nothing comes in between
            if told < len(self._log):
                untold = self._log[told:]
                told += len(untold)
                yield b"".join(untold)
            elif self._is_closed:
                return
            else:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await news.wait()
                except TimeoutError:
                    yield b":\n\n"

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
