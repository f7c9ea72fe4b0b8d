"""What the server answers instead: errors with a status, and when to come back."""

from __future__ import annotations

from starlette.exceptions import HTTPException

RETRY_SECONDS = 1


def bad_request(field: str, found: object, expected: str) -> HTTPException:
    """Refuse a request for one of its fields: status 400."""
    shown = repr(found)
    if len(shown) > 80:
        shown = f"{shown[:77]}..."
    return HTTPException(400, f"{field}: {shown}; expected {expected}")


def too_busy(what: str) -> HTTPException:
    """Refuse for now: status 429, with the seconds after which to try again."""
    return HTTPException(429, f"{what}; try again later", {"Retry-After": str(RETRY_SECONDS)})


def too_large(found: str, limit: int) -> HTTPException:
    """Refuse a body for its size: status 413."""
    return HTTPException(413, f"{found}; expected at most {limit:,} bytes: send several smaller requests")


def too_late(seconds: float) -> HTTPException:
    """Give up an answer: status 504."""
    return HTTPException(504, f"no answer within {seconds:g} s; send fewer images, or try again later")
