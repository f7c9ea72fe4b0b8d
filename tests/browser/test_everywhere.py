"""One model everywhere: a thousand pictures, asked of Python, ONNX Runtime, JavaScript, one file and HTTP.

All begin with the same red, green, blue and alpha, since decoders differ. ONNX Runtime and the server's
tensors take the image that Python prepares of these, the others prepare it themselves. A decision that hangs
on less than 1e-5 may fall either way: such cases are counted, not compared.
"""

import hashlib
import json
import os
import re
import urllib.request
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import tenfold
from tenfold.api.opening import trained_on
from tenfold.data.load import load_path
from tenfold.exporting.html import write_html
from tenfold.model.model_file import Model
from tenfold.model.predictor import BLANK, Predictor
from tests.browser.test_parity import CLOSE, decoded, opaque, shapes
from tests.foreign import gaussian_noise, letters, uniform_noise
from tests.photographs import INKS, PAPERS, digit_of_strokes, take_photograph

DIGITS, STRANGERS = 700, 60
WORDS = {"blank": BLANK, "unlike": "unlike the training images", "silent": "finds evidence for no class"}

ASK = """
  const file = input.files[0];
  const model = await source.loadModel(name);
  const digest = async ({ data }) => {
    const hash = await crypto.subtle.digest("SHA-256", Uint8Array.from(data));
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const answers = [];
  let start = 0;
  for (const [height, width] of sizes) {
    const end = start + 4 * height * width;
    const data = new Uint8ClampedArray(await file.slice(start, end).arrayBuffer());
    start = end;
    const found = preprocessing.steps(model.preprocessing, raster.fromRgba({ height, width, data }));
    const { probabilities, label, set, refusal } = answer.answer(model, found.at(-1).image);
    const prepared = await Promise.all(found.map(async (step) => [step.name, await digest(step.image)]));
    const reason = refusal?.reason ?? null;
    answers.push({ prepared, probabilities: [...probabilities], label, set, reason });
  }
  return JSON.stringify(answers);
"""


@dataclass(eq=False)
class Answers:
    """What one of them says of N pictures; `reasons` and `prepared` where it says so much.

    `prepared` has for each picture the name and the SHA-256 of each step on the way to the network.
    """

    probabilities: np.ndarray  # (N, classes)
    labels: np.ndarray  # (N,)
    sets: np.ndarray  # (N, classes)
    refused: np.ndarray  # (N,)
    reasons: list | None = None
    prepared: list | None = None


@dataclass(eq=False)
class Truth:
    """What Python says, of which images, and which of its decisions hang on less than 1e-5."""

    answers: Answers
    images: np.ndarray  # (N, H, W)
    close: dict


@pytest.fixture(scope="module")
def model_file(tmp_path_factory, digits_at_hand):
    """A model that doubts, so that there are sets to compare: after five epochs each would hold one class."""
    folder = tmp_path_factory.mktemp("doubting") / "digits"
    return tenfold.train(digits_at_hand, "fast", epochs=1, out=folder).model_path


@pytest.fixture(scope="module")
def model(model_file):
    return Model.load(model_file)


