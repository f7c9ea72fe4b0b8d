"""How far a compressed file is believed when it promises more bytes than it has.

A small file that claims to hold gigabytes is a mistake or an attack, and is refused before it is inflated.
Images seldom shrink below a tenth; a set of them never to a hundredth.
"""

from __future__ import annotations

LARGE = 1 << 30  # bytes; so much is believed of any file
SUSPECT_RATIO = 100


def believable(compressed: int) -> int:
    """Return how many bytes a file of ``compressed`` bytes may inflate to.

    Examples
    --------
    >>> believable(10_000) == 2**30, believable(10**9)
    (True, 100000000000)
    """
    return max(LARGE, SUSPECT_RATIO * compressed)
