"""Alternating rounds: every contestant has its turn in a fresh process, again and again in the same order."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tenfold.cores import available_cores

Key = TypeVar("Key", bound=Hashable)
Measured = dict[str, Any]
"""What a contestant says of one turn: seconds, accuracy and the like."""

THREADS = tuple(sorted({1, available_cores()}))
"""Numbers of threads that a peer may choose from; the best median is taken."""


@dataclass(frozen=True)
class Contestant:
    """A process that measures something and prints it as JSON on its last line.

    Parameters
    ----------
    title : str
        Its name in the table.
    command : tuple of str
        Arguments of Python, such as ``("-m", "benchmarks.epoch", "script")``.
    environment : mapping of str to str
        Variables beyond those of this process.
    optional : bool, default False
        Whether the benchmark goes on without it when it fails, as peers do that are not installed.
    """

    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False


class Result(NamedTuple):
    """A benchmark's outcome: Markdown, and how to draw its plot, if it has one."""

    text: str
    draw: Callable[[Path], None] | None = None


def alternate(rounds: Iterable[Mapping[Key, Contestant]]) -> dict[Key, list[Measured]]:
    """Let the contestants of each round have their turns; optional ones that fail are left out.

    Parameters
    ----------
    rounds : iterable of mapping of hashable to Contestant
        Who takes part in each round; ``[contestants] * 5`` for five equal ones.

    Returns
    -------
    dict of hashable to list
        What each contestant that never failed measured, round by round.

    Raises
    ------
    SystemExit
        When a contestant fails that is not optional.
    """
    results: dict[Key, list[Measured]] = {}
    absent: set[Key] = set()
    for contestants in rounds:
        for name, contestant in contestants.items():
            if name not in absent:
                measured = _turn(contestant)
                absent |= {name} if measured is None else set()
                results.setdefault(name, []).append(measured or {})
    return {name: runs for name, runs in results.items() if name not in absent}


def _turn(contestant: Contestant) -> Measured | None:
    command = [sys.executable, *contestant.command]
    environment = os.environ | contestant.environment
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what pip installs is compiled already
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if child.returncode == 0:
        measured: Measured = json.loads(child.stdout.splitlines()[-1])
        return measured
    if not contestant.optional:
        raise SystemExit(f"{contestant.title} failed:\n{child.stderr}")
    reason = (child.stderr.strip().splitlines() or ["no reason given"])[-1]
    print(f"{contestant.title}: left out ({reason})", file=sys.stderr, flush=True)
    return None


def variants(results: Mapping[tuple[str, int], list[Measured]], name: str) -> dict[int, list[Measured]]:
    """Return what one contestant measured, by its number of threads."""
    return {threads: runs for (who, threads), runs in results.items() if who == name}


def left_out(titles: Mapping[str, str], present: Iterable[str]) -> str:
    """Name those that do not appear in the table."""
    there = set(present)
    missing = [title for name, title in titles.items() if name not in there]
    return f"Left out, because not installed or failed: {', '.join(missing)}." if missing else ""


def with_threads(threads: int) -> dict[str, str]:
    """Return the variables that hold the peers' libraries to a number of threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    variables = dict.fromkeys(names, str(threads))
    return variables | ({"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"} if threads == 1 else {})


def peak_megabytes() -> float:
    """Return the most memory that this process has had resident, pages of mapped files included.

    ``ru_maxrss`` begins with what the parent had resident, and serves only where the system says no better.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def column(runs: Iterable[Measured], key: str) -> list[float]:
    """Take one number of every turn."""
    return [run[key] for run in runs]


def ratios(slower: Sequence[float], faster: Sequence[float]) -> list[float]:
    """Divide round by round: what the machine does to both, it does to neither."""
    return [a / b for a, b in zip(slower, faster, strict=False)]


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Write the median and the range: ``1.00 (0.90 to 1.20)``."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
