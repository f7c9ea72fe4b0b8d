"""``POST /predict``: picture files in, answers out; a bad file never fails its neighbours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message

from tenfold.data.picture import decode_picture
from tenfold.errors import TenfoldError
from tenfold.model.predictor import Predictor
from tenfold.serving.body import Bodies
from tenfold.serving.limits import Limits
from tenfold.serving.models import Models
from tenfold.serving.workers import Workers

FILES = 1000
"""Pictures in one request."""

PIECE = 65_536
"""Bytes of a form that are read at a time."""


class Predict:
    """The endpoint.

    Parameters
    ----------
    models : Models
        What to ask.
    bodies : Bodies
        Reads requests.
    workers : Workers
        Decode pictures and ask the model.
    limits : Limits
        How long it may take.
    """

    def __init__(self, models: Models, bodies: Bodies, workers: Workers, limits: Limits) -> None:
        self._models = models
        self._bodies = bodies
        self._workers = workers
        self._limits = limits

    async def answer(self, request: Request) -> JSONResponse:
        """Answer for the pictures of one request: a body that is one file, or a form of several."""
        served = self._models.get(**request.path_params)
        body = await self._bodies.read(request.scope["unique_headers"], request.receive)
        deadline = time.monotonic() + self._limits.deadline
        try:
            files = await _files(request, body)
            predictions = await self._workers.run(_predict, served.predictor, files, deadline)
        finally:
            self._bodies.release(body)
        answer: dict[str, Any] = {**served.head, "predictions": predictions}
        if all("error" in prediction for prediction in predictions):
            return JSONResponse({"error": predictions[0]["error"], **answer}, 400)
        return JSONResponse(answer)


async def _files(request: Request, body: bytes) -> list[tuple[str, bytes]]:
    """Return the name and content of each picture file."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return [("body", body)]

    pieces = (body[start : start + PIECE] for start in range(0, len(body) + 1, PIECE))

    async def receive() -> Message:
        await asyncio.sleep(0)  # a long form is no reason to keep others waiting
        piece = next(pieces)
        return {"type": "http.request", "body": piece, "more_body": len(piece) == PIECE}

    async with Request(request.scope, receive).form(max_files=FILES, max_fields=FILES) as form:
        uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        files = [(upload.filename or "unnamed", await upload.read()) for upload in uploads]
    if not files:
        raise HTTPException(
            400, "form: no files; expected pictures, as curl -F image=@picture.png sends them"
        )
    return files


def _predict(
    predictor: Predictor, files: Sequence[tuple[str, bytes]], deadline: float
) -> list[dict[str, Any]]:
    """Answer for each file by itself: a prediction, or what is wrong with it."""
    answers = []
    for name, content in files:
        if time.monotonic() > deadline:
            break  # whoever asked has been told
        try:
            picture = predictor.model.preprocessing.prepare(decode_picture(content, name))
            answers.append({"image": name} | next(iter(predictor.predict(picture[None]))).to_dict())
        except TenfoldError as error:
            answers.append({"image": name, "error": str(error)})
    return answers
