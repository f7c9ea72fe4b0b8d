"""Reports of runs of every kind, and what is said where there can be none."""

import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import tenfold
from tenfold.api.reporting import report
from tenfold.errors import DataError, MissingExtraError, RunError, UsageError
from tenfold.training.run import Run

pytest.importorskip("matplotlib", reason="a report needs matplotlib")

QUICK = {"recipe": "fast", "epochs": 2, "hidden": (16,), "log_interval": 5}


def write_npz(path, classes, images_each, shape=(8, 8)):
    """Noisy images whose mean brightness, pixel by pixel, tells their class."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(40, 216, (classes, *shape))
    labels = np.arange(classes * images_each) % classes
    images = (patterns[labels] + rng.integers(-40, 40, (len(labels), *shape))).astype(np.uint8)
    half = len(labels) // 2 // classes * classes
    np.savez(path, x_train=images[half:], y_train=labels[half:], x_test=images[:half], y_test=labels[:half])
    return path


def reported(read_page, data, folder, *, suspects=False, **changes):
    run = tenfold.train(data, out=folder / "run", **QUICK | changes)
    return read_page(report(run, suspects=suspects))


def said(page, words):
    return any(words in text for text in page.words("en"))


def test_softmax_regression_tells_of_iterations(read_page, digits, tmp_path):
    page = reported(read_page, digits, tmp_path, hidden=(), solver="lbfgs")
    assert said(page, "iteration of L-BFGS")
    assert not said(page, "Accuracy on the test images")


def test_two_classes_under_a_sigmoid_head(read_page, tmp_path):
    data = write_npz(tmp_path / "two.npz", 2, 200)
    page = reported(read_page, data, tmp_path, head="sigmoid", suspects=True)
    assert said(page, "All 200 test images are right")
    assert said(page, "there is no mistake to show")
    assert said(page, "No training label looks wrong")


def test_a_hundred_classes_are_cut_to_the_worst(read_page, tmp_path):
    data = write_npz(tmp_path / "many.npz", 100, 12, shape=(6, 6))
    page = reported(read_page, data, tmp_path, epochs=1)
    assert said(page, "Drawn are the 30 of 100 classes with the most mistakes.")
    assert said(page, "The first 60 of 100 classes:")
    assert (tmp_path / "run" / "report.html").stat().st_size < 3_000_000


def test_large_colour_images_are_shown_smaller(read_page, tmp_path):
    data = write_npz(tmp_path / "colour.npz", 3, 40, shape=(40, 100, 3))
    page = reported(read_page, data, tmp_path)
    assert said(page, "40 × 100 pixels, in colour, in 3 classes")
    assert all(int(attributes["height"]) <= 39 for attributes, _ in page.all("img"))


def test_a_recipe_without_held_out_images_says_what_is_missing_and_how_to_get_it(read_page, digits, tmp_path):
    page = reported(read_page, digits, tmp_path, recipe="lecture")
    assert said(page, "This model is not calibrated")
    assert said(page, "--calibrate")
    assert not said(page, "Prediction sets")


def test_early_stopping_shows_both_curves_and_which_epoch_was_kept(read_page, digits, tmp_path):
    page = reported(read_page, digits, tmp_path, epochs=4, patience=3)
    kept = tenfold.Model.load(tmp_path / "run" / "model.safetensors").provenance["epochs"]
    assert said(page, f"The weights of epoch {kept}, the best on the validation images, were kept.")
    assert said(page, "for early stopping")


def test_names_of_classes_are_shown_as_they_are_and_do_nothing(read_page, tmp_path):
    names = ["<script>alert(1)</script>", "$x_1$ & 類"]
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for label, name in enumerate(names):
            folder = tmp_path / "data" / part / name.replace("/", "∕")
            folder.mkdir(parents=True)
            for place in range(30):
                pixels = rng.integers(0, 200, (8, 8)) + 40 * label
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{place}.png")
    page = reported(read_page, tmp_path / "data", tmp_path)
    assert len(page.all("script")) == 1
    assert {text for _, text in page.all("th")} >= {name.replace("/", "∕") for name in names}


def test_too_few_images_of_a_class_leave_a_report_without_suspects(read_page, tmp_path):
    data = write_npz(tmp_path / "few.npz", 3, 6)
    page = reported(read_page, data, tmp_path, suspects=True)
    assert said(page, "The labels could not be searched")


def test_the_same_run_gives_the_same_page(run, tmp_path):
    first, second = (report(run, tmp_path / name, suspects=False) for name in ("a.html", "b.html"))
    assert first.read_bytes() == second.read_bytes()


def test_a_run_that_is_not_finished_is_sent_to_its_end(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"is not finished; go on with: tenfold train --resume"):
        report(tmp_path / "run")
    with pytest.raises(RunError, match=r"no run here"):
        report(tmp_path)


def test_data_that_has_moved_can_be_named_and_other_data_is_refused(read_page, digits, tmp_path):
    shutil.copytree(digits, tmp_path / "before")
    run = tenfold.train(tmp_path / "before", out=tmp_path / "run", **QUICK)
    (tmp_path / "before").rename(tmp_path / "after")
    with pytest.raises(DataError, match="name the data if it has moved"):
        report(run, suspects=False)
    other = write_npz(tmp_path / "other.npz", 10, 40)
    with pytest.raises(DataError, match=r"other\.npz: is not what the run was trained on"):
        report(run, data=other, suspects=False)
    assert not (run.path / "report.html").exists()
    assert said(read_page(report(run, data=tmp_path / "after", suspects=False)), "297 test images")


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [("page.pdf", UsageError, r"page\.pdf: .*ends in \.html"), ("no/page.html", DataError, "no folder")],
)
def test_a_file_that_cannot_be_a_report_is_refused_at_once(run, tmp_path, out, error, message):
    with pytest.raises(error, match=message):
        report(run, tmp_path / out)


def test_without_matplotlib_nothing_is_written(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"needs the package 'matplotlib'"):
        report(Run.open(run.path), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
