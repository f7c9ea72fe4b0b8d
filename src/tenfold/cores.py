"""How many threads the machine really grants this process."""

from __future__ import annotations

import math
import os
from pathlib import Path


def available_cores() -> int:
    """Return the number of cores at hand: those that affinity allows, cut to a container's quota.

    A container limited to two cores on a machine of sixty-four sees sixty-four; as many threads would
    only wait for one another. The quota is read from control groups, version 2 and 1.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(Path("/sys/fs/cgroup/cpu.max")) or _quota_v1(Path("/sys/fs/cgroup/cpu"))
    return min(affinity, max(1, math.floor(quota))) if quota else affinity


def _quota_v2(file: Path) -> float | None:
    try:
        quota, period = file.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return quota / int((folder / "cpu.cfs_period_us").read_text()) if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
