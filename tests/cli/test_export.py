"""``tenfold export``: a line that names the file, or a line that says why there is none."""

import pytest

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")


@pytest.fixture
def run(tenfold, digits, tmp_path):
    tenfold("train", digits, "--recipe", "fast", "--epochs", 1, "--hidden", 16, "--out", "run")
    return tmp_path / "run"


def test_the_files_are_named(tenfold, run):
    assert tenfold("export", "run", "--to", "onnx").stdout == "export: run/model.onnx\n"
    assert tenfold("export", "run", "--to", "torch", "--out", "mine").stdout == "export: mine\n"
    assert (run / "model.onnx").is_file()
    assert (run.parent / "mine" / "model.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nowhere", "--to", "onnx"), 1, "nowhere: no such file"),
        (("run", "--to", "tflite"), 2, "'tflite' is not one of 'onnx', 'torch', 'html'"),
        (("run",), 2, "Missing option '--to'"),
        (("run", "--to", "onnx", "--out", "a.pt"), 2, "a.pt: expected a file name that ends in .onnx"),
        (("run", "--to", "torch", "--out", "run"), 2, "run: is there already"),
    ],
)
def test_a_mistake_ends_in_one_line(tenfold, run, arguments, code, message):
    done = tenfold("export", *arguments, check=False)
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert not (run / "model.onnx").exists()
