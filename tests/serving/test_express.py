"""Requests whose head is known are answered as the others are."""

import asyncio
import contextlib
import json
import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.serving.body import Bodies
from tenfold.serving.express import Express
from tenfold.serving.limits import Limits
from tenfold.serving.metrics import Metrics
from tenfold.serving.models import Models
from tenfold.serving.problems import too_late
from tenfold.serving.security import Guard

PATH = "/v2/models/insects/infer"


def body(images, outputs=("logits", "probabilities"), identity="1", as_bytes=True):
    tensor = {
        "name": "images",
        "datatype": "UINT8",
        "shape": images.shape,
        "parameters": {"binary_data_size": images.size},
    }
    wanted = [{"name": name, "parameters": {"binary_data": as_bytes}} for name in outputs]
    text = json.dumps({"id": identity, "inputs": [tensor], "outputs": wanted}).encode()
    return text, images.tobytes()


def headers(text, pixels, **others):
    return {
        "Host": "localhost",
        "Content-Length": str(len(text) + len(pixels)),
        "Inference-Header-Content-Length": str(len(text)),
        **others,
    }


def request(text, pixels, path=PATH, method="POST", **others):
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers(text, pixels, **others).items()]
    return "\r\n".join([*lines, "", ""]).encode() + text + pixels


def scope(text, pixels, path=PATH, method="POST", **others):
    """What a parser makes of such a request."""
    pairs = headers(text, pixels, **others).items()
    return {
        "path": path,
        "method": method,
        "http_version": "1.1",
        "headers": [(n.replace("_", "-").lower().encode(), v.encode()) for n, v in pairs],
    }


@contextlib.contextmanager
def express_to(model_file, token=None, **limits):
    limits = Limits(**limits)
    metrics = Metrics()
    models = Models([str(model_file)], limits, metrics)
    bodies = Bodies(limits)
    yield Express(models, Guard("127.0.0.1", token), bodies, metrics, limits), models, bodies, metrics


def ask(express, data, *, then=lambda: None):
    """Take a request on an event loop; return the answer, or nothing when it was not taken."""

    async def asked():
        underway = express.take(data)
        if underway is None:
            return None
        then()
        await asyncio.wait([underway.found])
        return express.write(underway, [(b"x-common", b"yes")], is_last=False)

    return asyncio.run(asked())


def parts(answer):
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), content


def test_a_known_head_is_answered_with_what_the_model_gives(model_file, small_model, images):
    text, pixels = body(images[:7])
    with express_to(model_file) as (express, _, _, metrics):
        assert ask(express, request(text, pixels)) is None
        express.learn(request(text, pixels), scope(text, pixels))
        status, found, content = parts(ask(express, request(text, pixels)))
    assert (status, found["x-common"], found["content-type"]) == (
        "HTTP/1.1 200 OK",
        "yes",
        "application/octet-stream",
    )
    assert int(found["content-length"]) == len(content)
    logits = np.frombuffer(content, np.float32, 21, int(found["inference-header-content-length"]))
    np.testing.assert_allclose(logits.reshape(7, 3), small_model().logits(images[:7]), rtol=1e-5, atol=1e-5)
    counted = 'tenfold_requests_total{route="/v2/models/{name}/infer",status="200"} 1.0'
    assert counted in metrics.text().decode()


@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_head_with_another_byte_is_not_known(model_file, images, place, value):
    text, pixels = body(images[:1])
    known = request(text, pixels)
    end = len(known) - len(text) - len(pixels)
    other = bytearray(known)
    other[place % end] = value
    with express_to(model_file) as (express, _, _, _):
        express.learn(known, scope(text, pixels))
        assert (ask(express, bytes(other)) is not None) == (other == known)


@pytest.mark.parametrize("change", [lambda r: r[:-1], lambda r: r + b"x", lambda r: r + r, lambda r: r[:20]])
def test_what_is_no_whole_request_goes_the_usual_way(model_file, images, change):
    text, pixels = body(images[:1])
    with express_to(model_file) as (express, _, _, _):
        express.learn(request(text, pixels), scope(text, pixels))
        assert ask(express, change(request(text, pixels))) is None


@pytest.mark.parametrize(
    "other",
    [
        {"method": "PUT"},
        {"path": "/v2/models/insects"},
        {"path": "/predict"},
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Connection": "close"},
        {"Expect": "100-continue"},
        {"Content_Encoding": "gzip"},
        {"Transfer_Encoding": "chunked"},
        {"Content_Length": "1"},
        {"Inference_Header_Content_Length": "x"},
        {"Inference_Header_Content_Length": "100000"},
        {"Authorization": "Bearer another"},
        {"Authorization": "Bearer s3cret", "X-Long": "x" * 3000},
    ],
    ids=repr,
)
def test_what_asks_for_more_or_may_not_ask_is_not_learnt(model_file, images, other):
    text, pixels = body(images[:1])
    allowed = {"Authorization": "Bearer s3cret"} | {n.replace("_", "-"): v for n, v in other.items()}
    with express_to(model_file, "s3cret") as (express, _, _, _):
        express.learn(request(text, pixels, **allowed), scope(text, pixels, **allowed))
        assert ask(express, request(text, pixels, **allowed)) is None
        allowed = {"Authorization": "Bearer s3cret"}
        express.learn(request(text, pixels, **allowed), scope(text, pixels, **allowed))
        assert ask(express, request(text, pixels, **allowed)) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b'"UINT8"', b'"UINT9"'),
        lambda text: text.replace(b"[1, 8, 6]", b"[1, 6, 8]"),
        lambda text: b"{" * len(text),
        lambda text: text.replace(b'"binary_data": true', b'"binary_data":false'),
    ],
)
def test_a_known_head_before_another_body_goes_the_usual_way(model_file, images, change):
    text, pixels = body(images[:1])
    assert len(change(text)) == len(text)
    with express_to(model_file) as (express, _, _, _):
        express.learn(request(text, pixels), scope(text, pixels))
        assert ask(express, request(change(text), pixels)) is None


