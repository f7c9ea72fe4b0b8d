"""How far training images may be distorted: the numbers alone, so that recipes are read without NumPy.

`tenfold.training.distortion` carries them out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from tenfold.errors import UsageError

LIMITS = {"rotation": 45.0, "scaling": 0.5, "shear": 0.5, "shift": 0.5, "elastic": 0.5}
"""Largest value of each number: beyond it, nobody would know what a picture shows."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Amplitudes of random distortions; each draw is uniform between minus and plus its amplitude.

    Parameters
    ----------
    rotation : float
        Degrees, up to 45.
    scaling : float
        Share by which height and width grow or shrink, each for itself, up to 0.5.
    shear : float
        Columns a row by which rows slide past each other, up to 0.5.
    shift : float
        Share of height and width, up to 0.5.
    elastic : float
        Share of height and width by which each point of a 7 x 7 grid is moved, up to 0.5; a cubic B-spline
        carries the points' moves to the pixels between them, which move less: a quarter of this, in root mean
        square.
    mirror : bool
        Whether every second picture, at random, is exchanged left for right.

    Raises
    ------
    UsageError
        When a number is out of range.
    """

    rotation: float = 0.0
    scaling: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    mirror: bool = False

    def __post_init__(self) -> None:
        for name, limit in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= limit:
                raise UsageError(f"augmentation: {name} is {value!r}; expected a number from 0 to {limit:g}")
            object.__setattr__(self, name, float(value))
        if not isinstance(self.mirror, bool):
            raise UsageError(f"augmentation: mirror is {self.mirror!r}; expected true or false")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Augmentation:
        """Build from plain values, as `to_dict` gives them."""
        known = [field.name for field in fields(cls)]
        if unknown := sorted(values.keys() - set(known)):
            raise UsageError(f"augmentation: unknown field '{unknown[0]}'; expected {', '.join(known)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as TOML and JSON hold them."""
        return asdict(self)


AUTO = "auto"
"""In a recipe: try each of `AUGMENTATIONS` on a validation split."""

AUGMENTATIONS = {
    "none": Augmentation(),
    "handwriting": Augmentation(rotation=13, scaling=0.12, shear=0.12, shift=0.04, elastic=0.08),
    "objects": Augmentation(scaling=0.1, shift=0.025, mirror=True),
}
"""Augmentations by name."""
