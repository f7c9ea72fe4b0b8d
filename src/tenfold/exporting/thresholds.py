"""The rule for prediction sets that an export states: a coverage, and one number that is enough for it."""

from __future__ import annotations

from typing import NamedTuple

from tenfold.model.model_file import Model

METHOD = "lac"
"""One threshold is all that other programs need to repeat it; see `tenfold.model.conformity`."""


class SetRule(NamedTuple):
    """Which classes a prediction set holds: those with ``1 - p <= threshold``, and always the most probable.

    Parameters
    ----------
    coverage : float
        Share of pictures like the training images whose set holds their true class.
    threshold : float
        To be compared in float64.
    """

    coverage: float
    threshold: float

    @classmethod
    def of(cls, model: Model) -> SetRule | None:
        """Return the rule of the sets that ``tenfold predict`` gives; nothing where it gives none."""
        calibration = model.calibration
        coverage = None if calibration is None else calibration.conformal.best_coverage()
        if calibration is None or coverage is None:
            return None
        return cls(coverage, float(calibration.conformal.thresholds(coverage, METHOD)[0]))