@pytest.fixture(scope="module")
def site(model_file):
    pytest.importorskip("uvicorn", reason="the extra 'serve' is not installed")
    from tests.serving.conftest import running

    with running(f"digits={model_file}") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def pictures(model):
    """A thousand of MNIST's test digits, photographs and foreign pictures, in any order; RGBA."""
    random = np.random.default_rng(0)
    digits = trained_on(model).test.images
    made = [*digits[random.choice(len(digits), DIGITS, replace=False)], *photographed(random)]
    strangers = [*random.permutation(letters(sizes=(48,)))[:STRANGERS], *garments_or_letters(random)]
    noise = [*uniform_noise(STRANGERS // 3), *gaussian_noise(STRANGERS // 3)]
    found = [*map(opaque, [*made, *strangers, *noise]), *of_any_shape(random)]
    assert len(found) == 1000
    return [found[place] for place in random.permutation(len(found))]


def photographed(random):
    """Yield two of each ink on each paper, dark on light and light on dark."""
    for number, choice in enumerate([*product(INKS, PAPERS, (False, True))] * 2):
        kind, paper, is_light = choice
        ink = digit_of_strokes(number % 10, random.integers(6))
        yield take_photograph(ink, random, kind=kind, paper=paper, light_on_dark=is_light)


def garments_or_letters(random):
    folder = Path(os.environ.get("TENFOLD_DATA", "")) / "fashion-mnist"
    images = load_path(folder).test.images if folder.is_dir() else letters(sizes=(96,))
    return random.permutation(images)[:STRANGERS]


def of_any_shape(random):
    """Yield noise and rectangles with alpha, a speck, and pictures of a single colour or none."""
    for _ in range(STRANGERS // 2):
        yield random.integers(0, 256, (*random.integers(1, 60, 2), 4)).astype(np.uint8)
        yield shapes(random)
    for side in range(1, 81, 8):
        yield np.full((side, 28, 4), random.integers(0, 256, 4), np.uint8)
        yield np.zeros((28, side, 4), np.uint8)


@pytest.fixture(scope="module")
def truth(model, pictures):
    predictor = Predictor(model)
    steps = [model.preprocessing.steps(decoded(picture)) for picture in pictures]
    images = np.stack([found[-1].image for found in steps])
    logits = predictor.logits(images)
    probabilities = predictor.probabilities_of(logits)
    sets, coverage = predictor.sets(probabilities)
    reasons = [*map(kind_of, predictor.refusals(images, logits))]
    refused = np.array([reason is not None for reason in reasons])
    prepared = [
        [[name, hashlib.sha256(image.tobytes()).hexdigest()] for name, image in found] for found in steps
    ]
    answers = Answers(probabilities, probabilities.argmax(axis=1), sets, refused, reasons, prepared)
    close = {
        "label": np.diff(np.sort(probabilities)[:, -2:])[:, 0] <= CLOSE,
        "set": is_near(1 - probabilities, model.calibration.conformal.thresholds(coverage)).any(axis=1),
        "refusal": is_near(
            model.calibration.refusal.scores(images, logits), model.calibration.refusal.threshold
        ),
    }
    return Truth(answers, images, close)


def is_near(values, threshold):
    return np.abs(values.astype(float) - threshold) <= CLOSE


def kind_of(reason):
    """Name a reason in a word; nothing where there is none."""
    return next((word for word, text in WORDS.items() if text in (reason or "")), reason or None)


@pytest.fixture
def onnx_runtime(model, truth, tmp_path):
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    import onnxruntime

    from tenfold.exporting.onnx import write_onnx

    write_onnx(model, tmp_path / "digits.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "digits.onnx", providers=["CPUExecutionProvider"])
    asked = {"images": truth.images}
    probabilities, scores = session.run(["probabilities", "refusal"], asked)
    stated = session.get_modelmeta().custom_metadata_map
    labels = probabilities.argmax(axis=1)
    sets = 1 - probabilities.astype(float) <= json.loads(stated["prediction_set"])["threshold"]
    sets[np.arange(len(sets)), labels] = True
    return Answers(probabilities, labels, sets, scores > json.loads(stated["refusal"])["threshold"])


@pytest.fixture
def pixels(pictures, tmp_path):
    """A file of all pixels, picture after picture."""
    path = tmp_path / "pictures.rgba"
    path.write_bytes(b"".join(picture.tobytes() for picture in pictures))
    return path


@pytest.fixture
def javascript(open_page, site, pictures, pixels):
    modules = """
      const [source, preprocessing, raster, answer] = await Promise.all(
        ["source", "preprocessing", "raster", "answer"].map((module) => import(`/page/${module}.js`)));
      const name = "digits";
    """
    return answers_in(open_page(site), modules, pictures, pixels)


@pytest.fixture
def offline_html(open_page, model, tmp_path, pictures, pixels):
    """The file's own script, all but its last module, run once more where the modules can be asked."""
    file = tmp_path / "digits.html"
    write_html(model, file)
    script = re.search(r'<script type="module">(.*?)</script>', file.read_text("utf-8"), re.DOTALL)[1]
    modules, main, _ = script.partition("const $main = ")
    assert main
    modules += "const [source, preprocessing, raster, answer] = [$source, $preprocessing, $raster, $answer];"
    page = open_page(file.as_uri(), offline=True)
    return answers_in(page, f'{modules} const name = "";', pictures, pixels)


def answers_in(page, modules, pictures, pixels):
    """Ask modules in a page, which reads the pixels as it reads any file that is opened."""
    field = page.evaluate_handle("Object.assign(document.createElement('input'), {type: 'file'})")
    field.as_element().set_input_files(pixels)
    ask = f'async (given) => {{ "use strict"; const [input, sizes] = given; {modules} {ASK} }}'
    said = json.loads(page.evaluate(ask, [field, [picture.shape[:2] for picture in pictures]]))
    probabilities, labels, reasons, prepared = (
        [one[name] for one in said] for name in ("probabilities", "label", "reason", "prepared")
    )
    sets = np.zeros(np.shape(probabilities), bool)
    for row, one in zip(sets, said, strict=True):
        row[one["set"]] = True
    refused = np.array([reason is not None for reason in reasons])
    return Answers(np.array(probabilities), np.array(labels), sets, refused, reasons, prepared)


@pytest.fixture
def http_pictures(site, model, pictures):
    """Answers to the pictures as PNG files."""
    from tests.serving.test_server import form, png

    said = []
    for start in range(0, len(pictures), 25):
        files = [(b"%d.png" % i, png(picture)) for i, picture in enumerate(pictures[start : start + 25])]
        body, kind = form(files)
        asked = urllib.request.Request(f"{site}/predict", body, {"Content-Type": kind})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            said += json.load(answer)["predictions"]
    probabilities = np.array([[one["probabilities"][name] for name in model.classes] for one in said])
    labels = np.array([model.classes.index(one["label"]) for one in said])
    sets = np.array([[name in one["prediction_set"] for name in model.classes] for one in said])
    reasons = [kind_of(one["refusal"]) for one in said]
    return Answers(probabilities, labels, sets, np.array([r is not None for r in reasons]), reasons)


@pytest.fixture
def http_tensors(site, truth):
    """Answers to the prepared images, as bytes in the Open Inference Protocol."""
    triton = pytest.importorskip("tritonclient.http", reason="Triton's client is not installed")
    images = triton.InferInput("images", list(truth.images.shape), "UINT8")
    images.set_data_from_numpy(truth.images, binary_data=True)
    with triton.InferenceServerClient(site.removeprefix("http://")) as client:
        found = client.infer("digits", [images]).as_numpy
    reasons = [kind_of(reason.decode()) for reason in found("refusal")]
    return Answers(found("probabilities"), found("label"), found("set"), found("refused"), reasons)


def test_the_pictures_are_of_all_kinds_and_few_are_close(truth):
    answers = truth.answers
    kinds = [names[-2][0] for names in answers.prepared]
    assert kinds.count("picture") > DIGITS  # nothing but their size, which they have
    assert kinds.count("figure") > STRANGERS  # as photographs
    assert {None, "blank", "unlike"} <= set(answers.reasons) <= {None, *WORDS}
    assert answers.reasons.count("unlike") > 20
    assert answers.reasons.count(None) > DIGITS
    assert (answers.sets.sum(axis=1) > 1).sum() > 10
    assert sum(close.sum() for close in truth.close.values()) <= 10


@pytest.mark.parametrize(
    "way", ["onnx_runtime", "javascript", "offline_html", "http_pictures", "http_tensors"]
)
def test_everywhere_the_same_answers(way, truth, request):
    found, expected = request.getfixturevalue(way), truth.answers
    if found.prepared is not None:
        assert found.prepared == expected.prepared
    np.testing.assert_allclose(found.probabilities, expected.probabilities, rtol=0, atol=CLOSE)
    for name, decision in {"label": "labels", "set": "sets", "refusal": "refused"}.items():
        said, known, close = getattr(found, decision), getattr(expected, decision), truth.close[name]
        np.testing.assert_array_equal(said[~close], known[~close], decision)
    if found.reasons is not None:
        close = truth.close["refusal"]
        assert np.array(found.reasons)[~close].tolist() == np.array(expected.reasons)[~close].tolist()
