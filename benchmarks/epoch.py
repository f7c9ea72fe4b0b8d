"""One epoch of the lecture's training, batch 64: tenfold's engines beside the lecture's script.

    TENFOLD_DATA=/data python -m benchmarks epoch [--repeats 3]

The script does what the lecture's does: torchvision's MNIST, ToTensor and Normalize picture by picture, a
DataLoader, the five layers, cross-entropy, SGD. Every contestant trains one epoch in a fresh process, in
turn, again and again; timed is the epoch alone, without imports and without reading files.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.torchvision_beside_cpu_torch import import_torchvision

IMAGES = 60_000
PACKAGES = ("numpy", "torch", "torchvision")


def time_script(root: Path) -> float:
    import_torchvision()
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    normalise = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = datasets.MNIST(root, train=True, download=False, transform=normalise)
    loader = DataLoader(train, shuffle=True, batch_size=64)
    widths = (784, 512, 256, 128, 64, 10)
    layers: list[torch.nn.Module] = [torch.nn.Flatten()]
    for inputs, outputs in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.5)
    total = 0.0
    start = time.perf_counter()
    for images, labels in loader:
        optimizer.zero_grad()
        loss = loss_of(network(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.perf_counter() - start


def time_engine(name: str, root: Path) -> float:
    from tenfold.cores import available_cores
    from tenfold.data.load import load_path
    from tenfold.model.preprocessing import Preprocessing
    from tenfold.training.engine import Examples, initial_snapshot
    from tenfold.training.engines import open_engine
    from tenfold.training.recipe import Recipe
    from tenfold.training.session import network_for

    splits = load_path(root)
    recipe = Recipe.named("lecture").with_changes(epochs=1)
    network = network_for(splits, recipe)
    examples = Examples.of(splits.train, Preprocessing.fitted(splits.train.images))
    engine = open_engine(name, "cpu", "float32")
    state = initial_snapshot(network, recipe, available_cores())
    start = time.perf_counter()
    for _ in engine.fit(network, recipe, examples, state):
        pass
    return time.perf_counter() - start


CONTESTANTS: dict[str, tuple[str, Callable[[Path], float]]] = {
    "script": ("the lecture's script", time_script),
    "torch": ("tenfold, torch engine", lambda root: time_engine("torch", root)),
    "reference": ("tenfold, reference engine (NumPy)", lambda root: time_engine("reference", root)),
}


def write_raw_mnist(root: Path) -> None:
    """Write the four files uncompressed where torchvision looks for them."""
    import gzip

    source, raw = Path(os.environ["TENFOLD_DATA"]) / "mnist", root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in source.glob("*-ubyte.gz"):
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))


def run(repeats: int) -> str:
    """Let every contestant have its turn ``repeats`` times; return a table."""
    if "TENFOLD_DATA" not in os.environ:
        return "Left out: needs the full MNIST, set TENFOLD_DATA."
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory() as folder:
        write_raw_mnist(Path(folder))
        for _ in range(repeats):
            for name in CONTESTANTS:
                command = [sys.executable, "-m", "benchmarks.epoch", name, folder]
                child = subprocess.run(command, capture_output=True, text=True, check=True)
                seconds[name].append(json.loads(child.stdout))
    script = statistics.median(seconds["script"])
    lines = ["| trainer | seconds an epoch, median (range) | images/s | × script |", "|---|---|---|---|"]
    for name, values in seconds.items():
        median = statistics.median(values)
        lines.append(
            f"| {CONTESTANTS[name][0]} | {median:.2f} ({min(values):.2f} to {max(values):.2f}) "
            f"| {IMAGES / median:,.0f} | {script / median:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(json.dumps(CONTESTANTS[sys.argv[1]][1](Path(sys.argv[2]))))
