"""A lab: what its parts share, and how it all begins and ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from tenfold.errors import UsageError
from tenfold.serving.lab.child import Child, Outcome
from tenfold.serving.lab.data import data_at_hand, name_of_copy
from tenfold.serving.lab.events import Events
from tenfold.serving.lab.mending import Mending, search_arguments
from tenfold.serving.lab.trainings import MOST_EPOCHS, Trainings, known
from tenfold.serving.models import Models
from tenfold.serving.security import is_loopback
from tenfold.training.recipe import Recipe


@dataclass(frozen=True)
class LabOptions:
    """What a lab is opened with.

    Parameters
    ----------
    folder : Path
        Where it keeps all that it makes; it need not exist.
    data : tuple of str
        Catalog names and paths, besides what of the catalog lies on this machine.
    token : str
        What its requests have to bear.
    """

    folder: Path
    data: tuple[str, ...]
    token: str


class Lab:
    """Trainings and mendings behind one server.

    Parameters
    ----------
    options : LabOptions
        Folder and data.
    models : Models
        What the server serves; finished models join it.
    host : str
        Address that the server is bound to.

    Attributes
    ----------
    data : dict of str to str
        Data at hand by name.
    events : Events
        All that happens.
    child : Child
        The place for a process.
    trainings : Trainings
        The trainings.

    Raises
    ------
    UsageError
        When other machines could reach the server, or two data sets have the same name.
    DataError
        When data that was given is not there.
    """

    def __init__(self, options: LabOptions, models: Models, host: str) -> None:
        if not is_loopback(host):
            raise UsageError(f"lab: '{host}' can be reached from other machines; expected the host 127.0.0.1")
        self._folder = options.folder.absolute()
        self._mendings: dict[str, Mending] = {}
        self.data = data_at_hand(options.data, self._folder / "copies")
        self.events = Events()
        self.child = Child()
        self.trainings = Trainings(self._folder / "trainings", self.data, models, self.child, self.events)
        for name in self.data:
            if (self._suspects(name) / "suspects.csv").exists():
                self._tell_searched(name, "done", None)

    async def close(self) -> None:
        """Stop what is under way, and let all listeners go."""
        await self.child.close()
        self.events.close()

    def description(self) -> dict[str, Any]:
        """Say what a training may be started with."""
        recipes = [{"name": name, "epochs": Recipe.named(name).epochs} for name in Recipe.names()]
        return {"data": list(self.data), "recipes": recipes, "most_epochs": MOST_EPOCHS}

    def search(self, name: str) -> None:
        """Start to search a data set for wrong labels.

        Raises
        ------
        HTTPException
            404 for data that is not at hand, 409 while something else is under way or where it has been
            searched, 507 when nothing can be written.
        """
        source, folder = known(self.data, name, "data"), self._suspects(name)
        if (folder / "suspects.csv").exists():
            raise HTTPException(409, f"data '{name}': searched already; expected other data")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HTTPException(507, f"{folder}: cannot be made ({error.strerror}); make room") from None
        arguments = search_arguments(source, folder)
        self.child.start(
            f"the search of '{name}'", arguments, lambda line: None, partial(self._searched, name)
        )
        self.events.tell("search", data=name)

    async def mending(self, name: str) -> Mending:
        """Return the mending of a data set that has been searched.

        Raises
        ------
        HTTPException
            404 for data that is not at hand or was not searched.
        DataError
            When it cannot be read, or has changed.
        """
        source, folder = known(self.data, name, "data"), self._suspects(name)
        if not (folder / "suspects.csv").exists():
            raise HTTPException(404, f"data '{name}': not searched; expected data that is: search it first")
        if name not in self._mendings:
            opened = await asyncio.to_thread(Mending, source, folder)
            self._mendings.setdefault(name, opened)  # perhaps another request was quicker
        return self._mendings[name]

    async def copy(self, name: str) -> str:
        """Write a mended copy of a data set; return its name, under which it is at hand from now on.

        Raises
        ------
        HTTPException
            As `mending`.
        DataError
            When there is nothing to mend, or the copy cannot be written.
        """
        mending = await self.mending(name)
        copy = await asyncio.to_thread(mending.copy, self._folder / "copies", f"{name}-mended")
        self.data[name_of_copy(copy)] = str(copy)
        self.events.tell("data", name=name_of_copy(copy))
        return name_of_copy(copy)

    def _suspects(self, name: str) -> Path:
        return self._folder / "mending" / name

    async def _searched(self, name: str, outcome: Outcome) -> None:
        self._tell_searched(name, outcome.state, outcome.error)

    def _tell_searched(self, name: str, state: str, error: str | None) -> None:
        self.events.tell("searched", data=name, state=state, error=error)
