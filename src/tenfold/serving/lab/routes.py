"""The paths of a lab, for whoever bears its token; names in them are looked up and open no file."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from types import UnionType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tenfold.errors import TenfoldError, UsageError
from tenfold.serving.body import Bodies
from tenfold.serving.lab.decisions import Choice
from tenfold.serving.lab.lab import Lab
from tenfold.serving.limits import Limits
from tenfold.serving.problems import bad_request
from tenfold.serving.security import Guard

Endpoint = Callable[[Request], Awaitable[Response]]
Types = Mapping[str, type | UnionType]

MOST_BYTES = 16_384
"""Of a request's JSON."""

KINDS: Mapping[Any, str] = {
    str: "text",
    int: "a whole number",
    str | None: "text",
    int | None: "a whole number",
}

TRAINING: Types = {"data": str, "recipe": str, "epochs": int | None, "seed": int | None}
CHOICE: Types = {"split": str, "index": int, "decision": str, "label": str | None}


def lab_routes(lab: Lab, guard: Guard) -> list[BaseRoute]:
    """List the paths of a lab.

    Parameters
    ----------
    lab : Lab
        What they lead to.
    guard : Guard
        With the lab's token.

    Returns
    -------
    list of BaseRoute
        Each answers in JSON but ``/lab/events``, a stream of server-sent events.
    """
    bodies = Bodies(Limits(body=MOST_BYTES))

    async def description(request: Request) -> Response:
        return JSONResponse(lab.description())

    async def events(request: Request) -> Response:
        headers = {"cache-control": "no-store"}
        return StreamingResponse(lab.events.stream(), media_type="text/event-stream", headers=headers)

    async def start(request: Request) -> Response:
        wanted = await _fields(request, bodies, TRAINING)
        changes = {name: wanted[name] for name in ("epochs", "seed") if wanted[name] is not None}
        return JSONResponse({"name": lab.trainings.start(wanted["data"], wanted["recipe"], changes)}, 201)

    async def resume(request: Request) -> Response:
        lab.trainings.resume(request.path_params["name"])
        return JSONResponse({}, 202)

    async def stop(request: Request) -> Response:
        lab.child.stop()
        return JSONResponse({}, 202)

    async def search(request: Request) -> Response:
        lab.search(request.path_params["data"])
        return JSONResponse({}, 202)

    async def suspects(request: Request) -> Response:
        mending = await lab.mending(request.path_params["data"])
        return JSONResponse(mending.page(request.path_params["first"]))

    async def decide(request: Request) -> Response:
        choice = Choice(**await _fields(request, bodies, CHOICE))
        return JSONResponse((await lab.mending(request.path_params["data"])).decide(choice))

    async def undo(request: Request) -> Response:
        return JSONResponse((await lab.mending(request.path_params["data"])).undo())

    async def copy(request: Request) -> Response:
        return JSONResponse({"name": await lab.copy(request.path_params["data"])}, 201)

    def route(path: str, endpoint: Endpoint, method: str = "POST") -> Route:
        return Route(f"/lab{path}", _guarded(endpoint, guard), methods=[method])

    return [
        route("", description, "GET"),
        route("/events", events, "GET"),
        route("/trainings", start),
        route("/trainings/{name}/resume", resume),
        route("/stop", stop),
        route("/suspects/{data}/search", search),
        route("/suspects/{data}/{first:int}", suspects, "GET"),
        route("/suspects/{data}/decisions", decide),
        route("/suspects/{data}/undo", undo),
        route("/suspects/{data}/copy", copy),
    ]


def _guarded(endpoint: Endpoint, guard: Guard) -> Endpoint:
    """Ask for the token, and turn what a user can mend into an answer."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        guard.check(request.scope["path"], request.scope["unique_headers"])
        try:
            return await endpoint(request)
        except UsageError as error:
            raise HTTPException(400, str(error)) from None
        except TenfoldError as error:
            raise HTTPException(409, str(error)) from None

    return answer


async def _fields(request: Request, bodies: Bodies, expected: Types) -> dict[str, Any]:
    """Read a JSON object of known fields; one that may be null may be left out."""
    body = await bodies.read(request.scope["unique_headers"], request.receive)
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "body: no JSON; expected an object") from None
    finally:
        bodies.release(body)
    if not isinstance(values, dict):
        raise HTTPException(400, f"body: no object; expected one with {', '.join(expected)}")
    if unknown := sorted(values.keys() - expected.keys()):
        raise bad_request("body", unknown[0], f"no fields but {', '.join(expected)}")
    return {name: _value(values.get(name), name, kind) for name, kind in expected.items()}


def _value(value: Any, name: str, kind: type | UnionType) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind):
        raise bad_request(name, value, KINDS[kind])
    return value
