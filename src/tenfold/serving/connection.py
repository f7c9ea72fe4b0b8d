"""One connection: uvicorn's own, with less patience.

uvicorn waits for a request as long as a client cares to take, keeps headers of any length, and answers what
is no HTTP in plain text. Here a request has to arrive within a time and its head within a size, and refusals
are JSON. Requests whose head is known go past the parser, one at a time.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tenfold.serving.express import Express, Underway
from tenfold.serving.tensors import Tensors
from tenfold.serving.wire import written

HEAD_BYTES = 32_768
"""Of a request's line and headers, where they do not arrive at once."""


@dataclass
class Terms:
    """What all connections of a server keep to.

    Parameters
    ----------
    patience : float
        Seconds within which a request has to arrive, from its first byte to its last.
    is_closing : bool
        Whether the next answer on a connection is its last.
    """

    patience: float
    is_closing: bool = False


class Connection(HttpToolsProtocol):
    """Reads requests; refuses those that are too slow, too long or no HTTP.

    Parameters
    ----------
    terms : Terms
        Shared by all connections.
    express : Express
        Answers requests whose head is known.
    **uvicorn
        What uvicorn gives a connection.
    """

    def __init__(self, *, terms: Terms, express: Express, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._terms = terms
        self._express = express
        self._underway: Underway | None = None  # a request that went past the parser
        self._held = b""  # what arrived meanwhile
        self._timer: asyncio.TimerHandle | None = None
        self._is_begun = self._has_head = False  # of the request that is being read
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Wait for a first request."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; while a request is not whole, its time is running."""
        if self._underway is not None:
            self._held += data
            self.flow.pause_reading()
            return
        is_first, scope = not self._is_begun, self.scope
        if is_first and self._is_idle() and (underway := self._express.take(data)) is not None:
            self._go_express(underway)
            return
        super().data_received(data)
        if not self._is_begun:
            self._stop_timer()
            if is_first and self.scope is not scope:
                self._express.learn(data, self.scope)  # type: ignore[arg-type]  # uvicorn's own type
            return
        if self._timer is None:
            self._start_timer()
        if not self._has_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, f"headers: more than {HEAD_BYTES:,} bytes; expected fewer")

    def on_message_begin(self) -> None:
        """Note the first byte of a request."""
        super().on_message_begin()
        self._is_begun, self._has_head, self._head_bytes = True, False, 0

    def on_headers_complete(self) -> None:
        """Note the end of its head."""
        super().on_headers_complete()
        self._has_head = True
        if self._terms.is_closing:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Note its last byte."""
        super().on_message_complete()
        self._is_begun = False

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, "request: malformed; expected HTTP/1.1")

    def answer_last(self) -> None:
        """Close the connection after the answer that is being made."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close the connection, after the answer that is being made if there is one."""
        if self._underway is None:
            super().shutdown()

    def _is_idle(self) -> bool:
        """Tell whether nothing is being answered, and answers are being read."""
        return (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused

    def _go_express(self, underway: Underway) -> None:
        self._unset_keepalive_if_required()
        self._stop_timer()
        self._underway = underway
        underway.found.add_done_callback(self._arrive)

    def _arrive(self, found: asyncio.Future[Tensors]) -> None:
        """Send the answer of the request that went express; read on."""
        underway, self._underway = self._underway, None
        assert underway is not None
        if self.transport.is_closing():  # the client has gone
            self._express.end(underway, 0)
            return
        is_last = self._terms.is_closing
        self.transport.write(
            self._express.write(underway, self.server_state.default_headers, is_last=is_last)
        )
        if is_last:
            self.transport.close()
        self.on_response_complete()
        if self._held and not is_last:
            held, self._held = self._held, b""
            self.data_received(held)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._terms.patience, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """Refuse a request that takes too long, unless it is answered already or never began."""
        if self.pipeline or not self._is_begun or (self._has_head and self.cycle.response_started):
            self.transport.close()
        else:
            self._refuse(408, f"request: not whole after {self._terms.patience:g} s; expected it faster")

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        headers = [*self.server_state.default_headers, (b"content-type", b"application/json")]
        content = json.dumps({"error": message}).encode()
        self.transport.write(written(status, headers, content, is_last=True))
        self.transport.close()
