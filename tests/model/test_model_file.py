"""The model file: what other programs make of it, and what happens when a bit of it changes."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenfold.errors import ModelError
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.sealed import read_sealed, write_sealed


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_a_loaded_model_is_the_saved_one(model, path):
    loaded = Model.load(path)
    assert loaded.classes == model.classes
    assert loaded.network == model.network
    assert loaded.preprocessing == model.preprocessing
    assert loaded.provenance == model.provenance
    assert loaded.calibration.to_dict() == model.calibration.to_dict()
    np.testing.assert_array_equal(loaded.examples, model.examples[:8])
    assert loaded.weights.keys() == model.weights.keys()
    for name, tensor in model.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], tensor)


def test_the_tensors_are_exactly_a_state_dict(model, path):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.l1 = torch.nn.Linear(30, 8)
            self.l2 = torch.nn.Linear(8, 3)

        def forward(self, x):
            return self.l2(torch.relu(self.l1(x)))

    net = Net()
    net.load_state_dict(safetensors.torch.load_file(path))  # strict: no key may be missing or left over
    rows = (
        torch.tensor(model.examples).float() / 255 - model.preprocessing.mean[0]
    ) / model.preprocessing.std[0]
    with torch.no_grad():
        logits = net(rows.reshape(-1, 30))
    np.testing.assert_allclose(model.logits(model.examples), logits, atol=1e-5)


def test_equal_models_are_equal_files(model, path, tmp_path):
    model.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_a_failed_save_leaves_the_earlier_file(model, path, monkeypatch):
    before = path.read_bytes()
    broken = Model(**{**vars(model), "provenance": {"not": object()}})
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_changed_bit_is_refused(path, data):
    whole = path.read_bytes()
    header_end = 8 + struct.unpack("<Q", whole[:8])[0]
    place = data.draw(st.integers(0, header_end - 1) | st.integers(header_end, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(whole)
    changed[place] ^= 1 << bit
    copy = path.with_name("changed.safetensors")
    copy.write_bytes(changed)
    with pytest.raises(ModelError) as raised:
        Model.load(copy)
    assert "\n" not in str(raised.value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_cut_short_or_prolonged_is_refused(path, data):
    whole = path.read_bytes()
    copy = path.with_name("cut.safetensors")
    cut = data.draw(st.integers(0, len(whole) - 1))
    copy.write_bytes(data.draw(st.sampled_from([whole[:cut], whole + b"\0", whole + whole[:cut] + b"x"])))
    with pytest.raises(ModelError):
        Model.load(copy)


def test_a_machine_that_computes_otherwise_is_refused(path, monkeypatch):
    forward = Model.logits
    monkeypatch.setattr(Model, "logits", lambda self, images: forward(self, images) * 1.001)
    with pytest.raises(ModelError, match="golden examples"):
        Model.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "not a whole safetensors file"),
        (b"\x80\x04\x95 a pickle", "not a whole safetensors file"),
        (safetensors.numpy.save({"l1.weight": np.zeros((2, 2))}), "no metadata under 'tenfold'"),
        (safetensors.numpy.save({"a": np.zeros(1)}, {"tenfold": "no JSON"}), "SHA-256"),
        (safetensors.numpy.save({"a": np.zeros(1)}, {"tenfold": "[" * 200_000}), "SHA-256"),
        (safetensors.numpy.save({"a": np.zeros(1)}, {"tenfold": json.dumps({"format": 1})}), "SHA-256"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as raised:
        Model.load(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0},
        {"temperature": "warm"},
        {"label_smoothing": 1},
        {"conformal": {}},
        {"refusal": {"threshold": 1}},
        {"refusal": []},
    ],
)
def test_a_calibration_that_cannot_be_is_refused(model, path, change):
    tensors, metadata = read_sealed(path)
    metadata["calibration"] |= change
    write_sealed(path, tensors, {name: value for name, value in metadata.items() if name != "sha256"})
    with pytest.raises(ModelError, match="metadata do not describe a model") as raised:
        Model.load(path)
    assert "\n" not in str(raised.value)


def test_a_refusal_of_other_images_is_refused(model):
    stretched = replace(model.preprocessing, size=(5, 12))
    network = Network.for_task(60, (), 3)
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.shapes.items()}
    with pytest.raises(ModelError, match="refusal knows means of shape"):
        replace(model, network=network, weights=weights, preprocessing=stretched)


@pytest.mark.parametrize("field", ["weights", "classes", "preprocessing"])
def test_parts_that_do_not_fit_are_refused(model, field):
    parts = dict(vars(model))
    parts["weights"] = {} if field == "weights" else parts["weights"]
    parts["classes"] = ("one",) if field == "classes" else parts["classes"]
    if field == "preprocessing":
        parts["preprocessing"] = type(model.preprocessing)((9, 9), 1, (0.0,), (1.0,))
    with pytest.raises(ModelError):
        Model(**parts)
