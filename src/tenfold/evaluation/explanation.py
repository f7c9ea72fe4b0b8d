"""Why a model answers as it does for one picture: each pixel's share in the score of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import UsageError
from tenfold.evaluation.attribution import Score, gradient_x_input, integrated_gradients, occlusion
from tenfold.functional import Floats
from tenfold.model.model_file import Model
from tenfold.model.preprocessing import Preprocessing

METHODS = ("integrated-gradients", "gradient-x-input", "occlusion")


@dataclass(frozen=True)
class Method:
    """How to share out a score among pixels.

    Parameters
    ----------
    name : str, default "integrated-gradients"
        ``integrated-gradients``, ``gradient-x-input`` or ``occlusion``.
    baseline : int, optional
        Pixel value, 0 to 255, of the picture that shows nothing; unless given, black (0), or white (255) for
        a model of dark ink on a light ground.
    steps : int, optional
        Integrated gradients by a Gauss-Legendre quadrature of so many places; exact without a number.
    window, stride : int, optional
        Occlusion: pixels along a side of the window, and from one window to the next; unless given, a sixth
        of the picture's shorter side, and a fifth of that: 5 and 1 for 28 × 28.

    Raises
    ------
    UsageError
        When a value is out of range, or belongs to another method.
    """

    name: str = METHODS[0]
    baseline: int | None = None
    steps: int | None = None
    window: int | None = None
    stride: int | None = None

    def __post_init__(self) -> None:
        if self.name not in METHODS:
            raise UsageError(f"method: '{self.name}'; expected {', '.join(METHODS)}")
        if self.baseline is not None and not 0 <= self.baseline <= 255:
            raise UsageError(
                f"baseline: {self.baseline}; expected a pixel value from 0 (black) to 255 (white)"
            )
        owners = {"steps": METHODS[0], "window": METHODS[2], "stride": METHODS[2]}
        for name, owner in owners.items():
            value = getattr(self, name)
            if value is not None and self.name != owner:
                raise UsageError(
                    f"{name}: {value}, but the method is {self.name}; expected it with {owner} only"
                )
            if value is not None and not 1 <= value <= 10_000:
                raise UsageError(f"{name}: {value}; expected 1 to 10,000")

    def values(self, score: Score, preprocessing: Preprocessing, image: NDArray[np.uint8]) -> Floats:
        """Share out the score of an image: float64 of the image's shape, channels included."""
        row, baseline = _rows(preprocessing, image, self.ground(preprocessing))
        if self.name == "gradient-x-input":
            shares = gradient_x_input(score, row, baseline)
        elif self.name == "occlusion":
            window, stride = self._window_and_stride(preprocessing.size)
            shares = occlusion(score, row, baseline, shape=image.shape, window=window, stride=stride)
        else:
            shares = integrated_gradients(score, row, baseline, steps=self.steps)
        return shares.reshape(image.shape)

    def ground(self, preprocessing: Preprocessing) -> int:
        """Return the pixel value of the picture that shows nothing."""
        if self.baseline is not None:
            return self.baseline
        return 255 if preprocessing.polarity == "dark-on-light" else 0

    def _window_and_stride(self, size: tuple[int, int]) -> tuple[int, int]:
        shorter = min(size)
        window = self.window or max(1, round(shorter / 6))
        if window > shorter:
            raise UsageError(
                f"window: {window} pixels; expected at most {shorter}, the picture's shorter side"
            )
        stride = self.stride or max(1, window // 5)
        if stride > window:
            raise UsageError(
                f"stride: {stride} pixels; expected at most the window, {window}: a pixel would be left out"
            )
        return window, stride


@dataclass(frozen=True, eq=False)
class Explanation:
    """Which pixels of a picture speak for a class, and which against it.

    Parameters
    ----------
    method : Method
        How the shares were computed.
    label, confidence : str, float
        The class that the model names, and its probability.
    target, against : str, str or None
        The class that is explained, and the one that it is compared with.
    image : ndarray of uint8, shape (H, W) or (H, W, C)
        The picture as the network takes it.
    score, baseline_score : float
        The target's logit, less that of ``against``; of the picture, and of the one that shows nothing.
    baseline : int
        Pixel value of the one that shows nothing.
    shares : ndarray of float64, shape (H, W)
        What each pixel adds to the score (above zero) or takes from it, in logits. Those of its channels are
        summed; under occlusion they have one share together.
    """

    method: Method
    label: str
    confidence: float
    target: str
    against: str | None
    image: NDArray[np.uint8]
    score: float
    baseline_score: float
    baseline: int
    shares: Floats

    @property
    def gap(self) -> float:
        """What the shares' sum has over the difference of the scores: zero, to rounding, where complete."""
        return float(self.shares.sum()) - (self.score - self.baseline_score)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "label": self.label,
            "confidence": self.confidence,
            "target": self.target,
            "against": self.against,
            "method": self.method.name,
            "baseline": self.baseline,
            "score": self.score,
            "baseline_score": self.baseline_score,
            "sum": float(self.shares.sum()),
            "gap": self.gap,
            "shares": self.shares.tolist(),
        }


def explanation(
    model: Model,
    image: NDArray[np.uint8],
    probabilities: Floats,
    method: Method,
    target: str | None = None,
    against: str | None = None,
) -> Explanation:
    """Explain what a model says of an image.

    Parameters
    ----------
    model : Model
        What was asked.
    image : ndarray of uint8, shape (H, W) or (H, W, C)
        Of the model's shape.
    probabilities : ndarray of shape (classes,)
        What it answered.
    method : Method
        How to explain.
    target : str, optional
        The class to explain; the most probable one unless given.
    against : str, optional
        A class to compare with: why the target rather than this one.

    Raises
    ------
    UsageError
        When the model does not know a class, both are the same, or a window does not fit the picture.
    ModelError
        When the image has another shape or type.
    """
    label = model.classes[int(probabilities.argmax())]
    named = label if target is None else target
    if named == against:
        raise UsageError(
            f"against: '{against}' is the class that is explained; expected another, or another target"
        )
    score = Score.of(
        model.network,
        model.weights,
        _number(model, "target", named),
        None if against is None else _number(model, "against", against),
    )
    shares = method.values(score, model.preprocessing, image)
    if image.ndim == 3:
        shares = shares[..., 0] if method.name == "occlusion" else shares.sum(axis=2)
    ground = method.ground(model.preprocessing)
    value, baseline_value = map(float, score(_rows(model.preprocessing, image, ground)))
    confidence = float(probabilities.max())
    return Explanation(
        method, label, confidence, named, against, image, value, baseline_value, ground, shares
    )


def _number(model: Model, field: str, name: str) -> int:
    if name not in model.classes:
        raise UsageError(f"{field}: '{name}'; expected a class of the model: {', '.join(model.classes)}")
    return model.classes.index(name)


def _rows(preprocessing: Preprocessing, image: NDArray[np.uint8], ground: int) -> Floats:
    """Return the network's inputs for an image and for one that is all ground, as float64: two rows."""
    return preprocessing.normalise(np.stack([image, np.full_like(image, ground)])).astype(np.float64)
