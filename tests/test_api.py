"""The public functions, one after the other, on real digits."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from PIL import Image

import tenfold
from tenfold import native
from tenfold.errors import DataError, ModelError, RunError, UsageError
from tenfold.training.engines import ready_engines

FEW = {"recipe": "lecture", "epochs": 3, "lr": 0.1, "momentum": 0.9, "hidden": (32,), "log_interval": 10}


class Recorder(tenfold.Listener):
    def __init__(self):
        self.notes, self.lines, self.tests = [], [], []

    def note(self, text):
        self.notes.append(text)

    def event(self, event):
        if event.is_line:
            self.lines.append((event.epoch, event.batch, event.loss))

    def tested(self, epoch, correct, total):
        self.tests.append((epoch, correct, total))


needs_native = pytest.mark.skipif(native.absence() is not None, reason="the compiled part was not built")


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    return tenfold.train(digits, engine="reference", out=tmp_path_factory.mktemp("runs") / "run", **FEW)


@pytest.fixture(scope="module")
def splits(digits):
    return tenfold.load_data(digits)


def test_training_learns_and_keeps_what_it_said(digits, tmp_path):
    recorder = Recorder()
    run = tenfold.train(digits, engine="reference", out=tmp_path / "run", listener=recorder, **FEW)
    history = run.history()
    lines = [(r["epoch"], r["batch"], r["loss"]) for r in history if "loss" in r]
    assert lines == recorder.lines
    assert [line[:2] for line in lines] == [(epoch, batch) for epoch in (1, 2, 3) for batch in (10, 20)]
    tests = [(r["epoch"], r["accuracy"]) for r in history if "accuracy" in r]
    assert tests == [(epoch, correct / total) for epoch, correct, total in recorder.tests]
    assert tests[-1][1] > 0.8
    names = {path.name for path in run.path.iterdir()}
    earlier = {"checkpoint-000001-000000000.safetensors", "checkpoint-000002-000000000.safetensors"}
    assert names - earlier == {
        "checkpoint-000003-000000000.safetensors",
        "history.jsonl",
        "model.safetensors",
        "recipe.toml",
    }
    assert len(names & earlier) <= 1


def test_evaluation_counts_as_scikit_learn_counts(run, splits):
    predictor = tenfold.Predictor(tenfold.Model.load(run.model_path))
    logits, truth = predictor.logits(splits.test.images), splits.test.labels
    guess, p = logits.argmax(axis=1), scipy.special.softmax(logits.astype(float), axis=1)
    found = tenfold.evaluate(run.model_path)
    assert found.accuracy == pytest.approx(sklearn.metrics.accuracy_score(truth, guess))
    assert found.loss == pytest.approx(sklearn.metrics.log_loss(truth, p), rel=1e-5)
    np.testing.assert_array_equal(found.confusion, sklearn.metrics.confusion_matrix(truth, guess))
    recall = sklearn.metrics.recall_score(truth, guess, average=None)
    precision = sklearn.metrics.precision_score(truth, guess, average=None)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.precision, precision)
    assert found.accuracy == run.history()[-1]["accuracy"]


def test_every_way_to_name_a_model_and_its_data_gives_the_same_figures(run, digits):
    figures = tenfold.evaluate(run.path).to_dict()
    assert tenfold.evaluate(run.model_path, digits).to_dict() == figures
    assert tenfold.evaluate(tenfold.Model.load(run.model_path), str(digits)).to_dict() == figures
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.parametrize(("split", "images"), [("train", 1500), ("test", 297), ("all", 1797)])
def test_any_split_can_be_measured(run, split, images):
    assert tenfold.evaluate(run.path, split=split).total == images


def test_a_split_that_is_not_there_is_refused(run):
    with pytest.raises(UsageError, match="split: 'validation'; this data has train, test, all"):
        tenfold.evaluate(run.path, split="validation")


def test_pictures_get_the_answers_that_their_arrays_get(run, splits, tmp_path):
    for number, image in enumerate(splits.test.images[:12]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    named = tenfold.predict(run.path, [tmp_path / "3.png", tmp_path, str(tmp_path / "1*.png")])
    assert list(named) == [str(tmp_path / f"{n}.png") for n in (3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11)]
    expected = tenfold.Predictor(tenfold.Model.load(run.model_path)).predict(splits.test.images[:12])
    for number, prediction in enumerate(expected):
        assert named[str(tmp_path / f"{number}.png")].probabilities == pytest.approx(prediction.probabilities)


def test_a_large_dark_on_light_picture_is_understood(run, splits, tmp_path):
    image = Image.fromarray(255 - splits.test.images[0]).resize((400, 400))
    image.convert("RGB").save(tmp_path / "photo.png")
    (prediction,) = tenfold.predict(run.path, [tmp_path / "photo.png"]).values()
    assert prediction.label == splits.test.classes[splits.test.labels[0]]


def test_no_pictures_and_a_single_name_are_understood(run, splits, tmp_path):
    Image.fromarray(splits.test.images[0]).save(tmp_path / "one.png")
    assert list(tenfold.predict(run.path, tmp_path / "one.png")) == [str(tmp_path / "one.png")]
    with pytest.raises(UsageError, match="images: none"):
        tenfold.predict(run.path, [])


@pytest.mark.parametrize("names", [["nothing-here.png"], ["no*match.png"]])
def test_pictures_that_are_not_there_are_refused(run, names):
    with pytest.raises(DataError, match="no such file or folder"):
        tenfold.predict(run.path, names)


def test_a_model_for_another_size_or_other_classes_is_refused(run, tmp_path, write_idx):
    larger, others = tmp_path / "larger", tmp_path / "others"
    for folder, size, top in ((larger, 28, 10), (others, 8, 12)):
        folder.mkdir()
        for part in ("train", "t10k"):
            write_idx(folder / f"{part}-images-idx3-ubyte", np.zeros((24, size, size)))
            write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(24) % top)
    with pytest.raises(ModelError, match="28×28; this model expects uint8 8×8"):
        tenfold.evaluate(run.path, larger)
    with pytest.raises(ModelError, match="class '10', which the model does not know"):
        tenfold.evaluate(run.path, others)


def test_two_classes_and_a_sigmoid_head_learn_by_binary_cross_entropy(splits, tmp_path, write_idx):
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name, part in (("train", splits.train), ("t10k", splits.test)):
        pair = part.labels < 2
        write_idx(folder / f"{name}-images-idx3-ubyte", part.images[pair])
        write_idx(folder / f"{name}-labels-idx1-ubyte", part.labels[pair])
    run = tenfold.train(folder, engine="reference", head="sigmoid", out=tmp_path / "run", **FEW)
    model = tenfold.Model.load(run.model_path)
    assert model.network.widths == (64, 32, 1)
    test = tenfold.load_data(folder).test
    logits = tenfold.Predictor(model).logits(test.images)
    expected = scipy.special.softmax(np.hstack([np.zeros_like(logits), logits]), axis=1)
    np.testing.assert_allclose(tenfold.Predictor(model).probabilities(test.images), expected, atol=1e-6)
    found = tenfold.evaluate(run.path)
    assert found.loss == pytest.approx(sklearn.metrics.log_loss(test.labels, expected[:, 1]), rel=1e-4)
    assert found.accuracy > 0.95


def test_a_sigmoid_head_for_ten_classes_is_refused_and_leaves_no_run(digits, tmp_path):
    with pytest.raises(UsageError, match="head: 'sigmoid' tells two classes apart, the data has 10"):
        tenfold.train(digits, head="sigmoid", out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_softmax_regression_has_no_hidden_layer(digits, tmp_path):
    run = tenfold.train(digits, engine="reference", out=tmp_path / "run", **(FEW | {"hidden": ()}))
    assert tenfold.Model.load(run.model_path).network.widths == (64, 10)


def test_steps_that_are_too_long_end_in_advice(digits, tmp_path):
    with pytest.raises(RunError, match="loss became (nan|inf).*lower learning rate.*--lr 100000"):
        tenfold.train(digits, engine="reference", out=tmp_path / "run", **(FEW | {"lr": 1e6}))


def test_weights_that_the_last_step_ruined_give_no_model(digits, tmp_path):
    """One epoch of two steps: both losses, each taken before its step, are finite."""
    ruin = {"recipe": "lecture", "epochs": 1, "batch_size": 750, "lr": 1e6, "hidden": (64, 64, 64)}
    with pytest.raises(RunError, match="the weights left the finite numbers.*lower learning rate"):
        tenfold.train(digits, engine="reference", out=tmp_path / "run", **ruin)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_class_name_that_is_no_text_is_refused(splits):
    with pytest.raises(DataError, match="no plain text"):
        replace(splits.train, classes=("\udcff", *splits.train.classes[1:]))


def test_runs_are_not_put_inside_the_data(splits, tmp_path, monkeypatch):
    for number, (image, label) in enumerate(zip(splits.test.images[:60], splits.test.labels, strict=False)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / str(label) / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="runs/ would lie inside the data"):
        tenfold.train(".", engine="reference", epochs=1)
    assert not (tmp_path / "runs").exists()


class StopAfter(Recorder):
    def __init__(self, events):
        super().__init__()
        self.left = events

    def event(self, event):
        super().event(event)
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("engine", ready_engines())
def test_an_interrupted_run_goes_on_bit_for_bit(digits, tmp_path, engine):
    settings = FEW | {"engine": engine, "threads": 2}
    whole = tenfold.train(digits, out=tmp_path / "whole", **settings)
    (tmp_path / "broken").mkdir()
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(digits, out=tmp_path / "broken", listener=StopAfter(2), **settings)
    interruptions = 1
    while not (run := tenfold.Run.open(tmp_path / "broken")).is_complete:
        try:
            run = tenfold.train(resume=run.path, listener=StopAfter(2))
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions > 2
    ours, theirs = (tenfold.Model.load(r.model_path).weights for r in (run, whole))
    for name in theirs:
        assert ours[name].tobytes() == theirs[name].tobytes()
    kept = [{k: v for k, v in r.items() if k != "images_per_second"} for r in run.history()]
    assert kept == [{k: v for k, v in r.items() if k != "images_per_second"} for r in whole.history()]


@pytest.fixture
def interrupted(digits, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(
            digits, engine="reference", threads=1, out=tmp_path / "run", listener=StopAfter(2), **FEW
        )
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 5}, r"epochs \(3 → 5\)"),
        ({"recipe": "lecture"}, r"lr \(0.1 → 0.01\)"),
        ({"threads": 2}, r"threads \(1 → 2\)"),
        ({"engine": "torch"}, r"engine \(reference → torch\)"),
        ({"size": (4, 4)}, "size"),
        ({"out": "elsewhere"}, "stays in its folder"),
    ],
)
def test_a_resumed_run_refuses_what_has_changed(interrupted, change, message):
    before = {path: path.read_bytes() for path in interrupted.iterdir()}
    with pytest.raises((RunError, UsageError), match=message):
        tenfold.train(resume=interrupted, **change)
    assert {path: path.read_bytes() for path in interrupted.iterdir()} == before


def test_a_resumed_run_names_an_engine_that_is_not_there(interrupted):
    for checkpoint in interrupted.glob("checkpoint-*"):
        checkpoint.unlink()
    recipe = interrupted / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('engine = "reference"', 'engine = "tpu"'))
    with pytest.raises(UsageError, match="engine: 'tpu'"):
        tenfold.train(resume=interrupted)


@needs_native
def test_a_fused_run_goes_on_with_its_precision_on_another_number_of_threads(digits, tmp_path, monkeypatch):
    whole = tenfold.train(
        digits, engine="fused", threads=1, out=tmp_path / "whole", calibration_images=100, **FEW
    )
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(
            digits,
            engine="fused",
            threads=2,
            out=tmp_path / "run",
            listener=StopAfter(2),
            calibration_images=100,
            **FEW,
        )
    run = tenfold.Run.open(tmp_path / "run")
    assert run.settings.instruction_set == native.instruction_set().name
    assert run.recipe.precision == (
        "bfloat16" if "bfloat16" in native.instruction_set().precisions else "float32"
    )
    run = tenfold.train(resume=run.path, threads=3, precision="auto")
    ours, theirs = (tenfold.Model.load(r.model_path) for r in (run, whole))
    for name, tensor in theirs.weights.items():
        assert ours.weights[name].tobytes() == tensor.tobytes()
    assert ours.provenance["instruction_set"] == run.settings.instruction_set
    assert ours.provenance["threads"] == 3
    assert ours.calibration.to_dict() == theirs.calibration.to_dict()


@needs_native
def test_a_fused_run_does_not_go_on_with_another_instruction_set(digits, tmp_path, monkeypatch):
    monkeypatch.setenv(native.VARIABLE, "portable")
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(digits, engine="fused", out=tmp_path / "run", listener=StopAfter(2), **FEW)
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    monkeypatch.delenv(native.VARIABLE)
    if native.instruction_set().name == "portable":
        pytest.skip("this processor runs the portable kernels only")
    message = f"began with the instruction set portable, and {native.instruction_set().name} rounds otherwise"
    with pytest.raises(RunError, match=f"{message}; go on with TENFOLD_ISA=portable"):
        tenfold.train(resume=tmp_path / "run")
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    monkeypatch.setenv(native.VARIABLE, "portable")
    assert tenfold.train(resume=tmp_path / "run").is_complete


@needs_native
def test_bfloat16_is_measured_when_it_is_asked_for(run, splits, tmp_path):
    Image.fromarray(splits.test.images[0]).save(tmp_path / "one.png")
    if "bfloat16" not in native.instruction_set().precisions:
        pytest.skip("this processor has no bfloat16 products")
    exact, rounded = (tenfold.evaluate(run.path, precision=name) for name in ("float32", "bfloat16"))
    assert rounded.loss != exact.loss
    assert rounded.loss == pytest.approx(exact.loss, rel=0.02)
    assert abs(rounded.accuracy - exact.accuracy) < 0.02
    (one,) = tenfold.predict(run.path, tmp_path / "one.png", precision="bfloat16").values()
    (other,) = tenfold.predict(run.path, tmp_path / "one.png").values()
    assert one.probabilities != other.probabilities
    assert one.probabilities == pytest.approx(other.probabilities, abs=0.015)


def test_a_size_without_data_is_refused(run):
    with pytest.raises(UsageError, match="size: only with data"):
        tenfold.evaluate(run.path, size=(4, 4))


def test_a_resumed_run_refuses_an_edited_recipe_and_other_data(interrupted, digits, tmp_path):
    recipe = interrupted / "recipe.toml"
    text = recipe.read_text()
    recipe.write_text(text.replace("momentum = 0.9", "momentum = 0.8"))
    with pytest.raises(RunError, match=r"momentum \(0.9 → 0.8\) changed since the run began"):
        tenfold.train(resume=interrupted)
    recipe.write_text(text)
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in digits.iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    labels = moved / "train-labels-idx1-ubyte"
    content = bytearray(labels.read_bytes())
    content[-1] = (content[-1] + 1) % 10
    labels.write_bytes(content)
    with pytest.raises(RunError, match="images or labels .* changed since the run began"):
        tenfold.train(moved, resume=interrupted)
    labels.write_bytes((digits / labels.name).read_bytes())
    assert tenfold.train(moved, resume=interrupted).is_complete


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_a_model_is_not_measured_on_data_that_has_changed(digits, tmp_path, part):
    folder = tmp_path / "digits"
    shutil.copytree(digits, folder)
    run = tenfold.train(folder, engine="reference", out=tmp_path / "run", **(FEW | {"epochs": 1}))
    images = folder / f"{part}-images-idx3-ubyte"
    content = bytearray(images.read_bytes())
    content[-1] ^= 255
    images.write_bytes(content)
    with pytest.raises(DataError, match="has changed since the model was trained on it"):
        tenfold.evaluate(run.path)
    assert tenfold.evaluate(run.path, folder).total == 297


def test_golden_examples_are_spread_over_the_test_images(run, splits):
    examples = tenfold.Model.load(run.model_path).examples
    places = [int(np.flatnonzero((splits.test.images == e).all(axis=(1, 2)))[0]) for e in examples]
    assert places[0] == 0
    assert places[-1] == len(splits.test) - 1
    assert np.ptp(np.diff(places)) <= 1


def test_a_complete_run_is_left_alone(run):
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    recorder = Recorder()
    assert tenfold.train(resume=run.path, listener=recorder) == run
    assert "complete already" in recorder.notes[0]
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before


def test_without_a_name_runs_are_numbered(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = FEW | {"epochs": 1, "engine": "reference"}
    names = [tenfold.train(digits, **few).path.as_posix() for _ in range(2)]
    assert names == [f"runs/{digits.name}-lecture-{number}" for number in (1, 2)]


def test_a_runs_recipe_can_be_used_again(run, digits, tmp_path):
    again = tenfold.train(digits, run.path / "recipe.toml", engine="reference", out=tmp_path / "again")
    assert again.recipe == run.recipe
    ours, theirs = (tenfold.Model.load(r.model_path).weights for r in (again, run))
    np.testing.assert_array_equal(ours["l1.weight"], theirs["l1.weight"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "fast"}, "engine: 'fast'"),
        ({"engine": "reference", "device": "cuda"}, "device: 'cuda'"),
        ({"engine": "torch", "device": "abacus"}, "device: 'abacus' cannot be used"),
        ({"engine": "torch", "device": "meta"}, "device: 'meta' cannot be used"),
        ({"hidden": (8193,)}, "a layer of 8193 neurons"),
        ({"engine": "reference", "precision": "bfloat16"}, "precision: 'bfloat16'"),
        ({"engine": "auto", "device": "abacus"}, "device: 'abacus' cannot be used"),
        ({"threads": 0}, "threads: 0"),
        ({"threads": 2.0}, "threads: 2.0"),
        ({"recipe": "slow"}, "no recipe is called 'slow'"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_anything_is_written(
    digits, tmp_path, arguments, message
):
    with pytest.raises(UsageError, match=message):
        tenfold.train(digits, out=tmp_path / "run", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_names_what_will_be_used():
    found = tenfold.doctor()
    assert found.engine in found.engines
    assert found.engines[-1] == "reference"
    assert json.loads(json.dumps(found.to_dict()))["versions"]["numpy"] == np.__version__
