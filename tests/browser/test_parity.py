"""JavaScript beside Python: from the same pixels the same input bit for bit, and the same answer."""

import json
from importlib import resources

import numpy as np
import pytest

from tenfold.data.image_set import ImageSet
from tenfold.model.calibration import Calibration
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.predictor import BLANK, Predictor
from tenfold.model.preprocessing import Preprocessing

HOME = "http://tenfold.test"
CLOSE = 1e-5

ANSWER = """async (sizes) => {
  const load = async (path) => (await fetch(path)).arrayBuffer();
  const [{ readModel }, { steps }, { fromRgba }, { answer }] = await Promise.all(
    ["model", "preprocessing", "raster", "answer"].map((name) => import(`/page/${name}.js`)));
  const model = readModel(await load("/model"));
  const answers = [];
  for (const [i, [height, width]] of sizes.entries()) {
    const data = new Uint8ClampedArray(await load(`/picture/${i}`));
    const found = steps(model.preprocessing, fromRgba({ height, width, data }));
    const { logits, probabilities, label, set, refusal, score } = answer(model, found.at(-1).image);
    const bytes = found.map(({ image }) => Array.from(image.data, (v) => String.fromCharCode(v)).join(""));
    answers.push({ names: found.map(({ name }) => name), bytes, logits: [...logits],
      probabilities: [...probabilities], label, set, reason: refusal?.reason ?? null, score });
  }
  return JSON.stringify(answers);
}"""


@pytest.fixture
def ask_javascript(chromium, tmp_path):
    """A function (model, RGBA pictures) that gives what the page's modules say of them."""

    def ask(model, pictures):
        model.save(tmp_path / "model.safetensors")
        files = {"/": b"<!doctype html>", "/model": (tmp_path / "model.safetensors").read_bytes()}
        files |= {f"/picture/{i}": picture.tobytes() for i, picture in enumerate(pictures)}

        def answer(route):
            path = route.request.url.removeprefix(HOME)
            if path.startswith("/page/"):
                content = (resources.files("tenfold") / path[1:]).read_bytes()
                return route.fulfill(body=content, content_type="text/javascript")
            return route.fulfill(body=files.get(path, b""), content_type="text/html")

        page = chromium.new_page()
        page.route(f"{HOME}/**", answer)
        page.goto(f"{HOME}/")
        answers = json.loads(page.evaluate(ANSWER, [picture.shape[:2] for picture in pictures]))
        page.close()
        return answers

    return ask


def decoded(rgba):
    """Lay alpha on white, in one channel where all are equal: what `read_picture` and the page make of it."""
    alpha = rgba[..., 3:].astype(int)
    laid = ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return laid[..., 0] if (laid == laid[..., :1]).all() else laid


def opaque(picture):
    colours = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    return np.concatenate([colours, np.full((*colours.shape[:2], 1), 255, np.uint8)], axis=2)


def shapes(random):
    """A picture of rectangles in some colours, with some alpha."""
    height, width = random.integers(12, 300, 2)
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[..., :3] = random.integers(0, 256, 3)
    for _ in range(random.integers(6)):
        y, x = (random.integers(side) for side in picture.shape[:2])
        picture[y : y + random.integers(1, 80), x : x + random.integers(1, 80)] = random.integers(0, 256, 4)
    return picture


def foreign(random, count):
    for number in range(count):
        if number % 3 == 0:
            yield random.integers(0, 256, (*random.integers(1, 60, 2), 4)).astype(np.uint8)
        else:
            yield shapes(random)


def compare(model, pictures, answers):
    """Hold answers to what Python says; return how many were refused."""
    predictor = Predictor(model)
    refused = 0
    for picture, said in zip(pictures, answers, strict=True):
        steps = model.preprocessing.steps(decoded(picture))
        assert said["names"] == [step.name for step in steps]
        for step, found in zip(steps, said["bytes"], strict=True):
            assert found.encode("latin-1") == step.image.tobytes(), step.name
        image = steps[-1].image[np.newaxis]
        logits = predictor.logits(image)
        probabilities = predictor.probabilities_of(logits)
        assert said["probabilities"] == pytest.approx(probabilities[0], abs=CLOSE)
        assert said["label"] == probabilities[0].argmax()
        sets = predictor.sets(probabilities)
        assert said["set"] == (None if sets is None else np.flatnonzero(sets[0][0]).tolist())
        refused += _compare_refusal(predictor, image, logits, said)
    return refused


def _compare_refusal(predictor, image, logits, said):
    reason = predictor.refusals(image, logits)[0]
    if predictor.model.calibration is not None and predictor.model.calibration.refusal is not None:
        score = predictor.model.calibration.refusal.scores(image, logits)[0]
        assert said["score"] == pytest.approx(score, rel=1e-4, abs=1e-4)
    expected = {None: None, BLANK: "blank"}
    words = {"unlike": "unlike the training images", "silent": "finds evidence for no class"}
    if reason in expected:
        assert said["reason"] == expected[reason]
    else:
        assert words[said["reason"]] in reason
    return reason is not None


def test_the_trained_model_answers_alike(ask_javascript, model, photographs):
    random = np.random.default_rng(0)
    taken = [photographs.take_photograph(photographs.digit_of_strokes(k, k % 6), random) for k in range(2, 7)]
    drawn = [(255 * photographs.digit_of_strokes(k, k % 5)).astype(np.uint8) for k in range(5, 10)]
    pictures = [*map(opaque, [*model.examples[:8], *drawn, *taken]), *foreign(random, 12)]
    refused = compare(model, pictures, ask_javascript(model, pictures))
    assert 3 <= refused <= len(pictures) - 10  # both kinds are there


KINDS = {
    "softmax in colour": ((9, 7, 3), ("a", "b", "c"), "softmax", (13, 8)),
    "sigmoid, dark on light": ((8, 8), ("no", "yes"), "sigmoid", ()),
    "softmax regression": ((12, 16), tuple("abcd"), "softmax", ()),
}


@pytest.mark.parametrize("is_calibrated", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_models_of_other_kinds_answer_alike(ask_javascript, kind, is_calibrated):
    model = other_model(*KINDS[kind], is_calibrated)
    pictures = list(foreign(np.random.default_rng(2), 12))
    compare(model, pictures, ask_javascript(model, pictures))


def other_model(shape, classes, head, hidden, is_calibrated):
    random = np.random.default_rng(1)
    images = random.integers(130, 256, (150, *shape)).astype(np.uint8)
    labels = random.integers(0, len(classes), len(images))
    network = Network.for_task(int(np.prod(shape)), hidden, len(classes), head)
    weights = {name: random.normal(size=size).astype(np.float32) / 4 for name, size in network.shapes.items()}
    preprocessing = Preprocessing.fitted(images)
    plain = Model(network, weights, classes, preprocessing, images)
    if not is_calibrated:
        return plain
    learnt, held_out = (
        ImageSet(images[part], labels[part], classes, "made") for part in np.split(np.arange(150), [30])
    )
    logits = plain.logits(held_out.images)
    calibration = Calibration.fitted(network.head, learnt, held_out, logits, 0.1, 0)
    return Model(network, weights, classes, preprocessing, images, calibration=calibration)
