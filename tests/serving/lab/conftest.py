"""A real server with a lab, and a listener that reads its events as any browser would."""

import contextlib
import http.client
import json
from dataclasses import dataclass

import pytest

SECONDS = 60


@dataclass
class Lab:
    """A server with a lab, and its token."""

    server: object
    token: str

    def ask(self, method, path, body=None, **headers):
        """Send one request with the token; return status and the answer's JSON."""
        headers.setdefault("Authorization", f"Bearer {self.token}")
        status, _, content = self.server.ask(method, f"/lab{path}", body, **headers)
        return status, json.loads(content)

    def order(self, path, **values):
        """Send one order."""
        return self.ask("POST", path, json.dumps(values))

    @contextlib.contextmanager
    def events(self):
        """Listen: yields an iterator over all events, (what, about), from the start."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/lab/events", headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
            yield read_events(answer)

    def wait_for(self, what, **fields):
        """Listen until an event has come in which some fields are so; return it and all before it."""
        before = []
        with self.events() as stream:
            for name, about in stream:
                before.append((name, about))
                if name == what and about.items() >= fields.items():
                    return about, before
        raise AssertionError(f"no {what} with {fields} among {before}")


def read_events(lines):
    """Parse a stream of events, as the HTML standard lays down for the fields that are used."""
    name, data = "message", []
    for line in lines:
        field, _, value = line.decode().rstrip("\n").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line.strip() and data:
            yield name, json.loads("\n".join(data))
            name, data = "message", []


@pytest.fixture(scope="session")
def open_lab(serve, model_file):
    """A function (folder, arguments of ``tenfold serve``) that gives a running lab, for a block."""

    @contextlib.contextmanager
    def opened(folder, *arguments):
        with serve(model_file, "--lab", "--lab-folder", folder, *arguments) as server:
            yield Lab(server, server.process.stdout.readline().partition("#token=")[2].strip())

    return opened


@pytest.fixture(scope="module")
def lab(open_lab, digits, tmp_path_factory):
    """One lab for the tests of a module; the digits are at hand under the name of their folder."""
    with open_lab(tmp_path_factory.mktemp("lab"), "--data", digits) as opened:
        yield opened
