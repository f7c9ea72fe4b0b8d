"""What engines train on, and what all promise: the same steps, the same batches, the same bits again."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tenfold import native
from tenfold.data.image_set import ImageSet
from tenfold.errors import UsageError
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.augmentation import AUGMENTATIONS, Augmentation
from tenfold.training.distortion import distorted_by_numpy
from tenfold.training.engine import Examples, Snapshot, initial_snapshot
from tenfold.training.recipe import Recipe
from tenfold.training.reference import ReferenceEngine
from tenfold.training.torch_engine import TorchEngine


def fused_engine(instruction_set):
    from tenfold.training.fused_engine import FusedEngine

    engine = FusedEngine()
    engine.instruction_set = instruction_set
    return engine


def variants():
    """Every engine with every precision and instruction set that runs here: how to make it, its precision."""
    made = {f"reference {precision}": (ReferenceEngine, precision) for precision in ("float32", "float64")}
    made |= {f"torch {precision}": (TorchEngine, precision) for precision in ("float32", "float64")}
    if native.absence() is None:
        from tenfold._native import instruction_sets

        for name, precisions in dict(instruction_sets()).items():
            for precision in precisions:
                made[f"fused {precision} {name}"] = (lambda name=name: fused_engine(name), precision)
    return made


VARIANTS = variants()
TOLERANCES = {"float32": 1e-5, "float64": 1e-10}
EXACT = {name: made for name, made in VARIANTS.items() if made[1] in TOLERANCES}
WARPED = Augmentation(rotation=20, scaling=0.2, shear=0.2, shift=0.1, elastic=0.2, mirror=True)


@pytest.fixture
def pictures():
    """Sixty pictures of 7 x 6 pixels in colour, three classes; fifty to learn from, each with its weight."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 60)
    images = rng.integers(0, 200, (60, 7, 6, 3)).astype(np.uint8)
    images[..., 0] //= 1 + labels[:, None, None].astype(np.uint8)
    made = ImageSet(images, labels, ("a", "b", "c"), "memory")
    places = np.sort(rng.permutation(60)[:50])
    return Examples.of(made, Preprocessing.fitted(images), places, rng.uniform(0, 2, 60).astype(np.float32))


@pytest.fixture
def demanding():
    """Everything that a recipe can ask of a step, a loss line every batch."""
    return Recipe.named("lecture").with_changes(
        epochs=2,
        batch_size=12,
        lr=0.1,
        schedule="cosine",
        warmup=0.3,
        momentum=0.9,
        nesterov=True,
        weight_decay=1e-3,
        label_smoothing=0.1,
        hidden=(12, 9),
        first_weights="he",
        augmentation=WARPED,
        log_interval=1,
        seed=4,
    )


def copied(snapshot):
    tensors = (
        {name: tensor.copy() for name, tensor in each.items()}
        for each in (snapshot.weights, snapshot.momentum)
    )
    return Snapshot(*tensors, *(vars(snapshot)[name] for name in list(vars(snapshot))[2:]))


def fitted(engine, network, recipe, examples, state):
    """Return the losses of all lines, and a snapshot after each event."""
    events = [(event, copied(event.snapshot())) for event in engine.fit(network, recipe, examples, state)]
    return [event.loss for event, _ in events if event.is_line], [snapshot for _, snapshot in events]


def bits(snapshot):
    return [tensor.tobytes() for each in (snapshot.weights, snapshot.momentum) for tensor in each.values()]


def in_precision(state, precision):
    kind = np.float64 if precision == "float64" else np.float32
    tensors = ({n: t.astype(kind) for n, t in each.items()} for each in (state.weights, state.momentum))
    return replace(state, **dict(zip(("weights", "momentum"), tensors, strict=True)))


def distance(found, expected):
    """Largest difference in any tensor, as a share of the largest number in all of them."""
    largest = max(np.abs(tensor).max() for tensor in expected.values())
    return max(np.abs(found[name] - tensor).max() for name, tensor in expected.items()) / largest


