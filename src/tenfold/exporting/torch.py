"""A model as a PyTorch module that a person can read, with its weights beside it."""

from __future__ import annotations

import shutil
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from tenfold import atomic
from tenfold.exporting.faithfulness import Answers, check_faithful
from tenfold.exporting.torch_text import module_text
from tenfold.model.model_file import Model

MODULE, WEIGHTS, REFUSAL = "model.py", "model.safetensors", "refusal.safetensors"


def write_torch(model: Model, folder: Path, sha256: str | None = None) -> None:
    """Write a folder with a module, its state dict, and what it knows of foreign input.

    ``model.py`` needs torch and safetensors alone; its function ``predict`` gives logits, calibrated
    probabilities, prediction sets and the score of refusal, as far as the model has them.
    ``model.safetensors`` is exactly the state dict of its class ``Net``. Where torch is installed, the module
    is run before the folder is kept, and has to give the model's own answers.

    Parameters
    ----------
    model : Model
        What to write.
    folder : Path
        To be made; an empty one may be there.
    sha256 : str, optional
        Of the model's file.

    Raises
    ------
    ModelError
        When the module answers otherwise.
    OSError
        When the folder cannot be written, or holds something.
    """
    place = folder.absolute()
    nursery = atomic.beside(place)
    nursery.mkdir()
    try:
        for name, content in _files(model, sha256).items():
            atomic.write_bytes(nursery / name, content)
        if find_spec("torch") is not None:
            check_faithful(model, partial(_ask, nursery / MODULE), by="torch")
        nursery.rename(place)
    except BaseException:
        shutil.rmtree(nursery, ignore_errors=True)
        raise


def _files(model: Model, sha256: str | None) -> dict[str, bytes]:
    files = {MODULE: module_text(model, sha256).encode(), WEIGHTS: _packed(model.weights)}
    if model.calibration is not None and (refusal := model.calibration.refusal) is not None:
        subspaces = refusal.subspaces
        files[REFUSAL] = _packed({"means": subspaces.means, "directions": subspaces.directions})
    return files


def _packed(tensors: dict[str, NDArray[Any]]) -> bytes:
    return save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})


def _ask(module: Path, images: NDArray[np.uint8]) -> Answers:
    """Run the module without leaving a trace of it in this process."""
    names: dict[str, Any] = {"__name__": "model", "__file__": str(module)}
    exec(compile(module.read_bytes(), module, "exec", dont_inherit=True), names)
    found = names["predict"](images.copy())._asdict()  # torch warns of arrays that cannot be written to
    shown = ("logits", "probabilities", "refusal")
    return Answers(**{name: found[name].numpy() for name in shown if name in found})
