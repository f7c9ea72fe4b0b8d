"""The ONNX file, asked by ONNX Runtime: it answers as the model does, and says what belongs to it."""

import json

import numpy as np
import pytest

from tenfold.errors import MissingExtraError, ModelError
from tenfold.exporting import onnx as exporting
from tenfold.exporting.onnx import write_onnx
from tenfold.model.predictor import Predictor

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")


def opened(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def asked(session, images):
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


@pytest.fixture
def session(model, tmp_path):
    write_onnx(model, tmp_path / "model.onnx")
    return opened(tmp_path / "model.onnx")


def test_batches_of_any_size_are_answered_as_by_the_model(model, session, images, assert_same_answers):
    for count in (0, 1, 7, 1024):
        assert_same_answers(model, images[:count], asked(session, images[:count]))
    assert_same_answers(model, images[-7:], asked(session, images[-7:]))


def test_the_file_states_types_and_shapes(model, session):
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape) == (
        "images",
        "tensor(uint8)",
        ["N", *model.preprocessing.shape],
    )
    shapes = {output.name: output.shape for output in session.get_outputs()}
    assert shapes["logits"] == ["N", model.network.widths[-1]]
    assert shapes["probabilities"] == ["N", len(model.classes)]
    assert shapes.get("refusal", ["N"]) == ["N"]
    with pytest.raises(Exception, match=r"Unexpected input data type.*float"):
        session.run(None, {"images": np.zeros((1, *model.preprocessing.shape), np.float32)})


def test_metadata_are_enough_for_the_models_decisions(model, session, images):
    found = session.get_modelmeta().custom_metadata_map
    assert tuple(json.loads(found["classes"])) == model.classes
    assert found["head"] == model.network.head_name
    assert json.loads(found["preprocessing"])["size"] == list(model.preprocessing.size)
    assert "model_sha256" not in found
    predictor = Predictor(model)
    probabilities = predictor.probabilities(images)
    sets = predictor.sets(probabilities)
    assert ("prediction_set" in found) == (sets is not None)
    if sets is not None:
        rule = json.loads(found["prediction_set"])
        members = 1 - probabilities.astype(np.float64) <= rule["threshold"]
        members[np.arange(len(members)), probabilities.argmax(axis=1)] = True
        np.testing.assert_array_equal(members, sets[0])
        assert rule["coverage"] == sets[1]


def test_old_runtimes_read_the_file(one_model, tmp_path):
    write_onnx(one_model, tmp_path / "model.onnx", sha256="abc")
    whole = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(whole, full_check=True)
    assert (whole.ir_version, [(entry.domain, entry.version) for entry in whole.opset_import]) == (
        7,
        [("", 13)],
    )
    tensors = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in whole.graph.initializer}
    for name, weights in one_model.weights.items():
        np.testing.assert_array_equal(tensors[name], weights)
    assert {entry.key: entry.value for entry in whole.metadata_props}["model_sha256"] == "abc"


def test_equal_models_are_equal_files(one_model, tmp_path):
    for name in ("a.onnx", "b.onnx"):
        write_onnx(one_model, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize("damage", ["another network", "cut short", "another temperature"])
def test_what_answers_otherwise_never_replaces_an_earlier_file(one_model, tmp_path, monkeypatch, damage):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"earlier")
    build = exporting.onnx_model

    def damaged(model, sha256):
        whole = build(model, sha256)
        if damage == "another network":
            (bias,) = (tensor for tensor in whole.graph.initializer if tensor.name == "l5.bias")
            bias.raw_data = bytes(reversed(bias.raw_data))
        elif damage == "another temperature":
            (softmax,) = (node for node in whole.graph.node if node.output[0] == "probabilities")
            softmax.input[0] = "logits"
        else:
            del whole.graph.node[-1]
        return whole

    monkeypatch.setattr(exporting, "onnx_model", damaged)
    with pytest.raises(ModelError, match="^export: onnxruntime (gives|cannot run it)") as raised:
        write_onnx(one_model, path)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_extra_a_line_says_so(one_model, tmp_path, monkeypatch, package):
    find = exporting.find_spec
    monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(MissingExtraError, match=f"needs the package '{package}'.*extra 'export'"):
        write_onnx(one_model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_model_beyond_onnxs_limit_is_refused(one_model, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "LARGEST", 4 * one_model.network.parameters - 1)
    with pytest.raises(ModelError, match="bytes of weights; expected at most"):
        write_onnx(one_model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
