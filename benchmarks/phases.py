"""Where a step of the fused engine spends its time.

    TENFOLD_DATA=/data python -m benchmarks phases

The lecture's network and recipe on MNIST, three epochs, as the first thread of the team sees it: seconds an
epoch, and the share of each phase and of waiting for the other threads.
"""

from collections.abc import Mapping

from benchmarks.mnist import NEEDS_MNIST, NETWORK, has_mnist, raw_mnist
from benchmarks.rounds import THREADS, Result, table
from tenfold import native
from tenfold.data.load import load_path
from tenfold.model.preprocessing import Preprocessing
from tenfold.training.cycle import TrainingCycle
from tenfold.training.engine import Examples, initial_snapshot
from tenfold.training.fused_engine import FusedTrainer
from tenfold.training.recipe import Recipe

PACKAGES = ("tenfold", "numpy")
EPOCHS = 3
WEIGHTS = sum(a * b for a, b in zip(NETWORK.widths, NETWORK.widths[1:], strict=False))
FLOP = {
    "forward": 2 * WEIGHTS,
    "backward": 2 * (WEIGHTS - NETWORK.widths[0] * NETWORK.widths[1]),
    "update": 2 * WEIGHTS,
}
"""An image, by phase; what the other phases compute does not count beside them."""


def run(repeats: int) -> Result:
    """Train once for each precision and number of threads."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    with raw_mnist() as root:
        images = load_path(root).train
    examples = Examples.of(images, Preprocessing.fitted(images.images))
    rows = []
    for precision in native.instruction_set().precisions:
        for threads in THREADS:
            seconds = times(examples, precision, threads)
            total = sum(seconds.values())
            rows.append(
                (precision, threads, f"{total:.3f}", *(cell(name, seconds, total) for name in seconds))
            )
    heads = ("precision", "threads", "seconds an epoch", *seconds)
    figures = {name: f"{len(examples) * flop / 1e9:.0f}" for name, flop in FLOP.items()}
    work = f"Arithmetic an epoch, in GFLOP: {', '.join(f'{name} {work}' for name, work in figures.items())}."
    return Result(f"{table(heads, rows)}\n\n{work}")


def cell(name: str, seconds: Mapping[str, float], total: float) -> str:
    """Write the share of a phase, in percent."""
    return f"{100 * seconds[name] / total:.0f} %"


def times(examples: Examples, precision: str, threads: int) -> dict[str, float]:
    """Train; return the seconds an epoch that each phase took."""
    recipe = Recipe.named("lecture").with_changes(epochs=EPOCHS, precision=precision)
    state = initial_snapshot(NETWORK, recipe, threads)
    trainer = FusedTrainer(NETWORK, recipe, examples, state, native.instruction_set().name)
    for _ in TrainingCycle(trainer, recipe, examples, state):
        pass
    return {phase: seconds / EPOCHS for phase, seconds in trainer.times().items()}
