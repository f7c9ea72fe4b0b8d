"""Sealed safetensors files: tensors and JSON metadata under one SHA-256, so that a changed bit is noticed.

The metadata stand in the safetensors header under the key ``tenfold``, as JSON in canonical form: sorted
keys, no spaces. Their field ``sha256`` covers every tensor (name, type, shape, bytes) and the metadata
themselves with that field empty. Reading never runs code from the file.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tenfold import atomic
from tenfold.errors import ModelError

KEY = "tenfold"
Tensors = dict[str, NDArray[Any]]


def write_sealed(path: str | os.PathLike[str], tensors: Tensors, metadata: dict[str, Any]) -> None:
    """Write tensors and metadata to ``path``, whole or not at all."""
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    sealed = metadata | {"sha256": _sha256(whole, metadata)}
    atomic.write_bytes(path, save(whole, metadata={KEY: _canonical(sealed)}))


def read_sealed(path: str | os.PathLike[str]) -> tuple[Tensors, dict[str, Any]]:
    """Read what `write_sealed` wrote.

    Raises
    ------
    ModelError
        When the file is missing, cut short, changed, or not one of tenfold's.
    """
    if not Path(path).is_file():
        raise ModelError(f"{path}: no such file; expected a .safetensors file that tenfold wrote")
    try:
        with Path(path).open("rb"):
            pass  # the system's own reason where it cannot be read
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); expected a readable file") from None
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path}: not a whole safetensors file ({reason}); {_MEND}") from None
    if KEY not in header:
        raise ModelError(f"{path}: has no metadata under '{KEY}'; expected a file that tenfold wrote")
    try:
        metadata = json.loads(header[KEY])
        genuine = isinstance(metadata, dict) and header[KEY] == _canonical(metadata)
    except (ValueError, RecursionError):
        genuine = False
    if not genuine or metadata.get("sha256") != _sha256(tensors, metadata):
        raise ModelError(f"{path}: content does not match its own SHA-256: the file was changed; {_MEND}")
    return tensors, metadata


_MEND = "copy it again from its source, or train again"


def _canonical(metadata: dict[str, Any]) -> str:
    return json.dumps(metadata, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _sha256(tensors: Tensors, metadata: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(repr((name, tensor.dtype.str, tensor.shape)).encode())
        digest.update(tensor.tobytes())
    digest.update(_canonical(metadata | {"sha256": ""}).encode())
    return digest.hexdigest()
