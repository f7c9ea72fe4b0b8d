"""What ``tenfold serve`` runs: a socket, an application, and an orderly end.

On SIGTERM or Ctrl-C the server says that it is not ready, and with each answer that the connection closes;
for a moment it goes on as before, so that whoever sends it requests can turn elsewhere. Then it takes no new
connections, answers what it has been sent, and exits. A second Ctrl-C ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterable
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from tenfold.errors import UsageError
from tenfold.serving.app import App, routes
from tenfold.serving.body import Bodies
from tenfold.serving.connection import Connection, Terms
from tenfold.serving.express import Express
from tenfold.serving.limits import Limits
from tenfold.serving.metadata import Metadata
from tenfold.serving.metrics import Metrics
from tenfold.serving.models import Models
from tenfold.serving.security import HEADERS, Guard

if TYPE_CHECKING:
    from tenfold.serving.lab import Lab, LabOptions

GRACE = 0.5
"""Seconds between saying that it stops and taking no more connections."""

LAST_WORDS = 0.2
"""Seconds for requests that are still on their way when it has taken the last connection."""

BACKLOG = 2048
"""Connections that the system holds until they are taken."""


def serve(
    models: Iterable[str],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    limits: Limits | None = None,
    lab: LabOptions | None = None,
    when_started: Callable[[str, list[str]], None] | None = None,
) -> None:
    """Serve models over HTTP until a signal asks to stop.

    Parameters
    ----------
    models : iterable of str
        Model files or runs' folders; ``NAME=PATH`` gives one a name of its own.
    host : str, default "127.0.0.1"
        Address to listen at; any that other machines can reach needs a token.
    port : int, default 8000
        Port to listen at; 0 takes a free one.
    token : str, optional
        What every request but those for health has to bear, as ``Authorization: Bearer TOKEN``.
    limits : Limits, optional
        What the server takes on.
    lab : LabOptions, optional
        What a lab is opened with: trainings from the page, and mending of data.
    when_started : callable (str, list of str) -> None, optional
        Called with the server's URL and the models' names once connections are taken.

    Raises
    ------
    UsageError
        When the address cannot be listened at, or needs a token.
    ModelError, RunError
        When a model cannot be loaded.
    """
    limits = limits or Limits()
    metrics = Metrics()
    guard = Guard(host, token)
    served = Models(models, limits, metrics, may_be_none=lab is not None)
    metadata = Metadata(served, has_lab=lab is not None)
    bodies = Bodies(limits)
    paths, laboratory = routes(served, metadata, metrics, bodies, limits), None
    if lab is not None:
        from tenfold.serving.lab import Lab, lab_routes

        laboratory = Lab(lab, served, host)
        paths += lab_routes(laboratory, Guard(host, lab.token))
    with _listen(host, port) as listener:
        express = Express(served, guard, bodies, metrics, limits)
        server = Server(App(paths, guard, metrics), express, metadata, limits, laboratory)
        if when_started:
            when_started(_url(listener), [model.name for model in served])
        server.run_until_signal(listener, served)


class Server(uvicorn.Server):
    """uvicorn's server, which loses nothing at its end.

    Parameters
    ----------
    app : App
        What answers.
    express : Express
        What answers requests whose head is known.
    metadata : Metadata
        What says whether the server is ready.
    limits : Limits
        How long requests may take to arrive.
    lab : Lab, optional
        What is to be closed before the server ends.
    """

    def __init__(
        self, app: App, express: Express, metadata: Metadata, limits: Limits, lab: Lab | None = None
    ) -> None:
        self._lab = lab
        self._metadata = metadata
        self._terms = Terms(limits.patience)
        connection: Any = partial(Connection, terms=self._terms, express=express)
        super().__init__(
            uvicorn.Config(
                app,
                http=connection,
                ws="none",
                lifespan="off",
                headers=HEADERS,
                server_header=False,
                proxy_headers=False,
                access_log=False,
                log_config=None,
                log_level="error",
                backlog=BACKLOG,
                timeout_graceful_shutdown=round(limits.patience + limits.deadline) + 1,
            )
        )

    def run_until_signal(self, listener: socket.socket, models: Models) -> None:
        """Answer what comes in by a listening socket, while the models' files are watched."""

        async def run() -> None:
            watch = asyncio.create_task(models.watch())
            gc.freeze()  # what is loaded stays: collections need not look at it again and again
            await self.serve([listener])
            gc.unfreeze()
            watch.cancel()

        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(run())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order; at once when Ctrl-C is pressed again."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Come to an end: say so, take what has been connected, answer it."""
        self._metadata.is_ready = False
        self._terms.is_closing = True
        for connection in self._connections():
            connection.answer_last()
        if self._lab is not None:
            await self._lab.close()
        await asyncio.sleep(GRACE)
        await self._take_last_connections(sockets or [])
        await asyncio.sleep(LAST_WORDS)
        await super().shutdown(sockets)

    def _connections(self) -> list[Connection]:
        return [found for found in self.server_state.connections if isinstance(found, Connection)]

    async def _take_last_connections(self, listeners: list[socket.socket]) -> None:
        """Stop listening without losing those who are connected as far as they know."""
        loop = asyncio.get_running_loop()
        spares = [listener.dup() for listener in listeners]
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.01)  # the loop lets go of them
        for listener in listeners:
            listener.close()  # from here on only the spares keep the system listening
        for spare in spares:
            taken = []
            spare.setblocking(False)
            with spare, contextlib.suppress(BlockingIOError):
                while True:
                    taken.append(spare.accept()[0])
            for connected in taken:
                await loop.connect_accepted_socket(self._connection, connected)

    def _connection(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        made: asyncio.Protocol = make(config=self.config, server_state=self.server_state, app_state={})
        return made


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise UsageError(f"port {port}: no such port; expected 0 to 65535")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # Python adds the address, which is said already
        raise UsageError(
            f"{host} port {port}: cannot be listened at ({reason}); "
            "expected an address of this machine and a free port"
        ) from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
