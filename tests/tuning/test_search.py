"""A search on 1,500 real digits: what it finds, remembers, refuses, and leaves alone."""

import errno
import pickle
import sys
import threading
from dataclasses import replace

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tenfold.data.catalog import load_data
from tenfold.data.image_set import Splits
from tenfold.errors import DataError, MissingExtraError, RunError, UsageError
from tenfold.training.engine import initial_snapshot
from tenfold.training.engines import open_engine, ready_engines
from tenfold.training.lock import locked
from tenfold.training.partition import partition
from tenfold.training.recipe import Recipe
from tenfold.training.side_by_side import StoppedError
from tenfold.tuning.contest import TuningListener, at_once
from tenfold.tuning.search import Plan, tune
from tenfold.tuning.search_space import FIELDS, parameters_of, recipe_at, search_space
from tenfold.tuning.tuned import QUANTILE, RERUNS, Finalist, Tuned
from tenfold.tuning.validation import Validation


class Notebook(TuningListener):
    """Writes down what it hears, and interrupts after some trainings."""

    def __init__(self, interrupt_after=None):
        self.heard, self.retrainings, self._limit = [], 0, interrupt_after

    def tried(self, tried):
        self.heard.append(tried)
        if len(self.heard) == self._limit:
            raise KeyboardInterrupt

    def retrained(self, done, total):
        self.retrainings += 1

    @property
    def results(self):
        return [(tried.number, tried.recipe, tried.accuracy, tried.is_pruned) for tried in self.heard]


@pytest.fixture(scope="module")
def splits(digits):
    return load_data(digits)


@pytest.fixture(scope="module")
def start():
    """A recipe that any search should beat: steps far too short."""
    lecture = Recipe.named("lecture")
    return lecture.with_changes(
        name="slow", epochs=2, lr=0.004, hidden=(64, 32), calibration_images=100, precision="float32"
    )


@pytest.fixture
def call(splits, start, tmp_path):
    """Tune in one thread, unless told otherwise."""

    def run(trials=4, listener=None, out="tuned.toml", data=splits, recipe=start, **plan):
        plan = Plan(**{"trials": trials, "threads": 1} | plan)
        target = tmp_path / out
        return tune(data, recipe, plan, out=target, study=target.with_suffix(".study"), listener=listener)

    return run


def test_a_poor_recipe_is_improved_and_the_result_is_a_recipe(call, start, tmp_path):
    tuned = call(trials=16, threads=2)
    assert tuned.is_better
    assert tuned.best.mean > tuned.start.mean + 0.1
    read = Recipe.read(tmp_path / "tuned.toml")
    assert read == tuned.best.recipe.with_changes(name="tuned")
    kept = {name: value for name, value in read.to_dict().items() if name not in (*FIELDS, "name")}
    assert kept == {name: value for name, value in start.to_dict().items() if name in kept}


def test_the_recipe_opens_as_a_lab_record(call, tmp_path):
    tuned = call(trials=3, seed=7)
    record = (tmp_path / "tuned.toml").read_text().partition("\n\n")[0]
    assert all(line.startswith("#") for line in record.splitlines())
    for figure in (f"{tuned.best.mean:.2%}", f"{tuned.start.mean:.2%}", "1,120 to learn from", "280 valid"):
        assert figure in record
    for word in ("command", "seconds", "machine", "seed 7", "3 trainings", f"mean of {RERUNS} seeds"):
        assert word in record


def test_the_same_seed_finds_the_same(call):
    first, second, other = Notebook(), Notebook(), Notebook()
    one = call(trials=9, listener=first, out="a.toml")
    two = call(trials=9, listener=second, out="b.toml")
    call(trials=9, listener=other, out="c.toml", seed=1)
    assert first.results == second.results
    assert replace(one, path=two.path, seconds=two.seconds) == two
    assert [tried.recipe for tried in first.heard][1:] != [tried.recipe for tried in other.heard][1:]


def test_an_interrupted_search_goes_on_as_if_nothing_had_been(call, tmp_path):
    whole, until, after = Notebook(), Notebook(interrupt_after=5), Notebook()
    tuned = call(trials=14, listener=whole, out="whole.toml")
    with pytest.raises(KeyboardInterrupt):
        call(trials=14, listener=until)
    assert not (tmp_path / "tuned.toml").exists()
    resumed = call(trials=14, listener=after)
    assert until.results + after.results == whole.results
    assert replace(resumed, path=tuned.path, seconds=tuned.seconds) == tuned


