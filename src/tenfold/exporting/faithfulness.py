"""An export is kept only if it answers as the model does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import ModelError
from tenfold.functional import Floats
from tenfold.model.model_file import GOLDEN_EXAMPLES, GOLDEN_TOLERANCE, Model
from tenfold.model.predictor import Predictor

PROBABILITY_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class Answers:
    """What an export says of images, a row each.

    Parameters
    ----------
    logits : ndarray of float32, shape (N, outputs)
        What the last layer gives.
    probabilities : ndarray of float32, shape (N, classes)
        Calibrated if the model is.
    refusal : ndarray of float32, shape (N,), optional
        Score of foreignness, infinite for a blank picture; nothing where the model refuses none.
    """

    logits: Floats
    probabilities: Floats
    refusal: Floats | None = None


def check_faithful(model: Model, ask: Callable[[NDArray[np.uint8]], Answers], by: str) -> None:
    """Compare what an export says of the golden examples with what the model does.

    Logits are compared with NumPy's. Probabilities and scores are compared with what the model makes of the
    export's own logits, so that each step is held to its own tolerance.

    Parameters
    ----------
    model : Model
        The truth.
    ask : callable (ndarray of uint8) -> Answers
        Runs the export.
    by : str
        Which program runs it, for the message.

    Raises
    ------
    ModelError
        When the answers differ by more than rounding explains, or there are none.
    """
    images, predictor = model.examples[:GOLDEN_EXAMPLES], Predictor(model)
    try:
        found = ask(images)
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"export: {by} cannot run it ({reason}); {_advice(by)}") from error
    golden = model.logits(images)
    _compare("logits", found.logits, golden, GOLDEN_TOLERANCE * _scale(golden), by)
    probabilities = predictor.probabilities_of(found.logits)
    _compare("probabilities", found.probabilities, probabilities, PROBABILITY_TOLERANCE, by)
    if model.calibration is not None and (refusal := model.calibration.refusal) is not None:
        flat = images.reshape(len(images), model.preprocessing.features)
        is_blank = (flat == flat[:, :1]).all(axis=1)
        scores = np.where(is_blank, np.inf, refusal.scores(images, found.logits))
        _compare("refusal scores", found.refusal, scores, GOLDEN_TOLERANCE * _scale(scores), by)


def _scale(values: Floats) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=1.0))


def _compare(name: str, found: Floats | None, expected: Floats, tolerance: float, by: str) -> None:
    shape = None if found is None else found.shape
    if found is None or shape != expected.shape:
        raise ModelError(f"export: {by} gives {name} of shape {shape}; expected {expected.shape}")
    if not np.allclose(found, expected, rtol=0, atol=tolerance):
        finite = np.isfinite(found) & np.isfinite(expected)
        difference = np.abs(found[finite] - expected[finite]).max(initial=0)
        raise ModelError(
            f"export: {by} gives {name} for the golden examples that differ by {difference:.2g}; expected at "
            f"most {tolerance:.2g}; {_advice(by)}"
        )


def _advice(by: str) -> str:
    return f"nothing was written: another version of {by} may mend it"
