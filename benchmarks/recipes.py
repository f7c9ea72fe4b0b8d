"""The recipes: what `tenfold train` reaches with no flag but a recipe's name, and in how many seconds.

    TENFOLD_DATA=/data python -m benchmarks recipes [--repeats 5]
    TENFOLD_DATA=/data python -m benchmarks.recipes fast best-10s [--seeds 3] [--scripts 1] [--quick]

Whole processes, from the start of Python to the written model, a seed a round, in turn with the ten epochs of
the lecture's script. Every number of a recipe was chosen on training images that it had not learnt from; the
test images are read here. 5,000 images: the sample, 4,000 to train on, 1,000 to test on.
"""

import argparse
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.mnist import NEEDS_MNIST, has_mnist, raw_mnist
from benchmarks.rounds import Contestant, Measured, Result, alternate, column, ratios, spread, table
from benchmarks.whole_process import training, whole_process
from tenfold.data.sample import find_sample

PACKAGES = ("tenfold", "numpy", "torch", "torchvision")
SCRIPT, SCRIPT_EPOCHS = "script", 10


class Bar(NamedTuple):
    """A training, and what is expected of it.

    ``data`` is a catalog name; ``mean`` and ``least`` are test accuracies in percent, over all seeds and of
    each; ``seconds`` is the most that each training may take; ``times_script`` how often it fits into the
    script's time.
    """

    data: str
    flags: tuple[str, ...]
    seeds: int
    mean: float
    least: float = 0.0
    seconds: float | None = None
    times_script: float | None = None

    @property
    def command(self) -> str:
        """The training as one types it."""
        return f"`tenfold train {' '.join((self.data, *self.flags))}`"

    def checks(
        self, accuracy: list[float], seconds: list[float], times: list[float]
    ) -> Iterator[tuple[str, bool]]:
        """Say each expectation in words, and whether it is met; ``times``: how often into the script's."""
        yield f"mean {self.mean} %", statistics.mean(accuracy) >= self.mean
        if self.least:
            yield f"each {self.least} %", min(accuracy) >= self.least
        if self.seconds:
            yield f"{self.seconds:g} s", max(seconds) <= self.seconds
        if self.times_script and times:
            words = f"1/{self.times_script:g} of the script's time"
            yield words, statistics.median(times) >= self.times_script


BARS = {
    "fast": Bar("mnist", ("--recipe", "fast"), 10, mean=97.5, least=97.0, times_script=45),
    "fast-4": Bar("mnist", ("--recipe", "fast", "--epochs", "4"), 10, mean=98.2),
    "best-10s": Bar("mnist", ("--recipe", "best", "--budget", "10s"), 5, mean=99.0, seconds=10),
    "best": Bar("mnist", ("--recipe", "best"), 5, mean=99.35, seconds=60),
    "fashion-fast-10": Bar("fashion-mnist", ("--recipe", "fast", "--epochs", "10"), 5, mean=89.5),
    "fashion-best": Bar("fashion-mnist", ("--recipe", "best"), 5, mean=91.0),
    "sample-best": Bar("mnist-5k", ("--recipe", "best"), 5, mean=97.0),
}


def run(repeats: int) -> Result:
    """Train all recipes with all their seeds; the script has its turn in the first ``repeats`` rounds."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    here = {name: bar for name, bar in BARS.items() if is_here(bar.data)}
    missing = sorted({bar.data for name, bar in BARS.items() if name not in here})
    note = f"Left out, because not at hand: {', '.join(missing)}." if missing else ""
    return Result("\n\n".join(filter(None, (measured(here, repeats), note))))


def is_here(data: str) -> bool:
    """Whether a data set can be had without a download."""
    folder = Path(os.environ["TENFOLD_DATA"]) / data
    return find_sample() is not None if data == "mnist-5k" else folder.is_dir()


def measured(bars: Mapping[str, Bar], scripts: int) -> str:
    """Measure some of the bars; return their table."""
    with raw_mnist() as root:
        results = alternate(rounds(bars, scripts, root))
    script = column(results.pop(SCRIPT, []), "seconds")
    rows = [row(bars[name], runs, script) for name, runs in results.items()]
    heads = (
        "training",
        "seeds",
        "epochs",
        "test accuracy, mean ± deviation (range)",
        "seconds, median (range)",
        "expected: at least, at most",
        "met",
    )
    parts = [table(heads, rows)]
    if script:
        took = f"{spread(script, '.1f')} s, n = {len(script)}"
        parts.append(f"The lecture's script, {SCRIPT_EPOCHS} epochs: {took}.")
    if script and "fast" in results:
        times = ratios(script, column(results["fast"], "seconds"))
        parts.append(f"`fast` fits {spread(times, '.1f')} times into it, round by round.")
    return "\n\n".join(parts)


def rounds(bars: Mapping[str, Bar], scripts: int, root: Path) -> Iterable[Mapping[str, Contestant]]:
    """Make the processes, round k with seed k: for the script, too, as long as it takes part.

    The script and tenfold read the same raw files of MNIST; the other sets are found by their names.
    """
    for seed in range(max(scripts, *(bar.seeds for bar in bars.values()))):
        processes = {}
        if seed < scripts:
            script = ("-m", "benchmarks.lecture_script", root, seed, SCRIPT_EPOCHS)
            processes[SCRIPT] = whole_process("the lecture's script", *script, optional=True)
        for name, bar in bars.items():
            if seed < bar.seeds:
                data = root if bar.data == "mnist" else bar.data
                command = training(data, *bar.flags, "--seed", seed)
                processes[name] = whole_process(bar.command, *command)
        yield processes


def row(bar: Bar, runs: list[Measured], script: list[float]) -> tuple[object, ...]:
    """Write what a training reached beside what was expected."""
    accuracy = [100 * share for share in column(runs, "accuracy")]
    seconds = column(runs, "seconds")
    checks = dict(bar.checks(accuracy, seconds, ratios(script, seconds)))
    epochs = statistics.median(len(run["curve"]) for run in runs)
    deviation = f" ± {statistics.stdev(accuracy):.2f}" if len(accuracy) > 1 else ""
    reached = f"{statistics.mean(accuracy):.2f} %{deviation} ({min(accuracy):.2f} to {max(accuracy):.2f})"
    missed = [words for words, is_met in checks.items() if not is_met]
    met = f"not: {', '.join(missed)}" if missed else "yes"
    return bar.command, len(runs), f"{epochs:g}", reached, spread(seconds), ", ".join(checks), met


def main() -> None:
    """Measure the bars that were asked for, and print their table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BARS)}; without one, all")
    parser.add_argument("--seeds", type=int, help="trainings a recipe; as the bar says")
    parser.add_argument("--scripts", type=int, default=1, help="rounds in which the lecture's script runs; 1")
    parser.add_argument("--quick", action="store_true", help="one seed each, and no script")
    asked = parser.parse_args()
    if unknown := set(asked.names) - BARS.keys():
        parser.error(f"{unknown.pop()}; expected {', '.join(BARS)}")
    if not has_mnist():
        raise SystemExit(NEEDS_MNIST)
    seeds = 1 if asked.quick else asked.seeds
    bars = {name: BARS[name] for name in asked.names or BARS}
    print(
        measured(
            {name: bar._replace(seeds=seeds or bar.seeds) for name, bar in bars.items()},
            scripts=0 if asked.quick else asked.scripts,
        )
    )


if __name__ == "__main__":
    main()
