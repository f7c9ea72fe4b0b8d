"""The lecture's page of mathematics, in NumPy: logits become probabilities, probabilities a loss.

A network ends in *logits*, one real number a class. For ``K`` classes the lecture turns them into a
multinomial distribution with softmax and trains it with cross-entropy; for two classes logistic
regression needs one logit only, turned into a Bernoulli distribution by the sigmoid:

=====================  =====================================  ================================
head                   softmax                                sigmoid
=====================  =====================================  ================================
logits                 ``z`` of shape (N, K)                  ``z`` of shape (N,)
probabilities          ``p = softmax(z)``, sums to one        ``p = sigmoid(z)``, of class 1
loss                   ``cross_entropy(z, labels)``           ``binary_cross_entropy(z, labels)``
gradient of the loss   ``(p - y) / N``, ``y`` one-hot         ``(p - y) / N``, ``y`` 0 or 1
=====================  =====================================  ================================

Both columns are one: softmax over the two logits ``(0, z)`` gives class 1 the probability ``sigmoid(z)``.

>>> z = 0.7
>>> bool(np.isclose(softmax(np.array([0.0, z]))[1], sigmoid(z)))
True

Every function takes float32 or float64 and answers in the same type; integers count as float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]


def _floats(values: ArrayLike) -> Floats:
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float64)


def softmax(logits: ArrayLike, axis: int = -1) -> Floats:
    r"""Share of each exponential in the sum of all: non-negative, and one in total.

    .. math:: p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}

    The largest logit is subtracted first. That changes nothing, since numerator and denominator shrink by
    the same factor, and no exponential can overflow.

    Parameters
    ----------
    logits : array_like of shape (..., K, ...)
        Finite real numbers.
    axis : int, default -1
        The axis of the K classes.

    Returns
    -------
    ndarray of the same shape
        Probabilities along ``axis``.

    References
    ----------
    J. S. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.

    Examples
    --------
    >>> softmax([0.0, np.log(3.0)])
    array([0.25, 0.75])
    >>> softmax([1e4, 1e4, -1e4])
    array([0.5, 0.5, 0. ])
    """
    z = _floats(logits)
    exponentials = np.exp(z - z.max(axis=axis, keepdims=True))
    shares: Floats = exponentials / exponentials.sum(axis=axis, keepdims=True)
    return shares


def log_softmax(logits: ArrayLike, axis: int = -1) -> Floats:
    r"""Logarithm of `softmax`, without taking the logarithm of a number that has become zero.

    .. math:: \log p_k = z_k - \log \sum_j e^{z_j}

    Parameters
    ----------
    logits : array_like of shape (..., K, ...)
        Finite real numbers.
    axis : int, default -1
        The axis of the K classes.

    Returns
    -------
    ndarray of the same shape
        Log-probabilities along ``axis``, none above zero.

    Examples
    --------
    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    z = _floats(logits)
    shifted = z - z.max(axis=axis, keepdims=True)
    log_shares: Floats = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return log_shares


def negative_log_likelihood(log_probabilities: ArrayLike, labels: Labels) -> float:
    r"""Mean of ``-log p`` of the true classes.

    .. math:: -\frac{1}{N} \sum_n \log p_{n, y_n}

    Parameters
    ----------
    log_probabilities : array_like of shape (N, K)
        As `log_softmax` gives them.
    labels : ndarray of int, shape (N,)
        True classes, each from 0 to K - 1.

    Returns
    -------
    float
        In nats.

    Examples
    --------
    >>> negative_log_likelihood(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 0]))
    1.0397207708399179
    """
    log_p = _floats(log_probabilities)
    return float(-log_p[np.arange(len(labels)), labels].mean())


def cross_entropy(
    logits: ArrayLike, labels: Labels, label_smoothing: float = 0.0, weights: ArrayLike = 1.0
) -> float:
    r"""Softmax followed by negative log-likelihood: the lecture's ``CrossEntropyLoss``.

    .. math:: -\frac{1}{N} \sum_n \log \frac{e^{z_{n, y_n}}}{\sum_j e^{z_{n, j}}}

    With label smoothing ``s`` the true class counts ``1 - s``, and all K classes share the rest.

    Parameters
    ----------
    logits : array_like of shape (N, K)
        What the last layer gives, with no activation.
    labels : ndarray of int, shape (N,)
        True classes, each from 0 to K - 1.
    label_smoothing : float, default 0
        From 0 to below 1.
    weights : array_like of shape (N,), optional
        How much each example counts.

    Returns
    -------
    float
        Mean loss in nats; ``log K`` for a network that knows nothing.

    Examples
    --------
    >>> cross_entropy(np.zeros((1, 10)), np.array([3]))
    2.302585092994046

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, for the
    smoothing.
    """
    log_p = log_softmax(logits)  # (N, K)
    true = log_p[np.arange(len(labels)), labels]
    losses = -((1 - label_smoothing) * true + label_smoothing * log_p.mean(axis=1))
    return float((losses * weights).mean())


