"""Write a model in other forms."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from tenfold.api.opening import open_model
from tenfold.errors import DataError, UsageError
from tenfold.model.model_file import Model
from tenfold.training.run import Run

PathLike = str | os.PathLike[str]
Format = Literal["onnx", "torch", "html"]

NAMES: dict[str, str] = {"onnx": "{}.onnx", "torch": "{}_torch", "html": "{}.html"}
"""Of what is written, made of the name of the model's file."""


def export(model: PathLike | Model, to: Format, out: PathLike | None = None) -> Path:
    """Write a model for other programs; only what answers as the model does is kept.

    Parameters
    ----------
    model : path-like or Model
        A model file, a run's folder, or a model.
    to : str
        ``onnx``: one file for ONNX Runtime and others. ``torch``: a folder with a module that a person can
        read, and its state dict. ``html``: a page that works without a network.
    out : path-like, optional
        The file, or for ``torch`` the folder. Without one, ``model.onnx``, ``model_torch`` or ``model.html``
        beside the model's file, or in the working folder where the model has no file. An earlier file is
        replaced; a folder that holds something never is, since somebody may have edited the module.

    Returns
    -------
    Path
        The file or folder.

    Raises
    ------
    MissingExtraError
        When onnx or onnxruntime is not installed.
    RunError
        When a folder holds no finished run.
    ModelError
        When the model is damaged, or what was written answers otherwise.
    UsageError
        When there is no such format, or ``out`` is not a name for it.
    DataError
        When it cannot be written.
    """
    if to not in get_args(Format):
        raise UsageError(f"to: '{to}'; expected onnx, torch or html")
    known, file = open_model(model), None if isinstance(model, Model) else _file(Path(model))
    target = Path(out) if out is not None else _beside(file, to)
    _check(target, to)
    sha256 = None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()
    try:
        _writer(to, sha256)(known, target)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{target}: cannot be written ({reason}); expected a writable folder") from None
    return target


def _file(model: Path) -> Path:
    return Run.open(model).model_path if model.is_dir() else model


def _beside(file: Path | None, to: Format) -> Path:
    file = file or Path("model")
    return file.with_name(NAMES[to].format(file.stem))


def _check(target: Path, to: Format) -> None:
    """Refuse what could not be written, or should not be."""
    if to == "torch":
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise UsageError(
                f"{target}: is there already; expected the name of a new folder: name another with --out"
            )
    elif target.suffix.lower() != (suffix := Path(NAMES[to]).suffix):
        raise UsageError(f"{target}: expected a file name that ends in {suffix}")
    if not target.absolute().parent.is_dir():
        raise DataError(f"{target}: cannot be written (no folder {target.parent}); make the folder first")


def _writer(to: Format, sha256: str | None) -> Callable[[Model, Path], None]:
    if to == "onnx":
        from tenfold.exporting.onnx import write_onnx

        return partial(write_onnx, sha256=sha256)
    if to == "torch":
        from tenfold.exporting.torch import write_torch

        return partial(write_torch, sha256=sha256)
    from tenfold.exporting.html import write_html

    return write_html
