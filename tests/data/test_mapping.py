"""What the system is told of mapped files, as Linux itself reports it."""

from pathlib import Path

import numpy as np
import pytest

from tenfold.data import mapping
from tenfold.data.mapping import expect_shuffled_reading

SMAPS = Path("/proc/self/smaps")
pytestmark = pytest.mark.skipif(not SMAPS.exists(), reason="only Linux reports how it reads a mapped file")


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "images.npy", np.zeros((50, 28, 28), np.uint8))
    return tmp_path / "images.npy"


def flags(file):
    """Flags of the file's mapping; ``rr`` says that random reading is expected."""
    parts = SMAPS.read_text().split(str(file))
    return next(line for line in parts[1].splitlines() if line.startswith("VmFlags")).split()


@pytest.mark.parametrize(("memory", "told"), [(1, True), (10**15, False)])
def test_only_files_that_may_not_fit_in_memory_are_announced(file, memory, told, monkeypatch):
    monkeypatch.setattr(mapping, "_memory", lambda: memory)
    images = np.asarray(np.load(file, mmap_mode="r"))[:40].reshape(40, -1)
    expect_shuffled_reading(images)
    assert ("rr" in flags(file)) is told
