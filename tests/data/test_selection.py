"""Which files a person means, against what pathlib and the shell say."""

import pytest

from tenfold.data.selection import find_pictures
from tenfold.errors import DataError


@pytest.fixture
def here(tmp_path, monkeypatch):
    pictures = ("b/10.png", "b/2.png", "b/deep/1.png", "b/no-suffix", "a.png", "[a].png")
    others = (
        "b/.hidden.png",
        "b/.git/x.png",
        "b/notes.txt",
        "b/deep/labels.CSV",
        "b/Thumbs.db",
        "texts/a.md",
    )
    for name in (*pictures, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png"], ["a.png"]),
        (["b"], ["b/2.png", "b/10.png", "b/deep/1.png", "b/no-suffix"]),
        (["b/"], ["b/2.png", "b/10.png", "b/deep/1.png", "b/no-suffix"]),
        (["b/notes.txt", "b/.hidden.png"], ["b/notes.txt", "b/.hidden.png"]),
        (["b/deep/*"], ["b/deep/1.png", "b/deep/labels.CSV"]),
        (["b/*.png"], ["b/2.png", "b/10.png"]),
        (["**/1*.png"], ["b/10.png", "b/deep/1.png"]),
        (["[a].png"], ["[a].png"]),
        (["-", "a.png", "-", "*.png"], ["-", "a.png", "[a].png"]),
    ],
)
def test_files_folders_and_patterns_are_spelled_out(here, names, expected):
    assert [path.replace("\\", "/") for path in find_pictures(names)] == expected


@pytest.mark.parametrize("name", ["none.png", "*.jpg", "empty", "texts"])
def test_what_matches_nothing_is_refused_by_name(here, tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as raised:
        find_pictures(["a.png", name])
    assert str(raised.value).startswith(f"{name}: ")
