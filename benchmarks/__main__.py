"""Run the benchmarks and write what they print to ``docs/benchmarks.md``.

python -m benchmarks                     all of them, into docs/benchmarks.md
python -m benchmarks epoch --repeats 5   one of them, on the screen only
"""

import argparse
import datetime
import inspect
from pathlib import Path

from benchmarks import epoch, folder, startup
from benchmarks.machine import machine, versions

BENCHMARKS = {"epoch": epoch, "folder": folder, "startup": startup}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def section(name: str, repeats: int) -> str:
    """Run one benchmark and return its part of the page."""
    module = BENCHMARKS[name]
    title, _, about = (inspect.getdoc(module) or "").partition("\n")
    words = "\n\n".join(about.strip().split("\n\n")[1:])  # the first paragraph is the command
    place = f"{repeats} rounds, alternating. {machine()}; {versions(module.PACKAGES)}."
    parts = (f"## {title.rstrip('.')}", words, module.run(repeats), place, f"`python -m benchmarks {name}`")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", nargs="?", choices=BENCHMARKS)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    sections = []
    for name in [arguments.name] if arguments.name else BENCHMARKS:
        sections.append(section(name, arguments.repeats))
        print(sections[-1], flush=True)
    if arguments.name is None:
        today = datetime.date.today().isoformat()
        advice = f"Written by `make bench` on {today}. Machines are shared and noisy: read the ratios."
        head = f"# Benchmarks\n\n{advice}\n"
        PAGE.write_text("\n".join([head, *sections]), "utf-8")


if __name__ == "__main__":
    main()
