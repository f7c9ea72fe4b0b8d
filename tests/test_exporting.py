"""Exporting a trained model: where files go, what is refused, and that answers stay what they were."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

import tenfold
from tenfold.api.exporting import export
from tenfold.errors import DataError, ModelError, UsageError
from tenfold.model.predictor import Predictor

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
QUICK = {"recipe": "fast", "engine": "reference", "epochs": 1, "hidden": (16,)}


@pytest.fixture
def run(digits, tmp_path):
    return tenfold.train(digits, out=tmp_path / "run", **QUICK)


def metadata(path):
    return onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map


def test_exports_lie_beside_the_model_unless_another_place_is_named(run, tmp_path, monkeypatch):
    assert export(run.path, "onnx") == run.path / "model.onnx"
    assert export(run.model_path, "torch") == run.path / "model_torch"
    assert export(run.path, "html") == run.path / "model.html"
    assert export(str(run.path), "onnx", tmp_path / "other.onnx") == tmp_path / "other.onnx"
    assert (tmp_path / "other.onnx").read_bytes() == (run.path / "model.onnx").read_bytes()
    sha256 = hashlib.sha256(run.model_path.read_bytes()).hexdigest()
    assert metadata(tmp_path / "other.onnx")["model_sha256"] == sha256
    assert sha256 in (run.path / "model_torch" / "model.py").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    assert export(tenfold.Model.load(run.model_path), "onnx") == Path("model.onnx")
    assert "model_sha256" not in metadata("model.onnx")


def test_a_file_is_replaced_and_a_folder_is_not(run, tmp_path):
    (run.path / "model.onnx").write_bytes(b"earlier")
    assert metadata(export(run.path, "onnx"))["head"] == "softmax"
    edited = export(run.path, "torch", tmp_path / "mine") / "model.py"
    edited.write_text("edited")
    with pytest.raises(UsageError, match="mine: is there already"):
        export(run.path, "torch", tmp_path / "mine")
    assert edited.read_text() == "edited"
    (tmp_path / "empty").mkdir()
    assert export(run.path, "torch", tmp_path / "empty").is_dir()


@pytest.mark.parametrize(
    ("to", "out", "error", "message"),
    [
        ("tflite", "a.tflite", UsageError, "to: 'tflite'; expected onnx, torch or html"),
        ("onnx", "run/model.safetensors", UsageError, "expected a file name that ends in .onnx"),
        ("html", "a.onnx", UsageError, "expected a file name that ends in .html"),
        ("onnx", "nowhere/a.onnx", DataError, "no folder .*nowhere"),
        ("torch", "nowhere/a", DataError, "no folder .*nowhere"),
        ("torch", "run/model.safetensors", UsageError, "is there already"),
        ("onnx", "folder.onnx", DataError, "folder.onnx: cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(run, tmp_path, to, out, error, message):
    (tmp_path / "folder.onnx").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(error, match=message) as raised:
        export(run.path, to, tmp_path / out)
    assert "\n" not in str(raised.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_damaged_model_is_not_exported(run, tmp_path):
    run.model_path.write_bytes(run.model_path.read_bytes()[:-1])
    for to in ("onnx", "torch"):
        with pytest.raises(ModelError, match="not a whole safetensors file"):
            export(run.model_path, to, tmp_path / f"a.{to}")
        assert not (tmp_path / f"a.{to}").exists()


@pytest.mark.skipif("TENFOLD_DATA" not in os.environ, reason="needs the full MNIST: set TENFOLD_DATA")
def test_mnist_is_answered_alike_everywhere(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    run = tenfold.train(Path(os.environ["TENFOLD_DATA"]) / "mnist", recipe="fast", out=tmp_path / "run")
    predictor = Predictor(tenfold.Model.load(run.model_path))
    images = tenfold.load_data(Path(os.environ["TENFOLD_DATA"]) / "mnist").test.images
    logits = predictor.logits(images)
    probabilities, scores = (
        predictor.probabilities(images),
        predictor.model.calibration.refusal.scores(images, logits),
    )

    names = ["logits", "probabilities", "refusal"]
    by_onnx = onnxruntime.InferenceSession(export(run.path, "onnx")).run(names, {"images": images})
    module = {"__name__": "model", "__file__": str(export(run.path, "torch") / "model.py")}
    exec(Path(module["__file__"]).read_text("utf-8"), module)
    answers = module["predict"](torch.tensor(images))
    for found in (by_onnx, [getattr(answers, name).numpy() for name in names]):
        np.testing.assert_allclose(found[0], logits, rtol=0, atol=1e-4 * np.abs(logits).max())
        np.testing.assert_allclose(found[1], probabilities, rtol=0, atol=1e-5)
        np.testing.assert_allclose(found[2], scores, rtol=1e-4, atol=1e-4)
        assert (found[1].argmax(axis=1) == probabilities.argmax(axis=1)).mean() >= 0.9999
