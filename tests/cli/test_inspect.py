import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tenfold.cli import app
from tenfold.errors import UsageError


@pytest.fixture
def tree(tmp_path):
    draw = np.random.default_rng(1)
    for split, count in (("train", 12), ("test", 3)):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                picture = Image.fromarray(draw.integers(0, 256, (6, 5), np.uint8))
                picture.save(tmp_path / split / name / f"{number}.png")
    return tmp_path


def inspected(*arguments: object):
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


def test_clean_data_ends_with_0(tree):
    result = inspected(tree)
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["cat", "12", "3"] in lines
    assert any(line[:4] == ["train", "24", "6x5", "grey"] for line in lines)
    assert lines[-1] == ["no", "faults", "found"]


def test_an_error_ends_with_1_and_names_file_and_mend(tree):
    (tree / "train" / "cat" / "0.png").write_bytes(b"")
    (tree / "train" / "dog" / "0.png").write_bytes(b"")
    result = inspected(tree)
    assert result.exit_code == 1
    for split in ("cat", "dog"):
        assert f"  {tree / 'train' / split / '0.png'}" in result.stdout.splitlines()
    assert "[damaged-file]" in result.stdout
    assert "  mend: replace the file" in result.stdout
    assert result.stdout.endswith("1 error, 0 warnings\n")


def test_a_warning_ends_with_0(tree):
    (tree / "train" / ".git").mkdir()
    result = inspected(tree)
    assert result.exit_code == 0
    assert result.stdout.endswith("0 errors, 1 warning\n")


def test_json_size_and_sheet(tree):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tree / "test" / "dog" / "0.png")
    result = inspected(tree, "--json", "--size", "8x7", "--sheet", tree / "sheet.png")
    found = json.loads(result.stdout)
    assert [fault["code"] for fault in found["faults"]] == ["blank-image"]
    assert found["splits"][0]["size"] == [8, 7]
    assert (tree / "sheet.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("option", ["--sheet", "--augment"])
def test_no_drawing_replaces_a_picture(tree, option):
    picture = tree / "train" / "cat" / "0.png"
    before = picture.read_bytes()
    result = inspected(tree, "--sheet", tree / "sheet.png", option, picture)
    assert isinstance(result.exception, UsageError)
    assert "lies among the pictures" in str(result.exception)
    assert picture.read_bytes() == before
    assert not (tree / "sheet.png").exists()
