"""Two ways to follow a search for a better recipe: a table of improvements with a bar, JSON."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenfold.cli import lines
from tenfold.cli.lines import json_line
from tenfold.cli.signals import stop_signals
from tenfold.training.recipe import Recipe
from tenfold.tuning.contest import Outset, Tried, TuningListener
from tenfold.tuning.tuned import Tuned


class TuningFollower(TuningListener):
    """Prints remarks on stderr, and remembers what a good-bye has to say."""

    def __init__(self) -> None:
        self.outset: Outset | None = None
        self.done = 0

    def note(self, text: str) -> None:
        """Print a remark."""
        lines.note(text)

    def searching(self, outset: Outset) -> None:
        """Remember what begins."""
        self.outset, self.done = outset, outset.tried

    def tried(self, tried: Tried) -> None:
        """Count a training."""
        self.done = tried.number

    def close(self) -> None:
        """Clear the screen of whatever moves."""


class TuningJson(TuningFollower):
    """One JSON object a line on stdout."""

    def tried(self, tried: Tried) -> None:
        """Print a training."""
        super().tried(tried)
        json_line(
            event="trial",
            trial=tried.number,
            accuracy=tried.accuracy,
            pruned=tried.is_pruned,
            best=tried.is_best,
            seconds=tried.seconds,
            recipe=self._searched(tried.recipe),
        )

    def tuned(self, tuned: Tuned) -> None:
        """Print the end."""
        json_line(event="end", **tuned.to_dict())

    def _searched(self, recipe: Recipe) -> dict[str, Any]:
        fields = self.outset.fields if self.outset else ()
        return {name: value for name, value in recipe.to_dict().items() if name in fields}


class TuningTable(TuningFollower):
    """A row for each improvement on stdout, and a bar on stderr where that is a terminal.

    Parameters
    ----------
    data : str, optional
        What the command was given: for the advice at the end.
    """

    def __init__(self, data: str | None) -> None:
        super().__init__()
        self._train = f"tenfold train {shlex.quote(data)}" if data else "tenfold train"
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=None)

    def searching(self, outset: Outset) -> None:
        """Say what is searched, and open the table."""
        super().searching(outset)
        print(
            f"from the recipe {outset.start.name} · {outset.learn:,} images to learn from, "
            f"{outset.calibration:,} for calibration, {outset.validation:,} to measure on · "
            f"trainings at once: {outset.threads}"
        )
        if outset.tried:
            print(f"{outset.study}: goes on after {outset.tried:,} trainings")
        print(f"{'training':>8} {'accuracy':>9} {'seconds':>8}  what changed", flush=True)
        self._bar.start()
        self._bar.update(self._task, description="search", total=outset.trials, completed=outset.tried)

    def tried(self, tried: Tried) -> None:
        """Add a row for an improvement."""
        super().tried(tried)
        self._bar.update(self._task, completed=tried.number)
        if tried.is_best:
            figures = f"{tried.number:>8} {tried.accuracy:>9.2%} {tried.seconds:>8.1f}"
            print(f"{figures}  {self._changes(tried.recipe)}", flush=True)

    def _changes(self, recipe: Recipe) -> str:
        if self.outset is None or recipe == self.outset.start:
            return f"nothing: {recipe.name}"
        return changes(self.outset.start, recipe)

    def retrained(self, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description="other seeds", total=total, completed=done)

    def tuned(self, tuned: Tuned) -> None:
        """Print the finalists, what the best gains, and how to use it."""
        self.close()
        count = len(tuned.start.accuracies)
        print(f"\n{'recipe':<14} {f'accuracy, {count} other seeds':>24}")
        for finalist in tuned.finalists:
            figure = f"{finalist.mean:.2%} ± {100 * finalist.deviation:.2f}"
            print(f"{finalist.name:<14} {figure:>24}")
        print(f"\nbest: {tuned.best.name}, {tuned.verdict}")
        if tuned.best is not tuned.start:
            print(f"changed: {changes(tuned.start.recipe, tuned.best.recipe)}")
        print(f"recipe: {tuned.path}   next: {self._train} --recipe {shlex.quote(str(tuned.path))}")

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def changes(start: Recipe, recipe: Recipe) -> str:
    """Say in which fields a recipe differs from another, with its own values."""
    before, after = start.to_dict(), recipe.to_dict()
    return ", ".join(
        f"{name} {','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in after.items()
        if value != before[name]
    )


@contextmanager
def keeping_what_was_found(follower: TuningFollower) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a plain good-bye that says how to go on."""
    received: list[int] = [signal.SIGINT]

    def stop(number: int) -> None:
        received.append(number)
        raise KeyboardInterrupt

    with stop_signals(stop):
        try:
            yield
        except KeyboardInterrupt:
            follower.close()
            if (outset := follower.outset) is not None:
                follower.note(
                    f"stopped: {outset.study} keeps {follower.done:,} trainings; the same command goes on, "
                    f"and --trials {max(1, follower.done)} ends the search here and writes the recipe"
                )
            raise SystemExit(128 + received[-1]) from None
        finally:
            follower.close()
