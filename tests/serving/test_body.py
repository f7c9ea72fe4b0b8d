"""Bodies in any number of pieces, within their limits."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tenfold.serving.body import Bodies
from tenfold.serving.limits import Limits


def pieces(*chunks, ends=True):
    """ASGI's receive for a body that comes in pieces, and perhaps breaks off."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if ends:
        messages[-1]["more_body"] = False
    messages.append({"type": "http.disconnect"})
    waiting = iter(messages)

    async def receive():
        return next(waiting)

    return receive


def read(bodies, receive, headers=None):
    return asyncio.run(bodies.read(headers or {}, receive))


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_a_body_is_its_pieces_joined(chunks):
    assert read(Bodies(Limits()), pieces(*chunks)) == b"".join(chunks)


@pytest.mark.parametrize("headers", [{}, {b"content-length": b"11"}])
def test_a_body_that_is_too_large_is_refused(headers):
    with pytest.raises(HTTPException, match="at most 10 bytes") as refused:
        read(Bodies(Limits(body=10)), pieces(b"123456", b"78901"), headers)
    assert refused.value.status_code == 413


def test_a_declared_length_is_refused_before_anything_is_read():
    async def receive():
        raise AssertionError("was read")

    with pytest.raises(HTTPException, match="at most 10 bytes"):
        read(Bodies(Limits(body=10)), receive, {b"content-length": b"11"})


def test_a_client_that_goes_away_leaves_nothing_behind():
    bodies = Bodies(Limits(bodies=10))
    for _ in range(3):
        with pytest.raises(ClientDisconnect):
            read(bodies, pieces(b"12345678", ends=False))
    assert read(bodies, pieces(b"0123456789")) == b"0123456789"


def test_all_bodies_together_are_bounded_until_they_are_released():
    bodies = Bodies(Limits(bodies=10))
    first = read(bodies, pieces(b"12345678"))
    with pytest.raises(HTTPException) as refused:
        read(bodies, pieces(b"123"))
    assert refused.value.status_code == 429
    bodies.release(first)
    assert read(bodies, pieces(b"123")) == b"123"


def test_a_compressed_body_is_refused():
    with pytest.raises(HTTPException, match="Content-Encoding: 'gzip'") as refused:
        read(Bodies(Limits()), pieces(b"x"), {b"content-encoding": b"gzip"})
    assert refused.value.status_code == 415
