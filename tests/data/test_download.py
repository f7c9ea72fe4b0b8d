import gzip
import hashlib
import random
from pathlib import Path

import pytest
import requests

from tenfold.data import download
from tenfold.data.download import ServedFile, fetch_file
from tenfold.errors import DataError

CONTENT = random.Random(0).randbytes(200_000)
SERVED = gzip.compress(CONTENT, mtime=0)
BY_MD5 = ServedFile("file.gz", hashlib.md5(SERVED).hexdigest())
BY_CONTENT = ServedFile("file.gz", "0" * 32, hashlib.sha256(CONTENT).hexdigest())
BOTH = pytest.mark.parametrize("file", [BY_MD5, BY_CONTENT], ids=["md5", "content"])


def altered(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def failure(file: ServedFile, mirrors: list[str], folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        fetch_file(file, mirrors, folder)
    message = str(caught.value)
    assert "\n" not in message
    assert list(folder.iterdir()) == [], "nothing unverified may stay"
    return message


@BOTH
def test_a_whole_file_arrives(mirror, tmp_path, file):
    mirror.files["/a/file.gz"] = SERVED
    path = fetch_file(file, [f"{mirror.address}/a/"], tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "file.gz"
    assert path.read_bytes() == SERVED
    assert [p.name for p in path.parent.iterdir()] == ["file.gz"]


@BOTH
def test_a_cut_file_is_refused(mirror, tmp_path, file):
    mirror.files["/a/file.gz"] = SERVED
    mirror.cut.add("/a/file.gz")
    message = failure(file, [f"{mirror.address}/a/"], tmp_path)
    assert "broke off in the middle" in message
    assert mirror.address.removeprefix("http://") in message


@BOTH
@pytest.mark.parametrize("body", [altered(SERVED), SERVED[:-9], b"<html>sign in</html>", b""])
def test_an_altered_file_is_refused(mirror, tmp_path, file, body):
    mirror.files["/a/file.gz"] = body
    assert f"its {len(body):,} bytes are not the expected file" in failure(
        file, [f"{mirror.address}/a/"], tmp_path
    )


def test_a_mirror_may_compress_differently_where_the_content_is_known(mirror, tmp_path):
    mirror.files["/a/file.gz"] = gzip.compress(CONTENT, compresslevel=1)
    assert fetch_file(BY_CONTENT, [f"{mirror.address}/a/"], tmp_path).exists()


def test_a_missing_file_is_named_with_the_answer(mirror, tmp_path):
    assert "(answers 404 Not Found)" in failure(BY_MD5, [f"{mirror.address}/a/"], tmp_path)


def test_a_redirection_is_followed(mirror, tmp_path):
    mirror.files["/elsewhere/file.gz"] = SERVED
    mirror.moved["/a/file.gz"] = f"{mirror.address}/elsewhere/file.gz"
    assert fetch_file(BY_MD5, [f"{mirror.address}/a/"], tmp_path).read_bytes() == SERVED


def test_a_circle_of_redirections_ends(mirror, tmp_path):
    mirror.moved["/a/file.gz"] = f"{mirror.address}/a/file.gz"
    assert "TooManyRedirects" in failure(BY_MD5, [f"{mirror.address}/a/"], tmp_path)


def test_the_next_mirror_serves_what_the_first_ones_do_not(mirror, refusing, tmp_path):
    mirror.files["/bad/file.gz"] = altered(SERVED)
    mirror.files["/good/file.gz"] = SERVED
    mirrors = [refusing, *(f"{mirror.address}/{name}/" for name in ("missing", "bad", "good", "unused"))]
    assert fetch_file(BY_CONTENT, mirrors, tmp_path).read_bytes() == SERVED
    assert mirror.asked == ["/missing/file.gz", "/bad/file.gz", "/good/file.gz"]


def test_all_hosts_and_reasons_are_named(mirror, refusing, tmp_path):
    message = failure(BY_MD5, [refusing, f"{mirror.address}/a/"], tmp_path)
    assert f"{refusing.removeprefix('http://').rstrip('/')} (cannot be reached)" in message
    assert f"{mirror.address.removeprefix('http://')} (answers 404 Not Found)" in message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.ConnectTimeout(), "no answer within 5 s"),
        (requests.ReadTimeout(), "silent for 30 s"),
        (requests.exceptions.SSLError(), "failed with SSLError"),
    ],
)
def test_a_silent_host_gets_its_seconds_and_no_more(monkeypatch, tmp_path, error, words):
    def get(url: str, **options: object) -> None:
        assert options["timeout"] == (5, 30)
        raise error

    monkeypatch.setattr(requests, "get", get)
    assert f"example.org ({words})" in failure(BY_MD5, ["https://example.org/a/"], tmp_path)


@BOTH
def test_an_endless_file_is_stopped(mirror, tmp_path, monkeypatch, file):
    monkeypatch.setattr(download, "MAX_BYTES", 10_000)
    mirror.files["/a/file.gz"] = b"x" * 1_000_000
    assert "sends more than" in failure(file, [f"{mirror.address}/a/"], tmp_path)


def test_a_gzip_bomb_is_not_inflated_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 1_000)
    bomb = tmp_path / "file.gz"
    bomb.write_bytes(gzip.compress(bytes(1_000_000)))
    whole = ServedFile("file.gz", "", hashlib.sha256(bytes(1_000_000)).hexdigest())
    start = ServedFile("file.gz", "", hashlib.sha256(bytes(1_000)).hexdigest())
    assert not whole.is_intact(bomb)
    assert start.is_intact(bomb), "exactly the limit was read"


def test_progress_counts_every_byte(mirror, tmp_path):
    mirror.files["/a/file.gz"] = SERVED
    seen = []
    fetch_file(BY_MD5, [f"{mirror.address}/a/"], tmp_path, lambda *event: seen.append(event))
    assert seen[-1] == ("file.gz", len(SERVED), len(SERVED))
    assert len(seen) > 1
    assert [event[1] for event in seen] == sorted({event[1] for event in seen})


def test_an_interrupted_download_leaves_nothing(mirror, tmp_path):
    def interrupt(*event: object) -> None:
        raise KeyboardInterrupt

    mirror.files["/a/file.gz"] = SERVED
    with pytest.raises(KeyboardInterrupt):
        fetch_file(BY_MD5, [f"{mirror.address}/a/"], tmp_path, interrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_until_the_new_file_is_verified(mirror, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"old")
    mirror.files["/a/file.gz"] = altered(SERVED)
    with pytest.raises(DataError):
        fetch_file(BY_MD5, [f"{mirror.address}/a/"], tmp_path)
    assert (tmp_path / "file.gz").read_bytes() == b"old"


def test_a_folder_that_cannot_be_made_is_named_with_the_mend(mirror, tmp_path):
    mirror.files["/a/file.gz"] = SERVED
    (tmp_path / "occupied").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot write file.gz .*TENFOLD_CACHE") as caught:
        fetch_file(BY_MD5, [f"{mirror.address}/a/"], tmp_path / "occupied" / "folder")
    assert "\n" not in str(caught.value)
    assert mirror.asked == []
