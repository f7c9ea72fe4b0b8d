import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data.inspection.faults import Fault, Part
from tenfold.data.inspection.folders import inspect_folder

RNG = np.random.default_rng(3)
CLASSES = ("1", "2", "10")


def encoded(pixels: np.ndarray, format: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format)
    return stream.getvalue()


def noise(height: int = 5, width: int = 4) -> np.ndarray:
    return RNG.integers(0, 256, (height, width), np.uint8)


@pytest.fixture
def tree(tmp_path) -> Path:
    """``train/`` and ``test/`` with three classes of 12 and 2 pictures."""
    for split, count in (("train", 12), ("test", 2)):
        for name in CLASSES:
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                (folder / f"{number}.png").write_bytes(encoded(noise()))
    return tmp_path


def inspected(root: Path, size: tuple[int, int] | None = None) -> tuple[dict[str, Part], dict[str, Fault]]:
    parts, faults = inspect_folder(root, size)
    for fault in faults:
        assert fault.mend
        assert "\n" not in fault.message + fault.mend
    return {part.name: part for part in parts}, {fault.code: fault for fault in faults}


def test_a_clean_tree_has_no_faults(tree):
    parts, faults = inspected(tree)
    assert faults == {}
    assert list(parts) == ["train", "test"]
    assert parts["train"].images.classes == CLASSES
    assert parts["train"].images.counts.tolist() == [12, 12, 12]
    assert parts["test"].images.images.shape == (6, 5, 4)
    for index in (0, 35):
        path = parts["train"].place(index)
        np.testing.assert_array_equal(parts["train"].images.images[index], np.asarray(Image.open(path)))
        assert Path(path).parent.name == CLASSES[parts["train"].images.labels[index]]


def test_one_folder_of_class_folders(tree):
    parts, faults = inspected(tree / "train")
    assert faults == {}
    assert list(parts) == ["all"]


@pytest.mark.parametrize(
    "place", ["train/.ipynb_checkpoints", "train/__MACOSX", "train/1/.ipynb_checkpoints"]
)
def test_hidden_folders(tree, place):
    (tree / place).mkdir()
    (tree / place / "1-checkpoint.png").write_bytes(encoded(noise()))
    parts, faults = inspected(tree)
    assert list(faults) == ["hidden-folder"]
    assert faults["hidden-folder"].paths == (str(tree / place),)
    assert str(tree / place) in faults["hidden-folder"].mend
    assert len(parts["train"].images) == 36


def test_validation_beside_val(tree):
    for name in ("val", "validation"):
        (tree / name / "1").mkdir(parents=True)
        (tree / name / "1" / "a.png").write_bytes(encoded(noise()))
    parts, faults = inspected(tree)
    assert list(faults) == ["ambiguous-split"]
    assert "val/ and validation/ both mean the validation split" in faults["ambiguous-split"].message
    assert list(parts) == ["train", "validation", "test"]


def test_no_training_folder(tree):
    (tree / "train").rename(tree / "validation")
    parts, faults = inspected(tree)
    assert list(faults) == ["missing-train"]
    assert list(parts) == ["validation", "test"]


def test_a_folder_beside_the_splits(tree):
    (tree / "backup").mkdir()
    assert inspected(tree)[1]["stray-folder"].paths == (str(tree / "backup"),)


def test_empty_class_folders(tree):
    (tree / "train" / "7").mkdir()
    (tree / "train" / "8").mkdir()
    (tree / "train" / "8" / "readme.txt").write_text("no pictures yet")
    parts, faults = inspected(tree)
    assert list(faults) == ["empty-class-folder"]
    assert faults["empty-class-folder"].paths == (str(tree / "train" / "7"), str(tree / "train" / "8"))
    assert parts["train"].images.classes == ("1", "2", "7", "8", "10")


def test_an_empty_split(tree):
    (tree / "val").mkdir()
    assert list(inspected(tree)[1]) == ["empty-split"]


def test_a_picture_outside_the_class_folders(tree):
    (tree / "train" / "lost.png").write_bytes(encoded(noise()))
    assert inspected(tree)[1]["loose-picture"].paths == (str(tree / "train" / "lost.png"),)


def test_damaged_files_are_all_named(tree):
    whole = encoded(noise())
    damaged = {tree / "train" / "1" / "3.png": whole[:-20], tree / "test" / "2" / "0.png": b""}
    for path, content in damaged.items():
        path.write_bytes(content)
    (tree / "train" / "2" / "nowhere.png").symlink_to(tree / "gone.png")
    parts, _ = inspected(tree)
    faults = [fault for fault in inspect_folder(tree, None)[1] if fault.code == "damaged-file"]
    assert {path for fault in faults for path in fault.paths} == {
        *map(str, damaged),
        str(tree / "train" / "2" / "nowhere.png"),
    }
    assert (len(parts["train"].images), len(parts["test"].images)) == (35, 5)


