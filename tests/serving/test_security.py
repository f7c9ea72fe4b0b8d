"""Who is let in: a table of addresses, hosts, origins and tokens."""

import pytest
from starlette.exceptions import HTTPException

from tenfold.errors import UsageError
from tenfold.serving.security import Guard, is_loopback, unique

LOCAL, OPEN = Guard("127.0.0.1", None), Guard("0.0.0.0", "s3cret")


def status(guard, path="/v2", **headers):
    """Return the status with which a request is refused; 200 where it is not."""
    try:
        guard.check(path, {name.encode(): value.encode("latin-1") for name, value in headers.items()})
    except HTTPException as refused:
        return refused.status_code
    return 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("LOCALHOST:8000", 200),
        ("app.localhost:1", 200),
        ("127.0.0.1:65000", 200),
        ("127.1.2.3", 200),
        ("[::1]:8000", 200),
        ("", 403),
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.168.0.7:8000", 403),
        ("[::2]", 403),
        ("0.0.0.0:8000", 403),
        ("évil", 403),
    ],
)
def test_a_local_server_answers_to_local_names_only(host, expected):
    assert status(LOCAL, host=host) == expected


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:8000", 200),
        ("https://localhost:8000", 200),
        ("HTTP://LOCALHOST:8000", 200),
        ("http://localhost:9000", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("guard", [LOCAL, OPEN], ids=["local", "open"])
def test_no_other_site_may_ask(guard, origin, expected):
    headers = {"host": "localhost:8000", "origin": origin, "authorization": "Bearer s3cret"}
    assert status(guard, **headers) == expected


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer s3cre", 401),
        ("Bearer s3cret2", 401),
        ("Bearer", 401),
        ("Bearer é", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("", 401),
    ],
)
def test_a_token_has_to_be_the_right_one(authorization, expected):
    assert status(OPEN, host="models.example", authorization=authorization) == expected


def test_health_needs_no_token():
    assert status(OPEN, "/v2/health/ready", host="10.0.0.1") == 200
    assert status(OPEN, "/metrics", host="10.0.0.1") == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_an_address_that_others_reach_needs_a_token(host):
    assert not is_loopback(host)
    with pytest.raises(UsageError, match="token"):
        Guard(host, None)


@pytest.mark.parametrize("token", ["", " ", "a b ", "é", "a\nb"])
def test_a_token_that_no_header_can_hold_is_refused(token):
    with pytest.raises(UsageError, match="token"):
        Guard("127.0.0.1", token)


def test_headers_that_are_there_twice():
    assert unique([(b"accept", b"a"), (b"accept", b"b")]) == {b"accept": b"b"}
    with pytest.raises(HTTPException, match="host: given 2 times"):
        unique([(b"host", b"localhost"), (b"host", b"evil.example")])
