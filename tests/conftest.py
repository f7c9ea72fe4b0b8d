"""Real digits for every test: the 1,797 that scikit-learn carries, written as four IDX files."""

import os
import shutil
import struct
import sys

import hypothesis
import numpy as np
import pytest
from sklearn.datasets import load_digits

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# No example is too slow for a busy machine; in CI the same examples are drawn each time.
hypothesis.settings.register_profile(
    "tenfold",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
hypothesis.settings.load_profile("tenfold")


def pytest_sessionstart():
    """Skip no test of the compiled part, and none in a browser, where these are demanded."""
    if os.environ.get("TENFOLD_REQUIRE_NATIVE"):
        import tenfold._native  # noqa: F401 - an error says why it is missing
    if os.environ.get("TENFOLD_REQUIRE_CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        raise pytest.UsageError(f"TENFOLD_REQUIRE_CHROMIUM is set, but there is no {' or '.join(BROWSERS)}")


@pytest.fixture(params=["compiled", "NumPy"], scope="module")
def with_and_without_compiled_part(request):
    """Run a module's tests with the compiled part, where it was built, and once more without it."""
    if request.param == "compiled":
        pytest.importorskip("tenfold._native", reason="the compiled part was not built")
        yield
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "tenfold._native", None)
            yield


@pytest.fixture(scope="session")
def write_idx():
    """A function (path, array) that writes unsigned bytes as an IDX file."""

    def write(path, array):
        header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        path.write_bytes(header + array.astype(np.uint8).tobytes())

    return write


@pytest.fixture(scope="session")
def digits(tmp_path_factory, write_idx):
    """A folder of four IDX files: 1,500 training and 297 test digits of 8 x 8 pixels."""
    folder = tmp_path_factory.mktemp("digits")
    images, labels = load_digits(return_X_y=True)
    pixels = np.round(images.reshape(-1, 8, 8) * 255 / 16)
    for name, part in (("train", slice(0, 1500)), ("t10k", slice(1500, None))):
        write_idx(folder / f"{name}-images-idx3-ubyte", pixels[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels[part])
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keep the user's cache out of the tests."""
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path_factory.mktemp("cache")))
