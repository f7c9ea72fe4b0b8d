"""What tenfold weighs: seconds until it answers, packages and megabytes that the core installs.

    python -m benchmarks startup [--repeats 5]

Whole processes, in turn, each ten times a repeat, beside one that imports NumPy and does nothing.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rounds import Result, spread, table

PACKAGES = ("numpy", "click", "rich")
COMMANDS = {
    "python -c 'import numpy'": ["-c", "import numpy"],
    "python -c 'import tenfold'": ["-c", "import tenfold"],
    "tenfold --help": ["-m", "tenfold", "--help"],
    "tenfold train --help": ["-m", "tenfold", "train", "--help"],
}


def core_weight() -> tuple[int, float]:
    """Install the core alone into a new environment; return its packages and megabytes, without pip."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        site = Path(
            subprocess.check_output(
                [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
            ).strip()
        )
        before = {path for path in site.rglob("*") if path.is_file()}
        subprocess.run([python, "-m", "pip", "install", "--quiet", "."], check=True)
        new = [path for path in site.rglob("*") if path.is_file() and path not in before]
        packages = {path.parent.name for path in new if path.parent.name.endswith(".dist-info")}
        return len(packages), sum(path.stat().st_size for path in new) / 1e6


def run(repeats: int) -> Result:
    """Time every command; return a table and the weight of the core."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(10 * repeats):
        for name, arguments in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - start)
    numpy = statistics.median(next(iter(seconds.values())))
    rows = [
        (f"`{name}`", spread(values, ".3f"), f"{statistics.median(values) / numpy:.1f}")
        for name, values in seconds.items()
    ]
    packages, megabytes = core_weight()
    weight = f"The core installs {packages} packages, tenfold counted, {megabytes:.0f} MB in all."
    return Result(table(("process", "seconds, median (range)", "× NumPy"), rows) + "\n\n" + weight)
