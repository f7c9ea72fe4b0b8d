"""Which engine runs a recipe: the one that was asked for, or the first at hand."""

from __future__ import annotations

from importlib.util import find_spec

from tenfold.errors import MissingExtraError, UsageError
from tenfold.training.engine import Engine

ENGINES = ("torch", "reference")
"""``auto`` takes the first that is installed: torch prints the lecture's very lines."""


def resolve_engine(name: str) -> tuple[str, str]:
    """Say which engine ``name`` stands for, and why.

    Parameters
    ----------
    name : str
        ``auto``, ``torch`` or ``reference``.

    Returns
    -------
    tuple of str
        The engine's name and the reason in words.

    Raises
    ------
    UsageError
        When there is no such engine.
    MissingExtraError
        When it is not installed.
    """
    has_torch = find_spec("torch") is not None
    if name == "auto":
        return ("torch", "PyTorch is installed") if has_torch else ("reference", "PyTorch is not installed")
    if name not in ENGINES:
        raise UsageError(f"engine: '{name}'; expected auto, {' or '.join(ENGINES)}")
    if name == "torch" and not has_torch:
        raise MissingExtraError("torch", "torch", "--engine torch")
    return name, "it was asked for"


def open_engine(name: str, device: str, precision: str) -> Engine:
    """Make an engine ready for a precision.

    Raises
    ------
    UsageError
        When there is no such engine, or when it cannot use the device or the precision.
    MissingExtraError
        When it is not installed.
    """
    name, _ = resolve_engine(name)
    engine: Engine
    if name == "torch":
        from tenfold.training.torch_engine import TorchEngine

        engine = TorchEngine(device)
    else:
        from tenfold.training.reference import ReferenceEngine

        if device != "cpu":
            raise UsageError(f"device: '{device}'; the reference engine knows cpu only: use --engine torch")
        engine = ReferenceEngine()
    if precision not in engine.precisions:
        known = ", ".join(engine.precisions)
        raise UsageError(f"precision: '{precision}'; expected auto or one of the {name} engine's: {known}")
    return engine


def resolve_precision(precision: str) -> str:
    """Say which precision ``auto`` stands for: float32 with every engine there is."""
    return "float32" if precision == "auto" else precision
