"""The whole lecture: ten epochs with a test after each, start to end, tenfold beside the lecture's script.

    TENFOLD_DATA=/data python -m benchmarks lecture [--repeats 5]

`tenfold train` with the lecture's recipe and the fused engine, as one starts it, beside a script that does
what the lecture's does (`benchmarks/lecture_script.py`). Timed is the whole process, with imports, reading
of the same raw files, and for tenfold the run's folder with history, checkpoints and model; round k uses
seed k. Peak memory is that of the process, as the system counts it (`ru_maxrss`).
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import plot
from benchmarks.mnist import NEEDS_MNIST, has_mnist, raw_mnist
from benchmarks.rounds import Contestant, Measured, Result, alternate, column, ratios, spread, table

PACKAGES = ("tenfold", "numpy", "torch", "torchvision")
EPOCHS = 10
SEEDS = 5
TITLES = {
    "script": "the lecture's script",
    "float32": "tenfold train, precision float32",
    "auto": "tenfold train, precision auto",
}


def run(repeats: int) -> Result:
    """Let every contestant have its turn, round k with seed k; return a table and a plot."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    with raw_mnist() as root:
        rounds = [processes(root, seed, everybody=seed < repeats) for seed in range(max(repeats, SEEDS))]
        results = alternate(rounds)
    seconds = {TITLES[name]: column(runs[:repeats], "seconds") for name, runs in results.items()}
    panels = {"Ten epochs with tests, whole process": seconds}
    return Result(report(results, repeats), partial(plot.bars, panels=panels, unit="seconds", form=".1f"))


def processes(root: Path, seed: int, *, everybody: bool) -> dict[str, Contestant]:
    """Return the processes of a round; those beyond the last round serve our accuracy alone."""
    names = TITLES if everybody else [name for name in TITLES if name != "script"]
    command, place = ("-m", "benchmarks.lecture"), (str(root), str(seed))
    return {
        name: Contestant(TITLES[name], (*command, name, *place), optional=name == "script") for name in names
    }


def report(results: dict[str, list[Measured]], repeats: int) -> str:
    """Draw the table."""
    script = column(results.get("script", []), "seconds")
    rows = []
    for name, runs in results.items():
        seconds = column(runs[:repeats], "seconds")
        accuracy = [100 * share for share in column(runs, "accuracy")]
        seeds = f"{min(accuracy):.2f} to {max(accuracy):.2f}, n = {len(accuracy)}"
        rows.append(
            (
                TITLES[name],
                spread(seconds),
                spread(ratios(script, seconds), ".1f") if script else "",
                f"{statistics.mean(accuracy):.2f} % ({seeds})",
                f"{max(column(runs, 'megabytes')):.0f} MB",
            )
        )
    heads = (
        "process",
        "seconds, median (range)",
        "× script, round by round",
        "test accuracy, mean of seeds",
        "peak memory",
    )
    return table(heads, rows)


def be_launcher(name: str, root: str, seed: str) -> None:
    """Start the process and print what it took; a launcher is small, so that it hides no child's peak."""
    import resource

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        script = ["benchmarks.lecture_script", root, seed, str(EPOCHS)]
        ours = ["tenfold", "train", root, "--recipe", "lecture", "--engine", "fused", "--plain"]
        ours += ["--precision", name, "--seed", seed, "--out", str(out)]
        start = time.perf_counter()
        child = _python(script if name == "script" else ours)
        seconds = time.perf_counter() - start
        if name == "script":
            accuracy = float(child.stderr.splitlines()[-1])
        else:
            history = (out / "history.jsonl").read_text().splitlines()
            accuracy = json.loads(history[-1])["accuracy"]
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "accuracy": accuracy, "megabytes": kilobytes * 1024 / 1e6}))


def _python(module: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *module], capture_output=True, text=True, check=True)


if __name__ == "__main__":
    be_launcher(*sys.argv[1:4])
