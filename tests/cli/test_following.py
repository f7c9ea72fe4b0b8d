"""What a person at a terminal sees: a real pseudo-terminal, read as it comes."""

import os
import re
import subprocess
import sys

import pytest

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
pty = pytest.importorskip("pty", reason="pseudo-terminals exist on POSIX systems only")


def on_a_terminal(arguments, folder):
    """Run tenfold with stdout and stderr on a terminal; return all that it wrote."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", *arguments],
        cwd=folder,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux's way to say that nobody writes any more
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    assert process.wait() == 0, seen.decode()
    return seen.decode()


def test_a_terminal_gets_a_bar_and_a_table_with_a_row_an_epoch(digits, tmp_path):
    flags = ["--recipe", "lecture", "--epochs", "3", "--hidden", "32", "--engine", "reference", "--out"]
    seen = on_a_terminal(["train", str(digits), *flags, "runs [old]/1"], tmp_path)
    assert "1,500 training and 297 test images" in seen
    assert "64-32-10" in seen
    assert "images/s" in seen
    rows = [line.split() for line in CONTROL.sub("\n", seen).splitlines()]
    table = [row for row in rows if len(row) == 4 and row[0].isdigit() and row[2].endswith("%")]
    assert [row[0] for row in table] == ["1", "2", "3"]
    assert "tenfold evaluate 'runs [old]/1'" in seen


def test_plain_on_a_terminal_is_the_lectures_lines(digits, tmp_path):
    flags = ["--recipe", "lecture", "--epochs", "1", "--plain", "--engine", "reference"]
    seen = on_a_terminal(["train", str(digits), *flags], tmp_path)
    lines = [line for line in seen.splitlines() if not line.startswith("note: ")]
    assert lines[0].startswith("[1,    24] loss: ")
    assert lines[1].startswith("accuracy on test set: ")
    assert "\x1b" not in seen
