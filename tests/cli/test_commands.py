"""Every command in a process of its own: what it prints, what it writes, how it refuses."""

import gzip
import io
import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from tenfold.cli import app
from tenfold.data.catalog import load_data

FEW = ("--recipe", "lecture", "--epochs", 2, "--lr", 0.1, "--hidden", 32, "--log-interval", 10)
FEW += ("--engine", "reference")


@pytest.fixture
def run(tenfold, digits, tmp_path):
    tenfold("train", digits, *FEW, "--out", "run")
    return tmp_path / "run"


def test_piped_training_prints_the_lectures_lines_and_nothing_else(tenfold, digits):
    done = tenfold("train", digits, *FEW)
    *lines, end = done.stdout.split("\n")
    assert end == ""
    line = r"\[%d, {4}%d\] loss: \d\.\d{3}"
    expected = [line % (epoch, batch) for epoch in (1, 2) for batch in (10, 20)]
    expected[2:2] = expected[5:5] = [r"accuracy on test set: \d\d % "]
    for text, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, text), (text, pattern)
    assert "model.safetensors" in done.stderr


def test_json_training_is_an_object_a_line(tenfold, digits):
    records = [json.loads(line) for line in tenfold("train", digits, *FEW, "--json").stdout.splitlines()]
    assert [record["event"] for record in records] == ["loss", "loss", "test"] * 2 + ["end"]
    assert 0 < records[-2]["accuracy"] <= 1


def test_softmax_regression_and_every_flag_reach_the_recipe(tenfold, digits, tmp_path):
    flags = {
        "epochs": 1,
        "batch-size": 50,
        "lr": 0.2,
        "momentum": 0.25,
        "hidden": "none",
        "head": "softmax",
        "precision": "float64",
        "log-interval": 7,
        "seed": 11,
    }
    arguments = [text for name, value in flags.items() for text in (f"--{name}", value)]
    tenfold(
        "train",
        digits,
        "--recipe",
        "lecture",
        *arguments,
        "--engine",
        "reference",
        "--threads",
        1,
        "--out",
        "run",
    )
    from tenfold.training.run import Run

    run = Run.open(tmp_path / "run")
    found = run.recipe.to_dict() | {"hidden": "none" if run.recipe.hidden == () else "?"}
    assert {name: found[name.replace("-", "_")] for name in flags} == flags
    assert run.settings.threads == 1


def test_evaluate_for_people_and_for_machines(tenfold, run, digits):
    figures = json.loads(tenfold("evaluate", run, "--json").stdout)
    assert figures["images"] == 297
    low, high = figures["accuracy_interval_95"]
    assert low < figures["accuracy"] < high
    text = tenfold("evaluate", run / "model.safetensors", digits).stdout
    assert f"{figures['accuracy']:.2%}" in text
    assert f"{figures['correct']:,} of 297" in text


