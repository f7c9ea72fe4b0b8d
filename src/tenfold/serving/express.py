"""Requests whose head is known go straight to the batcher.

A client that sends images as bytes sends the same head again and again. What the first request with it was
checked for (who asks, from where, which model, how many bytes) holds for every later one that begins with the
very same bytes. So a request that arrives whole, with a known head, needs no parser, no guard and no
framework. All others go the usual way, and so do those that are refused.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import Scope

from tenfold.serving.body import Bodies, Headers
from tenfold.serving.inference import LENGTH, SHORT
from tenfold.serving.limits import Limits
from tenfold.serving.metrics import Metrics
from tenfold.serving.models import Models
from tenfold.serving.protocol import Codec, Order
from tenfold.serving.security import Guard, unique
from tenfold.serving.tensors import Tensors
from tenfold.serving.wire import written

log = logging.getLogger(__name__)

PATH = re.compile(r"/v2/models/(?P<name>[^/]+)(/versions/(?P<version>[^/]+))?/infer")

BLANK = b"\r\n\r\n"
KEPT, KEPT_BYTES = 1024, 2048
"""Heads that are kept, and how long they may be."""

DEMANDING = (b"content-encoding", b"expect", b"transfer-encoding", b"upgrade")
"""Headers that ask for more than an answer to a body of known length."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a head says.

    Parameters
    ----------
    name, version : str
        Of the model; the version may be missing.
    route : str
        What the request counts as.
    json_size, body_size : int
        Bytes of the JSON, and of JSON and images.
    """

    name: str
    version: str | None
    route: str
    json_size: int
    body_size: int


@dataclass(eq=False, slots=True)
class Underway:
    """A request that waits for its answer.

    Parameters
    ----------
    start : float
        When it arrived, in seconds.
    body : bytes
        What is held for it.
    route : str
        What it counts as.
    codec, order : Codec, Order
        What writes the answer, and what was asked for.
    found : Future of dict of str to ndarray
        The outputs.
    """

    start: float
    body: bytes
    route: str
    codec: Codec
    order: Order
    found: asyncio.Future[Tensors]


class Express:
    """The known heads of one server.

    Parameters
    ----------
    models : Models
        What to ask.
    guard : Guard
        Who may ask.
    bodies : Bodies
        How much is held at a time.
    metrics : Metrics
        Where to count.
    limits : Limits
        How long a body may be.
    """

    def __init__(
        self, models: Models, guard: Guard, bodies: Bodies, metrics: Metrics, limits: Limits
    ) -> None:
        self._models = models
        self._guard = guard
        self._bodies = bodies
        self._metrics = metrics
        self._longest = limits.body
        self._known: dict[bytes, Known] = {}

    def learn(self, request: bytes, scope: Scope) -> None:
        """Keep the head of a request that arrived whole, if others with it can be answered here.

        Parameters
        ----------
        request : bytes
            Head and body, as they arrived.
        scope : Scope
            What the parser made of the head.
        """
        path = PATH.fullmatch(scope["path"])
        if path is None or (head := _head_size(request)) is None:
            return
        known = self._read(path, scope, len(request) - head)
        if known is not None:
            if len(self._known) == KEPT:
                self._known.clear()
            self._known[request[:head]] = known

    def take(self, data: bytes) -> Underway | None:
        """Accept a request, if these bytes are one, its head is known and all is in order."""
        start = time.perf_counter()
        if (head := _head_size(data)) is None:
            return None
        known = self._known.get(data[:head])
        if known is None or len(data) - head != known.body_size:
            return None
        body = data[head:]
        try:
            served = self._models.get(known.name, known.version)
            order, images = served.codec.read(body, known.json_size)
            if not all(order.outputs.values()):
                return None
            self._bodies.hold(len(body))
        except HTTPException:
            return None
        try:
            found = served.batcher.answer(images, order.outputs.keys())
        except HTTPException:
            self._bodies.release(body)
            return None
        return Underway(start, body, known.route, served.codec, order, found)

    def write(self, request: Underway, common: list[tuple[bytes, bytes]], *, is_last: bool) -> bytes:
        """Write the answer, and be done with the request.

        Parameters
        ----------
        request : Underway
            What has been computed, or has failed.
        common : list of (name, value)
            Headers of every answer.
        is_last : bool
            Whether the connection is closed after it.

        Returns
        -------
        bytes
            Head and body.
        """
        status, headers, content = self._answer(request)
        self.end(request, status)
        return written(status, [*common, *headers], content, is_last=is_last)

    def end(self, request: Underway, status: int) -> None:
        """Give up what is held for a request, and count it."""
        self._bodies.release(request.body)
        self._metrics.count(request.route, status, time.perf_counter() - request.start)

    def _answer(self, request: Underway) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        try:
            content, json_size = request.codec.write(request.order, request.found.result())
            assert json_size is not None  # all outputs are bytes: `take` has looked
        except HTTPException as problem:
            status, message = problem.status_code, problem.detail
        except Exception as error:
            log.error("POST %s failed", request.route, exc_info=error)
            status, message = 500, "the server failed; its log says why"
        else:
            return 200, [(b"content-type", b"application/octet-stream"), (LENGTH, b"%d" % json_size)], content
        return status, [(b"content-type", b"application/json")], json.dumps({"error": message}).encode()

    def _read(self, path: re.Match[str], scope: Scope, body_size: int) -> Known | None:
        if scope["method"] != "POST" or scope["http_version"] != "1.1":
            return None
        try:
            headers: Headers = unique(scope["headers"])
            self._guard.check(scope["path"], headers)
        except HTTPException:
            return None
        json_size = headers.get(LENGTH, b"")
        if (
            not (json_size.isdigit() and int(json_size) <= min(SHORT, body_size))
            or headers.get(b"content-length") != b"%d" % body_size
            or body_size > self._longest
            or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
            or any(name in headers for name in DEMANDING)
        ):
            return None
        route = "/v2/models/{name}" + ("/versions/{version}" if path["version"] else "") + "/infer"
        return Known(path["name"], path["version"], route, int(json_size), body_size)


def _head_size(request: bytes) -> int | None:
    """Return the bytes up to and with the blank line, unless they are too many to keep."""
    found = request.find(BLANK, 0, KEPT_BYTES + len(BLANK))
    return None if found < 0 else found + len(BLANK)
