"""The torch engine: the lecture's ``Net`` and its training loop, with the data resident as tensors.

The same operations in the same order as the lecture's script, so that with the same seed it prints the
same lines; but no worker process, no image object and no transform a picture: a batch is one gather.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tenfold.errors import UsageError
from tenfold.model.network import Network, Weights
from tenfold.training.cycle import TrainingCycle
from tenfold.training.engine import Event, Examples, Snapshot, Stretch
from tenfold.training.recipe import Recipe


class Net(nn.Module):
    """The lecture's network for any widths: layers ``l1``, ``l2`` … with ReLU between.

    Its tensors have shapes but no values until a state dict is loaded: no random number is drawn.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        for layer, (inputs, outputs) in enumerate(pairwise(network.widths), start=1):
            self.add_module(f"l{layer}", nn.Linear(inputs, outputs, device="meta"))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, outputs) of rows (N, inputs)."""
        *hidden, last = self.children()
        for layer in hidden:
            x = F.relu(layer(x), inplace=True)
        logits: Tensor = last(x)  # no activation: the loss wants logits
        return logits


def _cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float, reduction: str) -> Tensor:
    return F.cross_entropy(logits, labels, label_smoothing=label_smoothing, reduction=reduction)


def _binary_cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float, reduction: str) -> Tensor:
    targets = labels.to(logits.dtype) * (1 - label_smoothing) + label_smoothing / 2
    return F.binary_cross_entropy_with_logits(logits[:, 0], targets, reduction=reduction)


LOSSES = {"softmax": _cross_entropy, "sigmoid": _binary_cross_entropy}


class TorchTrainer:
    """The network as a module, its running steps, and the examples on the device.

    The update is that of ``torch.optim.SGD``, written out: making that object imports PyTorch's compiler,
    which takes most of a second and has no part in this.
    """

    def __init__(
        self, network: Network, recipe: Recipe, examples: Examples, state: Snapshot, device: torch.device
    ) -> None:
        self.threads = state.threads
        self._device = device
        self._dtype = torch.float64 if recipe.precision == "float64" else torch.float32
        self._autocast = recipe.precision == "bfloat16"
        self._loss = LOSSES[network.head_name]
        self._net = Net(network)
        weights = {name: torch.tensor(tensor, device=device) for name, tensor in state.weights.items()}
        self._net.load_state_dict(weights, assign=True)
        self._parameters = dict(self._net.named_parameters())
        self._velocity = {name: torch.tensor(v, device=device) for name, v in state.momentum.items()}
        self._recipe = recipe
        self._examples = examples
        self._inputs = self._tensor(examples.inputs)
        self._labels = self._tensor(examples.labels)
        self._counts = None if examples.weights is None else self._tensor(examples.weights)
        self._mean, self._std = (torch.tensor(values, device=device) for values in examples.scale)

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.require(array, requirements="W")).to(self._device)

    def train(self, stretch: Stretch) -> list[float]:
        """Take one step a batch and return the losses."""
        with _threads(self.threads):
            batches = torch.split(self._tensor(stretch.indices), stretch.batch_size)
            steps = zip(batches, self._rows(batches, stretch), stretch.learning_rates.tolist(), strict=True)
            losses = [self._step(batch, rows, rate) for batch, rows, rate in steps]
            values: list[float] = torch.stack(losses).tolist()
        return values

    def _rows(self, batches: Sequence[Tensor], stretch: Stretch) -> Iterable[Tensor]:
        """Gather each batch's rows, distorted where the recipe says so."""
        if not self._recipe.distorts:
            return (self._inputs[batch] for batch in batches)
        images = self._examples.distorted(stretch.indices, self._recipe, stretch.epoch)
        return torch.split(self._tensor(images), stretch.batch_size)

    def _step(self, batch: Tensor, rows: Tensor, learning_rate: float) -> Tensor:
        recipe = self._recipe
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            loss = self._mean_loss(self._net(self._normalised(rows)), batch)
        gradients = torch.autograd.grad(loss, list(self._parameters.values()))
        with torch.no_grad():
            for (name, parameter), gradient in zip(self._parameters.items(), gradients, strict=True):
                velocity = self._velocity[name]
                if recipe.weight_decay:
                    gradient = gradient.add(parameter, alpha=recipe.weight_decay)
                torch.add(gradient, velocity, alpha=recipe.momentum, out=velocity)
                move = gradient.add(velocity, alpha=recipe.momentum) if recipe.nesterov else velocity
                parameter.add_(move, alpha=-learning_rate)
        return loss.detach()

    def _mean_loss(self, logits: Tensor, batch: Tensor) -> Tensor:
        labels, smoothing = self._labels[batch], self._recipe.label_smoothing
        if self._counts is None:
            return self._loss(logits, labels, smoothing, "mean")
        return (self._loss(logits, labels, smoothing, "none") * self._counts[batch]).mean()

    def _normalised(self, rows: Tensor) -> Tensor:
        numbers = rows.to(torch.float32)
        if rows.dtype == torch.uint8:
            numbers.div_(255)
        return numbers.sub_(self._mean).div_(self._std).to(self._dtype)

    def weights(self) -> Weights:
        """Return the weights as NumPy arrays."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self._parameters.items()}

    def momentum(self) -> Weights:
        """Return the running steps as NumPy arrays."""
        return {name: tensor.cpu().numpy() for name, tensor in self._velocity.items()}


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class TorchEngine:
    """PyTorch, on any device that it knows.

    Parameters
    ----------
    device : str, default "cpu"
        Such as ``cuda``, ``cuda:1`` or ``mps``.

    Raises
    ------
    UsageError
        When PyTorch does not find the device on this machine.
    """

    name: ClassVar[str] = "torch"

    def __init__(self, device: str = "cpu") -> None:
        try:
            self.device = torch.device(device)
            torch.zeros(1, device=self.device).cpu()
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(
                f"device: '{device}' cannot be used ({reason}); "
                "expected cpu, or a device that PyTorch finds here"
            ) from None
        doubles = () if self.device.type == "mps" else ("float64",)
        self.precisions = ("float32", "bfloat16", *doubles)

    def fit(self, network: Network, recipe: Recipe, train: Examples, state: Snapshot) -> Iterator[Event]:
        """Train from ``state`` to the end of the recipe; see `tenfold.training.engine.Engine`."""
        trainer = TorchTrainer(network, recipe, train, state, self.device)
        yield from TrainingCycle(trainer, recipe, train, state)
