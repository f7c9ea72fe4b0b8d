"""Requests that nobody should send: each is refused with a reason in JSON, and the server is unmoved."""

import base64
import json
import socket
import struct
import zlib

import pytest

INFER = "/v2/models/insects/infer"
IMAGE = {"name": "images", "datatype": "UINT8", "shape": [1, 8, 6]}
PIXELS = 48


def request(method, path, body=b"", headers=(), version="1.1", host="localhost"):
    """Write a request as it goes over the wire."""
    head = [f"{method} {path} HTTP/{version}", *([f"Host: {host}"] if host is not None else [])]
    if body and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, *headers, "", ""]).encode("latin-1") + body


def infer(changes=None, body=None, **options):
    """Ask for an inference whose input has some fields changed."""
    if body is None:
        body = json.dumps({"inputs": [IMAGE | {"data": [0] * PIXELS} | (changes or {})]}).encode()
    return request("POST", INFER, body, **options)


def binary(pixels, size=PIXELS, length=None, **changes):
    """Ask for an inference with the images as bytes."""
    tensor = IMAGE | {"parameters": {"binary_data_size": size}} | changes
    head = json.dumps({"inputs": [tensor]}).encode()
    header = f"Inference-Header-Content-Length: {len(head) if length is None else length}"
    return request("POST", INFER, head + pixels, [header])


