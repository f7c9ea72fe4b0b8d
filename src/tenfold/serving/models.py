"""Models by name; a file that changes is loaded anew. What is under way ends with the model it began with."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException

from tenfold.errors import TenfoldError, UsageError
from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor
from tenfold.serving.batching import Batcher, Counts
from tenfold.serving.limits import Limits
from tenfold.serving.metrics import Metrics
from tenfold.serving.protocol import Codec
from tenfold.serving.tensors import compute, input_of, outputs_of
from tenfold.training.run import model_file

log = logging.getLogger(__name__)

SMALL = 200_000_000
"""Multiply-adds, about two milliseconds, that are computed on the event loop."""

LOOK_EVERY = 1.0
"""Seconds between two looks at the files."""


class Served:
    """One model, loaded and ready to answer.

    Attributes
    ----------
    name : str
        What it is called in paths.
    version : str
        The first twelve digits of its file's SHA-256: another file is another version.
    head : dict of str to str
        Both, as every answer begins.
    predictor : Predictor
        The model itself, and how it is computed.
    batcher : Batcher
        Computes answers.
    codec : Codec
        Reads requests and writes answers.
    input, outputs : Tensor, dict of str to Tensor
        What it takes and gives.
    """

    def __init__(self, name: str, file: Path, thread: Executor, limits: Limits, metrics: Metrics) -> None:
        model = Model.load(file)
        self.name = name
        self.version = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        self.predictor = Predictor(model)
        self.predictor.check_golden()
        self.head = {"model_name": name, "model_version": self.version}
        self.input = input_of(model)
        self.outputs = outputs_of(self.predictor)
        self.codec = Codec(self.input, self.outputs, self.head)
        work = sum(math.prod(shape) for shape in model.network.shapes.values())
        counts = Counts(
            metrics.images.labels(name), metrics.batches.labels(name), metrics.waiting.labels(name)
        )
        self.batcher = Batcher(partial(compute, self.predictor), thread, SMALL // work, limits, counts)


class Models:
    """The models of one server.

    Parameters
    ----------
    sources : iterable of str
        Model files or runs' folders; ``NAME=PATH`` gives one another name than its file or folder has.
    limits : Limits
        Bounds of each model's queue.
    metrics : Metrics
        Where loads and batches are counted.
    may_be_none : bool, default False
        Whether to begin without a model, as others may join.

    Raises
    ------
    UsageError
        When there is none, or two have the same name, or a name does not fit in a path.
    ModelError, RunError
        When one cannot be loaded.
    """

    def __init__(
        self, sources: Iterable[str], limits: Limits, metrics: Metrics, may_be_none: bool = False
    ) -> None:
        self._thread = ThreadPoolExecutor(1, "tenfold-batches")
        self._limits = limits
        self._metrics = metrics
        self._files = _named(sources)
        if not self._files and not may_be_none:
            raise UsageError("models: none; expected a model file or a run's folder")
        self._seen = {name: _fingerprint(file) for name, file in self._files.items()}
        self._served = {name: self._load(name, file) for name, file in self._files.items()}

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def get(self, name: str | None = None, version: str | None = None) -> Served:
        """Return a model; the first where no name is given.

        Raises
        ------
        HTTPException
            404 when there is no such model, or another version of it.
        """
        served = next(iter(self), None) if name is None else self._served.get(name)
        if served is None and not self._served:
            raise HTTPException(404, "models: none yet; expected one: train it in the lab")
        if served is None:
            raise HTTPException(404, f"model '{name}': not here; expected {' or '.join(self._served)}")
        if version not in (None, served.version):
            raise HTTPException(404, f"version '{version}': not of '{name}'; expected {served.version}")
        return served

    def add(self, name: str, file: Path) -> None:
        """Serve one more model from now on; may be called from a thread.

        Raises
        ------
        UsageError
            When another model has the name.
        ModelError
            When it cannot be loaded.
        """
        if self._files.get(name, file).resolve() != file.resolve():
            raise UsageError(f"name '{name}': of {self._files[name]} and of {file}; rename one of them")
        # New dictionaries: the event loop may be going through the old ones.
        self._seen = self._seen | {name: _fingerprint(file)}
        self._served = self._served | {name: self._load(name, file)}
        self._files = self._files | {name: file}

    async def watch(self) -> None:
        """Look at the files again and again; load those that have changed, one after the other."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for name in self._files:
                await self._renew(name)

    async def _renew(self, name: str) -> None:
        """Load a model anew when its file has changed; keep the one in use when that fails."""
        fingerprint = _fingerprint(self._files[name])
        if fingerprint == self._seen[name]:
            return
        self._seen[name] = fingerprint
        try:
            self._served[name] = await asyncio.to_thread(self._load, name, self._files[name])
            log.info("%s: loaded anew, version %s", name, self._served[name].version)
        except (TenfoldError, OSError) as error:
            self._metrics.loads.labels(name, "refused").inc()
            log.error("%s: version %s is kept: %s", name, self._served[name].version, error)

    def _load(self, name: str, file: Path) -> Served:
        served = Served(name, file, self._thread, self._limits, self._metrics)
        self._metrics.loads.labels(name, "loaded").inc()
        self._metrics.loaded_at.labels(name).set_to_current_time()
        return served


def _named(sources: Iterable[str]) -> dict[str, Path]:
    """Find the file and the name of each model."""
    files: dict[str, Path] = {}
    for source in sources:
        given, _, path = ("", "", source) if Path(source).exists() else source.rpartition("=")
        file = model_file(path)
        name = given or (Path(path).resolve().name if Path(path).is_dir() else file.stem)
        if re.fullmatch(r"[\w.-]+", name) is None:
            raise UsageError(
                f"name '{name}'; expected letters, digits, '.', '-', '_': give one as NAME={path}"
            )
        if name in files:
            raise UsageError(f"name '{name}': of {files[name]} and of {file}; give one as NAME={path}")
        files[name] = file
    return files


def _fingerprint(file: Path) -> tuple[int, int, int] | None:
    """Tell one state of a file from another; nothing where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
