"""The Open Inference Protocol v2: reading a request to infer, writing its answer.

A request is JSON, or JSON followed by tensors as they lie in memory (little-endian, row-major: the *binary
tensor data extension*); a header, ``Inference-Header-Content-Length``, then says where the JSON ends. An
answer takes the same form, and each output sent so says how many bytes are its own. Clients that send bytes
send the same JSON again and again: what has been made of it is kept.

References
----------
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from tenfold.serving.problems import bad_request
from tenfold.serving.tensors import Tensor, Tensors

ELSEWHERE = ("classification", "shared_memory_region")
"""Parameters that other servers know, and that would change an answer."""

KEPT, KEPT_BYTES = 256, 1024
"""Different JSON headers whose meaning is kept, and how long they may be."""


@dataclass(frozen=True, eq=False, slots=True)
class Order:
    """What the JSON of a request asks for.

    Parameters
    ----------
    shape : tuple of int
        Of the images: (N, H, W) or (N, H, W, C).
    pixels : ndarray of uint8, optional
        The images, where they are part of the JSON.
    outputs : dict of str to bool
        Names of the outputs in the order of the answer; true where one is to be sent as bytes.
    id : str, optional
        To be repeated in the answer.
    """

    shape: tuple[int, ...]
    pixels: NDArray[np.uint8] | None
    outputs: dict[str, bool]
    id: str | None


class Codec:
    """Reads requests to one model, and writes its answers.

    Parameters
    ----------
    expected : Tensor
        What the model takes.
    offered : mapping of str to Tensor
        What it gives.
    head : dict of str to str
        Name and version, as each answer begins.
    """

    def __init__(self, expected: Tensor, offered: Mapping[str, Tensor], head: dict[str, str]) -> None:
        self._expected = expected
        self._offered = offered
        self._head = head
        self._order_kept = lru_cache(KEPT)(self._order)
        self._text_kept = lru_cache(KEPT)(self._text)

    def read(self, body: bytes, json_size: int | None) -> tuple[Order, NDArray[np.uint8]]:
        """Read a request.

        Parameters
        ----------
        body : bytes
            All of it.
        json_size : int, optional
            Bytes of JSON, before the images' bytes; without it, all is JSON.

        Returns
        -------
        tuple of Order and ndarray of uint8
            What is asked for, and the images.

        Raises
        ------
        HTTPException
            400, naming the field that is not as expected.
        """
        size = len(body) if json_size is None else json_size
        if size > len(body):
            raise bad_request("Inference-Header-Content-Length", size, f"at most the body's {len(body)}")
        order = (self._order_kept if size <= KEPT_BYTES else self._order)(body[:size])
        missing = 0 if order.pixels is not None else math.prod(order.shape)
        if len(body) - size != missing:
            raise bad_request(
                "body", f"{len(body) - size} bytes after the JSON", f"{missing}, as the JSON says"
            )
        if order.pixels is not None:
            return order, order.pixels
        return order, np.frombuffer(body, np.uint8, offset=size).reshape(order.shape)

    def write(self, order: Order, found: Tensors) -> tuple[bytes, int | None]:
        """Write an answer.

        Parameters
        ----------
        order : Order
            What was asked for.
        found : dict of str to ndarray
            The outputs, a row an image.

        Returns
        -------
        tuple of bytes and int
            The body, and the bytes of JSON in it; none where all is JSON.
        """
        raw = [_to_bytes(found[name]) for name, is_binary in order.outputs.items() if is_binary]
        sizes = tuple(map(len, raw))
        if len(raw) == len(order.outputs) and order.pixels is None:
            text = self._text_kept(order, sizes)
        else:
            text = self._text(order, sizes, found)
        return b"".join([text, *raw]), len(text) if raw else None

    def _order(self, text: bytes) -> Order:
        request = _object("request", _parsed(text))
        inputs = request.get("inputs")
        if not isinstance(inputs, list) or len(inputs) != 1:
            raise bad_request("inputs", inputs, f"a list of one tensor, '{self._expected.name}'")
        identity = request.get("id")
        if not isinstance(identity, str | None):
            raise bad_request("id", identity, "a text")
        shape, pixels = _input(_object("inputs[0]", inputs[0]), self._expected)
        return Order(shape, pixels, _outputs(request, self._offered), identity)

    def _text(self, order: Order, sizes: tuple[int, ...], found: Tensors | None = None) -> bytes:
        remaining = iter(sizes)
        outputs = []
        for name, is_binary in order.outputs.items():
            output: dict[str, Any] = self._offered[name].to_dict(order.shape[0])
            if is_binary:
                output["parameters"] = {"binary_data_size": next(remaining)}
            elif found is not None:
                output["data"] = _to_list(found[name])
            outputs.append(output)
        identity = {} if order.id is None else {"id": order.id}
        answer = {**self._head, **identity, "outputs": outputs}
        return json.dumps(answer, separators=(",", ":")).encode()


def _parsed(text: bytes) -> Any:
    expected = "an object as the protocol describes"
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise bad_request("request", "JSON nested too deeply", expected) from None
    except ValueError as error:  # also of UTF-8
        raise bad_request("request", f"not JSON ({error})", expected) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _object(field: str, found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise bad_request(field, found, "an object")
    return found


def _parameters(field: str, of: dict[str, Any]) -> dict[str, Any]:
    parameters = _object(field, of.get("parameters", {}))
    for name in ELSEWHERE:
        if name in parameters:
            raise bad_request(f"{field}.{name}", parameters[name], "none: this server has no such thing")
    return parameters


def _input(tensor: dict[str, Any], expected: Tensor) -> tuple[tuple[int, ...], NDArray[np.uint8] | None]:
    """Read the shape of the images, and their pixels if they are there."""
    for field, value in (("name", expected.name), ("datatype", expected.datatype)):
        if tensor.get(field) != value:
            raise bad_request(f"inputs[0].{field}", tensor.get(field), f"'{value}'")
    shape = _shape(tensor.get("shape"), list(expected.shape[1:]))
    parameters = _parameters("inputs[0].parameters", tensor)
    if "binary_data_size" not in parameters:
        return shape, _pixels(tensor.get("data"), shape)
    size = parameters["binary_data_size"]
    if type(size) is not int or size != math.prod(shape):
        field = "inputs[0].parameters.binary_data_size"
        raise bad_request(field, size, f"{math.prod(shape)}, a byte a pixel of the shape")
    if "data" in tensor:
        raise bad_request("inputs[0].data", "beside binary_data_size", "one of the two")
    return shape, None


def _shape(found: object, image: list[int]) -> tuple[int, ...]:
    expected = f"[N, {', '.join(map(str, image))}] with N from 1"
    if not isinstance(found, list) or any(type(side) is not int for side in found):
        raise bad_request("inputs[0].shape", found, expected)
    if found[1:] != image or found[0] < 1:
        raise bad_request("inputs[0].shape", found, expected)
    return tuple(found)


def _pixels(data: object, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read pixels from lists, flat or nested as the shape is."""
    field = "inputs[0].data"
    if not isinstance(data, list):
        raise bad_request(field, data, "a list of whole numbers from 0 to 255")
    try:
        pixels = np.array(data)
    except (ValueError, OverflowError):
        found = "lists of several lengths or depths"
        raise bad_request(field, found, f"{list(shape)} values, flat or nested") from None
    if pixels.dtype.kind not in "iu" or pixels.min(initial=0) < 0 or pixels.max(initial=0) > 255:
        raise bad_request(field, f"other values ({pixels.dtype})", "whole numbers from 0 to 255")
    if pixels.shape not in (shape, (math.prod(shape),)):
        raise bad_request(field, list(pixels.shape), f"{list(shape)} values, flat or nested")
    return pixels.astype(np.uint8).reshape(shape)