def bomb(side=30_000):
    """Compress a white picture of side × side pixels, one bit each, into some 100 KB."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (side // 8 + 1)), 9)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def form(name, content):
    body = b'--x\r\nContent-Disposition: form-data; name="image"; filename="%b"\r\n\r\n%b\r\n--x--\r\n' % (
        name,
        content,
    )
    return request("POST", "/predict", body, ["Content-Type: multipart/form-data; boundary=x"])


HOSTILE = {
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "another protocol": (400, b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a request of the year 1990": (403, b"GET /v2\r\n\r\n\r\n"),
    "a header without a colon": (400, b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n"),
    "a header that is folded": (400, b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\x00c\r\n\r\n"),
    "headers without end": (431, b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 40_000),
    "a path without end": (431, b"GET /" + b"a" * 40_000),
    "no Host": (403, request("GET", "/v2", host=None)),
    "a foreign Host": (403, request("GET", "/v2", host="evil.example")),
    "a foreign Host that begins well": (403, request("GET", "/v2", host="localhost.evil.example:8000")),
    "two Hosts": (400, request("GET", "/v2", headers=["Host: evil.example"])),
    "a foreign Origin": (403, infer(headers=["Origin: http://evil.example"])),
    "the Origin of a file": (403, infer(headers=["Origin: null"])),
    "an unknown path": (404, request("GET", "/etc/passwd")),
    "dots in a path": (404, request("GET", "/../../etc/passwd")),
    "dots in a model's name": (404, request("GET", "/v2/models/..%2f..%2fetc%2fpasswd")),
    "dots as a model's name": (404, request("POST", "/v2/models/../infer", b"{}")),
    "a zero in a model's name": (404, request("GET", "/v2/models/insects%00")),
    "markup as a model's name": (404, request("GET", "/v2/models/%3Cscript%3Ealert(1)%3C%2Fscript%3E")),
    "bytes that are no UTF-8 in a path": (404, request("GET", "/v2/models/%ff%fe")),
    "an unknown version": (404, request("GET", "/v2/models/insects/versions/-1")),
    "a method that is not for the path": (405, request("DELETE", INFER)),
    "a method that nobody knows": (400, request("BREW", "/v2")),
    "GET where POST is meant": (405, request("GET", "/predict")),
    "a body that is declared too large": (
        413,
        request("POST", INFER, headers=["Content-Length: 99999999999"]),
    ),
    "a length below zero": (400, request("POST", INFER, headers=["Content-Length: -1"])),
    "a length that is no number": (400, request("POST", INFER, headers=["Content-Length: many"])),
    "two lengths": (400, request("POST", INFER, b"{}", ["Content-Length: 2", "Content-Length: 3"])),
    "a length and chunks": (
        400,
        request("POST", INFER, b"0\r\n\r\n", ["Content-Length: 5", "Transfer-Encoding: chunked"]),
    ),
    "chunks of no size": (400, request("POST", INFER, b"zz\r\n\r\n", ["Transfer-Encoding: chunked"])),
    "chunks without end": (
        413,
        request("POST", INFER, (b"10000\r\n" + bytes(65536) + b"\r\n") * 30, ["Transfer-Encoding: chunked"]),
    ),
    "JSON that is too long": (413, infer(body=b'{"inputs": [' + b" " * 2**20 + b"]}")),
    "a compressed body": (415, infer(headers=["Content-Encoding: gzip"])),
    "an empty body": (400, infer(body=b"")),
    "no JSON": (400, infer(body=b"{'inputs': []}")),
    "JSON that is cut off": (400, infer(body=b'{"inputs": [{"name": "images"')),
    "JSON that is nested deeply": (400, infer(body=b"[" * 500_000)),
    "objects that are nested deeply": (400, infer(body=b'{"a":' * 100_000)),
    "not a number": (
        400,
        infer(body=json.dumps({"inputs": [IMAGE | {"data": [float("nan")] * PIXELS}]}).encode()),
    ),
    "base64 for data": (400, infer({"data": base64.b64encode(bytes(PIXELS)).decode()})),
    "another type": (400, infer({"datatype": "FP32"})),
    "fractions": (400, infer({"data": [0.5] * PIXELS})),
    "numbers below zero": (400, infer({"data": [-1] * PIXELS})),
    "numbers of a thousand digits": (400, infer({"data": [10**1000] * PIXELS})),
    "numbers of ten thousand digits": (400, infer(body=b'{"inputs": 1' + b"0" * 10_000 + b"}")),
    "sides below zero": (400, infer({"shape": [-1, -8, 6]})),
    "a shape that is huge": (400, infer({"shape": [2**62, 8, 6]})),
    "a shape of huge sides": (400, binary(bytes(PIXELS), 2**70, shape=[2**62, 8, 6])),
    "a shape of many sides": (400, infer({"shape": [1] * 1000})),
    "fewer bytes than declared": (400, binary(bytes(PIXELS - 1))),
    "more bytes than declared": (400, binary(bytes(PIXELS + 1))),
    "another size than the shape's": (400, binary(bytes(PIXELS), PIXELS + 1)),
    "JSON that ends behind the body": (400, binary(bytes(PIXELS), length=10_000)),
    "JSON that ends nowhere": (400, binary(bytes(PIXELS), length="-5")),
    "an output that nobody knows": (
        400,
        infer(
            body=json.dumps({"inputs": [IMAGE | {"data": [0] * PIXELS}], "outputs": [{"name": "x"}]}).encode()
        ),
    ),
    "a picture that is none": (400, request("POST", "/predict", b"<script>alert(1)</script>")),
    "a picture that unfolds to 900 million pixels": (400, request("POST", "/predict", bomb())),
    "a picture without end": (400, request("POST", "/predict", bomb()[:60])),
    "markup as a file's name": (400, form(b"<script>alert(1)</script>.png", b"nothing")),
    "a path as a file's name": (400, form(b"../../../etc/passwd", b"nothing")),
    "a form without a boundary": (
        400,
        request("POST", "/predict", b"x", ["Content-Type: multipart/form-data"]),
    ),
    "a form that is cut off": (
        400,
        request("POST", "/predict", b"--x\r\nContent-", ["Content-Type: multipart/form-data; boundary=x"]),
    ),
    "a head that takes too long": (408, b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nA"),
    "a body that takes too long": (408, request("POST", INFER, b'{"inputs"', ["Content-Length: 1000"])),
    "a picture that takes too long": (
        408,
        request("POST", "/predict", b"\x89PNG", ["Content-Length: 100000"]),
    ),
}


@pytest.fixture(scope="module")
def server(serve, model_file):
    with serve(model_file, "--patience", 0.5, "--max-body", 1.5) as started:
        yield started


def exchange(port, sent):
    """Send bytes over a connection; return status, headers and body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        file = connection.makefile("rb")
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode("latin-1").partition(": ")
            headers[name.lower()] = value
        return status, headers, file.read(int(headers["content-length"]))


def answer(port):
    """Return what the server says of an image."""
    status, _, body = exchange(port, infer({"data": list(range(PIXELS))}))
    assert status == 200
    return body


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_request_is_refused_and_the_server_unmoved(server, title):
    status, sent = HOSTILE[title]
    before = answer(server.port)
    found, headers, body = exchange(server.port, sent)
    assert found == status, body
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    error = json.loads(body)["error"]
    assert error
    assert "\n" not in error
    assert len(error) < 400
    assert answer(server.port) == before
    assert server.process.poll() is None


def test_clients_that_go_away_leave_nothing_behind(server):
    for sent in (infer(), binary(bytes(PIXELS)), request("POST", "/predict", bomb())):
        for end in (0, 10, len(sent) // 2, len(sent)):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(sent[:end])
    assert json.loads(answer(server.port))["model_name"] == "insects"


def test_two_requests_in_one_go_get_two_answers(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(infer() + request("GET", "/v2", headers=["Connection: close"]))
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_nothing_was_taken_for_a_fault_of_the_server(server):
    status, _, figures = exchange(server.port, request("GET", "/metrics"))
    assert status == 200
    assert b'status="500"' not in figures
