"""What this installation will use, and why: the answer to "what runs on my machine?"."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np

import tenfold
from tenfold import native
from tenfold.cores import available_cores
from tenfold.data.catalog import list_data
from tenfold.data.places import cache_folder, data_folder
from tenfold.training.engines import ready_engines, resolve_engine, resolve_precision

EXTRAS = {
    "torch": "torch",
    "sklearn": "sklearn",
    "tune": "optuna",
    "report": "matplotlib",
    "export": "onnx",
    "serve": "starlette",
    "sample": "mlxtend",
}
"""Extra → the module that shows that it is installed."""


@dataclass(frozen=True)
class Diagnosis:
    """Findings of `diagnose`.

    Parameters
    ----------
    versions : dict of str to str
        tenfold, Python, NumPy, the machine, and PyTorch where it is installed.
    engine, engine_reason : str
        What ``--engine auto`` takes, and why.
    engines : tuple of str
        Engines that are ready, in the order in which ``auto`` takes them.
    instruction_set, instruction_set_reason : str
        What the fused engine computes with, and why; "none" where it is missing.
    precision, precision_reason : str
        What ``--precision auto`` takes, and why.
    threads : int
        Threads that a training uses: the cores that affinity and a container's quota leave this process.
    extras : dict of str to bool
        Optional parts, installed or not.
    data : dict of str to str or None
        Known data sets, and where each lies.
    data_folder, cache_folder : str or None
        Where data is looked for first, and where downloads and decoded pictures are kept.
    """

    versions: dict[str, str]
    engine: str
    engine_reason: str
    engines: tuple[str, ...]
    instruction_set: str
    instruction_set_reason: str
    precision: str
    precision_reason: str
    threads: int
    extras: dict[str, bool]
    data: dict[str, str | None]
    data_folder: str | None
    cache_folder: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return asdict(self)


def diagnose() -> Diagnosis:
    """Look at the installation; nothing heavy is imported and nothing is written."""
    extras = {extra: find_spec(module) is not None for extra, module in EXTRAS.items()}
    versions = {
        "tenfold": tenfold.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
    }
    if extras["torch"]:
        versions["torch"] = metadata.version("torch")
    engine, engine_reason = resolve_engine("auto")
    precision, precision_reason = resolve_precision("auto", engine)
    instruction_set, instruction_set_reason = _instruction_set()
    own = data_folder()
    return Diagnosis(
        versions=versions,
        engine=engine,
        engine_reason=engine_reason,
        engines=ready_engines(),
        instruction_set=instruction_set,
        instruction_set_reason=instruction_set_reason,
        precision=precision,
        precision_reason=precision_reason,
        threads=available_cores(),
        extras=extras,
        data={entry.name: str(entry.where) if entry.where else None for entry in list_data()},
        data_folder=str(own) if own else None,
        cache_folder=str(cache_folder()),
    )


def _instruction_set() -> tuple[str, str]:
    if absence := native.absence():
        return "none", absence
    chosen = native.instruction_set()
    return chosen.name, chosen.reason
