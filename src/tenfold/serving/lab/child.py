"""The one process that works for a lab: ``python -m tenfold`` with a command and its arguments."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)

Heard = Callable[[str], None]

LINE = 2**20
"""Bytes of a line at most."""

PATIENCE = 20.0
"""Seconds that a child has for its checkpoint when the server ends."""


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Parameters
    ----------
    code : int
        Its exit code; below zero, the signal that killed it.
    was_stopped : bool
        Whether it was asked to.
    said : str
        Its last words on stderr.
    """

    code: int
    was_stopped: bool
    said: str

    @property
    def state(self) -> str:
        """``done``, ``stopped`` or ``failed``."""
        return "done" if self.code == 0 else "stopped" if self.was_stopped else "failed"

    @property
    def error(self) -> str | None:
        """Why it failed; nothing where it did not."""
        if self.state != "failed":
            return None
        if self.code < 0:
            return f"its process was killed by signal {-self.code}"
        return self.said.removeprefix("error: ") or f"its process ended with exit code {self.code}"


class Child:
    """A place for one child process.

    Attributes
    ----------
    errand : str
        What is under way, in words; empty where nothing is.
    """

    def __init__(self) -> None:
        self.errand = ""
        self._process: Process | None = None
        self._following: asyncio.Task[None] | None = None
        self._is_asked_to_stop = False

    def start(
        self,
        errand: str,
        arguments: Sequence[str],
        heard: Heard,
        ended: Callable[[Outcome], Awaitable[None]],
    ) -> None:
        """Start a child; its place is free again when ``ended`` has come to its end.

        Parameters
        ----------
        errand : str
            What it is to do, in words.
        arguments : sequence of str
            Of ``tenfold``.
        heard : callable (str) -> None
            Called with each line of its stdout.
        ended : callable (Outcome) -> awaitable
            Called at its end.

        Raises
        ------
        HTTPException
            409 when another is at work.
        """
        if self.errand:
            raise HTTPException(
                409, f"{self.errand} is under way; expected one thing at a time: stop it, or wait for its end"
            )
        self.errand = errand
        self._is_asked_to_stop = False
        self._following = asyncio.create_task(self._follow(arguments, heard, ended))

    def stop(self) -> None:
        """Ask the child to stop: a training writes a checkpoint first.

        Raises
        ------
        HTTPException
            409 when none is at work.
        """
        if not self.errand:
            raise HTTPException(409, "nothing is under way; expected a training or a search to stop")
        if not self._is_asked_to_stop:  # a second signal would not wait for the checkpoint
            self._is_asked_to_stop = True
            self._terminate()

    async def close(self) -> None:
        """Stop the child, if there is one, and wait for its end; kill it where that takes too long."""
        if self._following is None or self._following.done():
            return
        self.stop()
        _, late = await asyncio.wait([self._following], timeout=PATIENCE)
        if late and self._process is not None:
            self._process.kill()
            await self._following

    async def _follow(
        self, arguments: Sequence[str], heard: Heard, ended: Callable[[Outcome], Awaitable[None]]
    ) -> None:
        try:
            await ended(await self._outcome(arguments, heard))
        except Exception:
            log.exception("%s: what came of it could not be kept", self.errand)
        finally:
            self.errand, self._process = "", None

    async def _outcome(self, arguments: Sequence[str], heard: Heard) -> Outcome:
        command = [sys.executable, "-P", "-m", "tenfold", *arguments]
        try:
            # In a session of its own: Ctrl-C in the server's terminal is for the server, which passes it on.
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, limit=LINE, start_new_session=True
            )
        except OSError as error:
            return Outcome(1, False, f"no process could be started ({error.strerror})")
        self._process = process
        assert process.stdout is not None and process.stderr is not None
        if self._is_asked_to_stop:
            self._terminate()
        last_words = asyncio.create_task(_last_line(process.stderr))
        try:
            async for line in process.stdout:
                heard(line.decode(errors="replace"))
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        return Outcome(code, self._is_asked_to_stop, await last_words)

    def _terminate(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                self._process.terminate()


async def _last_line(stream: asyncio.StreamReader) -> str:
    last = ""
    async for line in stream:
        last = line.decode(errors="replace").strip() or last
    return last
