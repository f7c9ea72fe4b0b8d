"""Follow the trainings of a cross-validation: a bar on stderr, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tenfold.cli import lines
from tenfold.evaluation.cross_validation import FoldListener


@contextmanager
def following_folds() -> Iterator[FoldListener]:
    """Yield a listener that moves a bar on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task("", total=None)
    done: dict[int, float] = {}

    class Follower(FoldListener):
        def note(self, text: str) -> None:
            lines.note(text)

        def downloading(self, file: str, received: int, total: int) -> None:
            bar.update(task, description=file, completed=received, total=total or None)

        def learning(self, fold: int, folds: int, share: float) -> None:
            done[fold] = share
            bar.update(task, description=f"{folds} folds", completed=sum(done.copy().values()), total=folds)

    with bar:
        yield Follower()
