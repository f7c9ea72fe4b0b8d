"""The lecture's network behind HTTP: requests a second and latency, tenfold beside FastAPI and LitServe.

    python -m benchmarks serving [--repeats 5]

The same weights everywhere; one image a request at 1, 16, 64 and 256 connections, 32 images a request at 64.
tenfold speaks the Open Inference Protocol v2 with binary tensors, in one process. FastAPI with PyTorch takes
bare pixels and gives bare probabilities; LitServe takes JSON, so that these travel as base64. Each peer may
choose between one process and one a core; the faster at 64 connections is shown. wrk makes the requests, on
the same cores. The first answer of each is compared with NumPy's.
"""

import base64
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import MEAN, NETWORK, STD, first_weights
from benchmarks.rounds import (
    THREADS,
    Contestant,
    Measured,
    Result,
    alternate,
    left_out,
    spread,
    table,
)
from tenfold.model.model_file import Model
from tenfold.model.preprocessing import Preprocessing

PACKAGES = ("tenfold", "starlette", "uvicorn", "fastapi", "litserve", "torch")
SECONDS = 3
WORKLOADS = ((1, 1), (16, 1), (64, 1), (256, 1), (64, 32))
"""Connections, and images a request."""

DECISIVE = "64x1"
NEEDS_WRK = "Left out: the load generator wrk is not installed (`apt-get install wrk`)."
LOAD = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Form:
    """How a server is started and spoken to."""

    title: str
    command: Callable[[Path, int, int], list[str]]
    path: str
    body: Callable[[bytes], tuple[bytes, dict[str, str]]]
    probabilities: Callable[[bytes], bytes]


def tenfold_body(pixels: bytes) -> tuple[bytes, dict[str, str]]:
    shape = [len(pixels) // NETWORK.inputs, 28, 28]
    tensor = {
        "name": "images",
        "datatype": "UINT8",
        "shape": shape,
        "parameters": {"binary_data_size": len(pixels)},
    }
    wanted = {"name": "probabilities", "parameters": {"binary_data": True}}
    text = json.dumps({"inputs": [tensor], "outputs": [wanted]}).encode()
    return text + pixels, {"Inference-Header-Content-Length": str(len(text))}


FORMS = {
    "tenfold": Form(
        "tenfold",
        lambda model, port, _: [
            "-c",
            f"from tenfold.serving import serve; serve(['m={model}'], port={port})",
        ],
        "/v2/models/m/infer",
        tenfold_body,
        lambda answer: answer[json.JSONDecoder().raw_decode(answer.decode("latin-1"))[1] :],
    ),
    "fastapi": Form(
        "FastAPI with PyTorch",
        lambda _, port, processes: ["-m", "benchmarks.peers.fastapi_server", str(port), str(processes)],
        "/predict",
        lambda pixels: (pixels, {"Content-Type": "application/octet-stream"}),
        lambda answer: answer,
    ),
    "litserve": Form(
        "LitServe with PyTorch",
        lambda _, port, processes: ["-m", "benchmarks.peers.litserve_server", str(port), str(processes)],
        "/predict",
        lambda pixels: (
            json.dumps({"images": base64.b64encode(pixels).decode()}).encode(),
            {"Content-Type": "application/json"},
        ),
        lambda answer: base64.b64decode(json.loads(answer)["probabilities"]),
    ),
}


def run(repeats: int) -> Result:
    """Let every server have its turn ``repeats`` times; return a table."""
    if shutil.which("wrk") is None:
        return Result(NEEDS_WRK)
    contestants = {}
    for name, form in FORMS.items():
        for processes in (1,) if name == "tenfold" else THREADS:
            command = ("-m", "benchmarks.serving", name, str(processes))
            contestants[name, processes] = Contestant(form.title, command, optional=name != "tenfold")
    results = alternate([contestants] * repeats)
    best = {}
    for name in FORMS:
        found = {n: runs for (who, n), runs in results.items() if who == name}
        if found:
            best[name] = max(found.items(), key=lambda item: median(item[1], DECISIVE, "rate"))
    rows = []
    for connections, images in WORKLOADS:
        key = f"{connections}x{images}"
        for name, (processes, runs) in best.items():
            rows.append(
                (connections, images, f"{FORMS[name].title}, {processes} process(es)", *cells(runs, key))
            )
    heads = ("connections", "images a request", "server", "requests/s, median (range)", "images/s")
    latencies = ("p50, ms", "p99, ms", "p99.9, ms", "errors")
    absent = left_out({name: form.title for name, form in FORMS.items()}, best)
    return Result(table((*heads, *latencies), rows) + (f"\n\n{absent}" if absent else ""))


def median(runs: list[Measured], key: str, figure: str) -> float:
    return statistics.median(run[key][figure] for run in runs)


def cells(runs: list[Measured], key: str) -> list[str]:
    """Write the figures of one server and workload."""
    rates = [run[key]["rate"] for run in runs]
    images = int(key.partition("x")[2]) * statistics.median(rates)
    latencies = [f"{median(runs, key, figure):.2f}" for figure in ("p50", "p99", "p999")]
    return [spread(rates, ",.0f"), f"{images:,.0f}", *latencies, f"{sum(run[key]['errors'] for run in runs)}"]


def be_child(name: str, processes: int) -> None:
    """Start one server, put every workload on it, and print the figures."""
    form = FORMS[name]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.safetensors"
        images = np.random.default_rng(0).integers(0, 256, (32, 28, 28)).astype(np.uint8)
        scale = Preprocessing((28, 28), 1, (MEAN,), (STD,))
        classes = tuple("0123456789")
        Model(NETWORK, first_weights(), classes, scale, images).save(model)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, *form.command(model, port, processes)]
        server = subprocess.Popen(
            command, env=os.environ | {"MODEL": str(model)}, stdout=sys.stderr, start_new_session=True
        )
        try:
            check(form, port, Model.load(model), images)
            measured = {f"{c}x{n}": load(form, port, images[:n], c, Path(folder)) for c, n in WORKLOADS}
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
    print(json.dumps(measured))


def check(form: Form, port: int, model: Model, images: NDArray[np.uint8]) -> None:
    """Wait for the server's first answer, and compare it with NumPy's."""
    body, headers = form.body(images.tobytes())
    request = urllib.request.Request(f"http://127.0.0.1:{port}{form.path}", body, headers)
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = np.frombuffer(form.probabilities(answer.read()), np.float32).reshape(-1, 10)
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)  # it is still starting
    else:
        raise SystemExit(f"{form.title}: no answer within 30 s")
    expected = model.network.head.probabilities(model.logits(images))
    if not np.allclose(found, expected, atol=1e-5):
        raise SystemExit(f"{form.title}: other probabilities than NumPy's")


def load(form: Form, port: int, images: NDArray[np.uint8], connections: int, folder: Path) -> Measured:
    """Put one workload on the server: a second to warm up, then `SECONDS`."""
    body, headers = form.body(images.tobytes())
    file = folder / "body"
    file.write_bytes(body)
    url = f"http://127.0.0.1:{port}{form.path}"
    arguments = [str(file), *(part for header in headers.items() for part in header)]
    for seconds in (1, SECONDS):
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(LOAD), url, "--", *arguments]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: Measured = json.loads(said.splitlines()[-1])
    return figures


if __name__ == "__main__":
    be_child(sys.argv[1], int(sys.argv[2]))