def test_trainings_add_up_and_none_is_done_twice(call, tmp_path):
    call(trials=3)
    more, none = Notebook(), Notebook()
    tuned = call(trials=5, listener=more)
    assert [tried.number for tried in more.heard] == [4, 5]
    again = call(trials=5, listener=none)
    assert (none.heard, none.retrainings) == ([], 0)
    assert again.finalists == tuned.finalists
    assert Recipe.read(tmp_path / "tuned.toml").name == "tuned"


def test_poor_trainings_are_pruned_and_the_file_is_a_journal_of_optuna(call, tmp_path):
    tuned = call(trials=20)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "tuned.study"))
    trials = optuna.load_study(study_name=None, storage=optuna.storages.JournalStorage(backend)).trials
    pruned = [trial for trial in trials if trial.state.name == "PRUNED"]
    assert len(trials) == 20
    assert 0 < tuned.pruned == len(pruned)
    assert all(max(trial.intermediate_values) < 4 for trial in pruned)
    assert all(4 in trial.intermediate_values for trial in trials if trial not in pruned)


def test_nothing_is_unpickled(call, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("unpickled")

    call(trials=2)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    call(trials=3)


def test_test_images_are_not_touched(call, splits):
    class Untouchable:
        def __getattribute__(self, name):
            raise AssertionError(f"the test images were asked for {name}")

    closed = Splits(splits.train, splits.test)
    object.__setattr__(closed, "test", Untouchable())
    assert call(trials=3, data=closed, out="a.toml").finalists == call(trials=3).finalists


def test_without_time_the_start_is_all_there_is(call, start):
    tuned = call(budget=1e-6)
    assert (tuned.trials, tuned.best, tuned.is_better) == (0, tuned.start, False)
    assert tuned.best.recipe.with_changes(precision=start.precision) == start
    assert "nothing better" in tuned.verdict


def test_a_start_that_diverges_is_no_best_but_is_improved(call, start):
    notebook = Notebook()
    tuned = call(trials=3, listener=notebook, recipe=start.with_changes(lr=1e6))
    assert notebook.heard[0].accuracy == 0.0 and not notebook.heard[0].is_best
    assert tuned.start.mean == 0.0 < tuned.best.mean


def test_a_name_of_two_lines_stays_in_the_comments(call, tmp_path):
    tuned = call(trials=1, out="a\nlr = 5.toml")
    assert Recipe.read(tmp_path / "a\nlr = 5.toml").lr == tuned.best.recipe.lr


def test_without_optuna_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"'optuna'.*extra 'tune'"):
        Plan()


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"trials": 0}, "trials: 0"),
        ({"trials": 2.5}, r"trials: 2\.5"),
        ({"seed": -1}, "seed: -1"),
        ({"threads": 0}, "threads: 0"),
        ({"budget": -3.0}, r"budget: -3\.0"),
        ({"budget": float("nan")}, "budget: nan"),
        ({"fields": ("lr", "epochs")}, "search: 'epochs'"),
        ({"fields": ()}, "search: no field"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan, found):
    with pytest.raises(UsageError, match=found):
        Plan(**plan)


