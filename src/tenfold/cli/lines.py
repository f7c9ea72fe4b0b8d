"""Lines that commands print while they work: remarks for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from typing import Any


def note(text: str) -> None:
    """Print a remark on stderr, as one line."""
    sys.stderr.write(f"note: {' '.join(text.split())}\n")
    sys.stderr.flush()


def json_line(**values: Any) -> None:
    """Print an object as one line of JSON on stdout."""
    print(json.dumps(values), flush=True)
