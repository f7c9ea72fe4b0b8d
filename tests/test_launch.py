"""From what is asked for to runs: explicit epochs, going on, runs of former versions, one run a seed."""

import shutil
import threading
import tomllib

import numpy as np
import pytest
import tomli_w

import tenfold
from tenfold import launch, native
from tenfold.errors import RunError, RunExistsError, UsageError
from tenfold.model.sealed import read_sealed, write_sealed
from tenfold.training import pilots
from tenfold.training.engines import ready_engines
from tenfold.training.recipe import Recipe

FEW = {"hidden": (16,), "batch_size": 100}
needs_native = pytest.mark.skipif(native.absence() is not None, reason="the compiled part was not built")


class StopAfter(tenfold.Listener):
    def __init__(self, events):
        self.left = events

    def event(self, event):
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt


class Remarks(tenfold.Listener):
    def __init__(self):
        self.remarks = []

    def note(self, text):
        self.remarks.append(text)


def bits(run):
    return {name: tensor.tobytes() for name, tensor in tenfold.Model.load(run.model_path).weights.items()}


def test_explicit_epochs_are_that_many_however_small_the_data():
    assert launch.read_recipe("fast", {}).least_steps > 0
    asked = launch.read_recipe("fast", {"epochs": 4})
    assert (asked.epochs, asked.least_steps) == (4, 0)
    both = launch.read_recipe("fast", {"epochs": 4, "least_steps": 9})
    assert (both.epochs, both.least_steps) == (4, 9)
    assert launch.read_recipe("fast", {"lr": 0.5}).least_steps == launch.read_recipe("fast", {}).least_steps


