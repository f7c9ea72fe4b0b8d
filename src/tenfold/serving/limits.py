"""How large, how many, how long: what the server takes on before it refuses."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from tenfold.errors import UsageError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds of one server; what exceeds them is refused at once, with a reason.

    Parameters
    ----------
    body : int
        Bytes of one request's body.
    json : int
        Bytes of JSON in one request. JSON is a slow way to carry images: binary tensors take a quarter of
        the bytes and a hundredth of the time.
    bodies : int
        Bytes of all bodies that are held at a time.
    queue : int
        Images that wait for a model; 8,192 take the lecture's network a twentieth of a second.
    deadline : float
        Seconds that an answer may take once its request is whole.
    patience : float
        Seconds that a client may take to send one request.

    Raises
    ------
    UsageError
        When a limit is not a positive number.
    """

    body: int = 16 * MIB
    json: int = MIB
    bodies: int = 256 * MIB
    queue: int = 8192
    deadline: float = 10.0
    patience: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 and math.isfinite(value)):
                raise UsageError(f"{field.name}: {value}; expected a number above zero")
