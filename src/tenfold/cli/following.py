"""Three ways to follow a training: the lecture's lines, a live table, JSON."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenfold.cli import lines
from tenfold.cli.lines import json_line
from tenfold.cli.signals import stop_signals
from tenfold.training.listener import Listener

if TYPE_CHECKING:
    from tenfold.data.image_set import Splits
    from tenfold.model.network import Network
    from tenfold.training.engine import Event
    from tenfold.training.repetition import Repetition
    from tenfold.training.run import Run


class Follower(Listener):
    """Prints remarks and results on stderr, and stops the training when asked to."""

    def __init__(self) -> None:
        self.stop_signal = 0
        self.run: Run | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has asked to stop."""
        return bool(self.stop_signal)

    def note(self, text: str) -> None:
        """Print a remark."""
        lines.note(text)

    def began(self, run: Run, splits: Splits, network: Network) -> None:
        """Remember where the run is."""
        self.run = run

    def event(self, event: Event) -> None:
        """Raise `KeyboardInterrupt` when a signal asked to stop."""
        if self.is_stopping:
            raise KeyboardInterrupt

    def ended(self, run: Run) -> None:
        """Say what was reached, and where the result is."""
        reached = f"{run.recipe.name}: {run.test_accuracy():.2%} of the test images right"
        print(f"{reached}; model: {run.model_path}", file=sys.stderr, flush=True)


class PlainLines(Follower):
    """The lecture's own lines on stdout, to the character."""

    def event(self, event: Event) -> None:
        """Print a loss line."""
        if event.is_line:
            print("[%d, %5d] loss: %.3f" % (event.epoch, event.batch, event.loss), flush=True)  # noqa: UP031
        super().event(event)

    def tested(self, epoch: int, correct: int, total: int) -> None:
        """Print an accuracy line, cut off to whole per cents as in the lecture."""
        print("accuracy on test set: %d %% " % (100 * correct / total), flush=True)  # noqa: UP031


class JsonLines(Follower):
    """One JSON object a line on stdout."""

    def event(self, event: Event) -> None:
        """Print a loss line."""
        if event.is_line:
            json_line(
                event="loss",
                epoch=event.epoch,
                batch=event.batch,
                batches=event.batches,
                loss=event.loss,
                learning_rate=event.learning_rate,
                images_per_second=event.images_per_second,
            )
        super().event(event)

    def tested(self, epoch: int, correct: int, total: int) -> None:
        """Print a test."""
        json_line(event="test", epoch=epoch, correct=correct, total=total, accuracy=correct / total)

    def ended(self, run: Run) -> None:
        """Print where the result is."""
        json_line(event="end", run=str(run.path), model=str(run.model_path))

    def repeated(self, run: Run, accuracy: float) -> None:
        """Print what a run reached."""
        json_line(event="repetition", seed=run.recipe.seed, accuracy=accuracy, model=str(run.model_path))

    def summed_up(self, result: Repetition) -> None:
        """Print what all runs say together."""
        json_line(event="summary", **result.to_dict())


class Seeds(Follower):
    """A line a seed on stdout, as each is done."""

    def repeated(self, run: Run, accuracy: float) -> None:
        """Print what a run reached."""
        print(f"seed {run.recipe.seed}: {accuracy:.2%}  {run.model_path}", flush=True)

    def summed_up(self, result: Repetition) -> None:
        """Print mean, spread and interval; a single run has neither of the latter."""
        if len(result.runs) == 1:
            print(f"accuracy on test set: {result.mean:.2%} (of 1 seed, which says nothing of the spread)")
            return
        low, high = result.interval
        print(
            f"accuracy on test set: {result.mean:.2%} ± {result.standard_deviation:.2%} (mean and standard "
            f"deviation of {len(result.runs)} seeds; 95 % interval of the mean {low:.2%} to {high:.2%})"
        )


class LiveTable(Follower):
    """A progress bar, and above it a table that grows by a row an epoch."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, rate="")
        self._loss = 0.0
        self._epochs = 0
        self._began = time.perf_counter()

    def note(self, text: str) -> None:
        """Print a remark above the bar."""
        self._print(f"note: {' '.join(text.split())}", style="yellow")

    def downloading(self, file: str, received: int, total: int) -> None:
        """Move the bar with a download."""
        self._bar.start()
        rate = f"{received / 1e6:.1f} MB"
        self._bar.update(self._task, description=file, completed=received, total=total or None, rate=rate)

    def began(self, run: Run, splits: Splits, network: Network) -> None:
        """Say what is trained, and open the table."""
        super().began(run, splits, network)
        self._print(
            f"{splits.train.source}: {len(splits.train):,} training and {len(splits.test):,} test images · "
            f"{network}, {network.parameters:,} parameters · {run.recipe.name} recipe, "
            f"seed {run.recipe.seed} · {run.settings.engine} engine, {run.settings.threads} threads"
        )
        self._print(f"{'epoch':>5} {'last loss':>9} {'accuracy':>9} {'seconds':>8}", style="bold")
        self._epochs = run.recipe.epochs
        self._bar.start()

    def event(self, event: Event) -> None:
        """Move the bar."""
        if event.is_line:
            self._loss = event.loss
        self._bar.update(
            self._task,
            description=f"epoch {event.epoch}/{self._epochs}",
            completed=(event.epoch - 1) * event.batches + event.batch,
            total=self._epochs * event.batches,
            rate=f"loss {event.loss:.3f} · {event.images_per_second:,.0f} images/s",
        )
        super().event(event)

    def tested(self, epoch: int, correct: int, total: int) -> None:
        """Add a row."""
        seconds = time.perf_counter() - self._began
        row = f"{epoch:>5} {self._loss:>9.3f} {correct / total:>9.2%} {seconds:>8.1f}"
        self._print(row)

    def ended(self, run: Run) -> None:
        """Say where the result is and what to do with it."""
        self.close()
        path = run.model_path
        self._print(f"model: {path}   next: tenfold evaluate {shlex.quote(str(run.path))}")

    def _print(self, text: str, style: str | None = None) -> None:
        """Print above the bar, brackets in names as they are."""
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


@contextmanager
def stopping_at_signals(follower: Follower) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a checkpoint and a plain good-bye; a second one ends at once."""

    def ask_to_stop(number: int) -> None:
        follower.stop_signal = number
        if follower.run is None:  # nothing has begun that a checkpoint could keep
            raise KeyboardInterrupt
        restore(number)

    with stop_signals(ask_to_stop) as restore:
        try:
            yield
        except KeyboardInterrupt:
            if follower.run is not None:
                follower.note(
                    f"stopped; go on with: tenfold train --resume {shlex.quote(str(follower.run.path))}"
                )
            raise SystemExit(128 + (follower.stop_signal or signal.SIGINT)) from None
        finally:
            if isinstance(follower, LiveTable):
                follower.close()
