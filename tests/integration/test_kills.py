"""Twenty SIGKILLs at random moments: every file stays whole, and the end is the same to the bit."""

import json
import os
import random
import signal
import subprocess
import sys

import pytest

from tenfold.model.model_file import Model
from tenfold.training.checkpoint import checkpoints, read_checkpoint
from tenfold.training.engines import ready_engines
from tenfold.training.run import Run

KILLS = 20
EVERYTHING = (
    "--augmentation handwriting --calibration-images 100 --patience 1000 --class-weight balanced "
    "--schedule cosine --warmup 0.1 --lr 0.02 --nesterov --weight-decay 0.0005 --label-smoothing 0.1"
)
# A checkpoint at every event instead of every 30 s, so that kills meet them in the middle of epochs.
PROGRAM = (
    "import tenfold.training.session as session; session.CHECKPOINT_SECONDS = 0; "
    "from tenfold.cli import main; main()"
)


def start(folder, *arguments):
    command = [sys.executable, "-c", PROGRAM, "train", *map(str, arguments), "--json"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def check_whole(run):
    """Whatever has its final name is whole."""
    Run.open(run)
    for path in checkpoints(run):
        read_checkpoint(path)
    for line in (run / "history.jsonl").read_text().splitlines():
        json.loads(line)
    assert not (run / "model.safetensors").exists()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL exists on POSIX systems only")
@pytest.mark.parametrize(
    ("engine", "more"),
    [
        *(pytest.param(engine, "", id=engine) for engine in ready_engines()),
        pytest.param(ready_engines()[0], EVERYTHING, id="everything"),
    ],
)
def test_twenty_kills_change_nothing(digits, tmp_path, engine, more):
    epochs = 300 if engine == "fused" else 80  # long enough for twenty kills
    flags = [digits, *f"--recipe lecture --epochs {epochs} --batch-size 4 --hidden 64,32 {more}".split()]
    flags += ["--log-interval", 100]
    flags += ["--threads", 2, "--engine", engine]
    finish(start(tmp_path, *flags, "--out", "whole"))
    chance = random.Random(engine)
    run, places = tmp_path / "broken", set()
    for _ in range(KILLS):
        process = start(tmp_path, *(("--resume", run) if run.exists() else (*flags, "--out", run)))
        if chance.random() < 0.9:  # else it may be killed before its first batch
            process.stdout.readline()
        try:
            process.wait(timeout=chance.uniform(0, 0.1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        _, err = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"the training ended before it could be killed: {err}"
        if run.exists():
            check_whole(run)
            places |= {path.name for path in checkpoints(run)}
    assert len(places) > KILLS / 2, "the kills met no progress"
    assert any(not name.endswith("-000000000.safetensors") for name in places), (
        "none in the middle of an epoch"
    )
    finish(start(tmp_path, "--resume", run))
    ours, theirs = (Model.load(tmp_path / name / "model.safetensors") for name in ("broken", "whole"))
    assert ours.weights.keys() == theirs.weights.keys()
    for name, tensor in theirs.weights.items():
        assert ours.weights[name].tobytes() == tensor.tobytes()
    assert not [path for path in run.iterdir() if path.name.endswith(".partial")]


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT as a terminal does")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_writes_a_checkpoint_and_says_how_to_go_on(digits, tmp_path, number):
    flags = ["--recipe", "lecture", "--epochs", 5000, "--engine", "reference"]
    process = start(tmp_path, digits, *flags, "--out", "run")
    process.stdout.readline()
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 128 + number
    assert "tenfold train --resume run" in err
    assert "Traceback" not in err
    check_whole(tmp_path / "run")
    assert checkpoints(tmp_path / "run")
