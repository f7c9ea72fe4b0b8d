"""Temperature: one number that makes probabilities mean what they say, fitted on held-out images.

Probabilities are taken from ``logits / T`` instead of the logits. T changes no answer, only how sure it is:
above one it takes confidence away, below one it adds some.
"""

from __future__ import annotations

import math

import numpy as np

from tenfold.errors import UsageError
from tenfold.functional import Floats, Labels
from tenfold.model.head import Head

LARGEST_LOG = 10.0
"""Temperatures are sought from exp(-10) to exp(10), as scikit-learn seeks them."""

HALVINGS = 30
"""Halve that range this often: the temperature is then right to 1e-8."""


def fitted_temperature(logits: Floats, labels: Labels, head: Head) -> float:
    r"""Find the temperature under which held-out images are most likely.

    .. math:: T = \arg\min_T \frac{1}{N} \sum_n -\log p_{n, y_n}(z_n / T)

    The mean loss is convex in the inverse temperature ``1 / T``, so that the sign of its slope says on which
    side the optimum lies; the logarithm of ``1 / T`` is found by bisection, in float64, starting at T = 1 and
    ending on the near side of the optimum: the loss is never above that of T = 1.

    Where all images are right, every lower temperature is more likely and there is no optimum. Therefore T
    stops, on its way below one, where the mean confidence reaches ``(N + 1) / (N + 2)``: Laplace's rule of
    succession expects no larger share of right answers even after N right ones of N. A model that is surer
    than that and makes no mistake keeps T = 1. With mistakes the bound is hardly ever met.

    Parameters
    ----------
    logits : ndarray of shape (N, outputs)
        Of images that were not learnt from.
    labels : ndarray of int, shape (N,)
        Their true classes.
    head : Head
        What turns logits into probabilities and a loss.

    Returns
    -------
    float
        Positive and finite. Use it as ``head.probabilities(logits / T)``, divided in the type of the logits.

    Raises
    ------
    UsageError
        When there are no images.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017.
    P. S. Laplace, "Essai philosophique sur les probabilités", 1814, for the rule of succession.

    Examples
    --------
    Nine in ten are right, by the same margin: they deserve a probability of nine in ten.

    >>> from tenfold.model.head import HEADS
    >>> logits, labels = np.tile([0.0, 5.0], (10, 1)), np.array([1] * 9 + [0])
    >>> temperature = fitted_temperature(logits, labels, HEADS["softmax"])
    >>> HEADS["softmax"].probabilities(logits[:1] / temperature).round(4)
    array([[0.1, 0.9]])
    """
    if len(labels) == 0:
        raise UsageError("temperature: no held-out images; expected some: see calibration_images")
    z = np.asarray(logits, np.float64)
    surest = (len(labels) + 1) / (len(labels) + 2)

    def too_sharp(log_inverse: float) -> bool:
        scaled = math.exp(log_inverse) * z
        slope = (head.loss_gradient(scaled, labels) * z).sum()  # of the loss, by 1 / T
        if slope > 0:
            return True
        return log_inverse > 0 and (slope == 0 or head.probabilities(scaled).max(axis=1).mean() > surest)

    blunt, sharp = (-LARGEST_LOG, 0.0) if too_sharp(0.0) else (0.0, LARGEST_LOG)
    for _ in range(HALVINGS):
        middle = (blunt + sharp) / 2
        blunt, sharp = (blunt, middle) if too_sharp(middle) else (middle, sharp)
    return math.exp(-min(blunt, sharp, key=abs))