def test_files_that_are_not_its_own_are_refused_and_left_alone(call, tmp_path):
    for name in ("recipe.txt", "missing/recipe.toml"):
        with pytest.raises(UsageError, match="out: "):
            call(out=name)
    (tmp_path / "other.toml").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        call(out="other.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["other.toml"]
    call(trials=1)
    (tmp_path / "other.study").write_bytes((tmp_path / "tuned.study").read_bytes())
    with pytest.raises(UsageError, match=r"other\.toml exists already"):
        call(out="other.toml", trials=1)
    assert (tmp_path / "other.toml").read_text() == "mine"


@pytest.mark.parametrize(
    "content", [b"not a study", b"lines\nof text\n", b'{"op_code": 99}\n', b"[]\n", b"\xff\n"]
)
def test_a_file_that_is_no_study_is_refused_and_left_alone(call, tmp_path, content):
    (tmp_path / "tuned.study").write_bytes(content)
    with pytest.raises(RunError, match=r"tuned\.study: not a study"):
        call()
    assert (tmp_path / "tuned.study").read_bytes() == content


def test_a_line_that_a_crash_cut_off_is_dropped(call, tmp_path):
    whole, rest = Notebook(), Notebook()
    tuned = call(trials=4, listener=whole, out="whole.toml")
    with pytest.raises(KeyboardInterrupt):
        call(trials=4, listener=Notebook(interrupt_after=3))
    study = tmp_path / "tuned.study"
    lines = study.read_bytes().splitlines(keepends=True)
    last = max(n for n, line in enumerate(lines) if b'"datetime_complete"' in line)
    study.write_bytes(b"".join(lines[:last]) + lines[last][:50])
    assert call(trials=4, listener=rest).finalists == tuned.finalists
    assert rest.results == whole.results[2:]


def test_a_full_disk_ends_in_one_line_and_the_search_goes_on_later(call, tmp_path):
    class Full(TuningListener):
        def tried(self, tried):
            def append_half(backend, logs):
                with (tmp_path / "tuned.study").open("ab") as file:
                    file.write(b'{"op_code": 4, "half of a li')
                raise OSError(errno.ENOSPC, "No space left on device")

            patch.setattr(optuna.storages.journal.JournalFileBackend, "append_logs", append_half)

    rest = Notebook()
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(RunError, match=r"tuned\.study: cannot be written"),
    ):
        call(trials=4, listener=Full())
    call(trials=4, listener=rest)
    assert [tried.number for tried in rest.heard] == [2, 3, 4]


@pytest.mark.parametrize("change", ["recipe", "seed", "fields", "data"])
def test_a_study_goes_on_with_what_it_began_with_only(call, start, splits, change):
    call(trials=1)
    others = {
        "recipe": {"recipe": start.with_changes(lr=0.1)},
        "seed": {"seed": 5},
        "fields": {"fields": ("lr",)},
        "data": {"data": Splits(splits.train.select(range(1400)), splits.test)},
    }
    with pytest.raises(RunError, match="began with another"):
        call(trials=2, **others[change])


def test_a_study_serves_one_search_at_a_time(call, tmp_path):
    (tmp_path / "tuned.study").touch()
    with locked(tmp_path / "tuned.study"), pytest.raises(RunError, match="another search"):
        call()


def test_what_leaves_nothing_to_search_is_refused(call, splits, start):
    with pytest.raises(DataError, match="expected at least 5"):
        call(data=Splits(splits.train.select([0, 1, 2, 3]), splits.test))
    with pytest.raises(UsageError, match="no hidden layer"):
        call(recipe=start.with_changes(hidden=(), solver="sgd"), fields=("hidden",))
    with pytest.raises(UsageError, match="lbfgs"):
        call(recipe=start.with_changes(hidden=(), solver="lbfgs"))


def test_images_are_held_out_once_and_stratified(splits, start):
    validation = Validation.of(splits, start, seed=3)
    learn = validation.examples.places
    calibration = partition(splits.train.labels, start).calibration
    assert len(learn) + len(calibration) + len(validation.images) == len(splits.train)
    assert not set(learn) & set(calibration)
    rest = np.setdiff1d(np.arange(len(splits.train)), np.concatenate([learn, calibration]))
    assert np.array_equal(splits.train.select(rest).images, validation.images.images)
    share = len(validation.images) / len(splits.train)
    assert np.abs(validation.images.counts - share * splits.train.counts).max() <= 2
    assert np.shares_memory(validation.examples.inputs, splits.train.images)


def test_validation_images_of_the_data_are_taken_as_they_are(splits, start):
    own = Splits(splits.train, splits.test, validation=splits.test.select(range(50)))
    validation = Validation.of(own, start, seed=0)
    assert validation.images is own.validation
    assert len(validation.examples) + validation.calibration_images == len(splits.train)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 7])
