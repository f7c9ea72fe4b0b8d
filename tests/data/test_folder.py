"""Folders of pictures in both layouts, opened twice, and every folder that is none."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data.folder import read_folder
from tenfold.data.split import stratified_indices
from tenfold.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pictures"


def save(folder: Path, values: list[int], side: int = 3) -> Path:
    """Save one flat picture a value: the value tells which picture it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for value in values:
        Image.fromarray(np.full((side, side), value, np.uint8)).save(folder / f"{value:03}.png")
    return folder


def test_train_and_test(tmp_path: Path) -> None:
    for name, value in (("10", 30), ("2", 20), ("1", 10)):
        save(tmp_path / "data/train" / name, [value, value + 1])
    save(tmp_path / "data/testing/10", [35])
    save(tmp_path / "data/testing/1", [15])
    save(tmp_path / "data/val/2", [25])
    splits = read_folder(tmp_path / "data")
    assert splits.train.classes == splits.test.classes == ("1", "2", "10")
    assert splits.train.images[:, 0, 0].tolist() == [10, 11, 20, 21, 30, 31]
    assert splits.train.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert splits.test.images[:, 0, 0].tolist() == [15, 35] and splits.test.labels.tolist() == [0, 2]
    assert splits.validation is not None
    assert splits.validation.images[:, 0, 0].tolist() == [25] and splits.validation.labels.tolist() == [1]


def test_a_validation_folder_serves_as_test(tmp_path: Path) -> None:
    for part, value in (("train", 10), ("valid", 20)):
        save(tmp_path / "data" / part / "a", [value])
        save(tmp_path / "data" / part / "b", [value + 1])
    splits = read_folder(tmp_path / "data")
    assert splits.test.images[:, 0, 0].tolist() == [20, 21] and splits.validation is None


@pytest.mark.parametrize("inner", ["", "train"])
def test_one_folder_is_split(tmp_path: Path, inner: str) -> None:
    save(tmp_path / "data" / inner / "cat", list(range(10)))
    save(tmp_path / "data" / inner / "dog", list(range(100, 105)))
    splits = read_folder(tmp_path / "data")
    values = np.array([*range(10), *range(100, 105)])
    rest, held_out = stratified_indices((values >= 100).astype(np.int64))
    assert splits.train.images[:, 0, 0].tolist() == values[rest].tolist()
    assert splits.test.images[:, 0, 0].tolist() == values[held_out].tolist()
    assert splits.test.counts.tolist() == [2, 1]
    for part in (splits.train, splits.test):
        assert ((part.images[:, 0, 0] >= 100) == part.labels).all()


def test_the_cache_is_used_and_renewed(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "data/a", [1, 2])
    save(tmp_path / "data/b", [3, 4])
    first = read_folder(tmp_path / "data").train.sha256()
    (file,) = cache.iterdir()
    with monkeypatch.context() as context:
        context.setattr("tenfold.data.folder.decode_pictures", lambda *_: pytest.fail("decoded again"))
        assert read_folder(tmp_path / "data").train.sha256() == first
    Image.fromarray(np.full((3, 3), 9, np.uint8)).save(tmp_path / "data/b/003.png")
    splits = read_folder(tmp_path / "data")
    assert 9 in {*splits.train.images[:, 0, 0], *splits.test.images[:, 0, 0]}
    (renewed,) = cache.iterdir()
    assert renewed != file


def test_a_folder_typed_another_way_is_the_same(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "here/data/a", [1, 2])
    save(tmp_path / "here/data/b", [3, 4])
    (tmp_path / "link").symlink_to(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    first = read_folder("data", size=(5, 7))
    (file,) = cache.iterdir()
    monkeypatch.setattr("tenfold.data.folder.decode_pictures", lambda *_: pytest.fail("decoded again"))
    for path in ("./data", tmp_path / "here/data", "../here/data/", tmp_path / "link/data"):
        for size in ((5, 7), [5, 7]):
            again = read_folder(path, size=size)  # type: ignore[arg-type]
            assert again.sha256() == first.sha256()
    assert list(cache.iterdir()) == [file]


def test_sizes_are_cached_apart(tmp_path: Path, cache: Path) -> None:
    save(tmp_path / "data/a", [1, 2])
    save(tmp_path / "data/b", [3, 4])
    assert read_folder(tmp_path / "data", size=(5, 7)).train.size == (5, 7)
    assert read_folder(tmp_path / "data").train.size == (3, 3)
    assert len(list(cache.iterdir())) == 2


def test_sizes_that_differ(tmp_path: Path) -> None:
    save(tmp_path / "data/train/a", [1])
    save(tmp_path / "data/train/b", [2])
    save(tmp_path / "data/test/a", [3], side=4)
    with pytest.raises(DataError, match=r"003\.png: is 4x4 pixels, but .*001\.png is 3x3; .*--size 28x28"):
        read_folder(tmp_path / "data")
    assert read_folder(tmp_path / "data", size=(3, 3)).test.size == (3, 3)


def plant(root: Path, fault: str) -> None:
    save(root / "a", [1, 2])
    save(root / "b", [3, 4])
    match fault:
        case "empty class":
            (root / "c").mkdir()
        case "only hidden files":
            save(root / "c", [5]).joinpath("005.png").rename(root / "c" / ".005.png")
        case "damaged":
            (root / "b" / "003.png").write_bytes((root / "b" / "003.png").read_bytes()[:50])
        case "not a picture":
            (root / "b" / "003.png").write_text("hello")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("empty class", r"c: holds no picture; .*remove the folder or fill it"),
        ("only hidden files", r"c: holds no picture"),
        ("damaged", r"003\.png: damaged PNG file \(cut short\)"),
        ("not a picture", r"003\.png: is not a picture"),
    ],
)
def test_faults(tmp_path: Path, cache: Path, fault: str, message: str) -> None:
    plant(tmp_path / "data", fault)
    with pytest.raises(DataError, match=message):
        read_folder(tmp_path / "data")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_folders_that_are_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(DataError, match="is an empty folder; expected one folder a class"):
        read_folder(data)
    save(data, [1, 2])
    with pytest.raises(DataError, match="holds 2 files but no folder"):
        read_folder(data)
    (data / "a").mkdir()
    (data / "b").mkdir()
    with pytest.raises(DataError, match="its 2 folders hold no picture"):
        read_folder(data)
    (data / "b").rmdir()
    save(data / "a", [1])
    with pytest.raises(DataError, match="has only one class folder, a/; expected two or more: sort"):
        read_folder(data)
    save(data / "a" / "train", [1])
    with pytest.raises(DataError, match=r"is .*a the folder you mean\?"):
        read_folder(data)
    with pytest.raises(DataError, match="No such file"):
        read_folder(tmp_path / "none")


def test_a_test_class_that_training_has_not(tmp_path: Path) -> None:
    for name in ("train/a", "train/b", "test/a", "test/c"):
        save(tmp_path / "data" / name, [1])
    with pytest.raises(DataError, match=r"c: is a class that .*train has not; .*classes \(a, b\)"):
        read_folder(tmp_path / "data")


def test_a_test_folder_without_pictures(tmp_path: Path) -> None:
    for name in ("train/a", "train/b"):
        save(tmp_path / "data" / name, [1])
    (tmp_path / "data/test/a").mkdir(parents=True)
    with pytest.raises(DataError, match="test: its folders hold no picture"):
        read_folder(tmp_path / "data")


def test_a_size_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected height and width"):
        read_folder(tmp_path, size=(0, 28))