def _outputs(request: dict[str, Any], offered: Collection[str]) -> dict[str, bool]:
    """Read which outputs are asked for: all of them, in JSON, unless the request says otherwise."""
    parameters = _parameters("parameters", request)
    default = _flag("parameters.binary_data_output", parameters.get("binary_data_output", False))
    asked = request.get("outputs")
    if asked is None:
        return dict.fromkeys(offered, default)
    if not isinstance(asked, list) or not asked:
        raise bad_request("outputs", asked, f"a list of some of {', '.join(offered)}")
    outputs: dict[str, bool] = {}
    for i, found in enumerate(asked):
        output = _object(f"outputs[{i}]", found)
        name = output.get("name")
        if not isinstance(name, str) or name not in offered or name in outputs:
            raise bad_request(f"outputs[{i}].name", name, f"one of {', '.join(offered)}, once")
        field = f"outputs[{i}].parameters"
        outputs[name] = _flag(f"{field}.binary_data", _parameters(field, output).get("binary_data", default))
    return outputs


def _flag(field: str, found: object) -> bool:
    if not isinstance(found, bool):
        raise bad_request(field, found, "true or false")
    return found


def _to_bytes(rows: NDArray[Any]) -> bytes:
    """Lay rows out in memory; a text is its length in four bytes, then its UTF-8."""
    if rows.dtype == object:
        return b"".join(len(text).to_bytes(4, "little") + text for text in rows.tolist())
    return rows.astype(rows.dtype.newbyteorder("<"), copy=False).tobytes()


def _to_list(rows: NDArray[Any]) -> list[Any]:
    flat: list[Any] = rows.ravel().tolist()
    return [text.decode() for text in flat] if rows.dtype == object else flat
