"""Cores at hand, against what the system and its control groups say."""

import os
import subprocess
import sys

import pytest

from tenfold import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity can be set on Linux only")
def test_a_process_bound_to_one_core_has_one():
    core = min(os.sched_getaffinity(0))
    program = (
        "import os; os.sched_setaffinity(0, {%d}); import tenfold.cores as c; print(c.available_cores())"
    )
    done = subprocess.run([sys.executable, "-c", program % core], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("content", "quota"),
    [("max 100000\n", None), ("200000 100000\n", 2.0), ("50000 100000\n", 0.5), ("nonsense", None)],
)
def test_the_quota_of_control_groups_2(tmp_path, content, quota):
    (tmp_path / "cpu.max").write_text(content)
    assert cores._quota_v2(tmp_path / "cpu.max") == quota
    assert cores._quota_v2(tmp_path / "missing") is None


@pytest.mark.parametrize(("quota", "expected"), [("-1", None), ("150000", 1.5), ("x", None)])
def test_the_quota_of_control_groups_1(tmp_path, quota, expected):
    (tmp_path / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu.cfs_period_us").write_text("100000")
    assert cores._quota_v1(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [(None, 6), (2.5, 2), (0.5, 1), (64.0, 6)])
def test_the_smaller_of_affinity_and_quota_counts(monkeypatch, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    monkeypatch.setattr(cores, "_quota_v2", lambda file: quota)
    monkeypatch.setattr(cores, "_quota_v1", lambda folder: None)
    assert cores.available_cores() == expected
