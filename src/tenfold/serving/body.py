"""A request's body, within limits of size; how long it may take is `connection`'s business."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from tenfold.serving.limits import Limits
from tenfold.serving.problems import too_busy, too_large

Headers = dict[bytes, bytes]


class Bodies:
    """The bodies that are held at a time: each is bounded, and all of them together.

    Parameters
    ----------
    limits : Limits
        Bytes of one body, and of all.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    async def read(self, headers: Headers, receive: Receive) -> bytes:
        """Read a body; whoever has asked for it gives it up by `release`.

        Parameters
        ----------
        headers : dict of bytes to bytes
            The request's; a declared length that is too large is refused before anything is read.
        receive : callable
            ASGI's source of messages.

        Raises
        ------
        HTTPException
            413 when it is too large, 415 when it is compressed, 429 when too much is held already.
        ClientDisconnect
            When the client has gone.
        """
        if b"content-encoding" in headers:
            found = headers[b"content-encoding"].decode("latin-1")
            raise HTTPException(415, f"Content-Encoding: '{found}'; expected none: send it uncompressed")
        if int(headers.get(b"content-length", 0)) > self._limits.body:
            raise too_large(f"body: {int(headers[b'content-length']):,} bytes", self._limits.body)
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunks.append(message["body"])
                self.hold(len(message["body"]))
                size += len(message["body"])
                if size > self._limits.body:
                    raise too_large("body: more", self._limits.body)
                if not message["more_body"]:
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        except BaseException:
            self._held -= size
            raise

    def release(self, body: bytes) -> None:
        """Give up a body that `read` has given, or room was made for."""
        self._held -= len(body)

    def hold(self, size: int) -> None:
        """Make room for some bytes.

        Raises
        ------
        HTTPException
            429 when too much is held already.
        """
        if self._held + size > self._limits.bodies:
            raise too_busy(f"bodies of {self._limits.bodies:,} bytes are being held, no more may")
        self._held += size
