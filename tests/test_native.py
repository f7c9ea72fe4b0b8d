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
NO_DISTORTION = (0, 0, 0, 0, 0, 0)


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
        {"weights": np.ones(4, np.float32)},
        {"weights": np.array([1, 1, 1, 1, np.nan], np.float32)},
        {"weights": np.array([np.inf, 1, 1, 1, 1], np.float32)},
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
        {"weights": np.ones(5)},
        {"weights": np.ones((5, 1), np.float32)},
        {"distortion": NO_DISTORTION},
        {"seed": -1},
        {"seed": 2**32},
        {"epoch": -1},
    ],
)
def test_arrays_of_another_kind_are_refused(changes):
    with pytest.raises(TypeError, match="incompatible function arguments"):
        trainer().train(**batches(**changes))


@pytest.mark.parametrize(
    ("inputs", "height"), [(np.zeros((5, 6), np.uint8), 3), (np.zeros((5, 6), np.float32), 2)]
)
def test_only_pixels_of_its_size_are_distorted(inputs, height):
    shape = compiled.Distortion(NO_DISTORTION, height, 3, 1)
    with pytest.raises(ValueError, match="expected"):
        trainer().train(**batches(inputs=inputs), distortion=shape)


@pytest.mark.parametrize(
    "changes",
    [
        {"amplitudes": (51473, 0, 0, 0, 0, 0)},
        {"amplitudes": (0, 32769, 0, 0, 0, 0)},
        {"amplitudes": (0, 0, -1, 0, 0, 0)},
        {"amplitudes": (0, 0, 0, 1 << 62, 0, 0)},
        {"amplitudes": (0, 0, 0, 0, 32769, 0)},
        {"amplitudes": (0, 0, 0, 0, 0, 2)},
        {"height": 1},
        {"width": 513},
        {"height": 1 << 63},
        {"channels": 0},
        {"channels": 1025},
    ],
)
def test_a_distortion_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        compiled.Distortion(
            **({"amplitudes": NO_DISTORTION, "height": 2, "width": 3, "channels": 1} | changes)
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"images": np.zeros((2, 5), np.uint8)},
        {"indices": np.array([0])},
        {"indices": np.array([0, -1])},
        {"isa": "abacus"},
        {"threads": 0},
    ],
)
def test_images_that_cannot_be_distorted_are_refused(changes):
    made = compiled.Distortion(NO_DISTORTION, 2, 3, 1)
    rows = {"images": np.zeros((2, 6), np.uint8), "indices": np.array([0, 1])}
    assert made.distort(**rows, seed=0, epoch=0, isa="portable", threads=1).shape == (2, 6)
    with pytest.raises(ValueError, match="expected|does not run"):
        made.distort(**(rows | {"seed": 0, "epoch": 0, "isa": "portable", "threads": 1} | changes))


def test_weights_that_nobody_asks_for_are_not_read():
    weights = np.array([1, 1, np.nan, np.nan, 1], np.float32)
    assert np.isfinite(trainer().train(**batches(weights=weights))).all()


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
@pytest.mark.parametrize(("isa", "precision"), [(isa, each) for isa in SETS for each in SETS[isa]])
def test_weights_multiply_losses_and_gradients(isa, precision, head):
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch's automatic differentiation")
    outputs = 3 if head == "softmax" else 1
    widths, rng = [6, 40, outputs], np.random.default_rng(3)
    rows, importance = rng.normal(size=(70, 6)), rng.uniform(0, 3, 70)
    labels = rng.integers(0, max(outputs, 2), 70)
    first = tensors(widths)
    made = trainer(widths=widths, head=head, isa=isa, precision=precision, weights=first, momentum=first)
    step = batches(inputs=rows.astype(np.float32), labels=labels, order=np.arange(70), batch_size=70)
    step |= {"learning_rates": np.zeros(1, np.float32), "label_smoothing": 0.1}
    (loss,) = made.train(**step, weights=importance.astype(np.float32))

    leaves = {
        name: torch.tensor(tensor, dtype=torch.float64, requires_grad=True) for name, tensor in first.items()
    }
    hidden = torch.relu(torch.tensor(rows) @ leaves["l1.weight"].T + leaves["l1.bias"])
    logits = hidden @ leaves["l2.weight"].T + leaves["l2.bias"]
    if head == "softmax":
        losses = torch.nn.functional.cross_entropy(
            logits, torch.tensor(labels), reduction="none", label_smoothing=0.1
        )
    else:
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits[:, 0], torch.tensor(0.9 * labels + 0.05), reduction="none"
        )
    expected = (losses * torch.tensor(importance)).mean()
    expected.backward()
    allowed = 1e-5 if precision == "float32" else 2e-2
    assert loss == pytest.approx(expected.item(), rel=allowed)
    for name, gradient in made.momentum().items():  # without friction or a rate, momentum is the gradient
        exact = leaves[name].grad.numpy()
        np.testing.assert_allclose(gradient, exact, rtol=0, atol=allowed * abs(exact).max())


def test_weights_of_one_change_no_bit():
    trained = []
    for weights in (None, np.ones(5, np.float32)):
        made = trainer()
        losses = made.train(**batches(weights=weights, learning_rates=np.full(2, 0.1, np.float32)))
        trained.append(
            (losses.tobytes(), {name: tensor.tobytes() for name, tensor in made.weights().items()})
        )
    assert trained[0] == trained[1]


def test_training_distorts_by_seed_epoch_and_row():
    rng = np.random.default_rng(2)
    shape = compiled.Distortion((9000, 6000, 6000, 3000, 6000, 1), 9, 14, 3)
    rows, widths = rng.integers(0, 256, (30, 9 * 14 * 3), np.uint8), [9 * 14 * 3, 4, 3]
    copies = shape.distort(rows, np.arange(30), seed=8, epoch=5, isa="portable", threads=1)
    step = batches(labels=rng.integers(0, 3, 30), order=rng.permutation(30)[:23], batch_size=4)
    step |= {"learning_rates": np.full(6, 0.1, np.float32)}
    given = {"widths": widths, "weights": tensors(widths), "momentum": tensors(widths)}
    for isa in SETS:
        expected = trainer(**given, isa=isa).train(**(step | {"inputs": copies}))
        made = trainer(**given, isa=isa, threads=3)
        found = made.train(**(step | {"inputs": rows}), distortion=shape, seed=8, epoch=5)
        assert found.tobytes() == expected.tobytes()
        assert made.times()["distort"] > 0


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
