"""How far a measured share may be from the true one."""

from __future__ import annotations

import math

NORMAL_95 = 1.959963984540054
"""The standard normal distribution lies within this many deviations 95 % of the time."""


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion, which holds near 0 and 1 as well.

    Parameters
    ----------
    successes : int
        From 0 to ``trials``.
    trials : int
        At least one.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Examples
    --------
    >>> low, high = wilson_interval(9750, 10_000)
    >>> round(low, 4), round(high, 4)
    (0.9718, 0.9779)
    """
    share, z2 = successes / trials, NORMAL_95**2 / trials
    centre = (share + z2 / 2) / (1 + z2)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials)) / (1 + z2)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # but for rounding
