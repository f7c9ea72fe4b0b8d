"""A model as an ONNX file: pixels in; logits, calibrated probabilities and the score of refusal out."""

from __future__ import annotations

import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold import __version__, atomic
from tenfold.errors import MissingExtraError, ModelError
from tenfold.exporting.faithfulness import Answers, check_faithful
from tenfold.exporting.thresholds import METHOD, SetRule
from tenfold.model.model_file import Model

if TYPE_CHECKING:
    import onnx

LARGEST = 2**31 - 2**20
"""Bytes: a protobuf message ends at 2 GiB."""


def write_onnx(model: Model, path: Path, sha256: str | None = None) -> None:
    """Write a model as one ONNX file, which is kept if ONNX Runtime gives the model's own answers.

    ===================  =======  ==========  ==============================================================
    tensor               type     shape       what it is
    ===================  =======  ==========  ==============================================================
    ``images`` (input)   uint8    (N, H, W)   or (N, H, W, C): as the model was trained on, not normalised
    ``logits``           float32  (N, K)      what the last layer gives; K is 1 under a sigmoid head
    ``probabilities``    float32  (N, C)      one a class, calibrated if the model is
    ``refusal``          float32  (N,)        how foreign an image is; absent where the model cannot say
    ===================  =======  ==========  ==============================================================

    N may be any number. The metadata are texts, most of them JSON: ``classes``, ``head``, ``preprocessing``,
    ``prediction_set`` (`SetRule`), ``refusal`` (an image is none of the classes where its score exceeds
    ``threshold``), ``tenfold_version``, ``model_sha256``. What cannot be said is left out.

    Parameters
    ----------
    model : Model
        What to write.
    path : Path
        The file; an earlier one is replaced.
    sha256 : str, optional
        Of the model's file.

    Raises
    ------
    MissingExtraError
        When onnx or onnxruntime is not installed.
    ModelError
        When the model is too large for ONNX, or ONNX Runtime answers otherwise; an earlier file stays.
    OSError
        When the file cannot be written.
    """
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "export", "an export to ONNX")
    if (size := 4 * model.network.parameters) > LARGEST:
        raise ModelError(f"export: {size:,} bytes of weights; expected at most {LARGEST:,}, ONNX's limit")
    content = onnx_model(model, sha256).SerializeToString()
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(content)
        check_faithful(model, partial(_ask, temporary), by="onnxruntime")


def onnx_model(model: Model, sha256: str | None = None) -> onnx.ModelProto:
    """Return what `write_onnx` writes.

    Parameters
    ----------
    model, sha256
        As there.
    """
    from onnx import TensorProto, helper

    from tenfold.exporting.graph import Graph
    from tenfold.exporting.onnx_answers import add_layers, add_probabilities, add_rows
    from tenfold.exporting.onnx_refusal import add_refusal

    network, preprocessing, calibration = model.network, model.preprocessing, model.calibration
    graph = Graph()
    pixels = graph.add("Cast", "images", to=TensorProto.FLOAT)
    logits = add_layers(graph, add_rows(graph, pixels, preprocessing), network, model.weights)
    add_probabilities(graph, logits, network, calibration)
    shapes: dict[str, list[str | int]] = {
        "logits": ["N", network.widths[-1]],
        "probabilities": ["N", network.classes],
    }
    if calibration is not None and calibration.refusal is not None:
        add_refusal(graph, pixels, logits, network, preprocessing, calibration.refusal)
        shapes["refusal"] = ["N"]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", *preprocessing.shape])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    ]
    whole = graph.to_model(
        "tenfold", [images], outputs, producer_name="tenfold", producer_version=__version__
    )
    helper.set_model_props(whole, metadata(model, sha256))
    return whole


def metadata(model: Model, sha256: str | None = None) -> dict[str, str]:
    """Return what the file says of the model beside the graph; see `write_onnx`."""
    calibration = model.calibration
    refusal = None if calibration is None else calibration.refusal
    rule = SetRule.of(model)
    values: dict[str, Any] = {
        "classes": model.classes,
        "head": model.network.head_name,
        "preprocessing": model.preprocessing.to_dict(),
        "prediction_set": rule and {"method": METHOD} | rule._asdict(),
        "refusal": refusal and {"threshold": refusal.threshold, "false_alarm_rate": refusal.false_alarm_rate},
        "tenfold_version": __version__,
        "model_sha256": sha256,
    }
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
        if value is not None
    }


def _ask(file: Path, images: NDArray[np.uint8]) -> Answers:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return Answers(**dict(zip(names, session.run(names, {"images": images}), strict=True)))
