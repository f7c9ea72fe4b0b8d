"""``tenfold train``: every flag reaches its recipe, a refusal is one line, repetitions are summed up."""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tenfold import native
from tenfold.cli import main
from tenfold.training import pilots
from tenfold.training.augmentation import AUGMENTATIONS
from tenfold.training.recipe import Recipe
from tenfold.training.run import Run

needs_native = pytest.mark.skipif(native.absence() is not None, reason="the compiled part was not built")


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_idx):
    """Two hundred pictures of 6 x 5 pixels in three classes, fifty of them to test on."""
    folder, rng = tmp_path_factory.mktemp("data") / "tiny", np.random.default_rng(0)
    folder.mkdir()
    for name, count in (("train", 150), ("t10k", 50)):
        labels = np.arange(count) % 3
        images = rng.integers(0, 120, (count, 6, 5)) + 60 * labels[:, None, None]
        write_idx(folder / f"{name}-images-idx3-ubyte", images)
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels)
    return folder


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command line in this process, in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tenfold", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return left.value.code or 0, printed.out, printed.err

    return run


FEW = ("--hidden", "8", "--engine", "reference", "--threads", "1")


def trained(command, *arguments):
    code, _, err = command("train", *arguments, "--out", "run")
    assert code == 0, err
    return Run.open("run").recipe


@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        ("", {"name": "fast"}),
        ("--recipe best --epochs 2 --augmentation objects", {"name": "best", "epochs": 2}),
        ("--epochs 3", {"epochs": 3, "least_steps": 0}),
        ("--epochs 1 --least-steps 10 --batch-size 30", {"epochs": 2, "batch_size": 30}),
        ("--schedule cosine --warmup 0.125", {"schedule": "cosine", "warmup": 0.125}),
        ("--nesterov --momentum 0.75", {"nesterov": True, "momentum": 0.75}),
        ("--no-nesterov", {"nesterov": False}),
        ("--weight-decay 0.25", {"weight_decay": 0.25}),
        ("--label-smoothing 0.25", {"label_smoothing": 0.25}),
        ("--first-weights pytorch", {"first_weights": "pytorch"}),
        ("--augmentation handwriting", {"augmentation": AUGMENTATIONS["handwriting"]}),
        ("--augmentation none", {"augmentation": AUGMENTATIONS["none"]}),
        ("--hidden none --solver lbfgs", {"hidden": (), "solver": "lbfgs", "epochs": 1}),
        ("--hidden none --c 0.5 --solver lbfgs", {"hidden": (), "c": 0.5, "solver": "lbfgs"}),
        ("--hidden none", {"hidden": (), "solver": "sgd"}),  # least_steps, above, is a number of descent
        ("--calibration-images 9", {"calibration_images": 9}),
        ("--patience 2 --epochs 4", {"patience": 2}),
        ("--class-weight balanced", {"class_weight": "balanced"}),
        ("--seed 7", {"seed": 7}),
    ],
)
def test_every_flag_reaches_the_recipe(command, data, flags, fields):
    recipe = trained(command, data, *FEW, "--least-steps", 2, *flags.split())
    expected = {"hidden": (8,), "precision": "float32"} | fields
    assert {name: getattr(recipe, name) for name in expected} == expected


def test_what_is_tried_is_said_and_kept(command, data, monkeypatch):
    monkeypatch.setattr(pilots, "STEPS", 5)
    code, _, err = command("train", data, *FEW, "--recipe", "best", "--epochs", 1, "--out", "run")
    assert code == 0
    found = re.search(
        r"^note: augmentation: (\w+), by pilots on \d+ images, tried on \d+ others: .*$", err, re.M
    )
    assert Run.open("run").recipe.augmentation == AUGMENTATIONS[found[1]]
    assert "objects" not in found[0]  # the classes are digits


def test_a_budget_is_said_and_becomes_epochs(command, data, monkeypatch):
    """What starting the program has cost is a part of it."""
    module = sys.modules["tenfold.cli.train"]
    monkeypatch.setattr(module, "time", SimpleNamespace(process_time=lambda: 0.25))
    code, _, err = command("train", data, *FEW, "--budget", "0.95s", "--out", "run")
    assert code == 0
    found = re.search(r"^note: budget: (\d+) epochs? fits? into 0\.7 s$", err, re.M)
    recipe = Run.open("run").recipe
    assert (recipe.epochs, recipe.least_steps) == (int(found[1]), 0)


@pytest.mark.parametrize("engine", ["reference", pytest.param("fused", marks=needs_native)])
def test_repetitions_for_people(command, data, engine):
    flags = ("--hidden", 8, "--engine", engine, "--epochs", 2, "--lr", 0.02, "--seed", 3, "--out", "all")
    code, out, _ = command("train", data, *flags, "--repeat", 3)
    assert code == 0
    *seeds, summary = out.splitlines()
    shown = sorted(re.fullmatch(r"seed (\d): (\d+\.\d\d)%  (\S+)", line).groups() for line in seeds)
    assert [(seed, path) for seed, _, path in shown] == [
        (str(seed), str(Path("all", f"seed-{seed}", "model.safetensors"))) for seed in (3, 4, 5)
    ]
    accuracies = [Run.open(f"all/seed-{seed}").test_accuracy() for seed in (3, 4, 5)]
    assert [float(shown_accuracy) for _, shown_accuracy, _ in shown] == pytest.approx(
        [100 * accuracy for accuracy in accuracies], abs=0.006
    )
    mean, spread = statistics.fmean(accuracies), statistics.stdev(accuracies)
    assert summary.startswith(
        f"accuracy on test set: {mean:.2%} ± {spread:.2%} (mean and standard deviation of 3 "
    )