def test_a_precision_can_be_asked_for_and_is_checked(tenfold, run, digits, tmp_path):
    Image.fromarray(load_data(digits).test.images[0]).save(tmp_path / "digit.png")
    asked = tenfold("evaluate", run, "--precision", "float32", "--json").stdout
    assert asked == tenfold("evaluate", run, "--json").stdout
    for command in (("evaluate", run), ("predict", run, "digit.png")):
        done = tenfold(*command, "--precision", "float8", check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "error: precision: 'float8'; expected float32 or bfloat16\n"


def test_predict_reads_files_folders_patterns_and_standard_input(tenfold, run, digits, tmp_path):
    image = load_data(digits).test.images[0]
    (tmp_path / "pictures").mkdir()
    file = tmp_path / "pictures" / "digit.png"
    Image.fromarray(image).save(file)
    by_name = json.loads(tenfold("predict", run, file, "--json").stdout)
    assert json.loads(tenfold("predict", run, "pictures", "--json").stdout)[0]["label"] == by_name[0]["label"]
    assert (
        json.loads(tenfold("predict", run, "pictures/*.png", "--json").stdout)[0]["image"]
        == "pictures/digit.png"
    )
    piped = tenfold("predict", run, "-", "--json", input=file.read_bytes(), text=False)
    assert json.loads(piped.stdout)[0] == by_name[0] | {"image": "-"}
    assert sum(by_name[0]["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert by_name[0]["label"] in tenfold("predict", run, file).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_pictures_name_is_one_line_whatever_it_holds(tenfold, run, digits, tmp_path):
    image = Image.fromarray(load_data(digits).test.images[0])
    image.save(tmp_path / "two\nlines \x1b[31m.png")
    (line,) = tenfold("predict", run, *tmp_path.glob("two*.png")).stdout.splitlines()
    assert "two\\nlines \\x1b[31m.png'" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
def test_an_output_that_is_full_is_named(run):
    command = [sys.executable, "-m", "tenfold", "evaluate", run]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(list(map(str, command)), stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: standard output: No space left on device\n")


def test_doctor_for_people_and_for_machines(tenfold):
    found = json.loads(tenfold("doctor", "--json").stdout)
    assert found["engine"] == found["engines"][0]
    printed = tenfold("doctor").stdout
    for field in ("engine", "instruction_set", "precision"):
        assert f"{found[field]}: {found[field + '_reason']}" in printed
    assert f"threads    {found['threads']}: " in printed


def test_doctor_refuses_an_instruction_set_that_there_is_not(tenfold):
    pytest.importorskip("tenfold._native", reason="the compiled part was not built")
    done = tenfold("doctor", env={"TENFOLD_ISA": "mmx"}, check=False)
    assert done.returncode == 2
    assert re.fullmatch(r"error: TENFOLD_ISA: 'mmx'; this machine runs .*portable.*\n", done.stderr)


def test_version_help_and_completion(tenfold):
    assert re.fullmatch(r"tenfold \d+\.\d+\.\d+\n", tenfold("--version").stdout)
    for command in ("train", "evaluate", "predict", "inspect", "data", "doctor"):
        assert command in tenfold("--help").stdout
        assert "--help" in tenfold(command, "--help").stdout
    typed = {"COMP_WORDS": "tenfold tr", "COMP_CWORD": "1", "_TENFOLD_COMPLETE": "bash_complete"}
    assert tenfold(env=typed).stdout == "plain,train\n"


def commands_of(group):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield from commands_of(command) if isinstance(command, click.Group) else [command]


def test_every_argument_and_flag_says_what_it_is_for():
    for command in commands_of(app):
        assert command.help
        unexplained = [parameter.name for parameter in command.params if not parameter.help]
        assert not unexplained, command.name


def bad_inputs(tmp_path):
    """Arguments that must end in one line, and a word that the line must hold."""
    empty, picture = tmp_path / "empty", tmp_path / "picture.png"
    empty.mkdir()
    picture.write_bytes(b"not a picture")
    return [
        (("train", "nowhere"), 1, "nowhere"),
        (("train", empty), 1, "empty"),
        (("train", picture), 1, "picture.png"),
        (("train", "--epochs", "many"), 2, "--epochs"),
        (("train", "--epochs", 0), 2, "epochs"),
        (("train", "--hidden", "12,x"), 2, "hidden"),
        (("train", "--size", "28"), 2, "size"),
        (("train", "--recipe", "none.toml"), 2, "none.toml"),
        (("train", "--engine", "magic"), 2, "magic"),
        (("train", "--resume", "nowhere"), 1, "nowhere"),
        (("train", "--unknown"), 2, "--unknown"),
        (("evaluate", "nowhere"), 1, "nowhere"),
        (("evaluate", picture), 1, "picture.png"),
        (("predict", "run"), 2, "IMAGE"),
        (("predict", "run", "nowhere.png"), 1, "nowhere.png"),
        (("predict", "run", picture), 1, "picture.png"),
        (("predict", "run", "-"), 1, "standard input"),
        (("inspect", "nowhere"), 1, "nowhere"),
        (("data", "fetch", "imagenet"), 1, "imagenet"),
        (("fly",), 2, "fly"),
        (("data",), 2, "command"),
    ]


def test_bad_input_ends_in_one_line_and_changes_nothing(tenfold, run, tmp_path):
    cases = bad_inputs(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for arguments, code, word in cases:
        done = tenfold(*arguments, check=False, stdin=-3)
        assert done.returncode == code, (arguments, done.stderr)
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1, done.stderr
        assert word in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def damaged_data(tmp_path, digits):
    """Folders and files that no reader may take, under the names of their faults."""

    def idx(name, change):
        folder = tmp_path / name
        shutil.copytree(digits, folder)
        images = folder / "train-images-idx3-ubyte"
        images.write_bytes(change(images.read_bytes()))
        return folder

    def gz(name, content):
        folder = idx(name, lambda whole: whole)
        (folder / "train-images-idx3-ubyte").unlink()
        (folder / "train-images-idx3-ubyte.gz").write_bytes(content)
        return folder

    def file(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    whole = (digits / "train-images-idx3-ubyte").read_bytes()
    packed, pickled, pixels = gzip.compress(whole), io.BytesIO(), io.BytesIO()
    np.savez(pickled, x_train=np.array([{"a": 1}] * 4), y_train=np.arange(4), allow_pickle=True)
    np.savez(pixels, x_train=np.zeros((4, 2, 2), np.uint8), y_train=np.arange(3))
    rows = ["label,pixel0,pixel1,pixel2,pixel3", *(f"{k % 2},1,2,3,4" for k in range(9))]
    png = idx("not-an-image", lambda whole: whole)
    shutil.rmtree(png)
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png"):
        (png / name).parent.mkdir(parents=True, exist_ok=True)
        (png / name).write_bytes(b"text")
    return [
        idx("magic", lambda whole: b"PK" + whole[2:]),
        idx("type", lambda whole: whole[:2] + b"\x07" + whole[3:]),
        idx("larger", lambda whole: whole[:4] + b"\xff\xff\xff\xff" + whole[8:]),
        idx("short", lambda whole: whole[:-1]),
        idx("trailing", lambda whole: whole + b"\0"),
        gz("cut-gzip", packed[: len(packed) // 2]),
        gz("bomb", gzip.compress(whole + bytes(50_000_000))),
        gz(
            "big-bomb", gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 200_000, 100, 100) + bytes(50_000_000))
        ),
        file("short-row.csv", "\n".join([*rows, "1,1,2,3"]).encode()),
        file("no-number.csv", "\n".join([*rows, "1,1,2,x,3"]).encode()),
        file("pickled.npz", pickled.getvalue()),
        file("counts.npz", pixels.getvalue()),
        file("cut.npz", pixels.getvalue()[:200]),
        png,
    ]


def test_damaged_data_ends_in_one_line_that_names_it(tenfold, digits, tmp_path):
    for path in damaged_data(tmp_path, digits):
        done = tenfold("train", path, "--engine", "reference", "--out", "never", check=False)
        assert done.returncode == 1, (path, done.stderr)
        assert done.stderr.startswith("error: "), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert path.name in done.stderr
    assert not (tmp_path / "never").exists()


def test_an_altered_model_ends_in_one_line(tenfold, run, tmp_path):
    whole = (run / "model.safetensors").read_bytes()
    metadata = whole.index(b"lecture")
    for place in (3, metadata, len(whole) - 1):
        altered = bytearray(whole)
        altered[place] ^= 1
        for content in (bytes(altered), whole[:-5], whole[:place]):
            (tmp_path / "altered.safetensors").write_bytes(content)
            done = tenfold("evaluate", "altered.safetensors", check=False)
            assert done.returncode == 1
            assert done.stderr.startswith("error: altered.safetensors: ")
            assert done.stderr.count("\n") == 1, done.stderr


def test_steps_that_are_too_long_end_in_one_line(tenfold, digits):
    done = tenfold("train", digits, *FEW, "--lr", 1e6, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert line.startswith("error: ")
    assert "lower learning rate" in line


def test_class_names_that_the_terminal_cannot_write_do_no_harm(tenfold, digits, tmp_path):
    for split in ("train", "test"):
        for name in ("お", "き"):
            (tmp_path / "kana" / split / name).mkdir(parents=True)
            for number in range(3):
                image = np.full((4, 4), 50 * number + len(split), np.uint8)
                Image.fromarray(image).save(tmp_path / "kana" / split / name / f"{number}.png")
    tenfold("train", "kana", *FEW, "--out", "kana-run")
    done = tenfold("evaluate", "kana-run", env={"PYTHONIOENCODING": "cp1252"})
    assert r"\u304a" in done.stdout


def test_without_a_name_mnist_is_taken_or_the_sample_and_it_is_said(tenfold, tmp_path):
    """No network is asked: the proxy is an address where nobody listens."""
    (tmp_path / "no-data").mkdir()
    nobody = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = tenfold(
        "train",
        "--recipe",
        "lecture",
        "--epochs",
        1,
        "--engine",
        "reference",
        env=nobody | {"TENFOLD_DATA": str(tmp_path / "no-data")},
    )
    assert "the installed sample of 5,000 images, is used" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("[1,    63] loss: ")
    assert lines[1].startswith("accuracy on test set: ")
    named = tenfold("train", "mnist", check=False, env=nobody | {"TENFOLD_DATA": str(tmp_path / "no-data")})
    assert named.returncode == 1
    assert named.stderr.count("\n") == 1


def test_a_set_of_other_classes_and_sizes_for_a_model_is_one_line(tenfold, run, tmp_path, write_idx):
    (tmp_path / "large").mkdir()
    for part in ("train", "t10k"):
        write_idx(tmp_path / "large" / f"{part}-images-idx3-ubyte", np.zeros((20, 28, 28)))
        write_idx(tmp_path / "large" / f"{part}-labels-idx1-ubyte", np.arange(20) % 10)
    done = tenfold("evaluate", run, "large", check=False)
    assert done.returncode == 1
    assert "8×8" in done.stderr
    assert done.stderr.count("\n") == 1


def test_lopsided_classes_are_pointed_out_and_get_a_balanced_accuracy(tenfold, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [60, 12])
    images = (rng.integers(0, 99, (72, 6, 6)) + 120 * labels[:, None, None]).astype(np.uint8)
    data = tmp_path / "lopsided.npz"
    np.savez(data, x_train=images, y_train=labels, x_test=images, y_test=labels)
    trained = tenfold("train", data, "--hidden", "8", "--epochs", 2, "--out", "run")
    assert "classes are lopsided (12 to 60 images)" in trained.stderr
    shown = tenfold("evaluate", "run")
    figures = json.loads(tenfold("evaluate", "run", "--json").stdout)
    recalls = [values["recall"] for values in figures["classes"].values()]
    assert figures["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert f"balanced  {np.mean(recalls):.2%}" in shown.stdout
