"""A small calibrated model, and real servers in processes of their own."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra 'serve' is not installed")

from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing

CLASSES = ("ant", "bee", "蝶")


@pytest.fixture(scope="session")
def small_model():
    """A function (seed, classes) that makes a model of random weights for images of 8 x 6 pixels."""
    return _small_model


def _small_model(seed=0, classes=CLASSES):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (20, 8, 6)).astype(np.uint8)
    network = Network.for_task(48, (16,), len(classes))
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.shapes.items()}
    return Model(network, weights, classes, Preprocessing.fitted(images), images)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory, small_model):
    path = tmp_path_factory.mktemp("models") / "insects.safetensors"
    small_model().save(path)
    return path


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(1).integers(0, 256, (100, 8, 6)).astype(np.uint8)


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen
    port: int

    def ask(self, method, path, body=None, **headers):
        """Send one request; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def json(self, method, path, body=None, **headers):
        """Send one request, and read the answer as JSON."""
        status, _, content = self.ask(method, path, body, **headers)
        return status, json.loads(content)

    def stop(self):
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextlib.contextmanager
def running(*arguments):
    """Run ``tenfold serve`` until the block ends."""
    command = [sys.executable, "-m", "tenfold", "serve", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            line = process.stdout.readline()
            found = re.search(r" at http://\S+:(\d+);", line)
            assert found, line + process.stderr.read()
            yield Running(process, int(found[1]))
        finally:
            process.kill()


@pytest.fixture(scope="session")
def serve():
    """A function (arguments of ``tenfold serve``) that gives a running server, for the time of a block."""
    return running


@pytest.fixture(scope="module")
def server(model_file):
    """One server for the tests of a module."""
    with running(model_file) as started:
        yield started
