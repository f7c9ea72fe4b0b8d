"""A fully connected network: its widths, its weights, and the forward pass in NumPy.

>>> network = Network.for_task(inputs=784, hidden=(512, 256, 128, 64), classes=10)
>>> print(network)
784-512-256-128-64-10
>>> network.parameters
575050
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tenfold.data.image_set import LARGEST_INPUT, ImageSet
from tenfold.errors import UsageError
from tenfold.functional import Floats
from tenfold.model.head import HEADS, Head

Weights = dict[str, Floats]
"""``l1.weight`` of shape (outputs, inputs), ``l1.bias`` of shape (outputs,), ``l2.weight`` …"""

MAX_WIDTH, MAX_CLASSES, MAX_LAYERS = 8_192, 10_000, 12


@dataclass(frozen=True)
class Network:
    """Layer widths from input to output, ReLU between the layers, and the head after the last.

    Parameters
    ----------
    widths : tuple of int
        Numbers of inputs, of neurons of each hidden layer, and of logits. ``(784, 10)`` is softmax
        regression.
    head_name : str, default "softmax"
        ``softmax``, one logit a class; or ``sigmoid``, one logit for two classes.

    Raises
    ------
    UsageError
        When a width or the number of layers is out of range.
    """

    widths: tuple[int, ...]
    head_name: str = "softmax"

    def __post_init__(self) -> None:
        if self.head_name not in HEADS:
            raise UsageError(f"head: '{self.head_name}'; expected {' or '.join(HEADS)}")
        if len(self.widths) < 2:
            raise UsageError(f"network: widths {self.widths}; expected inputs, hidden layers, outputs")
        inputs, *hidden, outputs = self.widths
        if not 1 <= inputs <= LARGEST_INPUT:
            raise UsageError(f"network: {inputs} inputs; expected 1 to {LARGEST_INPUT:,}: use smaller images")
        if len(hidden) >= MAX_LAYERS:
            raise UsageError(f"hidden: {len(hidden)} hidden layers; expected at most {MAX_LAYERS - 1}")
        for width in hidden:
            if not 1 <= width <= MAX_WIDTH:
                raise UsageError(f"hidden: a layer of {width} neurons; expected 1 to {MAX_WIDTH:,}")
        if self.head_name == "sigmoid" and outputs != 1:
            raise UsageError(f"network: {outputs} outputs under a sigmoid head; expected 1")
        if self.head_name == "softmax" and not 2 <= outputs <= MAX_CLASSES:
            raise UsageError(f"network: {outputs} classes; expected 2 to {MAX_CLASSES:,}")

    @classmethod
    def for_task(cls, inputs: int, hidden: tuple[int, ...], classes: int, head: str = "softmax") -> Network:
        """Return the network for a number of inputs and classes.

        Raises
        ------
        UsageError
            When ``sigmoid`` is asked for anything but two classes.
        """
        if head == "sigmoid" and classes != 2:
            raise UsageError(
                f"head: 'sigmoid' tells two classes apart, the data has {classes}: use --head softmax"
            )
        return cls((inputs, *hidden, HEADS[head].outputs(classes)), head)

    @classmethod
    def for_images(cls, images: ImageSet, hidden: tuple[int, ...], head: str) -> Network:
        """Return the network for the size, channels and classes of some images."""
        return cls.for_task(math.prod(images.images.shape[1:]), hidden, len(images.classes), head)

    def __str__(self) -> str:
        return "-".join(map(str, self.widths))

    @property
    def head(self) -> Head:
        """What turns the logits into probabilities and a loss."""
        return HEADS[self.head_name]

    @property
    def inputs(self) -> int:
        """Numbers that the network takes for one image."""
        return self.widths[0]

    @property
    def classes(self) -> int:
        """Classes that the network tells apart."""
        return 2 if self.head_name == "sigmoid" else self.widths[-1]

    @property
    def layers(self) -> int:
        """Number of layers that have weights."""
        return len(self.widths) - 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor, in the order of the lecture's state dict."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (inputs, outputs) in enumerate(pairwise(self.widths), start=1):
            shapes[f"l{layer}.weight"] = (outputs, inputs)
            shapes[f"l{layer}.bias"] = (outputs,)
        return shapes

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(outputs * (inputs + 1) for inputs, outputs in pairwise(self.widths))

    def forward(self, weights: Weights, inputs: Floats) -> list[Floats]:
        """Compute every layer's values.

        Parameters
        ----------
        weights : dict of ndarray
            As `shapes` lists them.
        inputs : ndarray of shape (N, widths[0])
            Normalised pixels, in the type of the weights.

        Returns
        -------
        list of ndarray
            The inputs, the output of each hidden layer after ReLU, and last the logits (N, widths[-1]).
        """
        values = [inputs]
        for layer in range(1, self.layers + 1):
            z = values[-1] @ weights[f"l{layer}.weight"].T  # (N, outputs)
            z += weights[f"l{layer}.bias"]
            if layer < self.layers:
                np.maximum(z, 0, out=z)  # ReLU; the last layer has no activation
            values.append(z)
        return values
