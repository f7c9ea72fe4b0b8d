"""Undo label smoothing: take back the doubt that a network was taught to keep for every class.

A network that learns with label smoothing s among K classes is rewarded for ``q = (1 - s) p + s / K``, never
for the probabilities ``p`` themselves. A temperature alone cannot mend that: it makes sure answers surer, and
doubtful ones too. The rule by which the labels were smoothed is known, and so is its inverse.
"""

from __future__ import annotations

import numpy as np

from tenfold.functional import Floats
from tenfold.model.head import Head

LEAST_KEPT = 1 / 32
"""Share of its probability that a class keeps at least; chosen on validation images of MNIST and
Fashion-MNIST, where 0.001 to 0.1 are about as good."""


def unsmoothed(logits: Floats, label_smoothing: float, head: Head) -> Floats:
    r"""Return the logits of ``p = (q - s / K) / (1 - s)``, where ``q`` are what was learnt.

    .. math:: z'_k = z_k + \ln \max\left( 1 - \frac{a}{\max(q_k, a)}, \frac{1}{32} \right), \quad a = s / K

    A class keeps at least 1/32 of its probability, also where ``q`` is below ``s / K``: p stays positive, and
    classes keep their order. Softmax does the division, since p sums to one. Under a sigmoid head the change
    of class 1 less that of class 0 is added to the single logit.

    Parameters
    ----------
    logits : ndarray of shape (N, outputs)
        Of a network that learnt with label smoothing.
    label_smoothing : float
        s of the recipe, from 0 to below 1; nothing changes for 0.
    head : Head
        What turns logits into probabilities.

    Returns
    -------
    ndarray of shape (N, outputs)
        In the type of the logits.

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, for the
    smoothing.

    Examples
    --------
    >>> from tenfold.model.head import HEADS
    >>> softmax = HEADS["softmax"]
    >>> learnt = 0.9 * np.array([[0.8, 0.15, 0.05]]) + 0.1 / 3
    >>> softmax.probabilities(unsmoothed(np.log(learnt), 0.1, softmax)).round(6)
    array([[0.8 , 0.15, 0.05]])
    """
    if label_smoothing == 0:
        return logits
    q = head.probabilities(logits)
    share = q.dtype.type(label_smoothing / q.shape[1])
    change = np.log(np.maximum(1 - share / np.maximum(q, share), LEAST_KEPT))
    if change.shape != logits.shape:
        change = change[:, 1:] - change[:, :1]
    moved: Floats = logits + change
    return moved
