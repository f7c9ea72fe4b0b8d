"""The data that all contestants share: MNIST as files, as normalised rows, and the same first weights."""

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.model.network import Network, Weights

MEAN, STD = 0.1307, 0.3081
NETWORK = Network((784, 512, 256, 128, 64, 10))
BATCH, RATE, MOMENTUM = 64, 0.01, 0.5
NEEDS_MNIST = "Left out: needs the full MNIST, set TENFOLD_DATA."


def has_mnist() -> bool:
    """Whether TENFOLD_DATA says where the full MNIST is."""
    return "TENFOLD_DATA" in os.environ


@contextmanager
def raw_mnist() -> Iterator[Path]:
    """Write the four files uncompressed where torchvision looks for them; tenfold reads them there, too."""
    source = Path(os.environ["TENFOLD_DATA"]) / "mnist"
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for file in source.glob("*-ubyte.gz"):
            (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
        yield Path(folder)


def first_weights(seed: int = 0, network: Network = NETWORK) -> Weights:
    """Draw the weights with which PyTorch starts a network, the lecture's if no other."""
    from tenfold.training.torch_random import TorchGenerator, initial_weights

    return initial_weights(network, TorchGenerator(seed))


@dataclass(frozen=True, eq=False)
class Mnist:
    """MNIST in memory: normalised rows float32 ``(N, 784)``, labels int64 ``(N,)``, and its folder."""

    root: Path
    rows: NDArray[np.float32]
    labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_rows: NDArray[np.float32]
    test_labels: NDArray[np.int64]

    @classmethod
    def load(cls, root: Path) -> "Mnist":
        """Read and normalise it with NumPy."""
        from tenfold.data.load import load_path

        splits = load_path(root)
        train, test = splits.train, splits.test
        return cls(
            root, normalised(train.images), train.labels, test.images, normalised(test.images), test.labels
        )

    def accuracy(self, weights: Weights) -> float:
        """Return the share of test images that weights of the lecture's network get right."""
        logits = NETWORK.forward(weights, self.test_rows)[-1]
        return float((logits.argmax(axis=1) == self.test_labels).mean())


def normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn images into the network's float32 rows, as the lecture normalises them."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows /= 255
    rows -= MEAN
    rows /= STD
    return rows
