"""A model behind HTTP: the Open Inference Protocol v2, pictures by ``POST /predict``, metrics.

==============  ===========================================================================================
``server``      socket, signals, draining: what `serve` runs
``connection``  one connection: malformed requests, slow clients
``app``         the routes, and what holds for all of them
``express``     requests for bytes whose head is known, past ``app``; ``wire`` writes their answers
``security``    token, Host and Origin
``body``        a request's body, within limits
``inference``   the v2 endpoint, with ``protocol`` (its JSON and bytes) and ``tensors`` (what a model gives)
``pictures``    the endpoint for picture files
``batching``    requests that arrive together are computed together
``workers``     threads for what takes long, and a bounded queue before them
``models``      models by name, loaded anew when their files change
``limits``      how large, how many, how long
``metrics``     what Prometheus reads
``openapi``     the description for machines
==============  ===========================================================================================
"""

from __future__ import annotations

from tenfold.errors import MissingExtraError

try:
    import prometheus_client  # noqa: F401 - whether the extra is installed is the question
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingExtraError(str(error.name), "serve", "tenfold serve") from None

from tenfold.serving.limits import Limits
from tenfold.serving.server import serve

__all__ = ["Limits", "serve"]
