"""skorch: NeuralNetClassifier on tensors in memory, fused SGD, none of its bookkeeping."""

import torch
from skorch import NeuralNetClassifier

from benchmarks.lecture_script import Net
from benchmarks.mnist import BATCH, MOMENTUM, RATE, Mnist, first_weights
from benchmarks.peers import Train
from tenfold.model.network import Weights


class LectureNet(Net):
    """The lecture's layers with the lecture's first weights, whenever skorch makes them anew."""

    def __init__(self) -> None:
        super().__init__()
        self.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in first_weights().items()})


def fit(data: Mnist) -> Train:
    """Train with ``fit``."""
    tensors = torch.utils.data.TensorDataset(torch.from_numpy(data.rows), torch.from_numpy(data.labels))
    net = NeuralNetClassifier(
        LectureNet,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        optimizer__momentum=MOMENTUM,
        optimizer__fused=True,
        lr=RATE,
        batch_size=BATCH,
        max_epochs=1,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks="disable",
    )

    def train() -> Weights:
        net.fit(tensors, None)
        return {name: tensor.detach().numpy() for name, tensor in net.module_.named_parameters()}

    return train
