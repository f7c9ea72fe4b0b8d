"""The routes, and what holds for all of them: who may ask, errors as JSON, figures.

Whatever joins the server joins `routes`.
"""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Message, Receive, Scope, Send

from tenfold.cores import available_cores
from tenfold.serving.body import Bodies
from tenfold.serving.inference import Infer
from tenfold.serving.limits import Limits
from tenfold.serving.metadata import Metadata
from tenfold.serving.metrics import CONTENT_TYPE, Metrics
from tenfold.serving.models import Models
from tenfold.serving.openapi import document
from tenfold.serving.page import page_routes
from tenfold.serving.pictures import Predict
from tenfold.serving.security import Guard, unique
from tenfold.serving.workers import Workers

log = logging.getLogger(__name__)

REFUSAL_SECONDS = 0.25
"""How long a refusal for want of room takes: whoever asks again at once would keep the server refusing."""


def routes(
    models: Models, metadata: Metadata, metrics: Metrics, bodies: Bodies, limits: Limits
) -> list[BaseRoute]:
    """List every path; the busiest come first."""
    workers = Workers(available_cores(), limits)
    infer = Infer(models, bodies, workers, limits)
    predict = Predict(models, bodies, workers, limits).answer

    async def figures(request: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    async def description(request: Request) -> Response:
        return JSONResponse(document(models))

    model = "/v2/models/{name}"
    version = model + "/versions/{version}"
    return [
        Route(f"{model}/infer", infer, methods=["POST"]),
        Route(f"{version}/infer", infer, methods=["POST"]),
        Route("/predict", predict, methods=["POST"]),
        Route("/predict/{name}", predict, methods=["POST"]),
        Route("/v2", metadata.server),
        Route("/v2/health/live", metadata.live),
        Route("/v2/health/ready", metadata.ready),
        Route(model, metadata.model),
        Route(version, metadata.model),
        Route(f"{model}/ready", metadata.model_ready),
        Route(f"{version}/ready", metadata.model_ready),
        Route("/metrics", figures),
        Route("/openapi.json", description),
        *page_routes(models),
    ]


class App:
    """The ASGI application: lets a request in, has it answered, counts it.

    Parameters
    ----------
    routes : list of BaseRoute
        Who answers what.
    guard : Guard
        Who may ask.
    metrics : Metrics
        Where to count.
    """

    def __init__(self, routes: list[BaseRoute], guard: Guard, metrics: Metrics) -> None:
        self._router = Router(routes, redirect_slashes=False, default=_nowhere)
        self._guard = guard
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        start = time.perf_counter()
        status = 0  # none: the client has gone

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, counted)
        except ClientDisconnect:
            pass
        except Exception as error:
            if status:  # the answer has begun: all that is left is to break it off
                raise
            problem = _problem(error, scope)
            if problem.status_code == 429:
                await asyncio.sleep(REFUSAL_SECONDS)
            await problem(scope, receive, counted)
        route = scope["route"].path if "route" in scope else "none"
        self._metrics.count(route, status, time.perf_counter() - start)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # Starlette then raises what it would answer in plain text
        scope["unique_headers"] = headers = unique(scope["headers"])
        self._guard.check(scope["path"], headers)
        await self._router(scope, receive, send)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise HTTPException(404, f"path '{scope['path']}': not here; expected one of those in /openapi.json")


def _problem(error: Exception, scope: Scope) -> JSONResponse:
    """Turn what was raised into an answer."""
    if not isinstance(error, HTTPException):
        log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
        return JSONResponse({"error": "the server failed; its log says why"}, 500)
    message = error.detail
    if error.status_code == 405 and error.headers is not None:
        message = f"method {scope['method']}: not for this path; expected {error.headers['Allow']}"
    return JSONResponse({"error": message}, error.status_code, error.headers)
