"""The page at ``/``: its files, and the model files that it answers with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tenfold.exporting.html import model_file
from tenfold.serving.models import Models
from tenfold.serving.security import HTML_HEADERS

Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(models: Models) -> list[BaseRoute]:
    """List the paths of the page: ``/``, each of its files below ``/page/``, and ``/page/model/{name}``.

    The files are read once; no path of a request ever names one on the disk.
    """
    content_of = lru_cache(16)(model_file)

    async def model(request: Request) -> Response:
        served = models.get(**request.path_params)
        content = await run_in_threadpool(content_of, served.predictor.model)
        return Response(content, media_type="application/octet-stream")

    files = dict(_files(resources.files("tenfold") / "page"))
    index = files.pop("index.html")
    return [
        Route("/", _constant(index, "text/html", HTML_HEADERS)),
        Route("/page/model/{name}", model),
        *(Route(f"/page/{name}", _constant(content, _type(name))) for name, content in files.items()),
    ]


def _constant(content: bytes, media_type: str, headers: dict[str, str] | None = None) -> Endpoint:
    async def answer(request: Request) -> Response:
        return Response(content, headers=headers, media_type=media_type)

    return answer


def _files(folder: Traversable, below: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of each file of a folder and those below."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{below}{entry.name}/")
        else:
            yield below + entry.name, entry.read_bytes()


def _type(name: str) -> str:
    return {"js": "text/javascript", "css": "text/css"}[name.rpartition(".")[2]]
