"""Trainings of a lab: real processes, started, watched, stopped, killed and gone on with."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import tenfold.serving
from tenfold.cli.serve import serve as command
from tenfold.errors import TenfoldError, UsageError
from tenfold.serving.lab import LabOptions
from tenfold.training.run import Run
from tests.serving.lab.conftest import Lab

LONG = {"recipe": "lecture", "epochs": 60, "seed": 3}

needs_signals = pytest.mark.skipif(os.name != "posix", reason="signals exist on POSIX systems only")


def start(lab, data, **values):
    status, answer = lab.order("/trainings", data=data.name, **values)
    assert status == 201, answer
    return answer["name"]


def about(events, name):
    return [(what, {**fields}) for what, fields in events if fields.get("name") == name]


def test_a_training_is_told_as_it_happens_and_again_to_who_comes_late(lab, digits, tmp_path_factory):
    name = start(lab, digits, recipe="lecture", epochs=3, seed=1)
    ended, live = lab.wait_for("ended", name=name)
    _, late = lab.wait_for("ended", name=name)
    assert late[: len(live)] == live
    assert (ended["state"], ended["error"]) == ("done", None)
    told = about(live, name)
    assert told[0] == (
        "training",
        {"name": name, "data": digits.name, "recipe": "lecture", "epochs": 3, "seed": 1},
    )
    run = next(Path(tmp_path_factory.getbasetemp()).glob(f"lab*/trainings/{name}"))
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    losses = [(fields["epoch"], fields["loss"]) for what, fields in told if what == "loss"]
    tests = [(fields["epoch"], fields["accuracy"]) for what, fields in told if what == "test"]
    assert losses == [(r["epoch"] - 1 + r["batch"] / 24, r["loss"]) for r in history if "loss" in r]
    assert tests == [(r["epoch"], r["accuracy"]) for r in history if "accuracy" in r]
    assert ended["accuracy"] == tests[-1][1]
    assert len(tests) == 3


def test_the_fresh_model_answers(lab, digits, tmp_path_factory):
    name = start(lab, digits, recipe="lecture", epochs=1, seed=2)
    lab.wait_for("ended", name=name)
    status, metadata = lab.server.json("GET", f"/v2/models/{name}")
    assert (status, metadata["classes"]) == (200, [str(digit) for digit in range(10)])
    status, _, content = lab.server.ask("GET", f"/page/model/{name}")
    run = next(Path(tmp_path_factory.getbasetemp()).glob(f"lab*/trainings/{name}"))
    assert (status, content) == (200, (run / "model.safetensors").read_bytes())


@needs_signals
def test_one_at_a_time_and_what_was_stopped_goes_on_bit_for_bit(lab, digits, tmp_path_factory):
    whole = start(lab, digits, **LONG)
    for path, values in (
        ("/trainings", {"data": digits.name, "recipe": "fast"}),
        (f"/suspects/{digits.name}/search", {}),
    ):
        status, answer = lab.order(path, **values)
        assert status == 409
        assert whole in answer["error"]
        assert "\n" not in answer["error"]
    lab.wait_for("ended", name=whole)
    broken = start(lab, digits, **LONG)
    lab.wait_for("loss", name=broken)
    assert lab.order("/stop")[0] == 202
    ended, _ = lab.wait_for("ended", name=broken)
    assert (ended["state"], ended["can_resume"]) == ("stopped", True)
    assert lab.order(f"/trainings/{broken}/resume")[0] == 202
    lab.wait_for("ended", name=broken, state="done")
    runs = next(Path(tmp_path_factory.getbasetemp()).glob(f"lab*/trainings/{whole}")).parent
    ours, theirs = (load_file(runs / name / "model.safetensors") for name in (broken, whole))
    assert ours.keys() == theirs.keys()
    for tensor, values in theirs.items():
        np.testing.assert_array_equal(ours[tensor], values)


@needs_signals
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the child through /proc")
def test_a_killed_training_is_told_and_can_go_on(lab, digits):
    name = start(lab, digits, **LONG)
    lab.wait_for("loss", name=name)
    server = lab.server.process.pid
    children = {
        int(pid)
        for task in Path(f"/proc/{server}/task").iterdir()
        for pid in (task / "children").read_text().split()
    }
    (child,) = children
    os.kill(child, signal.SIGKILL)
    ended, _ = lab.wait_for("ended", name=name)
    assert (ended["state"], ended["error"]) == ("failed", "its process was killed by signal 9")
    assert ended["can_resume"]
    assert lab.server.json("GET", "/v2/health/ready")[0] == 200
    assert lab.order(f"/trainings/{name}/resume")[0] == 202
    lab.wait_for("training", name=name)
    lab.order("/stop")


@needs_signals
def test_a_server_that_is_asked_to_stop_stops_its_training(open_lab, digits, tmp_path):
    with open_lab(tmp_path / "lab", "--data", digits) as lab:
        name = start(lab, digits, recipe="lecture", epochs=1000, seed=0)
        lab.wait_for("test", name=name)
        with lab.events() as stream:
            next(stream)
            assert lab.server.stop() == 0
            assert list(stream)[-1][1]["state"] == "stopped"
    run = Run.open(tmp_path / "lab/trainings" / name)
    assert not run.is_complete
    with run.locked():  # nobody trains it any more
        told = [record["accuracy"] for record in run.history() if "accuracy" in record]
    with open_lab(tmp_path / "lab", "--data", digits) as lab:
        ended, events = lab.wait_for("ended", name=name)
        assert (ended["state"], ended["can_resume"], ended["error"]) == ("stopped", True, None)
        assert [f["accuracy"] for what, f in about(events, name) if what == "test"] == told
        assert events[0] == (
            "training",
            {"name": name, "data": digits.name, "recipe": "lecture", "epochs": 1000, "seed": 0},
        )
        lab.order(f"/trainings/{name}/resume")
        lab.wait_for("test", name=name, epoch=len(told) + 1)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(open_lab, digits, tmp_path):
    (tmp_path / "file").touch()
    with open_lab(tmp_path / "file/lab", "--data", digits) as lab:
        name = start(lab, digits, recipe="lecture", epochs=1)
        ended, _ = lab.wait_for("ended", name=name)
        assert (ended["state"], ended["can_resume"]) == ("failed", False)
        assert "cannot be made" in ended["error"]
        assert "\n" not in ended["error"]
        status, answer = lab.order(f"/suspects/{digits.name}/search")
        assert (status, "cannot be made" in answer["error"]) == (507, True)


def test_a_lab_that_cannot_be_opened_says_why(model_file, tmp_path):
    for host, data, said in (
        ("0.0.0.0", (), "lab: '0.0.0.0'"),
        ("127.0.0.1", ("nowhere",), "nowhere: no such"),
    ):
        options = LabOptions(tmp_path, data, "x")
        with pytest.raises(TenfoldError, match=said) as refused:
            tenfold.serving.serve([str(model_file)], host=host, port=0, token="x", lab=options)
        assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="data: "):
        command.main([str(model_file), "--data", "mnist"], standalone_mode=False)


def test_a_lab_may_begin_without_a_model(serve, digits, tmp_path):
    with serve("--lab", "--lab-folder", tmp_path, "--data", digits) as server:
        lab = Lab(server, server.process.stdout.readline().partition("#token=")[2].strip())
        status, answer = server.json("POST", "/predict", b"no picture")
        assert (status, answer["error"].partition(":")[0]) == (404, "models")
        name = start(lab, digits, recipe="lecture", epochs=1)
        lab.wait_for("ended", name=name, state="done")
        assert server.json("GET", "/v2")[1]["models"] == [name]
