"""Explaining a trained model's answers, from picture files to a drawn sheet."""

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import tenfold
from tenfold.api.explaining import draw_weights, explain
from tenfold.errors import DataError, ModelError, UsageError
from tenfold.evaluation.explanation import METHODS, Method


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    return tenfold.train(
        digits,
        recipe="lecture",
        engine="reference",
        epochs=3,
        lr=0.1,
        momentum=0.9,
        hidden=(32, 16),
        out=tmp_path_factory.mktemp("runs") / "run",
    )


@pytest.fixture(scope="module")
def pictures(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(tenfold.load_data(digits).test.images[:8]):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def test_each_picture_is_explained_as_it_is_predicted(run, pictures):
    found, predictions = explain(run.model_path, pictures), tenfold.predict(run.model_path, pictures)
    assert list(found) == list(predictions)
    for path, each in found.items():
        assert (each.label, each.target) == (predictions[path].label, predictions[path].label)
        assert each.confidence == pytest.approx(predictions[path].confidence)
        assert each.shares.shape == (8, 8)
        assert abs(each.gap) < 1e-3


@pytest.mark.parametrize("name", METHODS)
def test_a_trained_models_attributions_are_captums(run, pictures, name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    tensors, layers = load_file(run.model_path), []
    for layer in (1, 2, 3):
        linear = torch.nn.Linear(*tensors[f"l{layer}.weight"].shape[::-1])
        linear.load_state_dict({k: torch.tensor(tensors[f"l{layer}.{k}"]) for k in ("weight", "bias")})
        layers += [linear, torch.nn.ReLU()]
    preprocessing = tenfold.Model.load(run.model_path).preprocessing
    mean, std = preprocessing.mean[0], preprocessing.std[0]

    def logits(pixels):
        """Of pixels from 0 to 1, so that black is zero."""
        return torch.nn.Sequential(torch.nn.Flatten(), *layers[:-1])((pixels - mean) / std)

    method = Method(name, steps=50 if name == "integrated-gradients" else None)
    for path, each in explain(run.model_path, pictures, method=method).items():
        with Image.open(path) as picture:
            x = torch.tensor(np.asarray(picture)[None] / 255, dtype=torch.float32, requires_grad=True)
        named = {"target": int(each.target)}
        if name == "gradient-x-input":
            expected = captum.InputXGradient(logits).attribute(x, **named)
        elif name == "occlusion":
            expected = captum.Occlusion(logits).attribute(x, (1, 1), 1, **named)
        else:
            expected = captum.IntegratedGradients(logits).attribute(x, n_steps=50, **named)
        expected = expected.detach().numpy()[0]
        np.testing.assert_allclose(each.shares, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_a_class_and_one_to_compare_with_can_be_named(run, pictures):
    both = explain(run.model_path, pictures / "0.png", target="3", against="8")
    alone = [explain(run.model_path, pictures / "0.png", target=name) for name in "38"]
    (difference,), (three,), (eight,) = (each.values() for each in (both, *alone))
    np.testing.assert_allclose(difference.shares, three.shares - eight.shares, atol=1e-9)


def test_a_sheet_and_the_weights_are_drawn(run, pictures, tmp_path):
    explain(run.model_path, pictures, method="occlusion", out=tmp_path / "why.png")
    assert draw_weights(run.model_path, tmp_path / "weights.png") == tmp_path / "weights.png"
    for name in ("why.png", "weights.png"):
        with Image.open(tmp_path / name) as drawn:
            drawn.load()
            assert drawn.format == "PNG"


def test_what_cannot_be_explained_leaves_nothing_behind(run, pictures, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    out = tmp_path / "why.png"
    for images, options, error, message in (
        ([], {}, UsageError, "images: none; expected picture files"),
        (broken, {}, DataError, "broken.png: is not a picture"),
        (pictures, {"method": "lime"}, UsageError, "method: 'lime'; expected integrated-gradients"),
        (pictures, {"target": "ten"}, UsageError, "target: 'ten'; expected a class of the model: 0, 1"),
        (pictures, {"out": tmp_path / "why.gif"}, UsageError, "why.gif: an explanation is a PNG"),
    ):
        with pytest.raises(error, match=message):
            explain(run.model_path, images, **({"out": out} | options))
    with pytest.raises(ModelError, match="broken.png"):
        draw_weights(broken, out)
    assert list(tmp_path.iterdir()) == [broken]
