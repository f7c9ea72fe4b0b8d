"""Softmax regression, told as an engine tells a training: one epoch, whose batches are iterations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tenfold.model.network import Network
from tenfold.training.engine import Event, Examples, Snapshot
from tenfold.training.recipe import Recipe
from tenfold.training.regression import MOST_ITERATIONS, Progress, solve


def solution(
    network: Network, recipe: Recipe, train: Examples, state: Snapshot, instruction_set: str | None
) -> Iterator[Event]:
    """Solve what ``recipe`` means, from the start: interrupted, it begins anew and comes out the same.

    Parameters
    ----------
    network : Network
        Of one layer.
    recipe : Recipe
        Its ``c`` and ``log_interval``.
    train : Examples
        On what.
    state : Snapshot
        Before the first epoch, or after it: then there is nothing to do.
    instruction_set : str, optional
        Of the compiled part.

    Yields
    ------
    Event
        After every iteration.
    """
    if state.epoch:
        return
    began = time.perf_counter()
    for progress in solve(network, train, recipe.c, state.threads, instruction_set):
        seconds = max(time.perf_counter() - began, 1e-9)
        yield Event(
            epoch=1,
            batch=progress.iteration,
            batches=progress.iteration if progress.is_last else MOST_ITERATIONS + 1,
            loss=progress.loss,
            is_line=progress.is_last or progress.iteration % recipe.log_interval == 0,
            learning_rate=1.0,
            images_per_second=progress.iteration * len(train) / seconds,
            snapshot=partial(_snapshot, state, progress),
            remark=progress.remark,
        )


def _snapshot(start: Snapshot, progress: Progress) -> Snapshot:
    return replace(start, weights=progress.weights, epoch=int(progress.is_last))
