"""``tenfold evaluate``: what a person reads, what a machine reads, and two models side by side."""

import dataclasses
import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
import scipy.stats

import tenfold
from tenfold.cli import app
from tenfold.errors import ModelError, UsageError


@pytest.fixture(scope="module")
def runs(digits, tmp_path_factory):
    """Two trainings on the same digits."""
    folder = tmp_path_factory.mktemp("runs")
    plan = {"recipe": "lecture", "hidden": (32,), "lr": 0.1}
    return [tenfold.train(digits, epochs=epochs, out=folder / str(epochs), **plan).path for epochs in (2, 6)]


@pytest.fixture
def evaluate(capsys):
    """A function that runs the command in this process and gives what it prints."""

    def run(*arguments):
        app(["evaluate", *map(str, arguments)], standalone_mode=False)
        return capsys.readouterr().out

    return run


def wrong_and_right(run, images):
    model = tenfold.Model.load(run / "model.safetensors")
    return tenfold.Predictor(model).probabilities(images.images).argmax(axis=1) == images.labels


def check(values, name):
    schema = files("tenfold.evaluation").joinpath(f"{name}.schema.json").read_text("utf-8")
    jsonschema.validate(values, json.loads(schema))


def test_the_page_shows_what_the_json_says(runs, evaluate):
    page, values = evaluate(runs[0]), json.loads(evaluate(runs[0], "--json"))
    check(values, "evaluation")
    for name in ("accuracy", "balanced_accuracy", "macro_precision", "macro_f1"):
        assert f"{values[name]:.2%}" in page
    for name in ("loss", "brier"):
        low, high = values[f"{name}_interval_95"]
        assert f"{values[name]:.4f}" in page
        assert f"({low:.4f} to {high:.4f})" in page
    assert f"off by    {values['calibration_error']['equal_width']['expected']:.2%}" in page
    confusion = np.array(values["confusion"])
    np.fill_diagonal(confusion, 0)
    truth, guess = np.unravel_index(confusion.argmax(), confusion.shape)
    assert f"{confusion.max()}  {truth} taken for {guess}" in page


def test_two_models_are_compared_on_the_same_images(runs, evaluate, digits):
    images = tenfold.load_data(digits).test
    first, second = (wrong_and_right(run, images) for run in runs)
    values = json.loads(evaluate(runs[0], "--against", runs[1], "--json"))
    check(values, "comparison")
    assert values["first"]["accuracy"] == pytest.approx(first.mean())
    assert values["second"]["accuracy"] == pytest.approx(second.mean())
    only_first, only_second = (first & ~second).sum(), (second & ~first).sum()
    expected = scipy.stats.binomtest(only_first, only_first + only_second).pvalue
    assert values["mcnemar"]["p_value"] == pytest.approx(expected)
    assert expected < 0.05  # six epochs are better than two
    page = evaluate(runs[0], "--against", runs[1])
    assert f"{values['difference']:+.2%}" in page
    assert "the second model is better" in page
    assert "chance alone would explain" in evaluate(runs[0], digits, "--against", runs[0])


def test_the_order_of_the_classes_does_not_matter(runs, digits):
    model = tenfold.Model.load(runs[1] / "model.safetensors")
    order = np.random.default_rng(0).permutation(10)
    last = list(model.weights)[-2:]
    turned = dataclasses.replace(
        model,
        classes=tuple(model.classes[k] for k in order),
        weights=model.weights | {name: model.weights[name][order] for name in last},
    )
    found = tenfold.compare(model, turned, digits)
    assert (found.first, found.second) == (0, 0)
    assert found.p_value == 1


def test_models_that_cannot_be_compared_are_refused(runs, digits, tmp_path):
    model = tenfold.Model.load(runs[0] / "model.safetensors")
    other = dataclasses.replace(model, classes=(*model.classes[:9], "ten"))
    with pytest.raises(ModelError, match="only the first model knows '9'"):
        tenfold.compare(model, other, digits)
    elsewhere = dataclasses.replace(model, provenance=model.provenance | {"data_sha256": "0" * 64})
    with pytest.raises(UsageError, match="name the data to compare them on"):
        tenfold.compare(model, elsewhere)
    assert tenfold.compare(model, elsewhere, digits).difference == 0
    wide = tenfold.train(digits, size=(4, 4), hidden=(8,), recipe="lecture", epochs=1, out=tmp_path / "small")
    with pytest.raises(ModelError, match="the first model takes 8×8, the second 4×4"):
        tenfold.compare(runs[0], wide.path, digits)