def test_one_repetition_has_no_spread(command, data):
    code, out, _ = command("train", data, *FEW, "--epochs", 1, "--repeat", 1, "--out", "all")
    accuracy = Run.open("all/seed-0").test_accuracy()
    assert (code, out.splitlines()[-1]) == (
        0,
        f"accuracy on test set: {accuracy:.2%} (of 1 seed, which says nothing of the spread)",
    )


def test_repetitions_for_machines_are_an_object_a_line(command, data):
    code, out, _ = command("train", data, *FEW, "--epochs", 1, "--repeat", 2, "--json", "--out", "all")
    assert code == 0
    *records, summary = map(json.loads, out.splitlines())
    assert [(record["event"], record["seed"]) for record in records] == [("repetition", 0), ("repetition", 1)]
    assert summary["event"] == "summary"
    assert summary["accuracies"] == [record["accuracy"] for record in records]
    assert summary["mean"] == pytest.approx(statistics.fmean(summary["accuracies"]))
    assert summary["runs"] == [str(Path("all", f"seed-{seed}")) for seed in (0, 1)]


REFUSALS = [
    ("--epochs 0", "epochs: 0"),
    ("--least-steps -1", "least_steps: -1"),
    ("--least-steps many", "'many'; expected a whole number"),
    ("--schedule stairs", "schedule: 'stairs'; expected constant, linear, cosine"),
    ("--warmup 1", "warmup: 1"),
    ("--warmup soon", "'soon'; expected a number"),
    ("--weight-decay -1", "weight_decay: -1"),
    ("--label-smoothing 1.5", "label_smoothing: 1.5"),
    ("--first-weights zero", "first_weights: 'zero'"),
    ("--augmentation blur", "augmentation: 'blur'; expected auto, none, handwriting, objects"),
    ("--solver adam", "solver: 'adam'"),
    ("--solver lbfgs", "solver: lbfgs solves softmax regression only"),
    ("--c 0", "c: 0"),
    ("--calibration-images -5", "calibration_images: -5"),
    ("--patience -1", "patience: -1"),
    ("--class-weight heavy", "class_weight: 'heavy'"),
    ("--recipe slow", "no recipe is called 'slow'; expected best, fast, lecture"),
    ("--budget never", "'--budget': 'never'; expected a time such as 10s"),
    ("--budget 0s", "'--budget': '0s'"),
    ("--budget -5s", "'--budget': '-5s'"),
    ("--budget 5s --hidden none", "budget: softmax regression is solved"),
    ("--budget 5s --resume somewhere", "budget: a resumed run keeps its epochs"),
    ("--repeat 0", "repeat: 0"),
    ("--repeat -1", "repeat: -1"),
    ("--repeat twice", "'twice'; expected a whole number"),
    ("--repeat 20000", "repeat: 20000"),
    ("--repeat 2 --resume somewhere", "repeat: --resume is for one run"),
    ("--repeat 2 --threads 0", "threads: 0"),
    ("--repeat 2 --seed 4294967295", "seed: 4294967296"),
    ("--repeat 2 --head sigmoid", "head: 'sigmoid' tells two classes apart"),
    ("--repeat 2 --budget 0", "'--budget': '0'"),
]


@pytest.mark.parametrize(("flags", "words"), REFUSALS, ids=[flags for flags, _ in REFUSALS])
def test_refusals_are_one_line_and_leave_nothing_behind(command, data, tmp_path, flags, words):
    code, out, err = command("train", data, *FEW[2:4], *flags.split())
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1, err
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_file_with_a_table_that_cannot_be_is_refused_with_its_name(command, data, tmp_path):
    recipe = Recipe.named("fast").to_dict()
    recipe["augmentation"] |= {"rotation": 90}
    lines = [f"{name} = {json.dumps(value)}" for name, value in recipe.items() if name != "augmentation"]
    table = [f"{name} = {json.dumps(value)}" for name, value in recipe["augmentation"].items()]
    (tmp_path / "mine.toml").write_text("\n".join([*lines, "[augmentation]", *table]))
    code, out, err = command("train", data, "--recipe", "mine.toml")
    assert (code, out) == (2, "")
    assert err == "error: mine.toml: augmentation: rotation is 90; expected a number from 0 to 45\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


@needs_native
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT as a terminal does")
def test_ctrl_c_in_a_repetition_leaves_runs_that_can_go_on(data, tmp_path):
    flags = ["--engine", "fused", "--threads", "2", "--hidden", "64", "--epochs", "100000", "--repeat", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", "train", str(data), *flags, "--out", "all"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    histories = [tmp_path / "all" / f"seed-{seed}" / "history.jsonl" for seed in (0, 1)]
    while process.poll() is None and not all(path.exists() and path.stat().st_size for path in histories):
        os.sched_yield() if hasattr(os, "sched_yield") else None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 128 + signal.SIGINT, err
    assert "Traceback" not in err
    assert out == ""
    for history in histories:
        assert list(history.parent.glob("checkpoint-*"))
        assert not Run.open(history.parent).is_complete
    assert not (tmp_path / "all" / "seed-2").exists()
