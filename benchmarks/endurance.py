"""A server under load: ten minutes near capacity, then four times what it can take.

    python -m benchmarks endurance [--repeats 5]

`--repeats` is the number of pairs of minutes at 80 % of capacity: ten minutes by default. The lecture's
network, one image a request, by wrk on the same cores; capacity is what 64 connections get in five seconds.
Then a larger network, 784-2048-2048-10 with 32 images a request, so that computing, not reading, is what
there is too much of: as many connections as would make four times its capacity, each asking again half a
second, on average, after an answer. Meanwhile a second client asks for `/v2/health/ready` again and again.
"After" are the first and the second second of 64 connections once they have gone.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.mnist import MEAN, NETWORK, STD, first_weights
from benchmarks.rounds import Measured, Result, table
from benchmarks.serving import FORMS, LOAD, NEEDS_WRK, check
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing

PACKAGES = ("tenfold", "starlette", "uvicorn")
LARGE = Network((784, 2048, 2048, 10))
SHARE, MINUTES = 0.8, 2
OVERLOAD, PAUSE = 20, 0.5
"""Seconds of it, and on average between an answer and a connection's next request."""


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    body: Path
    headers: tuple[str, ...]

    def load(self, connections: int, seconds: int, pause: float = 0.0) -> Measured:
        """Put a load on it by wrk."""
        url = f"http://127.0.0.1:{self.port}{FORMS['tenfold'].path}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
        command += ["-s", str(LOAD), url, "--", str(self.body), *self.headers]
        environment = os.environ | {"PAUSE_MS": f"{1000 * pause:.0f}"}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        figures: Measured = json.loads(said.splitlines()[-1])
        return figures

    def counted(self) -> Counter[str]:
        """Return how many requests to infer had which status, as its metrics say."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            text = answer.read().decode()
        pattern = r'tenfold_requests_total\{route="\S+/infer",status="(\d+)"\} (\S+)'
        return Counter({status: round(float(count)) for status, count in re.findall(pattern, text)})

    @property
    def memory(self) -> float:
        """Resident, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1000

    def health(self) -> float:
        """Ask whether it is ready; return the seconds that the answer took."""
        start = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/v2/health/ready")
            if connection.getresponse().status != 200:
                raise SystemExit("the server is not ready")
        return time.perf_counter() - start


@contextlib.contextmanager
def running(network: Network, images: int) -> Iterator[Server]:
    """Serve a network of random weights, and have a request of some images ready."""
    form = FORMS["tenfold"]
    pixels = np.random.default_rng(0).integers(0, 256, (images, 28, 28)).astype(np.uint8)
    classes = tuple("0123456789")
    weights = first_weights(network=network)
    with tempfile.TemporaryDirectory() as folder:
        file, body = Path(folder) / "model.safetensors", Path(folder) / "body"
        model = Model(network, weights, classes, Preprocessing((28, 28), 1, (MEAN,), (STD,)), pixels)
        model.save(file)
        content, headers = form.body(pixels.tobytes())
        body.write_bytes(content)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen([sys.executable, *form.command(file, port, 1)], stdout=sys.stderr)
        try:
            check(form, port, model, pixels)
            yield Server(process, port, body, tuple(part for header in headers.items() for part in header))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def run(repeats: int) -> Result:
    """Put both loads on a server; return a table of each."""
    if shutil.which("wrk") is None:
        return Result(NEEDS_WRK)
    return Result(f"{near_capacity(repeats)}\n\n{beyond_capacity()}")


def near_capacity(repeats: int) -> str:
    """Load the lecture's network to a share of its capacity, for minutes."""
    with running(NETWORK, 1) as server:
        server.load(64, 2)
        capacity = server.load(64, 5)["rate"]
        connections = round(SHARE * capacity * (0.02 + 0.003))
        begun, rows = server.memory, []
        for turn in range(repeats):
            found = server.load(connections, 60 * MINUTES, 0.02)
            figures = (
                f"{100 * found['rate'] / capacity:.0f} %",
                f"{found['p50']:.2f}",
                f"{found['p99']:.2f}",
            )
            memory = server.memory
            rows.append((MINUTES * (turn + 1), *figures, found["errors"], f"{memory:.1f}"))
        rows.insert(0, (0, "", "", "", "", f"{begun:.1f}"))
    heads = ("minutes", f"of {capacity:,.0f} requests/s", "p50, ms", "p99, ms", "errors", "memory, MB")
    return table(heads, rows)


def beyond_capacity() -> str:
    """Offer a larger network four times what it can take, and ask for its health."""
    with running(LARGE, 32) as server:
        server.load(64, 2)
        capacity = server.load(64, 5)["rate"]
        before = server.counted()
        clients = round(4 * capacity * PAUSE)
        delays = meanwhile(lambda: server.load(clients, OVERLOAD, PAUSE), server.health)
        counted = server.counted() - before
        after = [server.load(64, 1)["rate"] for _ in range(2)]
    answered, refused, gone = (counted.pop(status, 0) for status in ("200", "429", "0"))
    row = (
        f"{capacity:,.0f}",
        f"{clients:,}",
        f"{answered / OVERLOAD:,.0f}",
        f"{refused / OVERLOAD:,.0f}",
        f"{counted.total():,}, {gone:,}",
        f"{1000 * statistics.median(delays):.0f}, {1000 * max(delays):.0f} (n = {len(delays)})",
        ", ".join(f"{100 * rate / capacity:.0f}" for rate in after),
    )
    heads = (
        "capacity, requests/s",
        "connections",
        "answered, requests/s",
        "refused by 429",
        "answered otherwise, given up by wrk at its end",
        "health, ms: median, greatest",
        "after, of capacity, %",
    )
    return table(heads, [row])


def meanwhile(work: Callable[[], object], probe: Callable[[], float]) -> list[float]:
    """Do some work in a thread; until it ends, probe again and again."""
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(work)
        found = []
        while not working.done():
            found.append(probe())
            time.sleep(0.05)  # a probe now and then, not a load of its own
        working.result()
    return found
