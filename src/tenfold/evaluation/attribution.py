"""Which inputs of a network speak for a class: gradient × input, integrated gradients, occlusion.

Each method explains one number, the *score*: a class's logit, or what one logit has over another. It gives
every input a share of what the score has over that of a *baseline*, an input that shows nothing:

====================  ===============================================================================
gradient × input      slope of the score at the picture, times what each input has over the baseline
integrated gradients  the same with the mean slope on the way from the baseline to the picture
occlusion             how far the score falls when a window of the picture is replaced by the baseline
====================  ===============================================================================

Only integrated gradients are complete: their shares sum to the difference of the two scores.

A network of ReLUs is linear in pieces. On the straight way from baseline to picture its slope changes only
where some neuron turns on or off. `bends` finds these places, one layer after the other, so that the mean
slope is a finite sum, without the error of a quadrature.

All is computed in float64, one picture at a time; a batch holds places on its way, or windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tenfold.functional import Floats
from tenfold.model.network import Network, Weights

_BATCH = 1 << 22
"""Values of a layer computed at a time, or about so many: 32 MB."""


@dataclass(frozen=True, eq=False)
class Score:
    """What is explained: the network's logits, weighed and summed.

    Parameters
    ----------
    network : Network
        Widths and head.
    weights : dict of ndarray
        float64, as ``network.shapes`` lists them.
    direction : ndarray of float64, shape (outputs,)
        Weight of each logit.
    """

    network: Network
    weights: Weights
    direction: Floats

    @classmethod
    def of(cls, network: Network, weights: Weights, target: int, against: int | None = None) -> Score:
        """Return the logit of class ``target``, less that of class ``against`` if there is one.

        A sigmoid head has a single logit: it is what class 1 has over class 0, and its negative what class 0
        has over class 1, whether or not ``against`` names the other class.
        """
        double: Weights = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
        return cls(network, double, direction(network, target, against))

    def __call__(self, rows: Floats) -> Floats:
        """Compute the score of inputs of shape (N, inputs): an array of shape (N,)."""
        scores: Floats = self.network.forward(self.weights, rows)[-1] @ self.direction
        return scores

    def gradient(self, rows: Floats) -> Floats:
        """Compute the slope of the score by each input, of the shape of ``rows``."""
        values = self.network.forward(self.weights, rows)
        gradient = np.tile(self.direction, (len(rows), 1))  # (N, outputs)
        for layer in range(self.network.layers, 0, -1):
            if layer < self.network.layers:
                gradient *= values[layer] > 0  # the slope of ReLU
            gradient = gradient @ self.weights[f"l{layer}.weight"]
        return gradient


def direction(network: Network, target: int, against: int | None = None) -> Floats:
    """Return the weight of each logit in the score of a class: see `Score.of`."""
    if network.head_name == "sigmoid":
        return np.array([1.0 if target == 1 else -1.0])
    weight = np.zeros(network.classes)
    weight[target] = 1.0
    if against is not None:
        weight[against] -= 1.0
    return weight


def gradient_x_input(score: Score, row: Floats, baseline: Floats) -> Floats:
    r"""Multiply the slope at the picture with what each input has over the baseline.

    .. math:: a_i = (x_i - b_i) \, \frac{\partial S}{\partial x_i}(x)

    Parameters
    ----------
    score : Score
        What to explain.
    row, baseline : ndarray of float64, shape (inputs,)
        Normalised inputs of the picture, and of one that shows nothing. A baseline of zeros gives the
        method's first form.

    Returns
    -------
    ndarray of float64, shape (inputs,)
        The share of each input.

    References
    ----------
    K. Simonyan, A. Vedaldi, A. Zisserman, "Deep inside convolutional networks: visualising image
    classification models and saliency maps", 2013, for the gradient. A. Shrikumar et al., "Not just a black
    box: learning important features through propagating activation differences", 2016, for the product.
    """
    slope: Floats = score.gradient(row[np.newaxis])[0]
    return (row - baseline) * slope


def integrated_gradients(score: Score, row: Floats, baseline: Floats, *, steps: int | None = None) -> Floats:
    r"""Multiply the mean slope between baseline and picture with what each input has over the baseline.

    .. math:: a_i = (x_i - b_i) \int_0^1 \frac{\partial S}{\partial x_i}\bigl(b + t (x - b)\bigr) \, dt

    Parameters
    ----------
    score : Score
        What to explain.
    row, baseline : ndarray of float64, shape (inputs,)
        Normalised inputs of the picture, and of one that shows nothing.
    steps : int, optional
        Places of a Gauss-Legendre quadrature, to compare with programs that use one; without a number the
        integral is exact to rounding.

    Returns
    -------
    ndarray of float64, shape (inputs,)
        The share of each input; exact ones sum to ``S(row) - S(baseline)``.

    References
    ----------
    M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.
    """
    if steps is None:
        ends = bends(score, baseline, row)
        places, lengths = (ends[:-1] + ends[1:]) / 2, np.diff(ends)
    else:
        nodes, sizes = np.polynomial.legendre.leggauss(steps)  # on the interval from -1 to 1
        places, lengths = (1 + nodes) / 2, sizes / 2
    way = row - baseline
    mean_slope = np.zeros_like(row)
    for part in _batches(len(places), len(row)):
        mean_slope += lengths[part] @ score.gradient(baseline + places[part, np.newaxis] * way)
    return way * mean_slope


def bends(score: Score, start: Floats, end: Floats) -> Floats:
    """Find where the score bends on the straight way between two inputs.

    Between two such places every neuron stays on or stays off, and the score is linear. A layer's values
    before ReLU are linear between the bends of the layers below: a neuron whose value changes its sign
    between two of these adds one.

    Parameters
    ----------
    score : Score
        A network's score.
    start, end : ndarray of float64, shape (inputs,)
        The ends of the way.

    Returns
    -------
    ndarray of float64
        Rising from 0 at ``start`` to 1 at ``end``, both included.
    """
    widths = score.network.widths[1:-1]
    pieces = 1 + sum(widths) * max(widths, default=0) // _BATCH  # of the way, to bound memory
    ends = np.linspace(0, 1, pieces + 1)
    cuts = start + ends[:, np.newaxis] * (end - start)
    parts = [
        near + (far - near) * _bends_of_piece(score, *cuts[i : i + 2])[:-1]
        for i, (near, far) in enumerate(pairwise(ends))
    ]
    return np.concatenate([*parts, [1.0]])


def _bends_of_piece(score: Score, start: Floats, end: Floats) -> Floats:
    places = np.array([0.0, 1.0])
    values = np.stack([start, end])  # (places, neurons)
    for layer in range(1, score.network.layers):
        z = values @ score.weights[f"l{layer}.weight"].T + score.weights[f"l{layer}.bias"]
        before, neuron = np.nonzero((z[:-1] < 0) != (z[1:] < 0))
        here, there = z[before, neuron], z[before + 1, neuron]
        share = here / (here - there)
        new_places = places[before] + share * (places[before + 1] - places[before])
        new_z = z[before] + share[:, np.newaxis] * (z[before + 1] - z[before])
        places = np.concatenate([places, new_places])
        order = np.argsort(places, kind="stable")
        places = places[order]
        values = np.maximum(np.concatenate([z, new_z])[order], 0)
    return places


def occlusion(
    score: Score, row: Floats, baseline: Floats, *, shape: tuple[int, ...], window: int, stride: int
) -> Floats:
    """Measure how far the score falls when a square window of the picture is replaced by the baseline.

    The window moves from the upper left corner by ``stride`` pixels; the last one along each side ends at the
    border or is cut by it. A pixel's share is the mean fall of all windows that cover it.

    Parameters
    ----------
    score : Score
        What to explain.
    row, baseline : ndarray of float64, shape (inputs,)
        Normalised inputs of the picture, and of one that shows nothing.
    shape : tuple of int
        Height and width of the picture, and channels in colour.
    window, stride : int
        In pixels; the stride is at most the window, so that every pixel is covered.

    Returns
    -------
    ndarray of float64, shape (inputs,)
        The share of each input; channels of a pixel have the same.

    References
    ----------
    M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
    """
    height, width = shape[:2]
    corners = [(y, x) for y in _starts(height, window, stride) for x in _starts(width, window, stride)]
    windows = [(slice(y, y + window), slice(x, x + window)) for y, x in corners]
    whole = score(row[np.newaxis])[0]
    falls, covered = np.zeros(shape), np.zeros(shape)
    for part in _batches(len(windows), len(row)):
        hidden = np.tile(row.reshape(shape), (len(windows[part]), *[1] * len(shape)))
        for picture, place in zip(hidden, windows[part], strict=True):
            picture[place] = baseline.reshape(shape)[place]
        scores = score(hidden.reshape(-1, len(row)))
        for place, fallen in zip(windows[part], whole - scores, strict=True):
            falls[place] += fallen
            covered[place] += 1
    return (falls / covered).ravel()


def _starts(side: int, window: int, stride: int) -> range:
    """Return where windows begin along a side: the first at 0, and as many as it takes to cover it."""
    return range(0, side - window + stride, stride)


def _batches(count: int, inputs: int) -> Iterator[slice]:
    """Cut ``count`` rows of ``inputs`` values into batches of bounded size."""
    rows = max(1, _BATCH // inputs)
    for first in range(0, count, rows):
        yield slice(first, first + rows)
