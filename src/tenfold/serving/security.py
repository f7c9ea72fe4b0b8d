"""Who may ask: a token where others can reach the server, Host and Origin where only this machine can.

A page in a browser may send requests to any address, also to 127.0.0.1. What it cannot do is hide where it
comes from: its Origin is another than the server's, and where its own name has been made to point to this
machine (DNS rebinding), so is its Host.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from starlette.exceptions import HTTPException

from tenfold.errors import UsageError
from tenfold.serving.body import Headers

HEADERS = [
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
]
"""What every answer says: that its type is what it says, and that no other site may show it."""

HTML_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
}
"""What a page says besides: it runs and loads what lies beside it, and nothing else."""

OPEN = ("/v2/health/live", "/v2/health/ready")
"""Asked by whatever watches over the server, which knows no token."""

SINGLE = (
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"inference-header-content-length",
    b"origin",
)
"""Headers that mean nothing when they are given twice."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a server at this address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unique(pairs: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Return headers by name.

    Raises
    ------
    HTTPException
        400 when one that has to be single is there twice.
    """
    headers = dict(pairs)
    if len(headers) < len(pairs):
        names = [name for name, _ in pairs]
        for name in SINGLE:
            if names.count(name) > 1:
                raise HTTPException(400, f"{name.decode()}: given {names.count(name)} times; expected once")
    return headers


class Guard:
    """Lets a request in, or not.

    Parameters
    ----------
    host : str
        Address that the server is bound to.
    token : str, optional
        What requests have to bear; must be given where the address is not a loopback address.

    Raises
    ------
    UsageError
        When others could reach the server and no token is given, or when a token cannot be sent.
    """

    def __init__(self, host: str, token: str | None) -> None:
        if token is not None and not (
            token.isascii() and token.isprintable() and token.strip() == token != ""
        ):
            raise UsageError("token: empty or not plain text; expected letters, digits and signs of ASCII")
        if token is None and not is_loopback(host):
            raise UsageError(
                f"host: '{host}' can be reached from other machines, and there is no token; expected "
                "--token SECRET (or TENFOLD_TOKEN) with it, or the host 127.0.0.1"
            )
        self._token = token.encode() if token is not None else None
        self._is_loopback = is_loopback(host)

    def check(self, path: str, headers: Headers) -> None:
        """Refuse a request that may not be answered.

        Raises
        ------
        HTTPException
            403 for a foreign Host or Origin, 401 without the right token.
        """
        host = headers.get(b"host", b"").decode("latin-1")
        if self._is_loopback and not is_local(host):
            raise HTTPException(
                403, f"Host: '{host}'; expected localhost or 127.0.0.1, as the server is local"
            )
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").partition("://")[2].lower() != host.lower():
            raise HTTPException(403, "Origin: another site's; expected none, or this server's own page")
        if self._token is not None and not is_open(path):
            self._check_token(headers.get(b"authorization", b""))

    def _check_token(self, authorization: bytes) -> None:
        scheme, _, given = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token or b""):
            raise HTTPException(
                401,
                "Authorization: no or another token; expected Bearer and this server's token",
                {"WWW-Authenticate": "Bearer"},
            )


def is_open(path: str) -> bool:
    """Tell whether a path needs no token: health, and the files of the page, which anyone has.

    Examples
    --------
    >>> is_open("/v2/health/live"), is_open("/"), is_open("/page/main.js"), is_open("/page/model/mnist")
    (True, True, True, False)
    """
    return path in OPEN or path == "/" or (path.startswith("/page/") and not path.startswith("/page/model/"))


@lru_cache(64)
def is_local(host: str) -> bool:
    """Tell whether a Host header names this machine, at any port: it may be forwarded.

    Examples
    --------
    >>> is_local("127.0.0.1:8000"), is_local("[::1]:8000"), is_local("evil.example:8000")
    (True, True, False)
    """
    name = host.lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return is_loopback(name) or name.endswith(".localhost")