def test_a_hundred_files_with_the_same_damage_are_one_fault(tree):
    for number in range(100):
        (tree / "train" / "1" / f"e{number}.png").write_bytes(b"")
    fault = inspected(tree)[1]["damaged-file"]
    assert len(fault.paths) == 100
    assert "and 99 more" in fault.message


@pytest.mark.parametrize(
    ("name", "content", "code", "severity", "words"),
    [
        (
            "a.png",
            encoded(noise(), "JPEG"),
            "mislabelled-file",
            "warning",
            ".png by name, JPEG file by content",
        ),
        ("a.JPG", encoded(noise()), "mislabelled-file", "warning", ".JPG by name, PNG file by content"),
        ("a.png", encoded(noise(), "GIF"), "mislabelled-file", "error", "GIF file by content"),
        ("a.png", b"<html>not found</html>", "mislabelled-file", "error", "not a picture by content"),
        ("a.gif", encoded(noise(), "GIF"), "not-a-picture", "error", "GIF by content"),
        ("a.bin", b"\x01\x02\x03\x04\x05", "not-a-picture", "error", "of no known format by content"),
    ],
)
def test_files_that_are_not_what_they_say(tree, name, content, code, severity, words):
    (tree / "train" / "2" / name).write_bytes(content)
    parts, faults = inspected(tree)
    assert list(faults) == [code]
    assert faults[code].severity == severity
    assert words in faults[code].message
    assert faults[code].paths == (str(tree / "train" / "2" / name),)
    assert len(parts["train"].images) == (37 if severity == "warning" else 36)


@pytest.mark.parametrize("name", ["a", "a.image"])
def test_a_picture_needs_no_ending(tree, name):
    (tree / "train" / "2" / name).write_bytes(encoded(noise()))
    parts, faults = inspected(tree)
    assert faults == {}
    assert len(parts["train"].images) == 37


def test_mixed_sizes(tree):
    odd = tree / "test" / "1" / "0.png"
    odd.write_bytes(encoded(noise(6, 7)))
    parts, faults = inspected(tree)
    assert list(faults) == ["mixed-sizes"]
    assert faults["mixed-sizes"].paths == (str(odd),)
    assert "5x4 (41), 6x7 (1)" in faults["mixed-sizes"].message
    assert "--size 5x4" in faults["mixed-sizes"].mend
    assert parts["test"].images.size == (5, 4)
    parts, faults = inspected(tree, size=(10, 8))
    assert faults == {}
    assert parts["test"].images.size == (10, 8)


def test_mixed_channels(tree):
    odd = tree / "train" / "1" / "0.png"
    odd.write_bytes(encoded(RNG.integers(0, 256, (5, 4, 3), np.uint8)))
    parts, faults = inspected(tree)
    assert list(faults) == ["mixed-channels"]
    assert faults["mixed-channels"].paths == (str(odd),)
    assert parts["test"].images.images.shape == (6, 5, 4, 3)


def test_large_pictures_are_looked_at_small(tree):
    for path in sorted((tree / "test").rglob("*.png")):
        path.write_bytes(encoded(noise(500, 401)))
    parts, faults = inspected(tree / "test")
    assert list(faults) == ["large-pictures"]
    assert "--size" in faults["large-pictures"].mend
    assert parts["all"].images.size == (64, 51)


def test_equal_copies_of_pictures_of_other_sizes_do_not_count_as_equal(tree):
    flat = np.full((5, 4), 9, np.uint8)
    (tree / "train" / "1" / "0.png").write_bytes(encoded(flat))
    (tree / "train" / "1" / "1.png").write_bytes(encoded(np.repeat(flat, 2, axis=0)))
    hashes = inspected(tree)[0]["train"].hashes
    assert hashes is not None
    assert len(set(hashes)) == 36


def test_a_folder_that_leads_back_into_itself(tree):
    (tree / "train" / "1" / "again").symlink_to(tree / "train" / "1", target_is_directory=True)
    parts, faults = inspected(tree)
    assert list(faults) == ["unreadable-folder"]
    assert list(parts) == ["test"]


def test_several_faults_are_found_in_one_pass(tree):
    (tree / "train" / ".git").mkdir()
    (tree / "train" / "9").mkdir()
    (tree / "train" / "1" / "0.png").write_bytes(b"")
    (tree / "test" / "1" / "0.png").write_bytes(encoded(noise(9, 9)))
    assert set(inspected(tree)[1]) == {"hidden-folder", "empty-class-folder", "damaged-file", "mixed-sizes"}


def test_nothing_readable_at_all(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(b"")
    parts, faults = inspected(tmp_path)
    assert parts == {}
    assert list(faults) == ["damaged-file"]
