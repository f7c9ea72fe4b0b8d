"""``POST /v2/models/{name}/infer``: where most requests go, so it does without a framework's comforts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from starlette.types import Receive, Scope, Send

from tenfold.serving.body import Bodies, Headers
from tenfold.serving.limits import Limits
from tenfold.serving.models import Models, Served
from tenfold.serving.problems import bad_request, too_large
from tenfold.serving.protocol import Codec, Order
from tenfold.serving.workers import Workers

SHORT = 16_384
"""Bytes of JSON that the event loop reads itself; longer ones take a thread."""

FEW, MANY = 64, 1024
"""Images whose answers the event loop writes as JSON itself; images whose answers may be JSON at all."""

LENGTH = b"inference-header-content-length"


class Infer:
    """The endpoint, as an ASGI application.

    Parameters
    ----------
    models : Models
        What to ask.
    bodies : Bodies
        Reads requests.
    workers : Workers
        Read long JSON.
    limits : Limits
        How long JSON may be.
    """

    def __init__(self, models: Models, bodies: Bodies, workers: Workers, limits: Limits) -> None:
        self._models = models
        self._bodies = bodies
        self._workers = workers
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        served = self._models.get(**scope["path_params"])
        headers: Headers = scope["unique_headers"]
        body = await self._bodies.read(headers, receive)
        try:
            content, json_size = await self._answer(served, headers, body)
        finally:
            self._bodies.release(body)
        kind = b"application/json" if json_size is None else b"application/octet-stream"
        start = [(b"content-type", kind), (b"content-length", b"%d" % len(content))]
        if json_size is not None:
            start.append((LENGTH, b"%d" % json_size))
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, served: Served, headers: Headers, body: bytes) -> tuple[bytes, int | None]:
        json_size = _json_size(headers)
        order, images = await self._read(served.codec, body, json_size)
        found = await served.batcher.answer(images, order.outputs.keys())
        if len(images) <= FEW or all(order.outputs.values()):
            return served.codec.write(order, found)
        return await self._workers.run(served.codec.write, order, found)

    async def _read(
        self, codec: Codec, body: bytes, json_size: int | None
    ) -> tuple[Order, NDArray[np.uint8]]:
        length = len(body) if json_size is None else json_size
        if length <= SHORT:
            order, images = codec.read(body, json_size)
        elif length <= self._limits.json:
            order, images = await self._workers.run(codec.read, body, json_size)
        else:
            raise too_large(f"JSON: {length:,} bytes; binary tensors take fewer", self._limits.json)
        if len(images) > MANY and not all(order.outputs.values()):
            found = f"JSON for {len(images):,} images"
            raise bad_request("outputs", found, f"at most {MANY:,}: set binary_data_output, or ask for fewer")
        return order, images


def _json_size(headers: Headers) -> int | None:
    if (found := headers.get(LENGTH)) is None:
        return None
    if not found.isdigit() or len(found) > 12:
        raise bad_request("Inference-Header-Content-Length", found.decode("latin-1"), "a number of bytes")
    return int(found)