def test_the_default_is_fast_with_its_least_steps_and_its_images_held_out(digits, tmp_path):
    run = tenfold.train(digits, engine="reference", out=tmp_path / "run", **FEW)
    fast = Recipe.named("fast")
    assert run.recipe.name == "fast"
    batches = -(-1350 // 100)
    assert (run.recipe.epochs - 1) * batches < fast.least_steps <= run.recipe.epochs * batches
    provenance = tenfold.Model.load(run.model_path).provenance
    assert (provenance["training_images"], provenance["calibration_images"]) == (1350, 150)
    two = tenfold.train(digits, engine="reference", out=tmp_path / "two", epochs=2, **FEW)
    assert [r["epoch"] for r in two.history() if "accuracy" in r] == [1, 2]


ASKED = [
    ("fast", {}),
    ("fast", {"epochs": 3}),
    ("fast", {"hidden": ()}),
    ("best", {"hidden": (), "solver": "lbfgs"}),
    ("fast", {"solver": "sgd", "hidden": ()}),
    ("best", {"epochs": 2}),
    ("best", {"least_steps": 50}),
    ("best", {"epochs": 2, "augmentation": "handwriting"}),
    ("lecture", {"epochs": 2}),
]


@pytest.mark.parametrize(("name", "changes"), ASKED, ids=str)
@pytest.mark.parametrize("named_again", [False, True])
def test_a_run_goes_on_with_and_without_what_it_was_asked_for(
    digits, tmp_path, monkeypatch, name, changes, named_again
):
    monkeypatch.setattr(pilots, "STEPS", 20)
    asked = {"recipe": name, **FEW, **changes}
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(digits, engine="reference", out=tmp_path / "run", listener=StopAfter(2), **asked)
    run = tenfold.train(digits, resume=tmp_path / "run", **(asked if named_again else {}))
    assert run.is_complete
    assert run.recipe == tenfold.Run.open(tmp_path / "run").recipe


def test_a_run_does_not_go_on_with_another_recipe(digits, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(digits, engine="reference", out=tmp_path / "run", listener=StopAfter(2), **FEW)
    for changes in ({"recipe": "best"}, {"augmentation": "objects"}, {"nesterov": False}, {"patience": 2}):
        with pytest.raises(RunError, match="cannot go on with another") as raised:
            tenfold.train(resume=tmp_path / "run", **changes)
        assert "\n" not in str(raised.value)
    with pytest.raises(UsageError, match="^budget: a resumed run keeps its epochs"):
        tenfold.train(resume=tmp_path / "run", budget=3.0)


OLD_FIELDS = {
    "name",
    "epochs",
    "batch_size",
    "lr",
    "momentum",
    "hidden",
    "head",
    "precision",
    "log_interval",
    "seed",
}


def test_a_run_of_version_0_1_goes_on_as_it_would_have(digits, tmp_path):
    """Its recipe and checkpoints say nothing of schedule, distortion or held-out images."""
    asked = {"recipe": "lecture", "epochs": 3, "engine": "reference", "threads": 1, **FEW}
    whole = tenfold.train(digits, out=tmp_path / "whole", **asked)
    old = tmp_path / "old"
    with pytest.raises(KeyboardInterrupt):
        tenfold.train(digits, out=old, listener=StopAfter(2), **asked)
    values = tomllib.loads((old / "recipe.toml").read_text())
    kept = {name: value for name, value in values.items() if name in OLD_FIELDS | {"run"}}
    assert kept.keys() < values.keys()
    (old / "recipe.toml").write_text(tomli_w.dumps(kept))
    for checkpoint in old.glob("checkpoint-*"):
        tensors, metadata = read_sealed(checkpoint)
        metadata.pop("sha256", None)
        metadata["recipe"] = {n: v for n, v in metadata["recipe"].items() if n in OLD_FIELDS}
        write_sealed(checkpoint, tensors, metadata)
    assert bits(tenfold.train(resume=old)) == bits(whole)


@pytest.mark.parametrize("engine", ready_engines())
@pytest.mark.parametrize("threads", [1, 2])
def test_repetitions_are_the_very_trainings_of_their_seeds(digits, tmp_path, engine, threads):
    asked = {"recipe": "fast", "epochs": 2, "engine": engine, "threads": threads, **FEW}
    told, lock = [], threading.Lock()

    class Told(tenfold.Listener):
        def repeated(self, run, accuracy):
            with lock:
                told.append((run.recipe.seed, accuracy))

    result = tenfold.repeat(3, digits, seed=5, out=tmp_path / "all", listener=Told(), **asked)
    assert [run.path for run in result.runs] == [tmp_path / "all" / f"seed-{seed}" for seed in (5, 6, 7)]
    if engine != "fused":  # whose runs share the threads; the others' follow one another and have them all
        assert {run.settings.threads for run in result.runs} == {threads}
    for seed, run, accuracy in zip((5, 6, 7), result.runs, result.accuracies, strict=True):
        single = tenfold.train(digits, seed=seed, out=tmp_path / f"single-{seed}", **asked)
        assert run.recipe == single.recipe
        assert bits(run) == bits(single)
        assert accuracy == tenfold.evaluate(single.path).accuracy
    assert sorted(told) == list(zip((5, 6, 7), result.accuracies, strict=True))
    assert result.mean == pytest.approx(np.mean(result.accuracies))


def test_without_a_folder_repetitions_are_numbered_runs(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = tenfold.repeat(2, digits, "lecture", epochs=1, engine="reference", **FEW)
    names = [run.path.as_posix() for run in result.runs]
    assert sorted(names) == [f"runs/{digits.name}-lecture-{number}" for number in (1, 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": 0}, "^repeat: 0; expected 1 to 10,000"),
        ({"times": 10_001}, "^repeat: 10001"),
        ({"threads": 0}, "^threads: 0; expected a whole number from 1"),
        ({"threads": 2.5}, "^threads: 2.5"),
        ({"seed": 2**32 - 2}, "^seed: 4294967296"),
        ({"budget": -1.0}, "^budget: -1.0 seconds"),
        ({"head": "sigmoid"}, "^head: 'sigmoid' tells two classes apart"),
        ({"solver": "lbfgs"}, "^solver: lbfgs solves softmax regression only"),
    ],
)
@pytest.mark.parametrize("engine", ready_engines())
def test_repetitions_that_cannot_be_are_refused_before_the_first(
    digits, tmp_path, engine, arguments, message
):
    asked = {"times": 3, "epochs": 1, "engine": engine, **FEW} | arguments
    with pytest.raises(UsageError, match=message) as raised:
        tenfold.repeat(asked.pop("times"), digits, out=tmp_path / "all", **asked)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_no_repetition_begins_where_one_has_been(digits, tmp_path):
    (tmp_path / "all" / "seed-2").mkdir(parents=True)
    (tmp_path / "all" / "seed-2" / "mine.txt").write_text("mine")
    with pytest.raises(RunExistsError, match="seed-2: exists already"):
        tenfold.repeat(3, digits, "lecture", out=tmp_path / "all", epochs=1, **FEW)
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["seed-2"]


@pytest.mark.parametrize("engine", ready_engines())
def test_an_interrupted_repetition_leaves_whole_runs_that_can_go_on(digits, tmp_path, engine):
    class StopAtTheFirst(tenfold.Listener):
        """Ends as the command line does at Ctrl-C: those under way write a checkpoint."""

        stopping = False

        @property
        def is_stopping(self):
            return self.stopping

        def repeated(self, run, accuracy):
            self.stopping = True

    asked = {"recipe": "fast", "epochs": 2, "engine": engine, "threads": 2, **FEW}
    with pytest.raises(KeyboardInterrupt):
        tenfold.repeat(6, digits, out=tmp_path / "all", listener=StopAtTheFirst(), **asked)
    runs = sorted((tmp_path / "all").iterdir())
    assert 1 < len(runs) < 6
    assert not [path for run in runs for path in run.iterdir() if "partial" in path.name]
    assert any(tenfold.Run.open(run).is_complete for run in runs)
    for path in runs:
        run = tenfold.train(resume=path)
        single = tenfold.train(digits, seed=run.recipe.seed, out=tmp_path / path.name, **asked)
        assert bits(run) == bits(single)


@needs_native
def test_a_repetition_that_fails_leaves_the_others_whole(digits, tmp_path, monkeypatch):
    made = launch.new_run

    def failing(splits, found_again, recipe, *rest):
        if recipe.seed == 1:
            raise RunError("seed-1: the disk is full")
        return made(splits, found_again, recipe, *rest)

    monkeypatch.setattr(launch, "new_run", failing)
    asked = {"recipe": "lecture", "epochs": 1, "engine": "fused", "threads": 2, **FEW}
    with pytest.raises(RunError, match="^seed-1: the disk is full$"):
        tenfold.repeat(8, digits, out=tmp_path / "all", **asked)
    runs = sorted((tmp_path / "all").iterdir())
    assert 1 <= len(runs) < 7
    assert all(tenfold.Run.open(run).is_complete for run in runs)


def test_a_taken_folder_is_refused_before_anything_is_tried(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "adapted", None)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(RunExistsError, match="exists already"):
        tenfold.train(digits, "best", out=tmp_path / "run", engine="reference")


def test_pictures_that_cannot_be_distorted_leave_no_run(tmp_path, write_idx):
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", np.arange(40 * 6).reshape(40, 6, 1) % 256)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.arange(40) % 2)
    for engine in ready_engines():
        with pytest.raises(UsageError, match="^augmentation: the images are 6 x 1 pixels"):
            tenfold.train(tmp_path, augmentation="handwriting", engine=engine, out=tmp_path / "run")
        assert not (tmp_path / "run").exists()
        run = tenfold.train(tmp_path, "best", epochs=1, hidden=(4,), engine=engine, out=tmp_path / engine)
        assert not run.recipe.distorts
        shutil.rmtree(run.path)


@pytest.mark.parametrize(("changes", "solver"), [({}, "lbfgs"), ({"epochs": 2}, "sgd"), ({"lr": 0.1}, "sgd")])
def test_who_names_a_number_of_descent_descends(changes, solver, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4)).astype(np.uint8)
    np.savez("tiny.npz", x_train=images, y_train=np.arange(40) % 2, x_test=images, y_test=np.arange(40) % 2)
    listener = Remarks()
    run = tenfold.train("tiny.npz", "fast", hidden=(), **changes, listener=listener)
    assert run.recipe.solver == solver
    (remark,) = [text for text in listener.remarks if text.startswith("solver:")]
    assert remark.startswith(f"solver: {solver}, ")
    assert all(name in remark for name in changes)


@pytest.mark.parametrize("changes", [{"hidden": (8,)}, {"hidden": (), "epochs": 2}, {"solver": "sgd"}])
def test_c_is_refused_where_nothing_would_look_at_it(changes):
    with pytest.raises(UsageError, match="^c: 5, but here sgd descends, and has weight_decay instead"):
        tenfold.train("mnist", "fast", c=5.0, **changes)


def test_a_budget_and_epochs_contradict_each_other():
    with pytest.raises(UsageError, match=r"epochs: follows from the budget"):
        tenfold.train("mnist", budget=5.0, epochs=3)


@needs_native
def test_solutions_side_by_side_are_those_that_come_alone(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (600, 12, 12)).astype(np.uint8)
    data = tmp_path / "noise.npz"
    np.savez(data, x_train=images, y_train=np.arange(600) % 5, x_test=images, y_test=np.arange(600) % 5)
    together = tenfold.repeat(3, data, "fast", hidden=(), out=tmp_path / "together")
    for run in together.runs:
        alone = tenfold.train(data, "fast", hidden=(), seed=run.recipe.seed, out=tmp_path / run.path.name)
        assert alone.recipe.solver == "lbfgs"
        mine, theirs = (tenfold.Model.load(each.model_path).weights for each in (alone, run))
        assert all(np.array_equal(mine[name], theirs[name]) for name in mine)
