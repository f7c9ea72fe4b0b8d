"""What importing tenfold, and asking for help, load: neither torch nor other heavy packages."""

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "optuna",
    "matplotlib",
    "pandas",
    "sklearn",
    "scipy",
    "cv2",
    "starlette",
    "onnx",
    "onnxruntime",
    "mlxtend",
    "requests",
    "pydantic",
}


@pytest.mark.parametrize(
    "program",
    [
        "import tenfold",
        "import tenfold; tenfold.Recipe.named('lecture')",
        "import tenfold; tenfold.train, tenfold.evaluate, tenfold.predict, tenfold.inspect",
        "from tenfold.cli import app; app(['--help'], standalone_mode=False)",
    ],
)
def test_nothing_heavy_is_loaded(program):
    report = "; import sys; print('loaded', *sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.rpartition("loaded ")[2].split()}
    assert loaded & HEAVY == set()
    if "--help" in program or program == "import tenfold":
        assert "numpy" not in loaded
