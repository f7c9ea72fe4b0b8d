"""Pictures that are no photograph of a digit, through the real command line: a plain answer or one line."""

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.photo.framing import framed
from tenfold.model.preprocessing import Preprocessing
from tests.photographs import HANDS, digit_of_strokes, take_photograph

MEMORY = 400 << 20  # bytes: what the process may take in all, NumPy and decoder included

# Linux counts what the parent had as the child's own: hence a small parent between the tests and the command.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
with open("memory.txt", "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of framed digits; what it answers does not matter, so its weights are zero."""
    digits = [digit_of_strokes(digit, hand) for digit in HANDS for hand in range(6)]
    images = np.stack([framed(np.int64(255 * ink), (28, 28), 20) for ink in digits])
    preprocessing = Preprocessing.fitted(images)
    assert preprocessing.ink_box == 20
    weights = {"l1.weight": np.zeros((10, 784), np.float32), "l1.bias": np.zeros(10, np.float32)}
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    Model(Network((784, 10)), weights, tuple(map(str, HANDS)), preprocessing, images).save(path)
    return path


@pytest.fixture
def predict(model, tmp_path):
    """Ask in a process of its own; return exit code, standard output, errors and the most memory it had."""

    def ask(*arguments):
        command = [
            sys.executable,
            "-c",
            MEASURED,
            sys.executable,
            "-m",
            "tenfold",
            "predict",
            model,
            *arguments,
        ]
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "300", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
        )
        most = int((tmp_path / "memory.txt").read_text()) * (1 if sys.platform == "darwin" else 1024)
        return done.returncode, done.stdout, done.stderr, most

    return ask


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="measures memory as Unix does")


def animated_gif(path):
    frames = [Image.new("L", (40, 40), shade) for shade in (0, 120, 250)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def huge_png(path):
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">2I5B", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20))
    content = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def pdf(path):
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n")


@pytest.mark.parametrize(
    ("make", "says"),
    [(animated_gif, "is a GIF file"), (huge_png, "900,000,000 pixels"), (pdf, "is a PDF file")],
)
def test_what_is_no_picture_gets_one_line_that_says_so(predict, tmp_path, make, says):
    make(tmp_path / "picture.png")
    code, output, errors, memory = predict("picture.png", "--steps", "steps.png")
    assert code == 1
    assert output == ""
    assert errors.count("\n") == 1
    assert "picture.png" in errors
    assert says in errors
    assert "expected" in errors
    assert not (tmp_path / "steps.png").exists()
    assert memory < MEMORY


@pytest.mark.parametrize("paper", ["plain", "lined", "squared"])
def test_a_blank_page_has_nothing_on_it(predict, tmp_path, paper):
    page = take_photograph(np.zeros((400, 400)), np.random.default_rng(7), paper=paper)
    Image.fromarray(page).save(tmp_path / "blank.jpg")
    code, output, errors, _ = predict("blank.jpg")
    assert (code, errors) == (0, "")
    assert output.startswith("blank.jpg: none of these")


def test_a_colour_photo_of_12_megapixels_gets_an_answer_and_a_strip(predict, tmp_path):
    random = np.random.default_rng(1)
    scene = Image.fromarray(random.integers(0, 256, (30, 40, 3), np.uint8)).resize((4000, 3000))
    scene.save(tmp_path / "scene.jpg")
    code, output, errors, memory = predict("scene.jpg", "--steps", "steps.png")
    assert (code, errors) == (0, "")
    assert output.startswith("scene.jpg: ")
    assert output.count("\n") == 1
    assert memory < MEMORY
    with Image.open(tmp_path / "steps.png") as strip:
        strip.verify()
