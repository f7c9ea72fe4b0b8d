"""Run folders: whole from the first moment, never overwritten, and read back as written."""

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from tenfold.errors import RunError
from tenfold.training.recipe import Recipe
from tenfold.training.run import Run, Settings

LECTURE = (
    tomli_w.dumps(Recipe.named("lecture").to_dict())
    + '[run]\ndata = "mnist"\nengine = "torch"\ndevice = "cpu"\nthreads = 2\n'
)
SETTINGS = Settings(data="mnist", engine="reference", device="cpu", threads=2)


@pytest.fixture
def recipe():
    return Recipe.named("lecture")


def test_a_run_is_read_back_as_it_was_made(recipe, tmp_path):
    made = Run.create(tmp_path / "deep" / "run", recipe, SETTINGS)
    assert Run.open(made.path) == made
    assert not made.is_complete
    assert made.history() == []
    assert Recipe.read(made.path / "recipe.toml") == recipe


def test_a_run_never_overwrites_another(recipe, tmp_path):
    first = Run.create(tmp_path / "run", recipe, SETTINGS)
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    with pytest.raises(RunError, match="never overwrites another"):
        Run.create(tmp_path / "run", recipe.with_changes(epochs=1), SETTINGS)
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="exists already"):
        Run.create(tmp_path / "file", recipe, SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "run"]


def test_an_empty_folder_may_become_a_run(recipe, tmp_path):
    (tmp_path / "empty").mkdir()
    assert Run.create(tmp_path / "empty", recipe, SETTINGS).history() == []


def number_of_new_run(folder):
    return Run.create_numbered(folder, "mnist-lecture", Recipe.named("lecture"), SETTINGS).path.name


def test_runs_started_together_get_folders_of_their_own(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        names = pool.map(number_of_new_run, [tmp_path] * 12)
    assert sorted(names) == sorted(f"mnist-lecture-{number}" for number in range(1, 13))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_history_goes_back_to_a_checkpoint(recipe, tmp_path):
    run = Run.create(tmp_path / "run", recipe, SETTINGS)
    records = [{"epoch": epoch, "batch": batch} for epoch in (1, 2) for batch in (300, 600, 938)]
    for record in records:
        run.append(record)
    with (run.path / "history.jsonl").open("a") as file:
        file.write('{"epoch": 3, "ba')  # cut off by a crash
    assert run.history() == records
    run.rewind(epoch=1, batch=600)
    assert run.history() == records[:5]
    run.rewind(epoch=1, batch=0)
    assert run.history() == records[:3]
    lines = (run.path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == records[:3]


@pytest.mark.parametrize(
    "content", [None, "", "epochs = 3", "not toml =", LECTURE + "size = [1]", LECTURE + "x = 1"]
)
def test_what_is_no_run_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "recipe.toml").write_text(content)
    with pytest.raises(RunError) as raised:
        Run.open(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_run_is_held_by_one_process_at_a_time(recipe, tmp_path):
    run = Run.create(tmp_path / "run", recipe, SETTINGS)
    program = (
        "import sys; from tenfold.training.run import Run\n"
        "with Run.open(sys.argv[1]).locked():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, run.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RunError, match="another process trains this run"), run.locked():
            pass
        other.kill()
    with run.locked():
        pass


def test_the_folder_one_stands_in_is_left_alone(recipe, tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    for name in (".", ".."):
        with pytest.raises(RunError):
            Run.create(Path(name), recipe, SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_history_ends_where_it_is_damaged(recipe, tmp_path):
    run = Run.create(tmp_path / "run", recipe, SETTINGS)
    run.append({"epoch": 1, "batch": 300})
    with (run.path / "history.jsonl").open("ab") as file:
        file.write(b"\0\0\xff\n")
    assert run.history() == [{"epoch": 1, "batch": 300}]
    (run.path / "history.jsonl").write_text('{"a": 1}\n')
    assert run.history() == []
    (run.path / "history.jsonl").unlink()
    assert run.history() == []
