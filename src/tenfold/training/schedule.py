"""The learning rate of every step: it rises to its peak, then falls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.training.recipe import Recipe


def learning_rates(recipe: Recipe, steps: int, first: int, last: int) -> NDArray[np.float64]:
    """Compute the learning rates of some steps of a training.

    The rate rises in a straight line over the first ``recipe.warmup`` of all steps. With a schedule it then
    falls, in a straight line or along half a cosine, and would be zero one step after the last.

    Parameters
    ----------
    recipe : Recipe
        The peak, and how to come there and leave it.
    steps : int
        Steps of the whole training.
    first, last : int
        From step ``first`` to before ``last``, counted from 0.

    Returns
    -------
    ndarray of float64, shape (last - first,)

    References
    ----------
    P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017), for the warm-up. I.
    Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, for the cosine.

    Examples
    --------
    >>> lecture = Recipe.named("lecture").with_changes(lr=0.4)
    >>> learning_rates(lecture.with_changes(schedule="linear", warmup=0.5), 8, 0, 8)
    array([0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1])
    >>> learning_rates(lecture, 8, 6, 8)
    array([0.4, 0.4])
    """
    rising = round(recipe.warmup * steps)
    step = np.arange(first, last)
    rise = (step + 1) / max(rising, 1)
    done = (step - rising) / max(steps - rising, 1)
    if recipe.schedule == "linear":
        fall = 1 - done
    elif recipe.schedule == "cosine":
        fall = (1 + np.cos(np.pi * done)) / 2
    else:
        fall = np.ones(len(step))
    rates: NDArray[np.float64] = recipe.lr * np.where(step < rising, rise, fall)
    return rates
