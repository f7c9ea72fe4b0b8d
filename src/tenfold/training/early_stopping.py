"""Stop when a validation split has seen no better accuracy for a while, and keep the best weights."""

from __future__ import annotations

from tenfold.model.network import Weights
from tenfold.model.sealed import read_sealed, write_sealed
from tenfold.training.run import Run

BEST = "best.safetensors"


class EarlyStopping:
    """Watches the validation accuracies of a run, also across interruptions: they stand in its history.

    Parameters
    ----------
    run : Run
        Whose history tells what has been, and whose folder keeps the best weights.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._patience = run.recipe.patience
        self.best_epoch = 0
        self.best_accuracy = -1.0
        for record in run.history():
            if "validation_accuracy" in record:
                self._note(record["epoch"], record["validation_accuracy"])

    def _note(self, epoch: int, accuracy: float) -> bool:
        better = accuracy > self.best_accuracy
        if better:
            self.best_epoch, self.best_accuracy = epoch, accuracy
        return better

    def validated(self, epoch: int, accuracy: float, weights: Weights) -> None:
        """Take an epoch's accuracy; keep its weights if none was better."""
        if self._note(epoch, accuracy):
            write_sealed(self._run.path / BEST, weights, {"epoch": epoch})

    def is_over(self, epoch: int) -> bool:
        """Whether patience has run out after ``epoch`` epochs."""
        return bool(self._patience) and epoch - self.best_epoch >= self._patience

    def best_weights(self) -> Weights:
        """Read the weights of the best epoch."""
        weights, _ = read_sealed(self._run.path / BEST)
        return weights
