"""Parts of the command line that several commands share."""

from __future__ import annotations

import inspect
import json
import re
from functools import partial
from typing import Any

import click


def parameter_helps(documented: type) -> dict[str, str]:
    """Return what a numpydoc docstring says of each parameter, so that it is said once.

    >>> from tenfold.training.recipe import Recipe
    >>> parameter_helps(Recipe)["epochs"]
    'Passes over the training images.'
    """
    text = inspect.getdoc(documented) or ""  # python -OO removes docstrings
    found = re.finditer(r"^(\w+) : .*\n((?:    .*\n)+)", text, re.MULTILINE)
    return {match[1]: " ".join(match[2].split()) for match in found}


def print_json(value: Any) -> None:
    """Print a value as JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def whole_number(text: str) -> int:
    """Read a whole number; refuse anything else, repeating it."""
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"'{text}'; expected a whole number, such as 64") from None


def number(text: str) -> float:
    """Read a number; refuse anything else, repeating it."""
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"'{text}'; expected a number, such as 0.01") from None


def size(text: str) -> tuple[int, int]:
    """Read ``28x28``, height first; refuse anything else."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if found is None:
        raise click.BadParameter(f"'{text}'; expected height x width in pixels, such as 28x28")
    return int(found[1]), int(found[2])


def seconds(text: str) -> float:
    """Read ``10s``, ``2m``, ``1.5h``, or seconds alone; refuse anything else.

    >>> seconds("2m")
    120.0
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|)", text)
    if found is None or float(found[1]) == 0:
        raise click.BadParameter(f"'{text}'; expected a time such as 10s, 2m or 1h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


model_argument = click.argument("model", help="A model file, or a run's folder.")
images_argument = partial(
    click.argument,
    "images",
    metavar="IMAGE...",
    nargs=-1,
    help="Picture files, folders, glob patterns, or - for standard input.",
)
size_option = click.option(
    "--size", metavar="HxW", type=size, help="Scale every picture to this height and width."
)
seed_option = click.option(
    "--seed", metavar="N", type=whole_number, default=0, show_default=True, help="Start of all draws."
)
split_option = partial(
    click.option,
    "--split",
    metavar="NAME",
    show_default=True,
    help="Which images: test, train, validation or all.",
)
precision_option = click.option(
    "--precision",
    metavar="NAME",
    default="float32",
    show_default=True,
    help="float32, or bfloat16: faster, less exact, where compiled.",
)
json_option = click.option("--json", is_flag=True, help="Print JSON, for machines.")
json_lines_option = click.option("--json", is_flag=True, help="A JSON object a line, for machines.")
