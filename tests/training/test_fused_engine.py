"""The fused engine against PyTorch's gradients and optimiser in float64, on every instruction set at hand."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from tenfold.model.network import Network
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.reference import ReferenceEngine

compiled = pytest.importorskip("tenfold._native", reason="the compiled part was not built")
SETS = dict(compiled.instruction_sets())
WITH_BFLOAT16 = [name for name, precisions in SETS.items() if "bfloat16" in precisions]
VARIANTS = [(name, precision) for name, precisions in SETS.items() for precision in precisions]
STEPS = 3

from tenfold.training.fused_engine import FusedEngine  # noqa: E402 - needs the compiled part


class Task:
    """A network, its first state, examples, and how to step: drawn from a seed.

    The last weights are small, and so are the steps: few probabilities come near zero or one.
    """

    def __init__(self, widths, batch_size, *, head="softmax", period=1, numbers=False, seed=0, **step):
        rng = np.random.default_rng(seed)
        self.widths, self.head, self.batch_size = list(widths), head, batch_size
        self.classes = 2 if head == "sigmoid" else widths[-1]
        shape = (STEPS * batch_size - batch_size // 2, widths[0])  # the last batch is short
        self.inputs = (
            rng.normal(size=shape).astype(np.float32) if numbers else rng.integers(0, 256, shape, np.uint8)
        )
        self.labels = rng.integers(0, self.classes, len(self.inputs))
        self.mean = rng.uniform(0.3, 0.6, period).astype(np.float32)
        self.std = rng.uniform(0.2, 0.4, period).astype(np.float32)
        self.order = rng.permutation(len(self.inputs))
        self.weights, self.momentum = {}, {}
        for layer, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            for name, size in ((f"l{layer}.weight", (outputs, inputs)), (f"l{layer}.bias", (outputs,))):
                scale = np.sqrt(2 / inputs) * (0.2 if layer == len(widths) - 1 else 1)
                self.weights[name] = (rng.normal(size=size) * scale).astype(np.float32)
                self.momentum[name] = (rng.normal(size=size) * 0.1).astype(np.float32)
        defaults = {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0, "label_smoothing": 0.0}
        self.step = {name: type(value)(step.get(name, value)) for name, value in defaults.items()}
        self.learning_rates = np.float32(0.5 / widths[0]) / np.arange(1, STEPS + 1, dtype=np.float32)

    def trainer(self, isa, precision, threads=1):
        return compiled.Trainer(self.widths, self.head, isa, precision, threads, self.weights, self.momentum)

    def take(self, trainer, first, last):
        """Take the steps ``first`` to ``last``; return their losses."""
        return trainer.train(
            self.inputs,
            self.labels,
            self.mean,
            self.std,
            self.order[first * self.batch_size : last * self.batch_size],
            batch_size=self.batch_size,
            learning_rates=self.learning_rates[first:last],
            **self.step,
        )

    def oracle(self, weights, momentum, step):
        """Take one step in float64 with PyTorch: loss, weights and momentum after it."""
        batch = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        rows = self.inputs[batch] / (255 if self.inputs.dtype == np.uint8 else 1)
        features = self.widths[0]
        rows = (rows - np.resize(self.mean.astype(float), features)) / np.resize(
            self.std.astype(float), features
        )
        tensors = {n: torch.tensor(t, dtype=torch.float64, requires_grad=True) for n, t in weights.items()}
        loss = self.loss(tensors, torch.tensor(rows), torch.tensor(self.labels[batch]))
        loss.backward()
        self.delicate |= bool(self.logits.grad.abs().max() * len(batch) < 0.05)
        largest = max(float(tensor.grad.abs().max()) for tensor in tensors.values())
        self.delicate |= largest < 0.02 * float(self.logits.grad.abs().sum(axis=0).max())
        optimizer = torch.optim.SGD(
            tensors.values(),
            lr=float(self.learning_rates[step]),
            momentum=float(np.float32(self.step["momentum"])),
            nesterov=self.step["nesterov"],
            weight_decay=float(np.float32(self.step["weight_decay"])),
        )
        for name, tensor in tensors.items():
            optimizer.state[tensor]["momentum_buffer"] = torch.tensor(momentum[name], dtype=torch.float64)
        decayed = {
            name: t.grad + self.step["weight_decay"] * t.detach() for name, t in tensors.items()
        }  # what PyTorch keeps nowhere when there is no momentum
        optimizer.step()
        moved = {
            name: optimizer.state[t]["momentum_buffer"] if self.step["momentum"] else decayed[name]
            for name, t in tensors.items()
        }
        return loss.item(), *({n: t.detach().numpy() for n, t in found.items()} for found in (tensors, moved))

    def loss(self, tensors, rows, labels):
        """Compute the loss; note whether float32 keeps few digits of this step, whoever computes it.

        So it is where a neuron is within rounding of its ReLU's corner, or where ``p - y`` is all but zero,
        or sums to almost nothing.
        """
        self.delicate = False
        layers = len(self.widths) - 1
        for layer in range(1, layers + 1):
            rows = rows @ tensors[f"l{layer}.weight"].T + tensors[f"l{layer}.bias"]
            if layer < layers:
                self.delicate |= bool(rows.abs().min() < 3e-6 * rows.abs().max())
                rows = rows.relu()
        rows.retain_grad()
        self.logits = rows
        smoothing = float(np.float32(self.step["label_smoothing"]))
        if self.head == "softmax":
            return F.cross_entropy(rows, labels, label_smoothing=smoothing)
        targets = labels * (1 - smoothing) + smoothing / 2
        return F.binary_cross_entropy_with_logits(rows[:, 0], targets.to(torch.float64))


def distance(found, expected):
    """Largest difference in any tensor, as a share of the largest number in all of them."""
    largest = max(np.abs(tensor).max() for tensor in expected.values())
    return max(np.abs(found[name] - tensor).max() for name, tensor in expected.items()) / largest


def share_of_the_norm(found, expected):
    """Length of the difference of all tensors together, as a share of the length of all."""
    difference = sum(np.square(found[name] - tensor).sum() for name, tensor in expected.items())
    return np.sqrt(difference / sum(np.square(tensor).sum() for tensor in expected.values()))


def check_steps(task, isa, tolerance=1e-5, precision="float32", distance=distance, drawn=False):
    """Hold each step against the oracle; where tasks are drawn, delicate steps are passed over."""
    trainer = task.trainer(isa, precision, threads=2)
    for step in range(STEPS):
        loss, weights, momentum = task.oracle(trainer.weights(), trainer.momentum(), step)
        (found,) = task.take(trainer, step, step + 1)
        if drawn and task.delicate:
            continue
        assert found == pytest.approx(loss, rel=tolerance, abs=tolerance)
        assert distance(trainer.momentum(), momentum) <= tolerance
        assert distance(trainer.weights(), weights) <= tolerance


steps = st.fixed_dictionaries(
    {},
    optional={
        "momentum": st.sampled_from([0.5, 0.9]),
        "weight_decay": st.sampled_from([5e-4, 0.1]),
        "label_smoothing": st.sampled_from([0.1, 0.5]),
    },
).flatmap(
    lambda step: st.booleans().map(lambda nesterov: step | {"nesterov": nesterov and "momentum" in step})
)
widths_of_any_kind = st.tuples(
    st.integers(1, 100), st.lists(st.integers(1, 80), max_size=3), st.integers(2, 70)
).map(lambda drawn: (drawn[0], *drawn[1], drawn[2]))


@pytest.mark.parametrize("isa", SETS)
@settings(max_examples=40)
@given(widths_of_any_kind, st.integers(1, 70), steps, st.integers(0, 1000))
def test_every_step_is_pytorchs_in_float64(isa, widths, batch_size, step, seed):
    check_steps(Task(widths, batch_size, seed=seed, **step), isa, drawn=True)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize(
    "task",
    [
        Task((784, 512, 256, 128, 64, 10), 64, momentum=0.5),
        Task((784, 10), 64),
        Task((1, 1, 2), 1),
        Task((33, 31, 65, 1), 17, head="sigmoid", momentum=0.9, nesterov=True),
        Task((64, 1), 5, head="sigmoid", label_smoothing=0.2, weight_decay=0.01),
        Task((75, 40, 2), 32, period=3),
        Task((75, 40, 2), 33, period=3, momentum=0.9, nesterov=True, weight_decay=5e-4),
        Task((50, 40, 3), 20, period=50, numbers=True),
        Task((51, 40, 3), 20, period=3, numbers=True, momentum=0.9),
        Task((20, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 4), 9),
        Task((30, 700, 1000), 130, momentum=0.9),
        Task((5000, 6, 3), 200),
    ],
    ids=lambda task: "-".join(map(str, task.widths)) + "-" + task.head,
)
def test_every_kind_of_task_is_pytorchs_in_float64(isa, task):
    check_steps(task, isa)


@pytest.mark.parametrize("isa", WITH_BFLOAT16)
@pytest.mark.parametrize("seed", range(3))
def test_bfloat16_steps_are_close_to_float64(isa, seed):
    """An operand is off by 2^-9 at most, and a few ReLUs flip: hence a share of the norm."""
    task = Task((784, 256, 64, 10), 64, momentum=0.9, nesterov=True, seed=seed)
    check_steps(task, isa, tolerance=2**-5, precision="bfloat16", distance=share_of_the_norm)
    exact, rounded = (task.trainer(isa, precision) for precision in ("float32", "bfloat16"))
    for trainer in (exact, rounded):
        task.take(trainer, 0, STEPS)
    assert distance(rounded.weights(), exact.weights()) > 2**-20


@pytest.mark.parametrize(("isa", "precision"), VARIANTS)
@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_the_same_bits_on_any_number_of_threads_and_again(isa, precision, head):
    task = Task((100, 130, 70, 1 if head == "sigmoid" else 7), 101, head=head, momentum=0.9)
    ends = []
    for threads in (1, 2, 3, 4, 2):
        trainer = task.trainer(isa, precision, threads)
        losses = task.take(trainer, 0, STEPS)
        tensors = [*trainer.weights().values(), *trainer.momentum().values()]
        ends.append([losses.tobytes(), *(tensor.tobytes() for tensor in tensors)])
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize(("isa", "precision"), VARIANTS)
def test_steps_in_one_call_or_in_many_are_the_same(isa, precision):
    task = Task((60, 50, 4), 16, momentum=0.9)
    together, apart = (task.trainer(isa, precision) for _ in range(2))
    losses = task.take(together, 0, STEPS)
    assert losses.tolist() == [task.take(apart, step, step + 1)[0] for step in range(STEPS)]
    for name, tensor in together.weights().items():
        assert tensor.tobytes() == apart.weights()[name].tobytes()


@pytest.mark.parametrize(("isa", "precision"), VARIANTS)
def test_weights_that_leave_the_finite_numbers_show_in_the_loss(isa, precision):
    task = Task((30, 20, 3), 8)
    task.learning_rates = np.full(STEPS, 1e38, np.float32)
    losses = task.take(task.trainer(isa, precision), 0, STEPS)
    assert not np.isfinite(losses[-1])


def fits(engine, network, recipe, examples, threads, stop=None):
    """Fit to the end, or go on from the snapshot after ``stop`` events; return lines and last snapshot."""
    state, lines = initial_snapshot(network, recipe, threads), []
    for number, event in enumerate(engine.fit(network, recipe, examples, state), start=1):
        lines += [(event.epoch, event.batch, event.loss)] if event.is_line else []
        state = event.snapshot()
        if number == stop:
            break
    return lines, state


def test_lines_and_weights_are_those_of_the_reference(recipe, examples, network, monkeypatch):
    recipe = recipe.with_changes(precision="float32")
    expected, end = fits(ReferenceEngine(), network, recipe, examples, threads=1)
    for isa in SETS:
        monkeypatch.setenv("TENFOLD_ISA", isa)
        engine = FusedEngine()
        assert (engine.instruction_set, list(engine.precisions)) == (isa, SETS[isa])
        lines, found = fits(engine, network, recipe, examples, threads=2)
        assert [line[:2] for line in lines] == [line[:2] for line in expected]
        np.testing.assert_allclose([line[2] for line in lines], [line[2] for line in expected], rtol=1e-4)
        assert distance(found.weights, end.weights) < 1e-4
        assert distance(found.momentum, end.momentum) < 1e-4


@pytest.mark.parametrize(("isa", "precision"), VARIANTS)
def test_it_goes_on_bit_for_bit_on_another_number_of_threads(
    recipe, examples, network, isa, precision, monkeypatch
):
    monkeypatch.setenv("TENFOLD_ISA", isa)
    recipe = recipe.with_changes(precision=precision)
    _, whole = fits(FusedEngine(), network, recipe, examples, threads=1)
    for stop in (1, 2, 4):
        _, state = fits(FusedEngine(), network, recipe, examples, threads=3, stop=stop)
        *_, last = FusedEngine().fit(network, recipe, examples, state)
        end = last.snapshot()
        for name in network.shapes:
            assert end.weights[name].tobytes() == whole.weights[name].tobytes()
            assert end.momentum[name].tobytes() == whole.momentum[name].tobytes()


def test_strided_examples_are_taken_too(recipe, examples, network):
    recipe = recipe.with_changes(precision="float32")
    wide = np.repeat(examples.inputs, 2, axis=1)[:, ::2]
    strided = Examples(wide, np.repeat(examples.labels, 2)[::2], examples.mean, examples.std)
    lines, _ = fits(FusedEngine(), network, recipe, strided, threads=1)
    assert lines == fits(FusedEngine(), network, recipe, examples, threads=1)[0]


def test_two_classes_with_a_sigmoid_head_learn(recipe, examples):
    network = Network.for_task(30, recipe.hidden, 2, "sigmoid")
    pair = examples.labels < 2
    two = Examples(examples.inputs[pair], examples.labels[pair], examples.mean, examples.std)
    changed = recipe.with_changes(precision="float32", epochs=20)
    lines, _ = fits(FusedEngine(), network, changed, two, threads=1)
    assert lines[-1][2] < 0.1 < lines[0][2]
