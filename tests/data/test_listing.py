"""What is listed in a folder of class folders, and what the fingerprint notices."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.listing import find_parts, list_pictures, natural_key
from tenfold.errors import DataError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_natural_order() -> None:
    names = ["10", "b", "2", "1", "a10", "A2", "img-1-b", "img-1-a", "²"]
    assert sorted(names, key=natural_key) == ["1", "2", "10", "A2", "a10", "b", "img-1-a", "img-1-b", "²"]


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_sort_as_numbers(numbers: list[int]) -> None:
    assert sorted(map(str, numbers), key=natural_key) == [str(number) for number in sorted(numbers)]


@given(st.lists(st.text(max_size=6), unique=True), st.randoms())
def test_the_order_of_any_names_is_total(names: list[str], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = names.copy()
    random.shuffle(shuffled)
    assert sorted(names, key=natural_key) == sorted(shuffled, key=natural_key)


def test_classes_files_and_labels(tmp_path: Path) -> None:
    touch(tmp_path, "10/b.png", "10/a.jpg", "2/deep/er/x.bmp", "2/y", "1/z.PNG", "loose.png")
    touch(tmp_path, ".git/a.png", "__MACOSX/a.png", "1/.DS_Store", "1/._z.PNG", "1/Thumbs.db", "1/labels.txt")
    (tmp_path / "3").mkdir()
    listing = list_pictures(tmp_path)
    assert listing.classes == ("1", "2", "3", "10")
    assert [Path(path).relative_to(tmp_path).as_posix() for path in listing.paths] == [
        "1/z.PNG",
        "2/y",
        "2/deep/er/x.bmp",
        "10/a.jpg",
        "10/b.png",
    ]
    assert listing.labels.tolist() == [0, 1, 1, 3, 3]


@pytest.mark.parametrize("change", ["content", "time", "rename", "remove", "add", "class", "move"])
def test_every_change_shows_in_the_fingerprint(tmp_path: Path, change: str) -> None:
    touch(tmp_path, "a/1.png", "a/2.png", "b/3.png")
    before = list_pictures(tmp_path).fingerprint
    assert list_pictures(tmp_path).fingerprint == before
    match change:
        case "content":
            (tmp_path / "a/1.png").write_bytes(b"longer than it was")
        case "time":
            os.utime(tmp_path / "a/1.png", ns=(1, 1))
        case "rename":
            (tmp_path / "a/1.png").rename(tmp_path / "a/4.png")
        case "remove":
            (tmp_path / "a/1.png").unlink()
        case "add":
            touch(tmp_path, "b/4.png")
        case "class":
            (tmp_path / "c").mkdir()
        case "move":
            (tmp_path / "a/2.png").rename(tmp_path / "b/2.png")
    assert list_pictures(tmp_path).fingerprint != before


def test_a_change_that_keeps_size_and_modification_time_shows(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows keeps no change time")
    file = touch(tmp_path, "a/1.png") / "a/1.png"
    os.utime(file, ns=(10**18, 10**18))
    before = list_pictures(tmp_path).fingerprint
    file.write_bytes(b"A/1.PNG")
    os.utime(file, ns=(10**18, 10**18))
    assert list_pictures(tmp_path).fingerprint != before


def test_linked_folders_and_files(tmp_path: Path) -> None:
    touch(tmp_path / "store", "1.png")
    root = touch(tmp_path / "root", "b/2.png")
    (root / "a").symlink_to(tmp_path / "store")
    (root / "b" / "gone.png").symlink_to(tmp_path / "nowhere")
    listing = list_pictures(root)
    assert [Path(path).name for path in listing.paths] == ["1.png", "2.png", "gone.png"]


def test_a_link_into_its_own_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match="expected at most 16: look for a link"):
        list_pictures(tmp_path)


def test_pipes_are_no_pictures(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    touch(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a" / "2.png")
    assert len(list_pictures(tmp_path).paths) == 1


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["train/a/1", "test/a/1"], {"train": "train", "test": "test"}),
        (
            ["Training/a/1", "TESTING/a/1", "valid/a/1"],
            {"train": "Training", "test": "TESTING", "validation": "valid"},
        ),
        (["train/a/1", "validation/a/1", "extra/a/1"], {"train": "train", "validation": "validation"}),
        (["train/a/1"], {"train": "train"}),
        (["train/1", "bus/1", "test/2"], {}),
        (["cat/1", "dog/1"], {}),
    ],
)
def test_parts(tmp_path: Path, names: list[str], roles: dict[str, str]) -> None:
    touch(tmp_path, *names)
    assert {role: folder.name for role, folder in find_parts(tmp_path).items()} == roles


def test_two_folders_for_one_part(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1", "val/a/1", "validation/a/1")
    with pytest.raises(DataError, match="has both val/ and validation/; expected one validation folder"):
        find_parts(tmp_path)


def test_no_training_folder(tmp_path: Path) -> None:
    touch(tmp_path, "test/a/1", "val/a/1")
    with pytest.raises(DataError, match="has test/, val/ but no train/"):
        find_parts(tmp_path)


@pytest.mark.parametrize("test", ["test/1.png", "test/deep.txt"])
def test_a_split_without_class_folders_beside_one_with(tmp_path: Path, test: str) -> None:
    touch(tmp_path, "train/a/1.png", "train/b/1.png", test)
    with pytest.raises(DataError, match=r"test: has no class folders, but train/ beside it has"):
        find_parts(tmp_path)
