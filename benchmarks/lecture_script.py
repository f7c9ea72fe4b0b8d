"""What the lecture's script does, in other words: the peer of ``lecture`` and of ``epoch``.

    python -m benchmarks.lecture_script ROOT SEED EPOCHS

torchvision's MNIST under ROOT, ToTensor and Normalize picture by picture, a DataLoader, five layers, a loss
line every 300 batches, a test after each epoch. It draws its random numbers as the lecture does, and so
prints the lecture's lines. To standard error goes, after each epoch, the share of test images that it gets
right.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

from benchmarks.torchvision_beside_cpu_torch import import_torchvision


class Net(torch.nn.Module):
    """The lecture's five layers."""

    def __init__(self) -> None:
        super().__init__()
        self.l1 = torch.nn.Linear(784, 512)
        self.l2 = torch.nn.Linear(512, 256)
        self.l3 = torch.nn.Linear(256, 128)
        self.l4 = torch.nn.Linear(128, 64)
        self.l5 = torch.nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 10) of images (N, 1, 28, 28)."""
        x = x.view(-1, 784)
        for layer in (self.l1, self.l2, self.l3, self.l4):
            x = F.relu(layer(x))
        return self.l5(x)


def loader(root: Path, train: bool) -> torch.utils.data.DataLoader:
    """Serve MNIST picture by picture, shuffled when it is for training."""
    import_torchvision()
    from torchvision import datasets, transforms

    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    images = datasets.MNIST(root, train=train, download=False, transform=steps)
    return torch.utils.data.DataLoader(images, batch_size=64, shuffle=train)


def sgd(net: Net) -> torch.optim.SGD:
    """Return the lecture's optimiser."""
    return torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.5)


def train_epoch(
    net: Net, optimizer: torch.optim.Optimizer, images: torch.utils.data.DataLoader, epoch: int
) -> None:
    """Train on every image once; print the mean loss of every 300 batches."""
    loss_sum = 0.0
    for batch, (pictures, labels) in enumerate(images, start=1):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(pictures), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        if batch % 300 == 0:
            print(f"[{epoch}, {batch:5}] loss: {loss_sum / 300:.3f}")
            loss_sum = 0.0


def test(net: Net, images: torch.utils.data.DataLoader) -> float:
    """Print the share of images that the network gets right, and return it."""
    right = total = 0
    with torch.no_grad():
        for pictures, labels in images:
            right += (net(pictures).argmax(dim=1) == labels).sum().item()
            total += len(labels)
    print(f"accuracy on test set: {100 * right // total} % ")
    return right / total


def main(root: Path, seed: int, epochs: int) -> None:
    """Train and test as often as asked."""
    torch.manual_seed(seed)
    training, testing = loader(root, train=True), loader(root, train=False)
    net = Net()
    optimizer = sgd(net)
    for epoch in range(1, epochs + 1):
        train_epoch(net, optimizer, training, epoch)
        print(test(net, testing), file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
