"""Small models of every kind that an export has to get right."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from tenfold.data.image_set import ImageSet
from tenfold.model.calibration import Calibration
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.predictor import Predictor
from tenfold.model.preprocessing import Preprocessing


@dataclass(frozen=True)
class Kind:
    """What tells one model from another."""

    shape: tuple[int, ...] = (9, 7)
    classes: int = 4
    hidden: tuple[int, ...] = (16, 8)
    head: str = "softmax"
    smoothing: float = 0.0
    held_out: int = 120  # 0: not calibrated


KINDS = {
    "deep": Kind(hidden=(24, 16, 12, 8), smoothing=0.1),
    "softmax regression": Kind(hidden=(), smoothing=0.02),
    "sigmoid head": Kind(classes=2, head="sigmoid"),
    "sigmoid head, smoothed": Kind(classes=2, head="sigmoid", hidden=(5,), smoothing=0.2),
    "sigmoid head, not calibrated": Kind(classes=2, head="sigmoid", held_out=0),
    "not calibrated": Kind(held_out=0),
    "too few held out to refuse": Kind(held_out=12),
    "too few held out for sets": Kind(held_out=5),
    "no room for directions": Kind(shape=(1, 3), classes=2),
    "grey, in blocks": Kind(shape=(41, 62), classes=10, hidden=(8,)),
    "colour": Kind(shape=(6, 5, 3), smoothing=0.1),
    "colour, in blocks": Kind(shape=(23, 46, 3), classes=10, hidden=(8,)),
}


@cache
def make(kind):
    """Make a model of random layers and a last one that fits: right more often than not, and in doubt."""
    rng = np.random.default_rng(3)
    patterns = rng.integers(0, 256, (kind.classes, *kind.shape))
    names = tuple(f"class '{k}' \\ 类" for k in range(kind.classes))

    def draw(count):
        labels = np.arange(count) % kind.classes
        noisy = patterns[labels] + rng.normal(scale=60, size=(count, *kind.shape))
        return ImageSet(noisy.clip(0, 255).astype(np.uint8), labels, names, "drawn")

    learnt, held_out = draw(200), draw(kind.held_out)
    preprocessing = Preprocessing.fitted(learnt.images)
    network = Network.for_task(preprocessing.features, kind.hidden, kind.classes, kind.head)
    weights = {
        name: (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in network.shapes.items()
    }
    hidden = network.forward(weights, preprocessing.normalise(learnt.images))[-2]
    targets = 4 * np.eye(kind.classes)[learnt.labels][:, -network.widths[-1] :]
    last = f"l{network.layers}.weight"
    weights[last] = np.linalg.lstsq(hidden, targets - targets.mean(), rcond=0.1)[0].T.astype(np.float32)
    model = Model(network, weights, names, preprocessing, learnt.images)
    if not kind.held_out:
        return model
    logits = model.logits(held_out.images)
    calibration = Calibration.fitted(network.head, learnt, held_out, logits, kind.smoothing, seed=0)
    return Model(network, weights, names, preprocessing, learnt.images, calibration=calibration)


@pytest.fixture(params=KINDS, scope="module")
def model(request):
    return make(KINDS[request.param])


@pytest.fixture
def one_model():
    return make(KINDS["deep"])


@pytest.fixture
def images(model):
    """The model's own, then noise, then blank ones of both ends and between."""
    noise = np.random.default_rng(1).integers(0, 256, (1000, *model.preprocessing.shape)).astype(np.uint8)
    noise[-3:] = np.array([0, 255, 130]).reshape(3, *[1] * (noise.ndim - 1))
    return np.concatenate([model.examples[:24], noise])


@pytest.fixture
def assert_same_answers():
    """A function (model, images, found) that compares what an export says with what the model does."""
    return _assert_same_answers


def _assert_same_answers(model, images, found):
    predictor = Predictor(model)
    logits = predictor.logits(images)
    size = np.abs(logits).max(initial=1)
    np.testing.assert_allclose(found["logits"], logits, rtol=0, atol=1e-4 * size)
    np.testing.assert_allclose(found["probabilities"], predictor.probabilities_of(logits), rtol=0, atol=1e-5)
    for name, values in found.items():
        assert len(values) == len(images), name
    assert ("refusal" in found) == (model.calibration is not None and model.calibration.refusal is not None)
    if "refusal" not in found:
        return
    refusal = model.calibration.refusal
    scores = refusal.scores(images, logits)
    is_blank = np.array([len(np.unique(image)) == 1 for image in images], bool)
    assert (np.isposinf(found["refusal"]) == is_blank).all()
    np.testing.assert_allclose(found["refusal"][~is_blank], scores[~is_blank], rtol=1e-4, atol=1e-4)
    is_clear = is_blank | (np.abs(scores - refusal.threshold) > 1e-3 * np.maximum(1, scores))
    if len(images) == 0:
        return
    refused = np.array([reason is not None for reason in predictor.refusals(images, logits)])
    np.testing.assert_array_equal((found["refusal"] > refusal.threshold)[is_clear], refused[is_clear])
