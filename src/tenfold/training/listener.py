"""Whoever follows a training: told what happens, free to print it or to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.data.image_set import Splits
    from tenfold.model.network import Network
    from tenfold.training.engine import Event
    from tenfold.training.run import Run


class Listener:
    """Hears everything and does nothing; override what you need.

    To stop a training, raise `KeyboardInterrupt` from `event`: a checkpoint is written first.
    """

    @property
    def is_stopping(self) -> bool:
        """Whether trainings that run side by side should come to an end; here never."""
        return False

    def note(self, text: str) -> None:
        """Take a remark that a person should read, such as which data was used instead."""

    def downloading(self, file: str, received: int, total: int) -> None:
        """Take the progress of a download in bytes; a total of 0 is not known."""

    def began(self, run: Run, splits: Splits, network: Network) -> None:
        """Take what is about to be trained."""

    def event(self, event: Event) -> None:
        """Take news from the engine, several times a second."""

    def tested(self, epoch: int, correct: int, total: int) -> None:
        """Take the test after an epoch: ``correct`` of ``total`` test images were right."""

    def ended(self, run: Run) -> None:
        """Take the end: the model is written."""

    def repeated(self, run: Run, accuracy: float) -> None:
        """Take the end of one of several runs, which may come in any order."""
