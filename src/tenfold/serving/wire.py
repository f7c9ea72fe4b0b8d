"""An answer as it goes over the wire, for where no framework writes it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

Pairs = Iterable[tuple[bytes, bytes]]


def written(status: int, headers: Pairs, content: bytes, *, is_last: bool) -> bytes:
    r"""Write an answer.

    Parameters
    ----------
    status : int
        The answer's.
    headers : iterable of (name, value)
        Without those that speak of length and connection.
    content : bytes
        The body.
    is_last : bool
        Whether the connection is closed after it.

    Returns
    -------
    bytes
        Head and body, as HTTP/1.1.

    Examples
    --------
    >>> written(200, [(b"content-type", b"text/plain")], b"yes", is_last=False)
    b'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nyes'
    """
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%b: %b" % header for header in headers]
    lines.append(b"content-length: %d" % len(content))
    if is_last:
        lines.append(b"connection: close")
    return b"\r\n".join([*lines, b"", content])
