"""Time whole processes, from their start to their end, and what they have learnt on the way.

    python -m benchmarks.whole_process -m tenfold train /data/mnist --json --out OUT

Starts Python with these arguments; ``OUT`` stands for a new folder that is removed afterwards. A line of
output that is a number with a point, or a JSON object with an ``accuracy``, says which share of the test
images is right at that moment; the last counts when the process has ended.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks.rounds import Contestant, Measured

OUT = "OUT"


def whole_process(title: str, *arguments: object, optional: bool = False, **environment: str) -> Contestant:
    """Return a contestant that measures ``seconds``, ``accuracy``, and the ``curve`` of both over time."""
    command = ("-m", "benchmarks.whole_process", *map(str, arguments))
    return Contestant(title, command, environment, optional)


def training(data: object, *flags: object) -> tuple[object, ...]:
    """Return the arguments of Python for ``tenfold train``."""
    return ("-m", "tenfold", "train", data, "--json", "--out", OUT, *flags)


def measure(arguments: Sequence[str]) -> Measured:
    """Run Python with some arguments and time it.

    Raises
    ------
    SystemExit
        When it fails, or says no accuracy; the message is what it said.
    """
    curve, lines = [], []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *(f"{folder}/run" if part == OUT else part for part in arguments)]
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            for line in child.stdout or ():
                lines.append(line)
                if (accuracy := accuracy_in(line)) is not None:
                    curve.append((time.perf_counter() - start, accuracy))
        seconds = time.perf_counter() - start
    if child.returncode or not curve:
        raise SystemExit("".join(lines) or f"exit code {child.returncode}")
    _, accuracy = curve.pop()
    return {"seconds": seconds, "accuracy": accuracy, "curve": [*curve, (seconds, accuracy)]}


def accuracy_in(line: str) -> float | None:
    """Return the accuracy that a line of output tells, if it tells one."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    found = value.get("accuracy") if isinstance(value, dict) else value
    return found if isinstance(found, float) else None


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1:])))