def cross_entropy_gradient(
    logits: ArrayLike, labels: Labels, label_smoothing: float = 0.0, weights: ArrayLike = 1.0
) -> Floats:
    r"""Gradient of `cross_entropy` by the logits: probabilities minus truth.

    .. math:: \frac{\partial L}{\partial z} = \frac{p - y}{N}

    where ``y`` is one at the true class and zero elsewhere, or smoothed as in `cross_entropy`.

    Parameters
    ----------
    logits : array_like of shape (N, K)
        What the last layer gives.
    labels : ndarray of int, shape (N,)
        True classes.
    label_smoothing, weights
        As in `cross_entropy`.

    Returns
    -------
    ndarray of shape (N, K)
        Each row sums to zero.

    Examples
    --------
    >>> cross_entropy_gradient([[0.0, np.log(3.0)]], np.array([1]))
    array([[ 0.25, -0.25]])
    """
    gradient = softmax(logits)
    gradient -= label_smoothing / gradient.shape[1]
    gradient[np.arange(len(labels)), labels] -= 1 - label_smoothing
    gradient *= np.expand_dims(weights, -1)
    gradient /= len(labels)
    return gradient


def sigmoid(logits: ArrayLike) -> Floats:
    r"""Logistic function: maps the real line onto (0, 1).

    .. math:: \sigma(z) = \frac{1}{1 + e^{-z}}

    Computed from ``exp(-|z|)``, which cannot overflow.

    Parameters
    ----------
    logits : array_like of any shape
        Finite real numbers.

    Returns
    -------
    ndarray of the same shape
        Probabilities of class 1.

    Examples
    --------
    >>> sigmoid([0.0, np.log(3.0), -1e4])
    array([0.5 , 0.75, 0.  ])
    """
    z = _floats(logits)
    decay = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1, decay) / (1 + decay), dtype=z.dtype)


def binary_cross_entropy(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike = 1.0) -> float:
    r"""Negative log-likelihood of a Bernoulli distribution, from logits.

    .. math:: -\frac{1}{N} \sum_n \left[ y_n \log \sigma(z_n) + (1 - y_n) \log (1 - \sigma(z_n)) \right]

    Written as ``max(z, 0) - z y + log(1 + exp(-|z|))``, the same without overflow.

    Parameters
    ----------
    logits : array_like of shape (N,)
        One logit an example.
    labels : array_like of shape (N,)
        0 or 1; numbers between count as probabilities of class 1.
    weights : array_like of shape (N,), optional
        How much each example counts.

    Returns
    -------
    float
        Mean loss in nats; ``log 2`` for a network that knows nothing.

    Examples
    --------
    >>> binary_cross_entropy([0.0], [1])
    0.6931471805599453
    """
    z = _floats(logits)
    losses = np.maximum(z, 0) - z * np.asarray(labels) + np.log1p(np.exp(-np.abs(z)))
    return float((losses * weights).mean())


def binary_cross_entropy_gradient(logits: ArrayLike, labels: ArrayLike, weights: ArrayLike = 1.0) -> Floats:
    r"""Gradient of `binary_cross_entropy` by the logits: probability minus truth, as with softmax.

    .. math:: \frac{\partial L}{\partial z} = \frac{\sigma(z) - y}{N}

    Parameters
    ----------
    logits : array_like of shape (N,)
        One logit an example.
    labels : array_like of shape (N,)
        0 or 1, or between.
    weights : array_like of shape (N,), optional
        How much each example counts.

    Returns
    -------
    ndarray of shape (N,)
        In the type of the logits.

    Examples
    --------
    >>> binary_cross_entropy_gradient([0.0, 0.0], [1, 0])
    array([-0.25,  0.25])
    """
    p = sigmoid(logits)
    return np.asarray((p - np.asarray(labels)) * weights / p.size, dtype=p.dtype)
