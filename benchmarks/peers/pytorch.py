"""PyTorch: as the lecture writes it; with everything resident and fused; under autocast; compiled."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from benchmarks import lecture_script
from benchmarks.mnist import BATCH, MOMENTUM, NETWORK, RATE, Mnist, first_weights
from benchmarks.peers import Logits, Train
from tenfold.model.network import Weights
from tenfold.training.recipe import Recipe
from tenfold.training.schedule import learning_rates


def script(data: Mnist) -> Train:
    """Train as the lecture's script does."""
    images = lecture_script.loader(data.root, train=True)

    def train() -> Weights:
        net = _net(first_weights())
        with contextlib.redirect_stdout(io.StringIO()):
            lecture_script.train_epoch(net, lecture_script.sgd(net), images, epoch=1)
        return _weights(net)

    return train


def resident(data: Mnist) -> Train:
    """Tensors in memory, a batch by one gather, the fused optimiser, no wait for the loss."""
    return _resident(data, precision=torch.float32)


def autocast(data: Mnist) -> Train:
    """Do the same with bfloat16 matrix products, as autocast chooses them."""
    return _resident(data, precision=torch.bfloat16)


def _resident(data: Mnist, precision: torch.dtype) -> Train:
    rows, labels = torch.from_numpy(data.rows), torch.from_numpy(data.labels)

    def train() -> Weights:
        net = _net(first_weights())
        optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM, fused=True)
        losses = torch.zeros(())
        for batch in torch.randperm(len(rows)).split(BATCH):
            with torch.autocast("cpu", precision, enabled=precision != torch.float32):
                loss = F.cross_entropy(net(rows[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses += loss.detach()
        return _weights(net)

    return train


def compiled(data: Mnist) -> Train:
    """One compiled graph a step: forward, gradients and update in place, called through C++."""
    rows, labels = torch.from_numpy(data.rows), torch.from_numpy(data.labels)
    net = lecture_script.Net()
    parameters = {name: tensor.detach() for name, tensor in net.named_parameters()}
    momentum = {name: torch.zeros_like(tensor) for name, tensor in parameters.items()}

    def loss_of(parameters: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(torch.func.functional_call(net, parameters, (x,)), y)

    gradients_and_loss = torch.func.grad_and_value(loss_of)

    @torch.compile(fullgraph=True, dynamic=False, options={"cpp_wrapper": True})
    def step(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        gradients, loss = gradients_and_loss(parameters, x, y)
        for name, gradient in gradients.items():
            momentum[name].mul_(MOMENTUM).add_(gradient)
            parameters[name].sub_(momentum[name], alpha=RATE)
        return loss

    def train() -> Weights:
        for name, tensor in first_weights().items():
            parameters[name].copy_(torch.from_numpy(tensor))
            momentum[name].zero_()
        losses = torch.zeros(())
        for batch in torch.randperm(len(rows)).split(BATCH):
            losses += step(rows[batch], labels[batch])
        return {name: tensor.numpy() for name, tensor in parameters.items()}

    return train


def scheduled(data: Mnist, recipe: Recipe) -> Iterator[float]:
    """Train with a recipe, everything resident; yield the accuracy at the end.

    The update is the kernel of PyTorch's fused SGD, called by name: to make ``torch.optim.SGD`` imports the
    compiler, which takes as long as to import the rest.
    """
    torch.manual_seed(recipe.seed)
    rows, labels = torch.from_numpy(data.rows), torch.from_numpy(data.labels)
    net = lecture_script.Net()
    for layer in net.children():
        assert isinstance(layer, torch.nn.Linear)
        torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        torch.nn.init.zeros_(layer.bias)
    parameters: list[torch.Tensor] = list(net.parameters())
    momentum = [torch.zeros_like(tensor) for tensor in parameters]
    steps = -(-len(rows) // recipe.batch_size)
    rates = iter(learning_rates(recipe, recipe.epochs * steps, 0, recipe.epochs * steps).tolist())
    for _ in range(recipe.epochs):
        for batch in torch.randperm(len(rows)).split(recipe.batch_size):
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                logits = net(rows[batch])
                loss = F.cross_entropy(logits, labels[batch], label_smoothing=recipe.label_smoothing)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                torch._fused_sgd_(
                    parameters,
                    gradients,
                    momentum,
                    weight_decay=recipe.weight_decay,
                    momentum=recipe.momentum,
                    lr=next(rates),
                    dampening=0.0,
                    nesterov=recipe.nesterov,
                    maximize=False,
                    is_first_step=False,
                )
    with torch.inference_mode():
        found = net(torch.from_numpy(data.test_rows)).argmax(dim=1)
        yield (found == torch.from_numpy(data.test_labels)).float().mean().item()


def inference(weights: Weights, threads: int) -> Logits:
    """Chain the layers without a module's overhead, in inference mode."""
    torch.set_num_threads(threads)
    layers = [
        (torch.from_numpy(weights[f"l{k}.weight"]), torch.from_numpy(weights[f"l{k}.bias"]))
        for k in range(1, NETWORK.layers + 1)
    ]

    def logits(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            x = torch.from_numpy(rows)
            for weight, bias in layers[:-1]:
                x = F.linear(x, weight, bias).relu_()
            return F.linear(x, *layers[-1]).numpy()

    return logits


def _net(weights: Weights) -> lecture_script.Net:
    net = lecture_script.Net()
    net.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in weights.items()})
    return net


def _weights(net: torch.nn.Module) -> Weights:
    return {name: tensor.detach().numpy() for name, tensor in net.named_parameters()}