def test_other_versions_and_full_queues_go_the_usual_way(model_file, images):
    text, pixels = body(images[:1])
    paths = [f"/v2/models/insects/versions/{version}/infer" for version in ("1", "000000000000")]
    with express_to(model_file, queue=1, bodies=len(text) + len(pixels)) as (express, _, bodies, _):
        for path in (PATH, *paths):
            express.learn(request(text, pixels, path), scope(text, pixels, path))
        for path in paths:
            assert ask(express, request(text, pixels, path)) is None

        def once_more():
            assert express.take(request(text, pixels)) is None  # no room for its body

        assert ask(express, request(text, pixels), then=once_more) is not None
        bodies.hold(len(text) + len(pixels))  # all has been given up


def test_a_body_that_is_too_long_goes_the_usual_way(model_file, images):
    text, pixels = body(images[:1])
    for longest, is_taken in ((len(text) + len(pixels), True), (len(text) + len(pixels) - 1, False)):
        with express_to(model_file, body=longest) as (express, _, _, _):
            express.learn(request(text, pixels), scope(text, pixels))
            assert (ask(express, request(text, pixels)) is not None) == is_taken


def test_the_version_that_is_served_may_be_named(model_file, images):
    text, pixels = body(images[:1])
    with express_to(model_file) as (express, models, _, _):
        path = f"/v2/models/insects/versions/{models.get().version}/infer"
        express.learn(request(text, pixels, path), scope(text, pixels, path))
        assert ask(express, request(text, pixels, path)).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [(too_late(3), "504 Gateway Timeout"), (ValueError("broken"), "500 Internal Server Error")],
)
def test_what_fails_on_the_way_is_said(model_file, images, error, status, caplog):
    text, pixels = body(images[:1])
    with express_to(model_file) as (express, _, _, _):
        express.learn(request(text, pixels), scope(text, pixels))

        async def failed():
            underway = express.take(request(text, pixels))
            underway.found.set_exception(error)
            return express.write(underway, [], is_last=True)

        found, named, content = parts(asyncio.run(failed()))
    assert found == f"HTTP/1.1 {status}"
    assert (named["connection"], named["content-type"]) == ("close", "application/json")
    assert list(json.loads(content)) == ["error"]
    assert ("broken" in caplog.text) == (status[0:3] == "500")
    assert b"broken" not in content


def read_answer(file):
    status = file.readline().decode().strip()
    named = {}
    while line := file.readline().decode().strip():
        name, _, value = line.partition(": ")
        named[name] = value
    return status, named, file.read(int(named["content-length"]))


def without_date(answer):
    status, named, content = answer
    return status, {name: value for name, value in named.items() if name != "date"}, content


def test_over_the_wire_the_first_answer_and_the_later_ones_are_the_same(server, images):
    asked = request(*body(images[:3]))
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        file = connection.makefile("rb")
        answers = []
        for _ in range(4):
            connection.sendall(asked)
            answers.append(without_date(read_answer(file)))
    assert answers == [answers[0]] * 4
    assert answers[0][0] == "HTTP/1.1 200 OK"


def test_over_the_wire_pipelined_requests_are_answered_in_order(server, images):
    asked = [request(*body(images[:3], identity=f"{i:02}")) for i in range(40)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = connection.makefile("rb")
        for each in asked[:20]:
            connection.sendall(each)
        connection.sendall(b"".join(asked[20:]))
        answers = [read_answer(file) for _ in asked]
    identities = [
        json.loads(content[: int(named["inference-header-content-length"])])["id"]
        for _, named, content in answers
    ]
    assert identities == [f"{i:02}" for i in range(40)]


def test_over_the_wire_a_known_head_does_not_hide_a_fault(server, images):
    text, pixels = body(images[:1])
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        file = connection.makefile("rb")
        for sent, expected in (
            (text, "200 OK"),
            (text.replace(b"UINT8", b"UINT9"), "400 Bad Request"),
            (text, "200 OK"),
        ):
            connection.sendall(request(sent, pixels))
            status, _, content = read_answer(file)
            assert status == f"HTTP/1.1 {expected}"
            assert ("error" in json.loads(content[: content.rfind(b"}") + 1])) == (expected != "200 OK")


def test_over_the_wire_a_known_request_may_come_in_pieces(server, images):
    asked = request(*body(images[:1]))
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = connection.makefile("rb")
        for cut in (len(asked), 10, 150, len(asked) - 1):
            connection.sendall(asked[:cut])
            connection.sendall(asked[cut:])
            assert read_answer(file)[0] == "HTTP/1.1 200 OK"
