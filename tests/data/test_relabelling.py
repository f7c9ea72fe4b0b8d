"""Copies with decisions applied: read back by the readers themselves; the source never changes."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.members import picture_paths
from tenfold.data.relabelling import Decision, relabelled, write_folder, write_npz
from tenfold.errors import DataError, UsageError

CLASSES = ("a", "b", "c")


def image_set(count, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 3, 2)).astype(np.uint8)
    return ImageSet(pixels, np.arange(count) % 3, CLASSES, "memory")


@pytest.fixture
def splits():
    return Splits(image_set(9, 0), image_set(3, 1), image_set(6, 2))


DECISIONS = [Decision("train", 4, 2), Decision("train", 0, None), Decision("validation", 5, 0)]


def test_decisions_change_these_images_and_no_others(splits):
    before = splits.sha256()
    mended = relabelled(splits, DECISIONS)
    assert mended.train.labels.tolist() == [1, 2, 0, 2, 2, 0, 1, 2]
    np.testing.assert_array_equal(mended.train.images, splits.train.images[1:])
    assert mended.validation.labels.tolist() == [0, 1, 2, 0, 1, 0]
    assert mended.test.sha256() == splits.test.sha256()
    assert splits.sha256() == before


def test_a_class_that_loses_its_last_training_image(splits):
    decisions = [Decision("train", place, 0) for place in (1, 4, 7)]
    with pytest.raises(DataError, match="leave no train image of class 'b'; expected one or more"):
        relabelled(splits, decisions)
    assert len(relabelled(splits, decisions[1:]).train) == 9


def test_a_split_that_loses_its_last_image(splits):
    decisions = [Decision("test", place, None) for place in range(3)]
    with pytest.raises(DataError, match="leave no test image of any class"):
        relabelled(splits, decisions)
    assert len(relabelled(splits, decisions[1:]).test) == 1


@pytest.mark.parametrize("colour", [False, True])
def test_an_npz_is_read_back_with_the_same_splits(splits, tmp_path, colour):
    if colour:
        splits = Splits(*(replace(part, images=np.stack([part.images] * 3, axis=3))
                          for part in (splits.train, splits.test, splits.validation)))  # fmt: skip
    write_npz(splits, tmp_path / "copy.npz")
    read = load_data(tmp_path / "copy.npz")
    for name, part in read.parts.items():
        np.testing.assert_array_equal(part.images, splits.parts[name].images)
        np.testing.assert_array_equal(part.labels, splits.parts[name].labels)
    assert set(read.parts) == set(splits.parts)
    with np.load(tmp_path / "copy.npz") as archive:
        assert tuple(archive["classes"].tolist()) == CLASSES


def test_an_npz_without_its_ending(splits, tmp_path):
    with pytest.raises(UsageError, match=r"expected a file name that ends in \.npz"):
        write_npz(splits, tmp_path / "copy")


@pytest.mark.parametrize("place", ["missing/copy.npz", "source"])
def test_an_npz_that_cannot_be_written(splits, tmp_path, place):
    with pytest.raises((DataError, UsageError)):
        write_npz(splits, tmp_path / place)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_npz_stays(splits, tmp_path):
    (tmp_path / "copy.npz").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        write_npz(splits, tmp_path / "copy.npz")
    assert (tmp_path / "copy.npz").read_text() == "mine"


@pytest.fixture(params=["", "train"])
def folder(tmp_path, request):
    """Pictures named alike in each class, each with a shade of its own; with and without a test folder."""
    root = tmp_path / "source"
    parts = [request.param, "test"] if request.param else [""]
    shade = 0
    for part in parts:
        for name in CLASSES:
            (root / part / name / "deep").mkdir(parents=True)
            for number in range(6):
                path = root / part / name / ("deep" if number == 5 else "") / f"{number}.png"
                Image.fromarray(np.full((2, 2), shade, np.uint8)).save(path)
                shade += 1
    (root / ".git").mkdir()
    (root / ".git" / "secret").write_text("not data")
    return root


def contents(root):
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def shades(root):
    """Which shades lie in which folder of a class, split by split."""
    found = {}
    for path in root.rglob("*.png"):
        parts = path.relative_to(root).parts
        key = parts[:2] if parts[0] in ("train", "test") else parts[:1]
        with Image.open(path) as picture:
            found.setdefault(key, set()).add(picture.getpixel((0, 0)))
    return found


def test_pictures_move_between_class_folders_of_the_copy(folder, tmp_path):
    before = contents(folder)
    paths = picture_paths(folder)
    moved, dropped = paths["train"][0], paths["test"][0]
    expected = shades(folder)
    for path in (moved, dropped):
        with Image.open(path) as picture:
            shade = picture.getpixel((0, 0))
        for key in expected:
            expected[key] = expected[key] - {shade}
        if path == moved:
            home = ("train", "c") if (folder / "train").exists() else ("c",)
            expected[home] = expected[home] | {shade}
    decisions = [Decision("train", 0, 2), Decision("test", 0, None)]
    write_folder(folder, paths, CLASSES, decisions, tmp_path / "copy")
    assert shades(tmp_path / "copy") == expected
    assert contents(folder) == before
    assert not (tmp_path / "copy" / ".git").exists()
    stayed = {name: content for name, content in contents(tmp_path / "copy").items() if name in before}
    names = {(folder / name).as_posix() for name in stayed}
    assert all(stayed[name] == before[name] for name in stayed)
    assert len(names) >= len(before) - 3
    assert {path.name for path in tmp_path.iterdir()} == {"source", "copy"}


def test_a_name_that_is_taken_gets_a_number(folder, tmp_path):
    paths = picture_paths(folder)
    by_class = {name: [k for k, path in enumerate(paths["train"]) if f"/{name}/" in path] for name in "ab"}
    names = {k: paths["train"][k].rpartition("/")[2] for k in by_class["a"] + by_class["b"]}
    pairs = [(k, j) for k in by_class["a"] for j in by_class["b"] if names[k] == names[j]]
    decisions = [Decision("train", place, 2) for place in pairs[0]]
    write_folder(folder, paths, CLASSES, decisions, tmp_path / "copy")
    assert sum(map(len, shades(tmp_path / "copy").values())) == sum(map(len, shades(folder).values()))


def test_an_existing_target_stays(folder, tmp_path):
    (tmp_path / "copy").mkdir()
    with pytest.raises(DataError, match="exists already"):
        write_folder(folder, picture_paths(folder), CLASSES, [], tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []


def test_a_target_within_the_source_is_refused(folder):
    before = contents(folder)
    with pytest.raises(UsageError, match="lies inside .* which stays as it is"):
        write_folder(folder, picture_paths(folder), CLASSES, [], folder / "copy")
    assert contents(folder) == before


def test_a_copy_that_fails_leaves_nothing(folder, tmp_path):
    paths = picture_paths(folder)
    (folder / paths["test"][-1]).unlink()
    with pytest.raises(DataError, match="cannot be written"):
        write_folder(folder, paths, CLASSES, [], tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
