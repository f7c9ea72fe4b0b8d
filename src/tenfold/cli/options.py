"""Parts of the command line that several commands share."""

from __future__ import annotations

import inspect
import json
import re
from typing import Annotated, Any

import typer

from tenfold.errors import UsageError


def parameter_help(documented: type, name: str) -> str:
    """Return what a numpydoc docstring says of one parameter, so that it is said once.

    >>> from tenfold.training.recipe import Recipe
    >>> parameter_help(Recipe, "epochs")
    'Passes over the training images.'
    """
    text = inspect.getdoc(documented)
    if text is None:  # python -OO removes docstrings
        return ""
    found = re.search(rf"^{name} : .*\n((?:    .*\n)+)", text, re.MULTILINE)
    if found is None:
        raise AssertionError(f"{documented.__name__} does not document {name}")
    return " ".join(found[1].split())


def print_json(value: Any) -> None:
    """Print a value as JSON, indented."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def whole_number(text: str) -> int:
    """Read a whole number; refuse anything else, repeating it."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}'; expected a whole number, such as 64") from None


def number(text: str) -> float:
    """Read a number; refuse anything else, repeating it."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}'; expected a number, such as 0.01") from None


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read ``28x28``, height first.

    Raises
    ------
    UsageError
        When it is written otherwise.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if found is None:
        raise UsageError(f"size: '{text}'; expected height x width in pixels, such as 28x28")
    return int(found[1]), int(found[2])


def parse_seconds(text: str | None) -> float | None:
    """Read ``10s``, ``2m``, ``1.5h``, or seconds alone.

    Raises
    ------
    UsageError
        When it is written otherwise.

    Examples
    --------
    >>> parse_seconds("2m")
    120.0
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|)", text)
    if found is None or float(found[1]) == 0:
        raise UsageError(f"budget: '{text}'; expected a time such as 10s, 2m or 1h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


SizeOption = Annotated[
    str | None,
    typer.Option(metavar="HxW", help="Scale every picture to this height and width.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
PrecisionOption = Annotated[
    str, typer.Option(metavar="NAME", help="float32, or bfloat16: faster, less exact, where compiled.")
]
ModelArgument = Annotated[str, typer.Argument(help="A model file, or a run's folder.", show_default=False)]
