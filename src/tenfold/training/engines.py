"""Which engine runs a recipe, and how precisely: what was asked for, or the first that can."""

from __future__ import annotations

from importlib.util import find_spec

from tenfold import native
from tenfold.errors import MissingExtraError, UsageError
from tenfold.training.engine import Engine

ENGINES = ("fused", "torch", "reference")
"""``auto`` takes the first that is installed and knows the device and the precision."""


def resolve_engine(name: str, device: str = "cpu", precision: str = "auto") -> tuple[str, str]:
    """Say which engine ``name`` stands for, and why.

    Parameters
    ----------
    name : str
        ``auto``, ``fused``, ``torch`` or ``reference``.
    device, precision : str
        What the engine is to use: ``auto`` looks for one that can.

    Returns
    -------
    tuple of str
        The engine's name and the reason in words.

    Raises
    ------
    UsageError
        When there is no such engine, or when it is not compiled.
    MissingExtraError
        When it is not installed.
    """
    if name == "auto":
        return _first_engine(device, precision)
    if name not in ENGINES:
        raise UsageError(f"engine: '{name}'; expected auto, {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
    if name == "fused" and (absence := native.absence()):
        raise UsageError(
            f"engine: 'fused', but {absence}; expected auto, torch or reference: "
            "install a C++ compiler, then tenfold anew, to have it"
        )
    if name == "torch" and not _has_torch():
        raise MissingExtraError("torch", "torch", "--engine torch")
    return name, "it was asked for"


def _first_engine(device: str, precision: str) -> tuple[str, str]:
    obstacle = native.absence()
    if device != "cpu":
        obstacle = "the fused engine computes on the CPU only"
    elif obstacle is None and precision not in ("auto", *native.instruction_set().precisions):
        obstacle = f"the fused engine has no {precision} here"
    if obstacle is None:
        return "fused", "the fastest on a CPU, and it is compiled"
    if _has_torch():
        return "torch", f"{obstacle}, and PyTorch is installed"
    if device != "cpu":
        raise MissingExtraError("torch", "torch", f"--device {device}")
    return "reference", f"{obstacle}, and PyTorch is not installed"


def ready_engines() -> tuple[str, ...]:
    """List the engines that could run now, in the order in which ``auto`` takes them."""
    ready = {"fused": native.absence() is None, "torch": _has_torch(), "reference": True}
    return tuple(name for name in ENGINES if ready[name])


def _has_torch() -> bool:
    return find_spec("torch") is not None


def resolve_precision(precision: str, engine: str) -> tuple[str, str]:
    """Say which precision ``precision`` stands for, and why.

    Parameters
    ----------
    precision : str
        ``auto``, float32, float64 or bfloat16.
    engine : str
        Name of the engine that is to compute.
    """
    if precision != "auto":
        return precision, "it was asked for"
    if engine != "fused":
        return "float32", f"the {engine} engine's, unless another is asked for"
    chosen = native.instruction_set()
    if "bfloat16" in chosen.precisions:
        return "bfloat16", f"{chosen.name} multiplies it on this processor; sums and weights stay float32"
    return "float32", f"{chosen.name} has no bfloat16 products on this processor"


def open_engine(name: str, device: str, precision: str) -> Engine:
    """Make an engine ready for a precision.

    Raises
    ------
    UsageError
        When there is no such engine, or when it cannot use the device or the precision.
    MissingExtraError
        When it is not installed.
    """
    name, _ = resolve_engine(name, device, precision)
    if name != "torch" and device != "cpu":
        raise UsageError(f"device: '{device}'; the {name} engine knows cpu only: use --engine torch")
    engine = _make(name, device)
    if precision not in engine.precisions:
        known = ", ".join(engine.precisions)
        mend = "; --engine reference knows float64" if precision == "float64" else ""
        raise UsageError(
            f"precision: '{precision}'; expected auto or one of the {name} engine's: {known}{mend}"
        )
    return engine


def _make(name: str, device: str) -> Engine:
    if name == "fused":
        from tenfold.training.fused_engine import FusedEngine

        return FusedEngine()
    if name == "torch":
        from tenfold.training.torch_engine import TorchEngine

        return TorchEngine(device)
    from tenfold.training.reference import ReferenceEngine

    return ReferenceEngine()