def near_a_corner(network, weights, rows):
    """Whether float32 may find a neuron on the other side of its ReLU's corner."""
    for layer in range(1, network.layers):
        z = rows @ weights[f"l{layer}.weight"].T + weights[f"l{layer}.bias"]
        if np.abs(z).min() < 1e-5 * np.abs(z).max():
            return True
        rows = np.maximum(z, 0)
    return False


networks = st.tuples(
    st.lists(st.integers(1, 40), max_size=3).map(tuple),
    st.sampled_from([("softmax", 2), ("softmax", 5), ("sigmoid", 2)]),
)
steps = st.builds(
    Recipe.named("lecture").with_changes,
    epochs=st.just(1),
    batch_size=st.just(100),
    lr=st.floats(1e-3, 0.05),
    momentum=st.sampled_from([0.0, 0.5, 0.9]),
    weight_decay=st.sampled_from([0.0, 5e-4, 0.1]),
    label_smoothing=st.sampled_from([0.0, 0.1, 0.5]),
    nesterov=st.booleans(),
    first_weights=st.sampled_from(["pytorch", "he"]),
    augmentation=st.sampled_from([*AUGMENTATIONS.values(), WARPED]),
    seed=st.integers(0, 999),
)


@pytest.mark.parametrize("variant", EXACT)
@settings(max_examples=25)
@given(networks, steps, st.integers(1, 40), st.booleans())
def test_a_step_is_the_references_in_float64(variant, network, recipe, n, weighted):
    make, precision = EXACT[variant]
    (hidden, (head, classes)), rng = network, np.random.default_rng(recipe.seed)
    network = Network.for_task(42, hidden, classes, head)
    examples = Examples(
        rng.integers(0, 256, (n, 42), np.uint8),
        rng.integers(0, classes, n),
        np.float32([0.5]),
        np.float32([0.25]),
        shape=(7, 6),
        weights=rng.uniform(0.1, 2, n).astype(np.float32) if weighted else None,
    )
    start = initial_snapshot(network, recipe.with_changes(precision="float32"), threads=2)
    moving = {
        name: rng.normal(size=t.shape, scale=0.1).astype(np.float32) for name, t in start.weights.items()
    }
    exact = in_precision(replace(start, momentum=moving), "float64")
    rows = examples.batch(np.arange(n), recipe, 0).astype(np.float64)
    assume(not near_a_corner(network, exact.weights, rows))
    (expected,), (end,) = fitted(ReferenceEngine(), network, recipe, examples, exact)
    changed = recipe.with_changes(precision=precision)
    (loss,), (found,) = fitted(make(), network, changed, examples, in_precision(exact, precision))
    tolerance = TOLERANCES[precision]
    assert loss == pytest.approx(expected, rel=tolerance)
    assert distance(found.weights, end.weights) <= tolerance
    assert distance(found.momentum, end.momentum) <= tolerance


def torch_loss(weights, rows, labels, counts, smoothing):
    values = torch.tensor(rows, dtype=torch.float64)
    layers = len(weights) // 2
    for layer in range(1, layers + 1):
        weight, bias = (torch.tensor(weights[f"l{layer}.{kind}"]).double() for kind in ("weight", "bias"))
        values = values @ weight.T + bias
        values = values.relu() if layer < layers else values
    losses = torch.nn.functional.cross_entropy(
        values, torch.tensor(labels), label_smoothing=smoothing, reduction="none"
    )
    return (losses * torch.tensor(counts)).mean().item()


@pytest.mark.parametrize("variant", EXACT)
def test_each_epoch_distorts_the_images_to_learn_from_anew(variant, pictures, demanding):
    """With steps of no length, an epoch's loss tells what its images looked like."""
    make, precision = EXACT[variant]
    recipe = demanding.with_changes(lr=0.0, epochs=4, batch_size=50, precision=precision)
    network = Network.for_task(126, recipe.hidden, 3)
    start = initial_snapshot(network, recipe, threads=2)
    losses, _ = fitted(make(), network, recipe, pictures, start)
    places, images = pictures.places, pictures.inputs.reshape(-1, 7, 6, 3)
    expected = []
    for epoch in range(4):
        seen = distorted_by_numpy(images[places], places, WARPED, recipe.seed, epoch).reshape(50, -1)
        rows = (seen / 255 - np.resize(pictures.mean, 126)) / np.resize(pictures.std, 126)
        labels, counts = pictures.labels[places], pictures.weights[places]
        expected.append(torch_loss(start.weights, rows, labels, counts, recipe.label_smoothing))
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert np.ptp(expected) > 1e-3


