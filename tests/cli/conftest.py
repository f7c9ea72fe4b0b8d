"""The command line as a user runs it: another process, its output and its exit code."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def tenfold(tmp_path):
    def run(*arguments, check=True, **options):
        done = subprocess.run(
            [sys.executable, "-m", "tenfold", *map(str, arguments)],
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"} | options.pop("env", {}),
            text=options.pop("text", True),
            **options,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run
