"""The compiled part: which instruction set it uses, and what it refuses before a kernel sees it."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from tenfold import native
from tenfold.errors import UsageError

compiled = pytest.importorskip("tenfold._native", reason="the compiled part was not built")
SETS = dict(compiled.instruction_sets())


def test_the_last_set_runs_everywhere():
    assert list(SETS)[-1] == "portable"
    assert all("float32" in precisions for precisions in SETS.values())
    assert set(SETS) <= {"amx", "avx512", "avx2", "portable"}


def test_the_first_set_is_taken_unless_another_is_named(monkeypatch):
    monkeypatch.delenv(native.VARIABLE, raising=False)
    chosen = native.instruction_set()
    assert (chosen.name, list(chosen.precisions)) == (next(iter(SETS)), SETS[chosen.name])
    assert "best" in chosen.reason
    for name in SETS:
        monkeypatch.setenv(native.VARIABLE, name)
        assert native.instruction_set().name == name
        assert native.VARIABLE in native.instruction_set().reason


def test_a_set_that_does_not_run_here_is_refused(monkeypatch):
    monkeypatch.setenv(native.VARIABLE, "sse2")
    with pytest.raises(UsageError, match=f"TENFOLD_ISA: 'sse2'; this machine runs {', '.join(SETS)}: "):
        native.instruction_set()


def test_absence_says_why(monkeypatch):
    assert native.absence() is None
    monkeypatch.setitem(sys.modules, "tenfold._native", None)
    assert "C++ compiler" in native.absence()


WIDTHS = [6, 4, 3]


def tensors(widths=WIDTHS):
    rng = np.random.default_rng(0)
    shapes = {}
    for layer, (inputs, outputs) in enumerate(pairwise(widths), start=1):
        shapes |= {f"l{layer}.weight": (outputs, inputs), f"l{layer}.bias": (outputs,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def trainer(**changes):
    arguments = {
        "widths": WIDTHS,
        "head": "softmax",
        "isa": "portable",
        "precision": "float32",
        "threads": 1,
        "weights": tensors(),
        "momentum": tensors(),
    }
    return compiled.Trainer(**(arguments | changes))


def batches(**changes):
    """Arguments of ``train``: five rows, two batches."""
    arguments = {
        "inputs": np.zeros((5, 6), np.uint8),
        "labels": np.array([0, 1, 2, 0, 1]),
        "mean": np.zeros(1, np.float32),
        "std": np.ones(1, np.float32),
        "order": np.array([4, 0, 1]),
        "batch_size": 2,
        "learning_rates": np.zeros(2, np.float32),
        "momentum": 0.0,
        "nesterov": False,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
    }
    return arguments | changes


def test_what_goes_in_comes_out():
    made = trainer()
    for found, given in ((made.weights(), tensors()), (made.momentum(), tensors())):
        assert list(found) == list(given)
        for name, tensor in given.items():
            np.testing.assert_array_equal(found[name], tensor)
    assert made.train(**batches()).shape == (2,)
    assert all(seconds >= 0 for seconds in made.times().values())


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": [6]},
        {"widths": [6, 0, 3]},
        {"widths": [6, 4, 1 << 40]},
        {"widths": [6, 5, 3]},
        {"widths": [6, 4, 3, 2]},
        {"head": "tanh"},
        {"head": "sigmoid"},
        {"isa": "abacus"},
        {"precision": "float64"},
        {"precision": "bfloat16"},  # the portable kernels have none
        {"threads": 0},
        {"threads": 1 << 20},
        {"weights": {}},
        {"momentum": {name: tensor.astype(float) for name, tensor in tensors().items()}},
        {"weights": {name: np.asfortranarray(tensor) for name, tensor in tensors().items()}},
        {"weights": tensors() | {"l1.weight": np.zeros(24, np.float32)}},
        {"weights": tensors() | {"l1.bias": None}},
    ],
)
def test_a_network_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match="expected|does not run|no such precision|does not fit"):
        trainer(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"order": np.array([0, 5])},
        {"order": np.array([-1, 0])},
        {"labels": np.array([3, 1, 2, 0, 1])},
        {"labels": np.array([-1, 1, 2, 0, 1])},
        {"labels": np.array([0, 1])},
        {"inputs": np.zeros((5, 7), np.uint8)},
        {"inputs": np.zeros((5, 6), np.int8)},
        {"inputs": np.zeros((5, 6), np.float64)},
        {"mean": np.zeros(4, np.float32), "std": np.ones(4, np.float32)},
        {"mean": np.zeros(2, np.float32)},
        {"mean": np.zeros(0, np.float32), "std": np.ones(0, np.float32)},
        {"batch_size": 0},
        {"learning_rates": np.zeros(1, np.float32)},
    ],
)
def test_examples_that_cannot_be_are_refused(changes):
    made = trainer()
    with pytest.raises(ValueError, match="expected|out of range"):
        made.train(**batches(**changes))
    np.testing.assert_array_equal(made.weights()["l1.weight"], tensors()["l1.weight"])


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": np.zeros((5, 12), np.uint8)[:, ::2]},
        {"inputs": np.zeros((6, 5), np.float32).T},
        {"inputs": np.zeros(30, np.uint8)},
        {"order": np.array([0, 1], np.int32)},
        {"order": np.array([0, 9, 1, 9])[::2]},
        {"labels": np.zeros(5, np.float32)},
        {"learning_rates": np.zeros(2)},
        {"mean": np.zeros(1)},
        {"batch_size": -1},
    ],
)
def test_arrays_of_another_kind_are_refused(changes):
    with pytest.raises(TypeError, match="incompatible function arguments"):
        trainer().train(**batches(**changes))


def test_a_classifier_refuses_what_a_trainer_refuses():
    weights, one = tensors(), np.ones(1, np.float32)
    for wrong in ({"widths": [6, 3]}, {"isa": "abacus"}, {"precision": "bfloat16"}, {"weights": {}}):
        with pytest.raises(ValueError, match="expected|does not run|no such precision|does not fit"):
            compiled.Classifier(
                **({"widths": WIDTHS, "isa": "portable", "precision": "float32", "weights": weights} | wrong)
            )
    made = compiled.Classifier(WIDTHS, "portable", "float32", weights)
    for rows, threads in ((np.zeros((2, 5), np.uint8), 1), (np.zeros((2, 6), np.uint8), 0)):
        with pytest.raises(ValueError, match="expected"):
            made.logits(rows, one, one, threads)
    assert made.logits(np.zeros((0, 6), np.uint8), one, one, 1).shape == (0, 3)


def test_read_only_rows_are_taken_as_they_are(tmp_path):
    np.zeros((5, 6), np.uint8).tofile(tmp_path / "rows")
    mapped = np.memmap(tmp_path / "rows", np.uint8, "r", shape=(5, 6))
    assert np.isfinite(trainer().train(**batches(inputs=mapped))).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_computes_the_same():
    """It has none of its parent's threads: those that helped the parent must not be waited for."""
    program = """
import os, sys
import numpy as np
from tenfold._native import Classifier, instruction_sets

rng = np.random.default_rng(0)
weights = {"l1.weight": rng.normal(size=(300, 700)).astype(np.float32), "l1.bias": np.zeros(300, np.float32)}
classifier = Classifier([700, 300], instruction_sets()[0][0], "float32", weights)
rows = rng.normal(size=(500, 700)).astype(np.float32)
scale = np.zeros(1, np.float32), np.ones(1, np.float32)
before = classifier.logits(rows, *scale, 2)
child = os.fork()
same = classifier.logits(rows, *scale, 2).tobytes() == before.tobytes()
if child == 0:
    os._exit(0 if same else 3)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) or (0 if same else 4))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=False)
    assert done.returncode == 0
