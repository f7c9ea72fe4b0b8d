"""The torch engine: the lecture's ``Net`` and its training loop, with the data resident as tensors.

The same operations in the same order as the lecture's script, so that with the same seed it prints the
same lines; but no worker process, no image object and no transform a picture: a batch is one gather.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tenfold.errors import UsageError
from tenfold.model.network import Network, Weights
from tenfold.training.cycle import TrainingCycle
from tenfold.training.engine import Event, Examples, Snapshot
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


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels)


def _binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype))


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
        self._momentum = recipe.momentum
        self._inputs = torch.from_numpy(np.require(examples.inputs, requirements="W")).to(device)
        self._labels = torch.from_numpy(np.require(examples.labels, requirements="W")).to(device)
        self._mean, self._std = (torch.tensor(values, device=device) for values in examples.scale)

    def train(self, indices: NDArray[np.int64], batch_size: int, learning_rate: float) -> list[float]:
        """Take one step a batch and return the losses."""
        with _threads(self.threads):
            batches = torch.split(torch.from_numpy(indices).to(self._device), batch_size)
            losses = [self._step(batch, learning_rate) for batch in batches]
            values: list[float] = torch.stack(losses).tolist()
        return values

    def _step(self, batch: Tensor, learning_rate: float) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            loss = self._loss(self._net(self._rows(batch)), self._labels[batch])
        gradients = torch.autograd.grad(loss, list(self._parameters.values()))
        with torch.no_grad():
            for (name, parameter), gradient in zip(self._parameters.items(), gradients, strict=True):
                velocity = self._velocity[name]
                torch.add(gradient, velocity, alpha=self._momentum, out=velocity)
                parameter.add_(velocity, alpha=-learning_rate)
        return loss.detach()

    def _rows(self, batch: Tensor) -> Tensor:
        rows = self._inputs[batch].to(torch.float32)
        if self._inputs.dtype == torch.uint8:
            rows.div_(255)
        return rows.sub_(self._mean).div_(self._std).to(self._dtype)

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
        yield from TrainingCycle(trainer, recipe, len(train), state)
