"""Run the benchmarks and write what they print to ``docs/benchmarks.md``.

python -m benchmarks                     all of them, with plots, into docs/benchmarks.md
python -m benchmarks epoch --repeats 5   one of them, on the screen only
python -m benchmarks epoch --plot        the same, and its plot into docs/benchmarks/epoch.svg
python -m benchmarks --mapped            all of them, and ``mapped``, which fills the disk and takes long
"""

import argparse
import datetime
import inspect
from pathlib import Path

from benchmarks import (
    distortion,
    endurance,
    epoch,
    estimator,
    folder,
    inference,
    lecture,
    mapped,
    page,
    phases,
    precision,
    probabilities,
    recipes,
    refusal,
    regression,
    scaling,
    serving,
    startup,
    suspects,
    time_to_accuracy,
)
from benchmarks.machine import machine, versions

BENCHMARKS = {
    "lecture": lecture,
    "time_to_accuracy": time_to_accuracy,
    "recipes": recipes,
    "epoch": epoch,
    "estimator": estimator,
    "phases": phases,
    "distortion": distortion,
    "precision": precision,
    "probabilities": probabilities,
    "refusal": refusal,
    "inference": inference,
    "serving": serving,
    "endurance": endurance,
    "page": page,
    "regression": regression,
    "scaling": scaling,
    "mapped": mapped,
    "folder": folder,
    "suspects": suspects,
    "startup": startup,
}
DOCS = Path(__file__).parents[1] / "docs"


def section(name: str, repeats: int, with_plot: bool) -> str:
    """Run one benchmark and return its part of the page."""
    module = BENCHMARKS[name]
    title, _, about = (inspect.getdoc(module) or "").partition("\n")
    words = "\n\n".join(about.strip().split("\n\n")[1:])  # the first paragraph is the command
    text, draw = module.run(repeats)
    parts = [f"## {title.rstrip('.')}", words, text]
    if draw and with_plot:
        draw(DOCS / "benchmarks" / f"{name}.svg")
        parts.append(f"![{title.rstrip('.')}](benchmarks/{name}.svg)")
    parts.append(f"{machine()}; {versions(module.PACKAGES)}; {repeats} rounds, alternating.")
    parts.append(f"`python -m benchmarks {name}`")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", nargs="?", choices=BENCHMARKS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--plot", action="store_true")
    parser.add_argument("--mapped", action="store_true")
    arguments = parser.parse_args()
    every = [name for name in BENCHMARKS if name != "mapped" or arguments.mapped]
    sections = []
    for name in [arguments.name] if arguments.name else every:
        sections.append(section(name, arguments.repeats, arguments.plot or not arguments.name))
        print(sections[-1], flush=True)
    if arguments.name is None:
        today = datetime.date.today().isoformat()
        advice = f"Written by `make bench` on {today}. Machines are shared and noisy: read the ratios."
        head = f"# Benchmarks\n\n{advice}\n"
        (DOCS / "benchmarks.md").write_text("\n".join([head, *sections]), "utf-8")


if __name__ == "__main__":
    main()