@pytest.mark.parametrize("variant", VARIANTS)
def test_from_every_snapshot_the_end_is_the_same_to_the_bit(variant, pictures, demanding):
    make, precision = VARIANTS[variant]
    recipe, network = demanding.with_changes(precision=precision), Network.for_task(126, demanding.hidden, 3)
    losses, snapshots = fitted(
        make(), network, recipe, pictures, initial_snapshot(network, recipe, threads=2)
    )
    assert len(losses) == len(snapshots) == 10
    for done, snapshot in enumerate(snapshots[:-1], start=1):
        rest, later = fitted(make(), network, recipe, pictures, snapshot)
        assert rest == losses[done:]
        assert bits(later[-1]) == bits(snapshots[-1])


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name.startswith("fused")])
def test_fused_results_do_not_depend_on_threads(variant, pictures, demanding):
    make, precision = VARIANTS[variant]
    recipe, network = demanding.with_changes(precision=precision), Network.for_task(126, demanding.hidden, 3)
    ends = []
    for threads in (1, 2, 3, 4):
        start = initial_snapshot(network, recipe, threads)
        losses, snapshots = fitted(make(), network, recipe, pictures, start)
        ends.append((losses, bits(snapshots[-1])))
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_held_out_is_never_looked_at(variant, pictures, demanding):
    make, precision = VARIANTS[variant]
    recipe, network = demanding.with_changes(precision=precision), Network.for_task(126, demanding.hidden, 3)
    held_out = np.setdiff1d(np.arange(60), pictures.places)
    inputs, labels, weights = pictures.inputs.copy(), pictures.labels.copy(), pictures.weights.copy()
    inputs[held_out], labels[held_out], weights[held_out] = 0, (labels[held_out] + 1) % 3, 9
    ends = []
    for examples in (pictures, replace(pictures, inputs=inputs, labels=labels, weights=weights)):
        start = initial_snapshot(network, recipe, threads=2)
        losses, snapshots = fitted(make(), network, recipe, examples, start)
        ends.append((losses, bits(snapshots[-1])))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_of_numbers_cannot_be_distorted(variant, demanding):
    make, precision = VARIANTS[variant]
    recipe, network = demanding.with_changes(precision=precision), Network.for_task(4, (3,), 2)
    rows = Examples(
        np.ones((6, 4), np.float32), np.arange(6) % 2, np.ones(1, np.float32), np.ones(1, np.float32)
    )
    with pytest.raises(UsageError, match="augmentation: only images can be distorted"):
        fitted(make(), network, recipe, rows, initial_snapshot(network, recipe, threads=1))


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)])
def test_rows_of_images_are_those_of_the_preprocessing(shape):
    images = np.random.default_rng(0).integers(0, 256, (20, *shape)).astype(np.uint8)
    fitted = Preprocessing.fitted(images)
    examples = Examples.of(ImageSet(images, np.zeros(20, np.int64), ("a",), "memory"), fitted)
    assert examples.mean.shape == examples.std.shape == (fitted.channels,)
    chosen = np.array([3, 0, 19, 3])
    np.testing.assert_array_equal(examples.rows(chosen), fitted.normalise(images[chosen]))


@pytest.mark.parametrize("period", [1, 2, 6])
def test_feature_k_takes_entry_k_modulo_the_period(period):
    rng = np.random.default_rng(1)
    numbers, labels = rng.normal(size=(4, 6)).astype(np.float32), np.zeros(4, np.int64)
    mean, std = rng.uniform(1, 2, (2, period)).astype(np.float32)
    rows = Examples(numbers, labels, mean, std).rows(np.arange(4))
    for feature in range(6):
        expected = (numbers[:, feature] - mean[feature % period]) / std[feature % period]
        np.testing.assert_allclose(rows[:, feature], expected, rtol=1e-6)
