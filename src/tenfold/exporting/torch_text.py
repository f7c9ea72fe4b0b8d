"""The text of an exported PyTorch module, written for one model: only what this model needs."""

from __future__ import annotations

from string import Template

from tenfold import __version__
from tenfold.exporting.thresholds import SetRule
from tenfold.model.calibration import Calibration
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.refusal import Refusal
from tenfold.model.smoothing import LEAST_KEPT

LONGEST = 90
"""Characters of class names that share a line."""

HEAD = '''\
"""A classifier of images, written by tenfold $version for PyTorch; it needs torch and safetensors alone.

    from model import CLASSES, predict

    answers = predict(images)  # uint8 of shape ($shape)
    [CLASSES[label] for label in answers.probabilities.argmax(dim=1)]
$origin"""

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

FOLDER = Path(__file__).parent
DEVICE = "cpu"  # or "cuda"

CLASSES = $classes

'''

NET = '''\

class Net(torch.nn.Module):
    """$widths: ReLU between the layers, nothing after the last."""

    def __init__(self):
        super().__init__()
$layers

    def forward(self, x):
        """Turn rows ($inputs numbers an image) into logits."""
        x = x.reshape(-1, $inputs)
$steps


net = Net()
net.load_state_dict(load_file(FOLDER / "model.safetensors"))
net.to(DEVICE).eval()

'''

PREPROCESS = '''\

def preprocess(images):
    """Turn uint8 images of shape ($shape) into rows of float32."""
    images = torch.as_tensor(images, device=DEVICE)
    if images.dtype != torch.uint8 or images.shape[1:] != ($size):
        raise ValueError(f"images are {images.dtype} {tuple(images.shape)}; expected uint8 ($shape)")
    mean = torch.tensor($mean, device=DEVICE)
    std = torch.tensor($std, device=DEVICE)
    return ((images.float() / 255 - mean) / std).reshape(-1, $inputs)

'''

SOFTMAX = '''\

def head(logits):
    """Turn logits into probabilities."""
    return torch.softmax(logits, dim=1)

'''

SIGMOID = '''\

def head(logits):
    """Turn the single logit, that of class 1, into the probabilities of both classes."""
    return torch.sigmoid(torch.cat([-logits, logits], dim=1))

'''

UNSMOOTHED = '''\

def unsmoothed(logits):
    """Take back what label smoothing of $smoothing taught: a share of each probability for every class."""
    share = $smoothing / $count
    kept = (1 - share / head(logits).clamp(min=share)).clamp(min=$least).log()
    return logits + $change

'''

CALIBRATED = '''\

def calibrated(logits):
    """Divide logits by the temperature that was fitted on held-out images."""
    return $logits / $temperature

'''

SETS = '''\

def prediction_sets(probabilities):
    """Say which classes belong to sets that hold the true one of $coverage % of the pictures."""
    top = F.one_hot(probabilities.argmax(dim=1), len(CLASSES)).bool()
    return (1 - probabilities.double() <= $threshold) | top

'''

REFUSAL = '''\

REFUSAL_THRESHOLD = $threshold  # refuses $rate % of the pictures like the training images

familiar = load_file(FOLDER / "refusal.safetensors", device=DEVICE)  # of each class: mean and directions
means, directions = familiar["means"].float(), familiar["directions"].float()
directions /= directions.norm(dim=2, keepdim=True).clamp(min=1)


def strangeness(images, classes):
    """Measure what the directions of a class leave over of an image's distance to its mean."""
$values
    d = (values - means[classes]) / 255
    along = torch.einsum("nf,krf->nkr", d, directions).square().sum(dim=2)
    whole = d.square().sum(dim=1)
    left = (whole - along.take_along_dim(classes[:, None], dim=1)[:, 0]).clamp(min=0)
    return left / whole.clamp(min=torch.finfo(torch.float32).tiny) * left


def refusal(images, logits):
    """Score how foreign images are; above REFUSAL_THRESHOLD they are none of the classes."""
    images = torch.as_tensor(images, device=DEVICE)
$evidence    parts = torch.stack([strangeness(images, logits.argmax(dim=1)), -logits.logsumexp(dim=1)], dim=1)
    usual = torch.tensor($means, device=DEVICE)
    spread = torch.tensor($deviations, device=DEVICE)
    scores = ((parts - usual) / spread).clamp(min=0).norm(dim=1)
    flat = images.flatten(start_dim=1)
    return scores.masked_fill((flat == flat[:, :1]).all(dim=1), torch.inf)  # a blank picture

'''

PREDICT = '''\

class Answers(NamedTuple):
    """What there is to say of N images: a row each."""

$fields


@torch.no_grad()
def predict(images):
    """Answer for uint8 images of shape ($shape)."""
    logits = net(preprocess(images))
    probabilities = head($logits)
    return Answers($answers)
'''


