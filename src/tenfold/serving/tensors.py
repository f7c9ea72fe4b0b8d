"""What a model takes and gives, as named tensors of the Open Inference Protocol.

===================  ========  ==========  ==================================================================
tensor               type      shape       what it is
===================  ========  ==========  ==================================================================
``images`` (input)   UINT8     (N, H, W)   or (N, H, W, C): pixels as the model was trained on
``logits``           FP32      (N, K)      what the last layer gives; K is 1 under a sigmoid head
``probabilities``    FP32      (N, C)      one a class; each row sums to one
``label``            INT64     (N,)        the most probable class, counted from 0
``class``            BYTES     (N,)        its name
``set``              BOOL      (N, C)      which classes the prediction set holds (calibrated models)
``refusal_score``    FP32      (N,)        how foreign the image is (calibrated models)
``refused``          BOOL      (N,)        whether the image is none of the classes
``refusal``          BYTES     (N,)        why; empty where it may be one
===================  ========  ==========  ==================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor

Tensors = dict[str, NDArray[Any]]

INPUT = "images"


@dataclass(frozen=True)
class Tensor:
    """Name, type and shape of a tensor; -1 is the number of images."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def to_dict(self, images: int = -1) -> dict[str, Any]:
        """Return what metadata say of it, or an answer for some images."""
        return {"name": self.name, "datatype": self.datatype, "shape": [images, *self.shape[1:]]}


def input_of(model: Model) -> Tensor:
    """Describe the images that a model takes."""
    return Tensor(INPUT, "UINT8", (-1, *model.preprocessing.shape))


def outputs_of(predictor: Predictor) -> dict[str, Tensor]:
    """Describe what a model gives, by name, in the order of an answer that asks for nothing in particular."""
    model = predictor.model
    classes = len(model.classes)
    outputs = [
        Tensor("logits", "FP32", (-1, model.network.widths[-1])),
        Tensor("probabilities", "FP32", (-1, classes)),
        Tensor("label", "INT64", (-1,)),
        Tensor("class", "BYTES", (-1,)),
    ]
    if predictor.sets(np.full((1, classes), 1 / classes, np.float32)) is not None:
        outputs.append(Tensor("set", "BOOL", (-1, classes)))
    if model.calibration is not None and model.calibration.refusal is not None:
        outputs.append(Tensor("refusal_score", "FP32", (-1,)))
    outputs += [Tensor("refused", "BOOL", (-1,)), Tensor("refusal", "BYTES", (-1,))]
    return {output.name: output for output in outputs}


def compute(predictor: Predictor, images: NDArray[np.uint8], wanted: Collection[str]) -> Tensors:
    """Compute the outputs that are wanted of some images, and what these need on the way.

    Parameters
    ----------
    predictor : Predictor
        The model.
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of the model's shape.
    wanted : collection of str
        Names of outputs.

    Returns
    -------
    dict of str to ndarray
        Those and perhaps more, N rows each; texts are bytes in UTF-8.
    """
    logits = predictor.logits(images)
    found: Tensors = {"logits": logits, "probabilities": predictor.probabilities_of(logits)}
    found["label"] = found["probabilities"].argmax(axis=1)
    model = predictor.model
    if "class" in wanted:
        found["class"] = _texts(model.classes)[found["label"]]
    if "set" in wanted and (sets := predictor.sets(found["probabilities"])) is not None:
        found["set"] = sets[0]
    if "refusal_score" in wanted and model.calibration is not None and model.calibration.refusal is not None:
        found["refusal_score"] = model.calibration.refusal.scores(images, logits)
    if "refused" in wanted or "refusal" in wanted:
        reasons = predictor.refusals(images, logits)
        found["refused"] = np.array([reason is not None for reason in reasons])
        found["refusal"] = _texts([reason or "" for reason in reasons])
    return found


def _texts(texts: Sequence[str]) -> NDArray[np.object_]:
    return np.array([text.encode() for text in texts], object)
