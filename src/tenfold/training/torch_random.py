"""PyTorch's random numbers without PyTorch, so that every engine starts and shuffles as the lecture does.

After ``torch.manual_seed(seed)`` the lecture's script draws from one Mersenne Twister: the weights of
each ``Linear`` layer, then a few numbers an epoch that shuffle the training images. `TorchGenerator`
repeats those draws bit for bit. An engine that takes its weights and batches from here prints the
script's own lines.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tenfold import native
from tenfold.functional import Floats
from tenfold.model.network import Network, Weights


class TorchGenerator:
    """The stream of ``torch.Generator().manual_seed(seed)`` on a CPU.

    Parameters
    ----------
    seed : int
        From 0 to 2³² - 1; PyTorch drops higher bits as well.

    References
    ----------
    M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998).

    Examples
    --------
    >>> TorchGenerator(0).permutation(5)
    array([4, 0, 1, 3, 2])
    """

    def __init__(self, seed: int) -> None:
        self._twister = np.random.RandomState(seed & 0xFFFFFFFF)

    def _draw(self, count: int) -> NDArray[np.uint32]:
        return self._twister.randint(0, 2**32, size=count, dtype=np.uint32)

    def uniform(self, shape: tuple[int, ...], bound: float) -> Floats:
        """Draw float32 numbers between ``-bound`` and ``bound``, as ``Tensor.uniform_`` does.

        Twenty-four random bits are scaled and shifted in one fused, once rounded operation; float64 holds
        its exact value before that rounding.
        """
        fraction = (self._draw(math.prod(shape)) & 0xFFFFFF) * 2.0**-24
        low, high = np.float32(-bound), np.float32(bound)
        return (fraction * np.float64(high - low) + np.float64(low)).astype(np.float32).reshape(shape)

    def integer(self) -> int:
        """Draw a number of 63 bits, as ``torch.empty((), dtype=torch.int64).random_()`` does."""
        high, low = map(int, self._draw(2))
        return (high << 32 | low) % 2**63

    def permutation(self, n: int) -> NDArray[np.int64]:
        """Shuffle 0 … n-1 by Fisher and Yates from the front, as ``torch.randperm`` does."""
        if n == 0:
            return np.empty(0, np.int64)
        draws = self._draw(n - 1)
        if native.absence() is None:
            from tenfold._native import shuffled

            return shuffled(draws).view(np.int64)  # NumPy's own of two types of 64 bits
        places = np.arange(n)
        order = places.tolist()
        swaps = places[:-1] + draws % (n - places[:-1])
        for place, other in enumerate(swaps.tolist()):
            order[place], order[other] = order[other], order[place]
        return np.array(order, dtype=np.int64)

    def epoch_order(self, n: int) -> NDArray[np.int64]:
        """Draw one epoch's order of ``n`` images, as the lecture's two loaders do together.

        Each start of a ``DataLoader`` draws a number for worker processes, used or not: the training
        loader before its sampler draws the seed of the shuffle, the test loader after it.
        """
        self.integer()
        order = TorchGenerator(self.integer()).permutation(n)
        self.integer()
        return order

    @property
    def state(self) -> NDArray[np.uint32]:
        """All that is needed to go on: 624 words and a position, shape (625,)."""
        state = self._twister.get_state(legacy=False)["state"]
        return np.append(state["key"], np.uint32(state["pos"]))

    @state.setter
    def state(self, state: NDArray[np.uint32]) -> None:
        self._twister.set_state(("MT19937", state[:-1], int(state[-1]), 0, 0.0))


def initial_weights(network: Network, generator: TorchGenerator, kind: str = "pytorch") -> Weights:
    """Draw the first weights of a network, in float32.

    ``pytorch`` draws what ``torch.nn.Linear`` gives its layers: weights and biases uniform between plus and
    minus one over the square root of the layer's number of inputs. ``he`` draws weights √6 times as wide, so
    that values keep their size through layers of ReLU, those of the last layer a tenth of it, so that at
    first all classes are about equally probable, and biases of zero.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", ICCV 2015; PyTorch reads its rule with ``a`` = √5.
    """
    weights: Weights = {}
    for layer in range(1, network.layers + 1):
        shape = network.shapes[f"l{layer}.weight"]
        bound = 1 / math.sqrt(shape[1])
        if kind == "he":
            last = 0.1 if layer == network.layers else 1.0
            weights[f"l{layer}.weight"] = generator.uniform(shape, math.sqrt(6) * bound * last)
            weights[f"l{layer}.bias"] = np.zeros(shape[:1], np.float32)
        else:
            weights[f"l{layer}.weight"] = generator.uniform(shape, bound)
            weights[f"l{layer}.bias"] = generator.uniform(shape[:1], bound)
    return weights
