"""A model: network, weights, classes, preprocessing, calibration and provenance, in one safetensors file.

The tensors of the file are a state dict, ``l1.weight``, ``l1.bias`` …, that the lecture's own
``Net().load_state_dict(safetensors.torch.load_file(path))`` takes as it stands. All else is metadata,
with golden examples: a few inputs and the logits that NumPy gave for them. Every load computes them anew
and refuses a file, or a machine, that gives others.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import ModelError, UsageError
from tenfold.functional import Floats
from tenfold.model.calibration import Calibration
from tenfold.model.network import Network, Weights
from tenfold.model.preprocessing import Preprocessing
from tenfold.model.sealed import read_sealed, write_sealed

FORMAT = 1
GOLDEN_EXAMPLES = 8
GOLDEN_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Model:
    """All that is needed to answer for a picture.

    Parameters
    ----------
    network : Network
        Widths and head.
    weights : dict of ndarray
        float32, as ``network.shapes`` lists them.
    classes : tuple of str
        Class names, in label order.
    preprocessing : Preprocessing
        How a picture becomes the network's input.
    examples : ndarray of uint8, shape (n, H, W) or (n, H, W, C)
        Images whose logits the file keeps as a check; `save` takes the first eight.
    provenance : dict
        Recipe, data hash, metrics, versions: where the model came from.
    calibration : Calibration, optional
        Nothing where no images were held out for it.

    Raises
    ------
    ModelError
        When the parts do not fit one another.
    """

    network: Network
    weights: Weights
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    examples: NDArray[np.uint8]
    provenance: dict[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        found = {name: tensor.shape for name, tensor in self.weights.items()}
        if found != self.network.shapes:
            raise ModelError(f"tensors {found} do not fit the network {self.network}")
        if len(set(self.classes)) != len(self.classes) or not all(isinstance(c, str) for c in self.classes):
            raise ModelError(f"class names {self.classes}; expected each a text of its own")
        if len(self.classes) != self.network.classes:
            raise ModelError(f"{len(self.classes)} class names for {self.network.classes} classes")
        if self.preprocessing.features != self.network.inputs:
            raise ModelError(
                f"preprocessing gives {self.preprocessing.features} numbers an image, the network takes "
                f"{self.network.inputs}"
            )
        if self.calibration is not None and self.calibration.refusal is not None:
            self.calibration.refusal.check(self.preprocessing.shape, self.network.classes)

    def logits(self, images: NDArray[np.uint8]) -> Floats:
        """Compute what the last layer gives.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of the preprocessing's shape.

        Returns
        -------
        ndarray of float32, shape (N, outputs)
            One logit a class, or a single one under a sigmoid head.

        Raises
        ------
        ModelError
            When the images have another shape or type.
        """
        return self.network.forward(self.weights, self.preprocessing.normalise(images))[-1]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to ``path``, whole or not at all.

        Raises
        ------
        OSError
            When the file cannot be written; an earlier file stays as it was.
        """
        examples = self.examples[:GOLDEN_EXAMPLES]
        metadata = {
            "format": FORMAT,
            "network": list(self.network.widths),
            "head": self.network.head_name,
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.to_dict(),
            "calibration": {} if self.calibration is None else self.calibration.to_dict(),
            "provenance": self.provenance,
            "golden": {"inputs": _packed(examples), "logits": _packed(self.logits(examples))},
        }
        write_sealed(path, self.weights, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file and check it: its SHA-256, its parts, its golden examples.

        Raises
        ------
        ModelError
            When the file is missing, damaged, changed, of an unknown format, or gives other logits than
            it did when it was written.
        """
        tensors, metadata = read_sealed(path)
        if metadata.get("format") != FORMAT:
            raise ModelError(
                f"{path}: not a model file of format {FORMAT} (it says {metadata.get('format')}); "
                "expected model.safetensors from a run, perhaps of another version of tenfold"
            )
        try:
            calibration = metadata["calibration"]
            model = cls(
                network=Network(tuple(metadata["network"]), metadata["head"]),
                weights=tensors,
                classes=tuple(metadata["classes"]),
                preprocessing=Preprocessing.from_dict(metadata["preprocessing"]),
                examples=_unpacked(metadata["golden"]["inputs"]),
                provenance=metadata["provenance"],
                calibration=Calibration.from_dict(calibration) if calibration else None,
            )
            model._check_golden(_unpacked(metadata["golden"]["logits"]), path)
        except _UnfaithfulError:
            raise
        except (KeyError, IndexError, TypeError, ValueError, UsageError, ModelError) as error:
            raise ModelError(f"{path}: metadata do not describe a model: {error}") from None
        return model

    def _check_golden(self, golden: Floats, path: str | os.PathLike[str]) -> None:
        difference = float(np.abs(self.logits(self.examples) - golden).max(initial=0.0))
        tolerance = GOLDEN_TOLERANCE * max(1.0, float(np.abs(golden).max(initial=0.0)))
        if not difference <= tolerance:
            raise _UnfaithfulError(
                f"{path}: golden examples give logits that differ by {difference:.2g}; expected at most "
                f"{tolerance:.2g}: this machine or NumPy computes otherwise, tenfold doctor names both"
            )


class _UnfaithfulError(ModelError):
    """The golden examples give other logits than they did."""


def _packed(array: NDArray[Any]) -> dict[str, Any]:
    content = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "base64": content}


def _unpacked(packed: dict[str, Any]) -> NDArray[Any]:
    content = base64.b64decode(packed["base64"], validate=True)
    return np.frombuffer(content, np.dtype(packed["dtype"])).reshape(packed["shape"])
