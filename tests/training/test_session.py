"""What a session learns from and what it only looks at, and when it stops."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss

from tenfold import launch
from tenfold.data.image_set import ImageSet, Splits
from tenfold.model.model_file import Model
from tenfold.model.preprocessing import Preprocessing
from tenfold.model.smoothing import unsmoothed
from tenfold.training import pilots
from tenfold.training.engines import ready_engines
from tenfold.training.listener import Listener
from tenfold.training.partition import partition
from tenfold.training.recipe import Recipe
from tenfold.training.run import Run
from tenfold.training.session import Session

DIGITS = tuple("0123456789")


@pytest.fixture(scope="module")
def splits():
    """Eight hundred digits to learn from, a hundred to test on."""
    images, labels = load_digits(return_X_y=True)
    pixels = np.round(images.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    made = ImageSet(pixels, labels.astype(np.int64), DIGITS, "digits")
    return Splits(train=made.select(np.arange(800)), test=made.select(np.arange(800, 900)))


@pytest.fixture
def recipe():
    return Recipe.named("fast").with_changes(epochs=3, hidden=(16,), least_steps=0, batch_size=50, seed=2)


def trained(splits, recipe, folder, engine="reference", listener=None):
    """Train in memory what ``tenfold train`` trains from files."""
    asked = {"engine": engine, "threads": 1}
    chosen, opened = launch.open_for(recipe, asked)
    listener = listener or Listener()
    run = launch.new_run(splits, "digits", chosen, opened, asked, None, folder, listener)
    return launch.carried_out(run, splits, listener)


def bits(run):
    return {name: tensor.tobytes() for name, tensor in Model.load(run.model_path).weights.items()}


def history(run):
    return [{k: v for k, v in record.items() if k != "images_per_second"} for record in run.history()]


def torch_accuracy(run, images):
    """Return the share of right answers, computed by PyTorch from the tensors of the model file."""
    model = Model.load(run.model_path)
    tensors = {name: torch.tensor(tensor) for name, tensor in model.weights.items()}
    values = torch.tensor(model.preprocessing.normalise(images.images))
    layers = len(tensors) // 2
    for layer in range(1, layers + 1):
        values = torch.nn.functional.linear(values, tensors[f"l{layer}.weight"], tensors[f"l{layer}.bias"])
        values = values.relu() if layer < layers else values
    return (values.argmax(dim=1).numpy() == images.labels).mean()


@pytest.mark.parametrize("engine", ready_engines())
def test_images_held_out_for_calibration_are_never_learnt_from(splits, recipe, engine, tmp_path):
    """Turned by half a circle they have the same mean; nothing else of them may matter."""
    run = trained(splits, recipe, tmp_path / "one", engine)
    held_out = partition(splits.train.labels, run.recipe).calibration
    assert len(held_out) == 80
    images = splits.train.images.copy()
    images[held_out] = images[held_out, ::-1, ::-1]
    changed = replace(splits, train=replace(splits.train, images=images))
    assert bits(trained(changed, recipe, tmp_path / "other", engine)) == bits(run)
    provenance = Model.load(run.model_path).provenance
    assert (provenance["training_images"], provenance["calibration_images"]) == (720, 80)
    learnt = partition(splits.train.labels, run.recipe).learn
    images[learnt[0]] = images[learnt[0], ::-1, ::-1]
    assert bits(trained(changed, recipe, tmp_path / "third", engine)) != bits(run)


def test_a_model_is_calibrated_on_what_was_held_out_and_on_nothing_else(splits, recipe, tmp_path):
    run = trained(splits, recipe, tmp_path / "run")
    model = Model.load(run.model_path)
    held_out = splits.train.select(partition(splits.train.labels, run.recipe).calibration)
    sharp = unsmoothed(model.logits(held_out.images), model.calibration.label_smoothing, model.network.head)
    likeliest = minimize_scalar(
        lambda t: log_loss(held_out.labels, softmax(sharp / t, axis=1), labels=range(10)), (0.5, 2)
    )
    assert model.calibration.temperature == pytest.approx(likeliest.x, rel=0.01)
    assert (model.calibration.images, model.calibration.seed) == (80, 2)
    assert model.calibration.conformal.labels.tolist() == held_out.labels.tolist()
    plain = trained(splits, recipe.with_changes(calibration_images=0), tmp_path / "plain")
    assert Model.load(plain.model_path).calibration is None


@pytest.mark.parametrize("changes", [{"augmentation": "auto"}, {"patience": 2, "epochs": 8}])
def test_test_images_change_neither_recipe_nor_weights(splits, recipe, changes, monkeypatch, tmp_path):
    monkeypatch.setattr(pilots, "STEPS", 60)
    recipe = recipe.with_changes(**changes)
    test = replace(splits.test, images=255 - splits.test.images, labels=(splits.test.labels + 1) % 10)
    run = trained(splits, recipe, tmp_path / "one")
    other = trained(replace(splits, test=test), recipe, tmp_path / "other")
    assert other.recipe == run.recipe
    assert bits(other) == bits(run)
    assert other.test_accuracy() != run.test_accuracy()


def test_early_stopping_keeps_the_best_weights_of_its_history(splits, recipe, tmp_path):
    recipe = recipe.with_changes(patience=3, epochs=200, schedule="constant", lr=0.3)
    run = trained(splits, recipe, tmp_path / "run")
    seen = [r["validation_accuracy"] for r in history(run) if "validation_accuracy" in r]
    best = seen.index(max(seen)) + 1
    assert len(seen) == best + 3 < 200
    validation = partition(splits.train.labels, run.recipe).validation
    assert len(validation) == 80
    assert torch_accuracy(run, splits.train.select(validation)) == pytest.approx(max(seen))
    tests = [r["accuracy"] for r in history(run) if "accuracy" in r]
    provenance = Model.load(run.model_path).provenance
    assert provenance["epochs"] == best
    assert provenance["training_images"] == 640
    assert run.test_accuracy() == tests[best - 1] == torch_accuracy(run, splits.test)


def test_data_that_brings_validation_images_is_stopped_by_those(splits, recipe, tmp_path):
    own = replace(
        splits, train=splits.train.select(np.arange(700)), validation=splits.train.select(range(700, 800))
    )
    run = trained(own, recipe.with_changes(patience=2, epochs=50), tmp_path / "run")
    seen = [r["validation_accuracy"] for r in history(run) if "validation_accuracy" in r]
    assert torch_accuracy(run, own.validation) == pytest.approx(max(seen))
    assert Model.load(run.model_path).provenance["training_images"] == 630


class StopAfter(Listener):
    def __init__(self, events):
        self.left = events

    def event(self, event):
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt


DEMANDING = {
    "augmentation": "handwriting",
    "patience": 3,
    "epochs": 9,
    "label_smoothing": 0.1,
    "class_weight": "balanced",
    "log_interval": 3,
}


@pytest.mark.parametrize("engine", ready_engines())
@pytest.mark.parametrize("changes", [DEMANDING, {"hidden": (), "log_interval": 2}], ids=["sgd", "lbfgs"])
def test_interrupted_again_and_again_the_end_is_the_same(splits, recipe, engine, changes, tmp_path):
    recipe = recipe.with_changes(**changes)
    whole = trained(splits, recipe, tmp_path / "whole", engine)
    with pytest.raises(KeyboardInterrupt):
        trained(splits, recipe, tmp_path / "broken", engine, StopAfter(1))
    interruptions = 1
    while not (run := Run.open(tmp_path / "broken")).is_complete:
        try:
            with run.locked():
                Session(run, splits, StopAfter(7 if recipe.hidden else 3 * interruptions)).carry_out()
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions > 2
    assert bits(run) == bits(whole)
    assert history(run) == history(whole)
    assert run.test_accuracy() == whole.test_accuracy()


def test_a_crash_after_the_last_checkpoint_changes_nothing(splits, recipe, tmp_path):
    """The best weights and the history may be ahead of the checkpoint that a crash leaves."""
    recipe = recipe.with_changes(patience=4, epochs=12)
    whole = trained(splits, recipe, tmp_path / "whole")

    class CrashLate(Listener):
        def tested(self, epoch, correct, total):
            if epoch == 6:
                raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        trained(splits, recipe, tmp_path / "broken", listener=CrashLate())
    run = Run.open(tmp_path / "broken")
    assert any(record["epoch"] == 6 for record in run.history())
    for checkpoint in run.path.glob("checkpoint-*"):
        checkpoint.unlink()
    Session(run, splits, Listener()).carry_out()
    assert bits(run) == bits(whole)
    assert history(run) == history(whole)


def test_what_a_model_says_of_its_preprocessing_is_measured_on_the_training_images(splits, recipe, tmp_path):
    run = trained(splits, recipe.with_changes(augmentation="handwriting"), tmp_path / "run")
    assert Model.load(run.model_path).preprocessing == Preprocessing.fitted(splits.train.images)
