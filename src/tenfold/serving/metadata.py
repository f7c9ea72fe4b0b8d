"""What a server says of itself and of its models, as the Open Inference Protocol v2 lays down."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from tenfold import __version__
from tenfold.serving.models import Models


class Metadata:
    """The endpoints.

    Parameters
    ----------
    models : Models
        What is served.
    has_lab : bool, default False
        Whether the page has a lab.
    """

    def __init__(self, models: Models, has_lab: bool = False) -> None:
        self.is_ready = True
        self._extensions = ["binary_tensor_data", *(["lab"] if has_lab else [])]
        self._models = models

    async def server(self, request: Request) -> JSONResponse:
        """Name the server and what it knows beyond the protocol."""
        return JSONResponse(
            {"name": "tenfold", "version": __version__, "extensions": self._extensions}
            | {"models": [served.name for served in self._models]}
        )

    async def live(self, request: Request) -> JSONResponse:
        """Say that the process answers."""
        return JSONResponse({"live": True})

    async def ready(self, request: Request) -> JSONResponse:
        """Say whether new requests are welcome: not while the server comes to its end."""
        if not self.is_ready:
            raise HTTPException(503, "not ready: the server is stopping")
        return JSONResponse({"ready": True})

    async def model(self, request: Request) -> JSONResponse:
        """Describe a model: its classes, what it takes and gives."""
        served = self._models.get(**request.path_params)
        return JSONResponse(
            {
                "name": served.name,
                "versions": [served.version],
                "platform": "tenfold",
                "inputs": [served.input.to_dict()],
                "outputs": [output.to_dict() for output in served.outputs.values()],
                "classes": list(served.predictor.model.classes),
            }
        )

    async def model_ready(self, request: Request) -> JSONResponse:
        """Say that a model is here: one that cannot answer is not served at all."""
        served = self._models.get(**request.path_params)
        if not self.is_ready:
            raise HTTPException(503, "not ready: the server is stopping")
        return JSONResponse({"name": served.name, "ready": True})
