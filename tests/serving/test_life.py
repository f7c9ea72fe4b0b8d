"""A server's life: how it starts, changes its models, refuses what is too much, and ends."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter

import numpy as np
import pytest

import tenfold.serving
from tenfold.errors import TenfoldError
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing

CLIENTS = 8


def asking(pixels, name="insects", as_bytes=False):
    """Write a request for the logits of some images, as it goes over the wire."""
    tensor = {
        "name": "images",
        "datatype": "UINT8",
        "shape": pixels.shape,
        "parameters": {"binary_data_size": pixels.size},
    }
    wanted = {"name": "logits", "parameters": {"binary_data": as_bytes}}
    text = json.dumps({"inputs": [tensor], "outputs": [wanted]}).encode()
    head = (
        f"POST /v2/models/{name}/infer HTTP/1.1\r\nHost: localhost\r\n"
        f"Inference-Header-Content-Length: {len(text)}\r\n"
        f"Content-Length: {len(text) + pixels.size}\r\n\r\n"
    )
    return head.encode() + text + pixels.tobytes()


class Load:
    """Clients that ask again and again, each on one connection after the other, until there is no server."""

    def __init__(self, port, request):
        self.answers = []
        self.lost = []
        self._port = port
        self._request = request
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._enough.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, condition):
        """Wait until the answers so far fulfil a condition, for a minute at most."""
        for _ in range(6000):
            if condition(self.answers):
                return
            self._enough.wait(0.01)
        raise AssertionError(
            f"not in a minute: {Counter(status for status, _, _ in self.answers)}, {self.lost}"
        )

    def _work(self):
        while not self._enough.is_set():
            try:
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            except ConnectionRefusedError:
                return
            with connection, connection.makefile("rb") as file:
                try:
                    while self._ask(connection, file) and not self._enough.is_set():
                        pass
                except (OSError, ValueError, IndexError) as error:
                    self.lost.append(repr(error))

    def _ask(self, connection, file):
        """Ask once; return whether the connection may be used again."""
        connection.sendall(self._request)
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        content = file.read(int(headers["content-length"]))
        json_size = int(headers.get("inference-header-content-length", len(content)))
        answer = json.loads(content[:json_size])
        if json_size < len(content):
            answer["outputs"][0]["data"] = np.frombuffer(content[json_size:], np.float32).tolist()
        self.answers.append((status, headers, answer))
        return headers.get("connection") != "close"


either_form = pytest.mark.parametrize("as_bytes", [False, True], ids=["json", "bytes"])
"""Answers as bytes are those of requests that go past the parser."""


@either_form
def test_no_accepted_request_is_lost_when_the_server_stops(serve, model_file, images, as_bytes):
    with (
        serve(model_file) as server,
        Load(server.port, asking(images[:3], as_bytes=as_bytes)) as load,
    ):
        load.wait_for(lambda answers: len(answers) > 200)
        assert server.stop() == 0
    assert load.lost == []
    assert {status for status, _, _ in load.answers} == {200}
    assert any(headers.get("connection") == "close" for _, headers, _ in load.answers)


def test_a_request_that_is_on_its_way_is_answered(serve, model_file, images):
    request = asking(images[:3])
    with serve(model_file) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(request[:-10])
            assert server.json("GET", "/v2/health/ready")[0] == 200
            server.process.send_signal(signal.SIGTERM)
            while server.json("GET", "/v2/health/ready")[0] != 503:
                pass
            assert server.json("GET", "/v2/health/live")[0] == 200
            connection.sendall(request[-10:])
            assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert server.process.wait(30) == 0


@either_form
def test_a_model_is_replaced_without_dropping_a_request(serve, small_model, tmp_path, images, as_bytes):
    file = tmp_path / "insects.safetensors"
    versions = [small_model(seed) for seed in range(3)]
    versions[0].save(file)
    with serve(file) as server, Load(server.port, asking(images[:2], as_bytes=as_bytes)) as load:
        for count, version in enumerate(versions, 1):
            version.save(file)
            load.wait_for(
                lambda answers, count=count: len({a["model_version"] for _, _, a in answers}) >= count
            )
        file.write_bytes(b"damaged")
        load.wait_for(lambda _: b'refused"} 1.0' in server.ask("GET", "/metrics")[2])
    assert load.lost == []
    assert {status for status, _, _ in load.answers} == {200}
    found = {}
    for _, _, answer in load.answers:
        found.setdefault(answer["model_version"], answer["outputs"][0]["data"])
    assert len(found) == len(versions)
    for data, version in zip(found.values(), versions, strict=True):
        np.testing.assert_allclose(data, version.logits(images[:2]).ravel(), atol=1e-4)


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory):
    """A model that needs a while for a hundred images."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (10, 8, 6)).astype(np.uint8)
    network = Network.for_task(48, (2048, 2048), 3)
    weights = {n: rng.normal(0, 0.03, shape).astype(np.float32) for n, shape in network.shapes.items()}
    path = tmp_path_factory.mktemp("slow") / "slow.safetensors"
    Model(network, weights, ("a", "b", "c"), Preprocessing.fitted(images), images).save(path)
    return path


@either_form
def test_what_is_too_much_is_refused_and_the_server_keeps_answering(serve, slow_model, as_bytes):
    crowd = np.zeros((512, 8, 6), np.uint8)
    with serve(slow_model, "--queue", 600) as server:
        with Load(server.port, asking(crowd, "slow", as_bytes)) as load:
            load.wait_for(lambda answers: {status for status, _, _ in answers} == {200, 429})
            for _ in range(20):
                assert server.json("GET", "/v2/health/ready") == (200, {"ready": True})
        assert load.lost == []
        for status, headers, answer in load.answers:
            assert status in (200, 429)
            assert (status == 429) == ("retry-after" in headers) == ("error" in answer)
        assert server.stop() == 0


@either_form
def test_who_waits_beyond_the_deadline_is_told(serve, slow_model, as_bytes):
    crowd = np.zeros((1000, 8, 6), np.uint8)
    with (
        serve(slow_model, "--deadline", 0.02) as server,
        Load(server.port, asking(crowd, "slow", as_bytes)) as load,
    ):
        load.wait_for(lambda answers: 504 in {status for status, _, _ in answers})
    assert load.lost == []
    assert Counter(status for status, _, _ in load.answers)[504] > 0


def test_a_token_is_asked_for(serve, model_file):
    with serve(model_file, "--host", "127.0.0.1", "--token", "s3cret") as server:
        assert server.json("GET", "/v2/health/ready")[0] == 200
        status, headers, _ = server.ask("GET", "/v2")
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert server.ask("GET", "/v2", Authorization="Bearer s3cret")[0] == 200


def test_a_start_that_fails_says_why(model_file, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for sources, options, said in (
            ([model_file], {"host": "0.0.0.0"}, "token"),
            ([model_file], {"port": port}, f"port {port}: "),
            ([model_file], {"port": 99999}, "port 99999: "),
            ([model_file], {"host": "192.0.2.1", "token": "x"}, "192.0.2.1"),
            ([model_file, model_file], {}, "name 'insects'"),
            ([tmp_path / "nothing.safetensors"], {}, "nothing.safetensors"),
        ):
            with pytest.raises(TenfoldError) as refused:
                tenfold.serving.serve(map(str, sources), **options)
            assert said in str(refused.value)
            assert "\n" not in str(refused.value)


def test_a_command_that_fails_ends_with_one_line_and_exit_code_2(model_file):
    command = [sys.executable, "-m", "tenfold", "serve", model_file, "--queue", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: queue: 0; expected a number above zero\n"
