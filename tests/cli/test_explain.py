"""``tenfold explain``: figures, JSON, drawings, and one line for what cannot be."""

import json
import re
import shutil

import pytest
from PIL import Image

import tenfold as package


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    changes = {"epochs": 2, "lr": 0.1, "hidden": (16,)}
    package.train(digits, recipe="lecture", engine="reference", out=out, **changes)
    Image.fromarray(package.load_data(digits).test.images[0]).save(out.parent / "digit.png")
    return out


def test_figures_sum_to_the_scores_difference(tenfold, run):
    printed = tenfold("explain", run, run.parent / "digit.png", "--against", "0").stdout
    score, blank, speaks_for, against, total = map(float, re.findall(r"[+-]\d+\.\d+", printed))
    assert total == pytest.approx(score - blank, abs=2e-3)
    assert total == pytest.approx(speaks_for + against, abs=2e-3)
    assert "not 0? by integrated gradients, from a black picture" in printed


def test_json_and_the_sheet(tenfold, run, tmp_path):
    command = ("explain", run, run.parent / "digit.png", "--method", "occlusion", "--window", 2)
    (found,) = json.loads(tenfold(*command, "--json", "--out", "why.png").stdout)
    assert found["method"] == "occlusion"
    assert (len(found["shares"]), len(found["shares"][0])) == (8, 8)
    with Image.open(tmp_path / "why.png") as drawn:
        assert drawn.format == "PNG"
    printed = tenfold(*command).stdout
    assert f"takes up to {max(map(max, found['shares'])):.3f}" in printed


@pytest.mark.parametrize("command", [("explain", "--out"), ("predict", "--steps")])
def test_a_drawing_never_replaces_the_picture(tenfold, run, tmp_path, command):
    picture = tmp_path / "digit.png"
    shutil.copy(run.parent / "digit.png", picture)
    before = picture.read_bytes()
    done = tenfold(command[0], run, tmp_path, command[1], "digit.png", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: digit.png: is one of the pictures; expected another file for ")
    assert picture.read_bytes() == before


def test_weights_are_drawn_without_pictures(tenfold, run, tmp_path):
    assert tenfold("explain", run, "--weights", "weights.png").stdout == ""
    with Image.open(tmp_path / "weights.png") as drawn:
        assert drawn.format == "PNG"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "explain: neither of pictures and --weights; expected one of the two"),
        (
            ("digit.png", "--weights", "w.png"),
            "explain: both of pictures and --weights; expected one of the two",
        ),
        (("nowhere.png", "--steps", "0"), "steps: 0; expected 1 to 10,000"),
    ],
)
def test_a_mistake_ends_in_one_line(tenfold, run, tmp_path, arguments, message):
    done = tenfold("explain", run, *arguments, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")
    assert list(tmp_path.iterdir()) == []
