"""The description of the server for machines: OpenAPI 3.1, at ``/openapi.json``."""

from __future__ import annotations

from typing import Any

from tenfold import __version__
from tenfold.serving.models import Models, Served

Schema = dict[str, Any]

REASONS = {
    400: "Malformed: the error names the field, what was found and what is expected.",
    401: "No token, or another.",
    403: "A foreign Host or Origin.",
    404: "No such model or version.",
    408: "The request took too long to arrive.",
    413: "Too large.",
    415: "Compressed.",
    429: "Too busy: come back after Retry-After seconds.",
    503: "The server is stopping.",
    504: "No answer within the deadline.",
}

PICTURES = ("image/png", "image/jpeg", "image/bmp", "image/tiff", "image/webp")

ERROR: Schema = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def document(models: Models) -> Schema:
    """Describe the server with the models that it has now.

    Parameters
    ----------
    models : Models
        What is served.

    Returns
    -------
    dict
        An OpenAPI document, as JSON holds it.
    """
    paths: Schema = {
        "/v2": {"get": _get("server", "Name, version and extensions.")},
        "/v2/health/live": {"get": _get("live", "Whether the process answers.")},
        "/v2/health/ready": {"get": _get("ready", "Whether new requests are welcome.")},
        "/predict": {"post": _predict("predict", "Pictures, by the first model.")},
        "/openapi.json": {"get": _get("openapi", "This document.")},
        "/metrics": {"get": _metrics()},
    }
    for served in models:
        paths |= _model_paths(served)
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tenfold",
            "version": __version__,
            "description": "Softmax classifiers: the Open Inference Protocol v2, and picture files.",
        },
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}, "securitySchemes": schemes},
        "security": [{}, {"token": []}],
    }


def _model_paths(served: Served) -> Schema:
    """Describe one model by paths of its own, so that its shapes can be told."""
    name = served.name
    paths: Schema = {f"/predict/{name}": {"post": _predict(f"predict {name}", f"Pictures, by {name}.")}}
    for version in ("", f"/versions/{served.version}"):
        base = f"/v2/models/{name}{version}"
        paths[base] = {"get": _get(f"metadata {name}{version}", f"What {name} takes and gives.")}
        paths[f"{base}/ready"] = {"get": _get(f"ready {name}{version}", f"Whether {name} is ready.")}
        paths[f"{base}/infer"] = {"post": _infer(f"infer {name}{version}", served)}
    return paths


def _get(operation: str, summary: str) -> Schema:
    answer = _json("The answer.", {"type": "object"})
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {"200": answer, **_problems(408, 413, 415, 429, 504)},
    }


def _metrics() -> Schema:
    operation = _get("metrics", "Figures, as Prometheus reads them.")
    text = {"text/plain": {"schema": {"type": "string"}}}
    operation["responses"]["200"] = {"description": "The figures.", "content": text}
    return operation


def _infer(operation: str, served: Served) -> Schema:
    """Describe a request to infer in JSON; the binary extension has no schema."""
    names = {"enum": list(served.outputs)}
    flag = {"type": "boolean"}
    shape = {
        "type": "array",
        "prefixItems": [
            {"type": "integer", "minimum": 1},
            *({"const": side} for side in served.input.shape[1:]),
        ],
        "minItems": len(served.input.shape),
        "maxItems": len(served.input.shape),
    }
    tensor = {
        "name": {"const": served.input.name},
        "datatype": {"const": served.input.datatype},
        "shape": shape,
        "data": {"type": "array", "description": "Whole numbers from 0 to 255, flat or nested as the shape."},
        "parameters": _object({}),
    }
    asked = _object({"name": names, "parameters": _object({"binary_data": flag})}, "name")
    request = {
        "id": {"type": "string"},
        "parameters": _object({"binary_data_output": flag}),
        "inputs": _list(_object(tensor, "name", "datatype", "shape", "data"), 1) | {"maxItems": 1},
        "outputs": _list(asked, 1),
    }
    made = {"name": names, "datatype": {"type": "string"}, "shape": _list({"type": "integer"}, 1)}
    answer = {
        "model_name": {"const": served.name},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": _list(_object(made, *made), 1),
    }
    binary: Schema = {"application/octet-stream": {"schema": {}}}
    said = _json("The outputs.", _object(answer, "model_name", "outputs"))
    said["content"] |= binary
    return {
        "operationId": operation,
        "summary": f"Outputs of {served.name} for images, as JSON or with the binary tensor extension.",
        "requestBody": _json("Images.", _object(request, "inputs")) | {"required": True},
        "responses": {"200": said, **_problems(503)},
    }


def _predict(operation: str, summary: str) -> Schema:
    files = {
        "multipart/form-data": {
            "schema": _object({"image": _list({"type": "string", "format": "binary"}, 1)})
        }
    }
    picture = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES}
    prediction = {"image": {"type": "string"}, "label": {"type": "string"}, "error": {"type": "string"}}
    answer = {"model_name": {"type": "string"}, "predictions": _list(_object(prediction, "image"), 1)}
    return {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"content": files | picture, "required": True},
        "responses": {"200": _json("One a picture.", _object(answer, *answer)), **_problems(503)},
    }


def _problems(*never: int) -> Schema:
    """Describe the errors that a path may answer with: all but some."""
    schema = {"$ref": "#/components/schemas/Error"}
    return {str(status): _json(why, schema) for status, why in REASONS.items() if status not in never}


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: Schema, least: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least}
