"""The compiled part of tenfold: whether it is there, and which instruction set it uses on this machine.

``tenfold._native`` holds the fused engine and the fast way from images to logits. An installation without a
C++ compiler lacks it; NumPy and PyTorch then do the work.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from tenfold.errors import UsageError

VARIABLE = "TENFOLD_ISA"
"""Environment variable that names the instruction set to use."""


@dataclass(frozen=True)
class InstructionSet:
    """What the compiled part computes with.

    Parameters
    ----------
    name : str
        ``amx``, ``avx512``, ``avx2`` or ``portable``.
    precisions : tuple of str
        float32, and bfloat16 where the processor multiplies it.
    reason : str
        Why this one, in words.
    """

    name: str
    precisions: tuple[str, ...]
    reason: str


def absence() -> str | None:
    """Say why the compiled part is missing; nothing where it is there."""
    try:
        import tenfold._native  # noqa: F401 - whether it can be imported is the question
    except ModuleNotFoundError:
        return "tenfold's compiled part was not built (no C++ compiler when it was installed)"
    except ImportError as error:
        return f"tenfold's compiled part cannot be loaded ({error})"
    return None


def instruction_set() -> InstructionSet:
    """Choose the best instruction set that runs here, or the one that ``TENFOLD_ISA`` names.

    The compiled part must be there; see `absence`.

    Raises
    ------
    UsageError
        When ``TENFOLD_ISA`` names none that runs here.
    """
    from tenfold._native import instruction_sets

    precisions = dict(instruction_sets())
    asked = os.environ.get(VARIABLE)
    if asked and asked not in precisions:
        raise UsageError(
            f"{VARIABLE}: '{asked}'; this machine runs {', '.join(precisions)}: "
            "name one of them, or unset it to use the first"
        )
    name = asked or next(iter(precisions))
    reason = f"{VARIABLE} asks for it" if asked else "the best that this processor runs"
    return InstructionSet(name, tuple(precisions[name]), reason)
