"""How badly a class fits an image, judged by the probabilities of all: scores for prediction sets.

========  ==============================================  ================================================
method    score of a class with probability p             source
========  ==============================================  ================================================
``lac``   ``1 - p``                                       Sadinle, Lei, Wasserman, JASA 114 (2019)
``aps``   ``above + u p``                                 Romano, Sesia, Candès, NeurIPS 2020
``raps``  ``above + u p + lambda_reg (rank - k_reg)₊``    Angelopoulos, Bates, Jordan, Malik, ICLR 2021
========  ==============================================  ================================================

``rank`` counts the classes of an image from one, the most probable first; ``above`` is the sum of the
probabilities of the classes ranked before; ``u`` is a uniform random number an image; ``₊`` means that
negative numbers count as zero.

``lac`` gives the smallest sets, ``aps`` sets that grow with the difficulty of the image, ``raps`` the same
with fewer long ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenfold.functional import Floats, Labels

METHODS = ("lac", "aps", "raps")

K_REG, LAMBDA_REG = 5, 0.01
"""Of ``raps``, as its authors set them where they do not tune: tuning takes held-out images of its own. Up to
``k_reg`` classes there is no penalty, and ``raps`` is ``aps``."""


class Standing(NamedTuple):
    """How a class stands among all classes of an image; arrays of one shape.

    Parameters
    ----------
    probability : ndarray of float32
        Of the class.
    above : ndarray of float64
        Sum of the probabilities of the classes ranked before, added in the order of ranks.
    rank : ndarray of uint16
        1 for the most probable class; of equal ones the first in label order ranks first.
    """

    probability: NDArray[np.float32]
    above: NDArray[np.float64]
    rank: NDArray[np.uint16]

    @classmethod
    def of(cls, probabilities: Floats) -> Standing:
        """Rank all classes of each image.

        Parameters
        ----------
        probabilities : ndarray of shape (N, classes)
            Taken as float32.

        Examples
        --------
        >>> print(Standing.of(np.array([[0.25, 0.625, 0.125]])).above)
        [[0.625 0.    0.875]]
        """
        p = probabilities.astype(np.float32)
        order = np.argsort(-p, axis=1, kind="stable")
        mass = np.cumsum(np.take_along_axis(p, order, axis=1), axis=1, dtype=np.float64)
        above, rank = np.zeros(p.shape), np.zeros(p.shape, np.uint16)
        np.put_along_axis(above, order[:, 1:], mass[:, :-1], axis=1)
        np.put_along_axis(rank, order, np.arange(1, p.shape[1] + 1, dtype=np.uint16), axis=1)
        return cls(p, above, rank)

    def of_classes(self, labels: Labels) -> Standing:
        """Keep one class of each image: arrays of shape (N,)."""
        rows = np.arange(len(labels))
        return Standing(self.probability[rows, labels], self.above[rows, labels], self.rank[rows, labels])


def conformity_scores(
    method: str,
    standing: Standing,
    draws: Floats | None = None,
    k_reg: int = K_REG,
    lambda_reg: float = LAMBDA_REG,
) -> NDArray[np.float64]:
    """Compute the scores of the module's table, in float64: the lower, the better a class fits.

    Parameters
    ----------
    method : str
        lac, aps or raps.
    standing : Standing
        Of one class an image, arrays of shape (N,), or of all, (N, classes).
    draws : ndarray of shape (N,) or (N, 1), optional
        ``u`` of each image, from 0 to below 1. Without them a score is ``above``, with the penalty of the
        rank before: as low as the class is sure to be reached by going down the ranks, whatever ``u``.
    k_reg, lambda_reg
        Of ``raps``: the rank up to which there is no penalty, and the penalty of each rank beyond.

    Returns
    -------
    ndarray of float64
        In the shape of the standing's arrays.
    """
    probability, above, rank = (values.astype(np.float64) for values in standing)
    if method == "lac":
        return 1 - probability
    scores, rank = (above, rank - 1) if draws is None else (above + draws * probability, rank)
    return scores + lambda_reg * np.maximum(rank - k_reg, 0) if method == "raps" else scores
