"""The torch engine against the lecture's operations: a plain loop over a DataLoader."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.reference import ReferenceEngine
from tenfold.training.torch_engine import TorchEngine

needs_mnist = pytest.mark.skipif(
    not (Path(os.environ.get("TENFOLD_DATA", "")) / "mnist").is_dir(),
    reason="needs the full MNIST: set TENFOLD_DATA to a folder that holds mnist/",
)


class Pictures(Dataset):
    """One normalised picture at a time, as the lecture's data set gives them."""

    def __init__(self, images, labels):
        self.images, self.labels = torch.tensor(images), labels.tolist()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        scaled = self.images[index].to(torch.float32).div(255)
        return scaled.sub(torch.tensor(0.1307)).div(torch.tensor(0.3081)), self.labels[index]


class FiveLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 128)
        self.l4, self.l5 = nn.Linear(128, 64), nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(-1, 784)
        for layer in (self.l1, self.l2, self.l3, self.l4):
            x = torch.relu(layer(x))
        return self.l5(x)


def lectures_lines(splits, seed, epochs):
    """Train as the lecture does and return the lines that it prints."""
    lines = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        train = DataLoader(Pictures(splits.train.images, splits.train.labels), batch_size=64, shuffle=True)
        test = DataLoader(Pictures(splits.test.images, splits.test.labels), batch_size=64, shuffle=False)
        network, loss_of = FiveLayers(), nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.5)
        for epoch in range(1, epochs + 1):
            total = 0.0
            for number, (images, labels) in enumerate(train, start=1):
                optimizer.zero_grad()
                loss = loss_of(network(images), labels)
                loss.backward()
                optimizer.step()
                total += loss.item()
                if number % 300 == 0:
                    lines.append(f"[{epoch}, {number:5d}] loss: {total / 300:.3f}")
                    total = 0.0
            with torch.no_grad():
                right = sum(int((network(x).argmax(dim=1) == y).sum()) for x, y in test)
            lines.append(f"accuracy on test set: {int(100 * right / len(splits.test))} % ")
    return lines


@needs_mnist
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_lectures_very_lines(seed, tmp_path, capsys):
    from tenfold import train
    from tenfold.cli.following import PlainLines

    threads = torch.get_num_threads()  # with another number, products round otherwise
    settings = {"engine": "torch", "threads": threads, "epochs": 2, "seed": seed}
    train("mnist", "lecture", out=tmp_path / "run", listener=PlainLines(), **settings)
    printed = capsys.readouterr().out.splitlines()
    assert printed == lectures_lines(load_data("mnist"), seed, epochs=2)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_torch_and_reference_agree(recipe, head, precision):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (100, 6, 5, 3)).astype(np.uint8)
    labels = rng.integers(0, 2, 100)
    examples = Examples.of(ImageSet(images, labels, ("a", "b"), "memory"), Preprocessing.fitted(images))
    network = Network.for_task(90, recipe.hidden, 2, head)
    recipe = recipe.with_changes(precision=precision)
    start = initial_snapshot(network, recipe, threads=1)
    ends = [
        [event for event in engine.fit(network, recipe, examples, start) if event.is_line]
        for engine in (TorchEngine(), ReferenceEngine())
    ]
    tolerance = {"float32": 1e-4, "float64": 1e-10}[precision]
    for torchs, ours in zip(*ends, strict=True):
        assert torchs.loss == pytest.approx(ours.loss, rel=tolerance)
    torchs, ours = (events[-1].snapshot() for events in ends)
    for name in network.shapes:
        np.testing.assert_allclose(torchs.weights[name], ours.weights[name], atol=tolerance)
        np.testing.assert_allclose(torchs.momentum[name], ours.momentum[name], atol=tolerance)


def test_bfloat16_learns_what_float32_learns(recipe, examples, network):
    losses = {}
    for precision in ("float32", "bfloat16"):
        changed = recipe.with_changes(precision=precision, epochs=10)
        start = initial_snapshot(network, changed, threads=1)
        *_, last = TorchEngine().fit(network, changed, examples, start)
        losses[precision] = last.loss
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], abs=0.05)


def test_the_callers_thread_count_is_left_alone(recipe, examples, network):
    before = torch.get_num_threads()
    list(TorchEngine().fit(network, recipe, examples, initial_snapshot(network, recipe, threads=before + 1)))
    assert torch.get_num_threads() == before
