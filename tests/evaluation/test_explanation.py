"""Explanations of a model's answers: what is explained, from which baseline, and in whose words."""

import json

import numpy as np
import pytest

from tenfold.errors import ModelError, UsageError
from tenfold.evaluation.explanation import METHODS, Method, explanation
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing

SHARES = np.array([0.1, 0.2, 0.7])


def model(shape=(6, 5), hidden=(8,), classes=("ant", "bee", "cat"), head="softmax", polarity="mixed"):
    rng = np.random.default_rng(0)
    channels = 1 if len(shape) == 2 else shape[2]
    network = Network.for_task(int(np.prod(shape)), hidden, len(classes), head)
    return Model(
        network=network,
        weights={name: rng.normal(size=size).astype(np.float32) for name, size in network.shapes.items()},
        classes=classes,
        preprocessing=Preprocessing(shape[:2], channels, (0.4,) * channels, (0.3,) * channels, polarity),
        examples=rng.integers(0, 256, (4, *shape)).astype(np.uint8),
    )


@pytest.mark.parametrize("name", METHODS)
def test_the_named_class_is_explained_unless_another_is(name):
    known = model()
    image = known.examples[0]
    logits = known.logits(known.examples[:1])[0]
    blank = known.logits(np.zeros((1, 6, 5), np.uint8))[0]
    found = explanation(known, image, SHARES, Method(name))
    assert (found.label, found.confidence, found.target, found.against) == ("cat", 0.7, "cat", None)
    assert found.score == pytest.approx(logits[2], rel=1e-5)
    assert found.baseline_score == pytest.approx(blank[2], rel=1e-5)
    other = explanation(known, image, SHARES, Method(name), target="ant", against="bee")
    assert (other.label, other.target, other.against) == ("cat", "ant", "bee")
    assert other.score == pytest.approx(logits[0] - logits[1], rel=1e-5)
    assert other.shares.shape == (6, 5)


def test_the_gap_is_what_the_shares_miss():
    known = model()
    assert abs(explanation(known, known.examples[0], SHARES, Method()).gap) < 1e-9
    slope = explanation(known, known.examples[0], SHARES, Method("gradient-x-input"))
    assert slope.gap == pytest.approx(slope.shares.sum() - slope.score + slope.baseline_score)
    assert abs(slope.gap) > 0.01


@pytest.mark.parametrize("polarity, ground", [("mixed", 0), ("light-on-dark", 0), ("dark-on-light", 255)])
def test_the_baseline_is_the_ground_of_the_training_images(polarity, ground):
    known = model(polarity=polarity)
    blank = np.full((6, 5), ground, np.uint8)
    found = explanation(known, blank, SHARES, Method())
    assert found.baseline == ground
    assert found.score == found.baseline_score
    assert (found.shares == 0).all()
    assert explanation(known, blank, SHARES, Method(baseline=77)).baseline == 77


def test_a_grey_values_worth_is_the_same_in_pixels_and_normalised():
    """Gradient × input from black is a pixel's value times the slope by it, as finite differences have it."""
    known = model(hidden=())
    image = known.examples[0]
    image[2, 3] = 100
    brighter = image.copy()
    brighter[2, 3] = 200
    step = known.logits(brighter[None])[0, 2] - known.logits(image[None])[0, 2]
    found = explanation(known, image, SHARES, Method("gradient-x-input"))
    assert found.shares[2, 3] == pytest.approx(step, rel=1e-4)


def test_colours_are_summed_and_hidden_together():
    known = model(shape=(6, 5, 3))
    whole = explanation(known, known.examples[0], SHARES, Method())
    assert whole.shares.shape == (6, 5)
    assert abs(whole.gap) < 1e-9
    hidden = known.examples[0].copy()
    hidden[2, 3] = 0
    fall = known.logits(known.examples[:1])[0, 2] - known.logits(hidden[None])[0, 2]
    pixel = explanation(known, known.examples[0], SHARES, Method("occlusion", window=1))
    assert pixel.shares[2, 3] == pytest.approx(fall, abs=1e-4)


def test_a_sigmoid_head_explains_both_classes():
    known = model(classes=("no", "yes"), head="sigmoid")
    no, yes = (
        explanation(known, known.examples[0], SHARES[1:], Method(), target=name) for name in known.classes
    )
    np.testing.assert_array_equal(no.shares, -yes.shares)
    assert yes.score == pytest.approx(known.logits(known.examples[:1])[0, 0], rel=1e-5)


def test_plain_values_are_json():
    known = model()
    found = explanation(known, known.examples[0], SHARES, Method())
    values = json.loads(json.dumps(found.to_dict()))
    assert np.array_equal(values["shares"], found.shares)
    assert values["sum"] - values["gap"] == pytest.approx(values["score"] - values["baseline_score"])
    assert values["baseline"] == 0


@pytest.mark.parametrize(
    "values, message",
    [
        ({"name": "lime"}, r"^method: 'lime'; expected integrated-gradients, gradient-x-input, occlusion$"),
        ({"baseline": 256}, r"^baseline: 256; expected a pixel value from 0 \(black\) to 255 \(white\)$"),
        ({"steps": 0}, r"^steps: 0; expected 1 to 10,000$"),
        (
            {"window": 3},
            r"^window: 3, but the method is integrated-gradients; expected it with occlusion only$",
        ),
        (
            {"name": "occlusion", "steps": 3},
            r"^steps: 3, but the method is occlusion; expected it with integ",
        ),
    ],
)
def test_a_method_that_cannot_be_is_refused(values, message):
    with pytest.raises(UsageError, match=message):
        Method(**values)


@pytest.mark.parametrize(
    "method, classes, message",
    [
        (Method("occlusion", window=6), {}, r"^window: 6 pixels; expected at most 5, the picture's shorter"),
        (Method("occlusion", window=2, stride=3), {}, r"^stride: 3 pixels; expected at most the window, 2"),
        (Method(), {"target": "dog"}, r"^target: 'dog'; expected a class of the model: ant, bee, cat$"),
        (Method(), {"against": "dog"}, r"^against: 'dog'; expected a class of the model: ant, bee, cat$"),
        (Method(), {"against": "cat"}, r"^against: 'cat' is the class that is explained; expected another"),
    ],
)
def test_what_cannot_be_explained_is_refused(method, classes, message):
    known = model()
    with pytest.raises(UsageError, match=message):
        explanation(known, known.examples[0], SHARES, method, **classes)


def test_an_image_of_another_shape_is_refused():
    with pytest.raises(ModelError, match="5×6"):
        explanation(model(), np.zeros((5, 6), np.uint8), SHARES, Method())
