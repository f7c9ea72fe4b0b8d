"""scikit-learn: MLPClassifier with plain SGD, from first weights of its own choice."""

import warnings
from collections.abc import Iterator

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.mnist import BATCH, MOMENTUM, NETWORK, RATE, Mnist
from benchmarks.peers import Train
from tenfold.model.network import Weights
from tenfold.training.recipe import Recipe


def fit(data: Mnist) -> Train:
    """Train with ``fit`` on float32 rows."""
    net = MLPClassifier(
        NETWORK.widths[1:-1],
        solver="sgd",
        alpha=0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        max_iter=1,
        random_state=0,
    )

    def train() -> Weights:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch is what was asked for
            net.fit(data.rows, data.labels)
        tensors = zip(net.coefs_, net.intercepts_, strict=True)
        return dict(zip(NETWORK.shapes, (tensor.T for pair in tensors for tensor in pair), strict=True))

    return train


def epoch_by_epoch(data: Mnist, recipe: Recipe) -> Iterator[float]:
    """Train with its own defaults, Adam and batches of 200; yield the accuracy after each epoch.

    It has no schedule that falls to zero in a given number of steps: of the recipe only the number of epochs
    and the seed are taken.
    """
    net = MLPClassifier(NETWORK.widths[1:-1], random_state=recipe.seed)
    for _ in range(recipe.epochs):
        net.partial_fit(data.rows, data.labels, classes=range(NETWORK.widths[-1]))
        yield net.score(data.test_rows, data.test_labels)
