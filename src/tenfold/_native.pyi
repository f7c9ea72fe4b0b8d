import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.float32]]
Rows = NDArray[np.uint8] | NDArray[np.float32]

def instruction_sets() -> list[tuple[str, list[str]]]:
    """Names and precisions of the instruction sets that run here, best first."""

def shuffled(draws: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Shuffle 0 … n-1 by the n-1 random numbers ``draws``, as `TorchGenerator.permutation` does."""

def pixel_counts(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how often each channel has each value: shape (channels, 256), of pixels (count, channels)."""

class Distortion:
    """Random distortion of images of one size; `tenfold.training.distortion` says what it does."""

    def __init__(
        self, amplitudes: tuple[int, int, int, int, int, int], height: int, width: int, channels: int
    ) -> None: ...
    def distort(
        self,
        images: NDArray[np.uint8],
        indices: NDArray[np.int64],
        *,
        seed: int,
        epoch: int,
        isa: str,
        threads: int,
    ) -> NDArray[np.uint8]:
        """Distort rows of height x width x channels pixels, each by its index in the training set."""

class Trainer:
    def __init__(
        self,
        widths: list[int],
        head: str,
        isa: str,
        precision: str,
        threads: int,
        weights: Tensors,
        momentum: Tensors,
    ) -> None: ...
    def train(
        self,
        inputs: Rows,
        labels: NDArray[np.int64],
        mean: NDArray[np.float32],
        std: NDArray[np.float32],
        order: NDArray[np.int64],
        *,
        batch_size: int,
        learning_rates: NDArray[np.float32],
        momentum: float,
        nesterov: bool,
        weight_decay: float,
        label_smoothing: float,
        weights: NDArray[np.float32] | None = None,
        distortion: Distortion | None = None,
        seed: int = 0,
        epoch: int = 0,
    ) -> NDArray[np.float64]:
        """Take one step a batch of ``order``; return each batch's mean loss.

        ``weights``, one a row of ``inputs``, multiply losses and their gradients. ``distortion`` distorts
        each image by ``seed``, ``epoch`` and its row.
        """

    def weights(self) -> Tensors: ...
    def momentum(self) -> Tensors: ...
    def times(self) -> dict[str, float]:
        """Seconds that the first thread has spent in each phase of the steps so far, and waiting."""

class Classifier:
    def __init__(self, widths: list[int], isa: str, precision: str, weights: Tensors) -> None: ...
    def logits(
        self, inputs: Rows, mean: NDArray[np.float32], std: NDArray[np.float32], threads: int
    ) -> NDArray[np.float32]:
        """Compute the logits, shape (N, outputs), of rows of shape (N, inputs)."""
