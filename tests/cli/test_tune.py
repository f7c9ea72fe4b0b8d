"""``tenfold tune`` in a process of its own: what it prints, how it stops and goes on, how it refuses."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tenfold.training.recipe import Recipe

pytest.importorskip("optuna", reason="the extra 'tune' is not installed")


@pytest.fixture
def quick(tmp_path):
    """A short recipe for 8 x 8 pixels."""
    text = 'name = "quick"\nepochs = 1\nbatch_size = 32\nlr = 0.05\nmomentum = 0.9\nhidden = [32]\n'
    (tmp_path / "quick.toml").write_text(text)
    return "quick.toml"


def test_the_table_ends_with_a_recipe_that_train_takes(tenfold, digits, quick, tmp_path):
    done = tenfold("tune", digits, "--recipe", quick, "--trials", 5, "--threads", 1, "--out", "tuned.toml")
    lines = done.stdout.splitlines()
    assert "quick" in lines[0] and "1,200 images to learn from" in lines[0]
    assert lines[2].endswith("nothing: quick")
    assert "other seeds" in done.stdout
    assert lines[-1].endswith(f"tenfold train {digits} --recipe tuned.toml")
    assert all(line.startswith("note:") for line in done.stderr.splitlines())
    header = (tmp_path / "tuned.toml").read_text()
    assert f"tenfold tune {digits} --recipe quick.toml --trials 5 --seed 0" in header
    tenfold("train", digits, "--recipe", "tuned.toml", "--out", "run")
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_json_is_an_object_a_line_and_the_default_file_has_a_name(tenfold, digits, quick, tmp_path):
    done = tenfold("tune", digits, "--recipe", quick, "--trials", 3, "--search", "lr,batch-size", "--json")
    *trials, end = [json.loads(line) for line in done.stdout.splitlines()]
    assert [trial["event"] for trial in trials] == ["trial"] * 3
    assert all(trial["recipe"].keys() == {"lr", "batch_size"} for trial in trials)
    assert end["recipe_file"].endswith("-quick-tuned.toml")
    assert Recipe.read(tmp_path / end["recipe_file"]).lr == end["recipe"]["lr"]
    assert (tmp_path / end["recipe_file"]).with_suffix(".study").exists()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_was_found_and_the_same_command_goes_on(tenfold, digits, quick, tmp_path, sent):
    command = [
        "tune",
        digits,
        "--recipe",
        quick,
        "--out",
        "tuned.toml",
        "--json",
        "--threads",
        "1",
        "--trials",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", *map(str, command), "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    first = json.loads(process.stdout.readline())
    process.send_signal(sent)
    rest, complaint = process.communicate(timeout=120)
    count = 1 + len(rest.splitlines())
    assert process.returncode == 128 + sent
    assert first["trial"] == 1
    assert "Traceback" not in complaint
    assert f"tuned.study keeps {count:,} trainings" in complaint
    assert not (tmp_path / "tuned.toml").exists()
    *more, end = [json.loads(line) for line in tenfold(*command, count + 1).stdout.splitlines()]
    assert [trial["trial"] for trial in more] == [count + 1]
    assert end["trials"] == count + 1


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (("--trials", "0"), "trials: 0"),
        (("--trials", "few"), "'few'"),
        (("--budget", "soon"), "'--budget': 'soon'"),
        (("--search", "colour"), "search: 'colour'"),
        (("--recipe", "slow"), "'slow'"),
        (("--out", "tuned.json"), "tuned.json"),
        (("--seed", "-1"), "seed: -1"),
    ],
)
def test_a_mistake_ends_in_one_line(tenfold, digits, tmp_path, flags, found):
    done = tenfold("tune", digits, *flags, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error:") and done.stderr.count("\n") == 1
    assert found in done.stderr
    assert list(tmp_path.iterdir()) == []