def module_text(model: Model, sha256: str | None = None) -> str:
    """Return the text of a module ``model.py`` that answers as a model does.

    Parameters
    ----------
    model : Model
        What to write down. The module reads its weights from ``model.safetensors`` beside it, what it knows
        of foreign input from ``refusal.safetensors``.
    sha256 : str, optional
        Of the model's file.
    """
    sections = [_head(model, sha256), _net(model.network), _preprocess(model)]
    sections.append(SIGMOID if model.network.head_name == "sigmoid" else SOFTMAX)
    if (calibration := model.calibration) is not None:
        sections.append(_calibrated(calibration, model.network))
        if (rule := SetRule.of(model)) is not None:
            sections.append(_filled(SETS, coverage=f"{100 * rule.coverage:g}", threshold=rule.threshold))
        if calibration.refusal is not None:
            sections.append(_refusal(calibration.refusal, model))
    return "".join([*sections, _predict(model)])


def _filled(section: str, **values: object) -> str:
    return Template(section).substitute(values)


def _shape(model: Model) -> str:
    return ", ".join(["N", *map(str, model.preprocessing.shape)])


def _head(model: Model, sha256: str | None) -> str:
    origin = f"\nSHA-256 of the model file: {sha256}\n" if sha256 else ""
    classes = repr(model.classes)
    if len(classes) > LONGEST:
        classes = "".join(["(\n", *(f"    {name!r},\n" for name in model.classes), ")"])
    return _filled(HEAD, version=__version__, shape=_shape(model), origin=origin, classes=classes)


def _net(network: Network) -> str:
    widths, last = network.widths, network.layers
    layers = [
        f"        self.l{i} = torch.nn.Linear({widths[i - 1]}, {widths[i]})" for i in range(1, last + 1)
    ]
    steps = [f"        x = F.relu(self.l{i}(x))" for i in range(1, last)]
    return _filled(
        NET,
        widths=network,
        inputs=network.inputs,
        layers="\n".join(layers),
        steps="\n".join([*steps, f"        return self.l{last}(x)"]),
    )


def _preprocess(model: Model) -> str:
    known = model.preprocessing
    return _filled(
        PREPROCESS,
        shape=_shape(model),
        size=", ".join(map(str, known.shape)),
        mean=list(known.mean),
        std=list(known.std),
        inputs=known.features,
    )


def _calibrated(calibration: Calibration, network: Network) -> str:
    text, logits = "", "logits"
    if calibration.label_smoothing > 0:
        logits = "unsmoothed(logits)"
        text = _filled(
            UNSMOOTHED,
            smoothing=calibration.label_smoothing,
            count=network.classes,
            least=LEAST_KEPT,
            change="kept" if network.head_name == "softmax" else "(kept[:, 1:] - kept[:, :1])",
        )
    return text + _filled(CALIBRATED, logits=logits, temperature=calibration.temperature)


def _refusal(refusal: Refusal, model: Model) -> str:
    values, block = "    values = images.float().flatten(start_dim=1)", refusal.subspaces.block
    if block > 1:
        planes = "images[:, None]" if model.preprocessing.channels == 1 else "images.movedim(3, 1)"
        pool = f"F.avg_pool2d({planes}.float(), {block}, ceil_mode=True, count_include_pad=False)"
        values = f"    blocks = {pool}\n    values = blocks.movedim(1, 3).flatten(start_dim=1)"
    both = "    logits = torch.cat([-logits, logits], dim=1) / 2\n"
    return _filled(
        REFUSAL,
        threshold=refusal.threshold,
        rate=f"{100 * refusal.false_alarm_rate:.2g}",
        values=values,
        evidence=both if model.network.head_name == "sigmoid" else "",
        means=list(refusal.means),
        deviations=list(refusal.deviations),
    )


def _predict(model: Model) -> str:
    fields = {
        "logits": ("logits", "what the last layer gives"),
        "probabilities": ("probabilities", "one a class"),
    }
    if SetRule.of(model) is not None:
        fields["prediction_set"] = (
            "prediction_sets(probabilities)",
            "true for the classes that belong to it",
        )
    if model.calibration is not None and model.calibration.refusal is not None:
        fields["refusal"] = (
            "refusal(images, logits)",
            "a score; above REFUSAL_THRESHOLD, none of the classes",
        )
    return _filled(
        PREDICT,
        shape=_shape(model),
        fields="\n".join(f"    {name}: torch.Tensor  # {what}" for name, (_, what) in fields.items()),
        logits="logits" if model.calibration is None else "calibrated(logits)",
        answers=", ".join(value for value, _ in fields.values()),
    )