def test_a_training_is_measured_four_times_at_fixed_places(splits, start, epochs):
    engine = open_engine(ready_engines()[0], "cpu", "float32")
    recipe = start.with_changes(epochs=epochs, batch_size=20, lr=0.05)
    validation = Validation.of(splits, recipe, seed=0)
    measured = dict(validation.accuracies(recipe, engine))
    assert list(measured) == [1, 2, 3, 4]
    assert measured == dict(validation.accuracies(recipe, engine))

    from tenfold.model.network import Network

    network = Network.for_task(64, recipe.hidden, 10)
    *_, last = engine.fit(network, recipe, validation.examples, initial_snapshot(network, recipe, 1))
    rows = (validation.images.images.reshape(-1, 64) / 255 - validation.preprocessing.mean[0]) / (
        validation.preprocessing.std[0]
    )
    for layer in (1, 2, 3):
        weights = last.snapshot().weights
        rows = rows @ weights[f"l{layer}.weight"].T + weights[f"l{layer}.bias"]
        rows = np.maximum(rows, 0) if layer < 3 else rows
    assert measured[4] == (rows.argmax(axis=1) == validation.images.labels).mean()


def test_a_training_that_diverges_gets_nothing_right(splits, start):
    engine = open_engine(ready_engines()[0], "cpu", "float32")
    validation = Validation.of(splits, start, seed=0)
    assert validation.accuracy(start.with_changes(lr=1e6), engine) == 0.0


def test_a_training_ends_when_it_is_asked_to(splits, start):
    stop = threading.Event()
    stop.set()
    engine = open_engine(ready_engines()[0], "cpu", "float32")
    with pytest.raises(StoppedError):
        Validation.of(splits, start, seed=0).accuracy(start, engine, stop)


def test_jobs_run_at_once_and_the_others_stop_when_one_fails():
    meeting = threading.Barrier(2, timeout=60)

    def meet(stop):
        return meeting.wait() >= 0

    def fail(stop):
        meeting.wait()
        raise ArithmeticError

    def wait_for_stop(stop):
        meeting.wait()
        assert stop.wait(60)

    assert list(at_once([meet, meet], threads=2)) == [True, True]
    with pytest.raises(ArithmeticError):
        list(at_once([fail, wait_for_stop], threads=2))


@given(
    hidden=st.lists(st.integers(1, 8192), max_size=4),
    batch_size=st.integers(1, 2000),
    lr=st.floats(0, 10),
    decay=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_every_point_of_the_space_is_a_recipe_and_the_start_lies_in_it(hidden, batch_size, lr, decay, seed):
    start = Recipe.named("lecture").with_changes(
        hidden=tuple(hidden), batch_size=batch_size, lr=lr, weight_decay=decay
    )
    space = search_space(start, FIELDS)
    nearest = parameters_of(start, FIELDS)
    assert nearest.keys() == space.keys()
    for name, distribution in space.items():
        distribution.to_internal_repr(nearest[name])
        assert distribution._contains(distribution.to_internal_repr(nearest[name]))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    recipe = recipe_at(start, study.ask(space).params)
    assert len(recipe.hidden) == len(start.hidden)
    assert all(old // 2 <= new <= 2 * old for old, new in zip(start.hidden, recipe.hidden, strict=True))
    assert set(start.differences(recipe)) == {
        difference for difference in start.differences(recipe) if difference.split(" ")[0] in FIELDS
    }


@given(
    start=st.lists(st.integers(0, 10_000), min_size=RERUNS, max_size=RERUNS),
    other=st.lists(st.integers(0, 10_000), min_size=RERUNS, max_size=RERUNS),
)
def test_the_interval_is_that_of_a_paired_t_test(start, other):
    recipe = Recipe.named("lecture")
    first, second = np.array(start) / 10_000, np.array(other) / 10_000
    finalists = (Finalist("start", recipe, tuple(first)), Finalist("training 2", recipe, tuple(second)))
    tuned = Tuned(
        path=None,
        finalists=finalists,
        trials=2,
        pruned=0,
        learn=1,
        calibration=0,
        validation=1,
        seed=0,
        seconds=1,
    )
    best = second if second.mean() > first.mean() else first
    assert pytest.approx(stats.t.ppf(1 - 0.025 / 3, RERUNS - 1), abs=1e-3) == QUANTILE
    if np.ptp(best - first) > 0:
        expected = stats.t.interval(
            1 - 0.05 / 3, RERUNS - 1, loc=(best - first).mean(), scale=stats.sem(best - first)
        )
        assert tuned.gain_interval == pytest.approx(expected, abs=1e-4)
    assert tuned.is_better == (tuned.gain_interval[0] > 0)
