"""Train as a peer of ``time_to_accuracy`` does, in a process of its own, and print each accuracy.

python -m benchmarks.peers keras_on_jax.scheduled ROOT EPOCHS PRECISION SEED
"""

import sys
from pathlib import Path

from benchmarks.mnist import Mnist
from benchmarks.peers import peer
from benchmarks.peers.schedules import scheduled

if __name__ == "__main__":
    name, root, epochs, precision, seed = sys.argv[1:]
    for accuracy in peer(name)(Mnist.load(Path(root)), scheduled(int(epochs), precision, int(seed))):
        print(float(accuracy), flush=True)
