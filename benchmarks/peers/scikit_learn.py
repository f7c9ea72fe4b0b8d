"""scikit-learn: MLPClassifier with plain SGD, from first weights of its own choice."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.mnist import BATCH, MOMENTUM, NETWORK, RATE, Mnist
from benchmarks.peers import Train
from tenfold.model.network import Weights


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
