"""The exported PyTorch module: it answers as the model does, alone."""

import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

from tenfold.errors import ModelError
from tenfold.exporting import torch as exporting
from tenfold.exporting.torch import write_torch
from tenfold.model.predictor import Predictor

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def read(folder):
    """Run the module as importing it would."""
    names = {"__name__": "model", "__file__": str(folder / "model.py")}
    exec(compile((folder / "model.py").read_text("utf-8"), folder / "model.py", "exec"), names)
    return names


@pytest.fixture
def module(model, tmp_path):
    write_torch(model, tmp_path / "exported", sha256="abc")
    return read(tmp_path / "exported")


def test_batches_of_any_size_are_answered_as_by_the_model(model, module, images, assert_same_answers):
    predictor = Predictor(model)
    for part in (slice(0, 0), slice(0, 1), slice(0, 7), slice(0, 1024), slice(-7, None)):
        found = {name: values.numpy() for name, values in module["predict"](images[part])._asdict().items()}
        members = found.pop("prediction_set", None)
        assert_same_answers(model, images[part], found)
        sets = predictor.sets(found["probabilities"])
        assert (members is None) == (sets is None)
        if sets is not None:
            np.testing.assert_array_equal(members, sets[0])


def test_the_state_dict_is_that_of_a_plain_network(model, module, tmp_path):
    tensors = safetensors.numpy.load_file(tmp_path / "exported" / "model.safetensors")
    assert list(module["Net"]().state_dict()) == list(model.network.shapes)
    assert tensors.keys() == model.weights.keys()
    for name, weights in model.weights.items():
        np.testing.assert_array_equal(tensors[name], weights)
    assert module["CLASSES"] == model.classes
    assert "SHA-256 of the model file: abc" in module["__doc__"]


def test_wrong_images_are_refused(model, module):
    shape = (2, *model.preprocessing.shape)
    for images in (
        np.zeros(shape, np.float32),
        np.zeros((*shape, 1), np.uint8),
        np.zeros(shape[1:], np.uint8),
    ):
        with pytest.raises(ValueError, match="expected uint8"):
            module["predict"](images)


PROGRAM = """
import sys
sys.modules["tenfold"] = None  # whoever imports it fails
sys.path.insert(0, "exported")
sys.dont_write_bytecode = True
from model import predict
from safetensors.numpy import load_file, save_file
answers = predict(load_file("images.safetensors")["images"])
save_file({name: values.numpy() for name, values in answers._asdict().items()}, "answers.safetensors")
"""


def test_a_process_without_tenfold_runs_it(one_model, tmp_path, assert_same_answers):
    write_torch(one_model, tmp_path / "exported")
    images = one_model.examples[:50]
    safetensors.numpy.save_file({"images": images}, tmp_path / "images.safetensors")
    subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], cwd=tmp_path, check=True)
    found = safetensors.numpy.load_file(tmp_path / "answers.safetensors")
    del found["prediction_set"]
    assert_same_answers(one_model, images, found)
    names = sorted(file.name for file in (tmp_path / "exported").iterdir())
    assert names == ["model.py", "model.safetensors", "refusal.safetensors"]


@pytest.mark.parametrize("damage", ["cut short", "other weights"])
def test_what_answers_otherwise_is_not_kept(one_model, tmp_path, monkeypatch, damage):
    write = exporting._files

    def damaged(model, sha256):
        files = write(model, sha256)
        if damage == "cut short":
            return files | {"model.safetensors": files["model.safetensors"][:-1]}
        weights = {name: -tensor for name, tensor in model.weights.items()}
        return files | {"model.safetensors": safetensors.numpy.save(weights)}

    monkeypatch.setattr(exporting, "_files", damaged)
    with pytest.raises(ModelError, match="^export: torch (gives logits|cannot run it)") as raised:
        write_torch(one_model, tmp_path / "exported")
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_without_torch_it_is_written_all_the_same(one_model, tmp_path, monkeypatch):
    write_torch(one_model, tmp_path / "checked")
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    monkeypatch.setattr(exporting, "_ask", None)
    write_torch(one_model, tmp_path / "unchecked")
    for file in (tmp_path / "checked").iterdir():
        assert (tmp_path / "unchecked" / file.name).read_bytes() == file.read_bytes()
