import gzip
import hashlib
import os
import random
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tenfold.data.catalog import fetch_data, list_data, load_data, load_default
from tenfold.data.download import ServedFile
from tenfold.data.known_sets import CATALOG
from tenfold.errors import DataError, MissingExtraError

full_data = pytest.mark.skipif("TENFOLD_DATA" not in os.environ, reason="TENFOLD_DATA is not set")

NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def idx(values: list[int], *shape: int) -> bytes:
    return struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape) + bytes(values)


def tiny_contents() -> list[bytes]:
    """40 training and 20 test images of 3 x 2 pixels, ten classes."""
    draw = random.Random(1)
    contents = []
    for count in (40, 20):
        contents.append(idx([draw.randrange(256) for _ in range(count * 6)], count, 3, 2))
        contents.append(idx([k % 10 for k in range(count)], count))
    return contents


CONTENTS = tiny_contents()
SERVED = [gzip.compress(content, mtime=0) for content in CONTENTS]


@pytest.fixture
def places(tmp_path, monkeypatch) -> Path:
    """A folder of one's own as ``data``, an empty cache as ``cache``; the working directory is elsewhere."""
    for name in ("data", "cache", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TENFOLD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.fixture
def tiny(mirror, refusing, places, monkeypatch):
    """``mnist`` and ``kmnist`` stand for a tiny set on a local mirror: known by content, and by MD5 alone."""
    for name, content in zip(NAMES, SERVED, strict=True):
        mirror.files[f"/set/{name}.gz"] = content
    mirrors = (refusing, f"{mirror.address}/set/")
    by_md5 = [ServedFile(f"{n}.gz", hashlib.md5(s).hexdigest()) for n, s in zip(NAMES, SERVED, strict=True)]
    by_content = [
        replace(f, sha256=hashlib.sha256(c).hexdigest()) for f, c in zip(by_md5, CONTENTS, strict=True)
    ]
    for name, files in (("mnist", by_content), ("kmnist", by_md5)):
        monkeypatch.setitem(CATALOG, name, replace(CATALOG[name], files=tuple(files), mirrors=mirrors))
    return mirror


def store(folder: Path, contents: list[bytes], suffix: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(NAMES, contents, strict=True):
        (folder / f"{name}{suffix}").write_bytes(content)


def assert_is_the_tiny_set(splits) -> None:
    expected = np.frombuffer(CONTENTS[0][16:], np.uint8).reshape(40, 3, 2)
    np.testing.assert_array_equal(splits.train.images, expected)
    np.testing.assert_array_equal(splits.train.labels, np.arange(40) % 10)
    np.testing.assert_array_equal(splits.test.labels, np.arange(20) % 10)


def one_line(error) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["mnist", "kmnist"])
def test_a_set_is_downloaded_once(tiny, places, name):
    assert_is_the_tiny_set(load_data(name))
    assert sorted(tiny.asked) == sorted(f"/set/{n}.gz" for n in NAMES)
    tiny.files.clear()
    assert_is_the_tiny_set(load_data(name))
    assert sorted(p.name for p in (places / "cache" / "data" / name).iterdir()) == sorted(
        f"{n}.gz" for n in NAMES
    )


def test_classes_and_source_are_those_of_the_catalog(tiny):
    splits = load_data("kmnist")
    assert splits.test.classes == CATALOG["kmnist"].classes
    assert splits.train.classes[8] == "re れ"
    assert splits.train.source == "kmnist"


@pytest.mark.parametrize(
    ("folder", "contents", "suffix"),
    [("mnist", CONTENTS, ""), ("mnist", SERVED, ".gz"), ("MNIST/raw", CONTENTS, "")],
)
def test_the_own_folder_comes_before_cache_and_mirrors(tiny, places, folder, contents, suffix):
    store(places / "data" / folder, contents, suffix)
    store(places / "cache" / "data" / "mnist", [b"never read"] * 4, ".gz")
    assert_is_the_tiny_set(load_data("mnist"))
    assert tiny.asked == []


def test_the_cache_comes_before_the_mirrors(tiny, places):
    store(places / "cache" / "data" / "mnist", SERVED, ".gz")
    assert_is_the_tiny_set(load_data("mnist"))
    assert tiny.asked == []


def test_an_incomplete_own_folder_is_passed_over(tiny, places):
    store(places / "data" / "mnist", CONTENTS)
    (places / "data" / "mnist" / NAMES[3]).unlink()
    assert_is_the_tiny_set(load_data("mnist"))
    assert len(tiny.asked) == 4


def test_an_own_folder_with_other_content_is_refused_and_left_alone(tiny, places):
    altered = [*CONTENTS[:2], CONTENTS[2][:-1] + b"!", CONTENTS[3]]
    store(places / "data" / "mnist", altered)
    with pytest.raises(DataError) as caught:
        load_data("mnist")
    message = one_line(caught)
    assert str(places / "data" / "mnist" / NAMES[2]) in message
    assert "give the folder as a path" in message
    assert (places / "data" / "mnist" / NAMES[2]).read_bytes() == altered[2]
    with pytest.raises(DataError):
        load_default()
    assert load_data(places / "data" / "mnist").test.images[-1, -1, -1] == ord("!")


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b[:30] + b"?" + b[31:], lambda b: b""])
def test_a_damaged_cache_is_mended(tiny, places, damage):
    store(places / "cache" / "data" / "mnist", [damage(SERVED[0]), *SERVED[1:]], ".gz")
    assert_is_the_tiny_set(load_data("mnist"))
    assert tiny.asked == [f"/set/{NAMES[0]}.gz"]


def test_it_stops_after_the_first_file_that_no_mirror_serves(tiny, places, no_sample, refusing):
    tiny.files.clear()
    with pytest.raises(DataError) as caught:
        load_data("mnist")
    message = one_line(caught)
    assert tiny.asked == [f"/set/{NAMES[0]}.gz"]
    for part in (refusing[7:-1], tiny.address[7:], "404", "TENFOLD_DATA", "tenfold data fetch mnist"):
        assert part in message
    assert list((places / "cache").rglob("*.*")) == []


def test_labels_beyond_the_classes_are_refused(tiny, places):
    labels = idx([*range(39), 10], 40)
    store(places / "data" / "kmnist", [CONTENTS[0], labels, *CONTENTS[2:]])
    with pytest.raises(DataError, match="labels go up to 38; expected 0 to 9 for kmnist"):
        load_data("kmnist")


def test_size_scales_every_image(tiny):
    assert load_data("mnist", size=(6, 4)).test.images.shape == (20, 6, 4)
    assert load_data("mnist", size=(3, 2)).test.images.shape == (20, 3, 2)


def test_the_default_is_mnist_where_it_can_be_had(tiny, sample):
    splits, note = load_default()
    assert_is_the_tiny_set(splits)
    assert note is None


def test_the_default_falls_back_to_the_sample_and_says_why(tiny, sample):
    tiny.files.clear()
    splits, note = load_default()
    assert (len(splits.train), len(splits.test)) == (4000, 1000)
    assert splits.train.source == "mnist-5k"
    assert note is not None
    assert "\n" not in note
    for part in ("mnist-5k", "404", "TENFOLD_DATA"):
        assert part in note


def test_without_a_sample_the_default_names_both_mends(tiny, no_sample):
    tiny.files.clear()
    with pytest.raises(DataError) as caught:
        load_default()
    assert "TENFOLD_DATA" in one_line(caught)
    assert "pip install '.[sample]'" in one_line(caught)


def test_a_set_that_was_named_never_falls_back(tiny, sample):
    tiny.files.clear()
    with pytest.raises(DataError):
        load_data("mnist")


def test_the_sample_says_which_extra_brings_it(no_sample):
    for call in (load_data, fetch_data):
        with pytest.raises(MissingExtraError, match=r"pip install '.\[sample\]'"):
            call("mnist-5k")


def test_an_unknown_name_lists_the_catalog_and_a_near_one(places):
    with pytest.raises(DataError) as caught:
        load_data("Fashion_MNIST")
    assert "did you mean 'fashion-mnist'?" in one_line(caught)
    assert all(name in one_line(caught) for name in CATALOG)
    with pytest.raises(DataError, match=r"mnist-5k$"):
        load_data("no/such/folder")


def test_a_name_means_the_catalog_and_a_dot_or_a_path_object_the_folder(tiny, places):
    other = [idx([7] * 60, 10, 3, 2), idx(list(range(10)), 10)] * 2
    store(Path("mnist"), other)
    assert_is_the_tiny_set(load_data("mnist"))
    for path in ("./mnist", Path("mnist"), str(places / "here" / "mnist")):
        assert len(load_data(path).train) == 10


def test_list_says_where_each_set_lies(tiny, places, sample):
    before = {line.name: line for line in list_data()}
    assert list(before) == ["mnist", "fashion-mnist", "kmnist", "qmnist", "mnist-5k"]
    assert before["mnist"].where is None
    assert before["mnist-5k"].where == sample
    assert {line.images for line in before.values()} == {70_000, 120_000, 5_000}
    fetch_data("mnist")
    store(places / "data" / "kmnist", CONTENTS)
    after = {line.name: line.where for line in list_data()}
    assert after["mnist"] == places / "cache" / "data" / "mnist"
    assert after["kmnist"] == places / "data" / "kmnist"


def test_fetch_downloads_mends_and_otherwise_does_nothing(tiny, places):
    seen = []
    folder = fetch_data("mnist", progress=lambda *event: seen.append(event[0]))
    assert list(dict.fromkeys(seen)) == [f"{name}.gz" for name in NAMES]
    assert len(tiny.asked) == 4
    assert fetch_data("mnist") == folder
    assert len(tiny.asked) == 4
    (folder / f"{NAMES[1]}.gz").write_bytes(b"damaged")
    fetch_data("mnist")
    assert tiny.asked[4:] == [f"/set/{NAMES[1]}.gz"]
    assert (folder / f"{NAMES[1]}.gz").read_bytes() == SERVED[1]


def test_fetch_checks_the_own_folder_and_takes_names_only(tiny, places):
    store(places / "data" / "mnist", CONTENTS)
    assert fetch_data("mnist") == places / "data" / "mnist"
    assert tiny.asked == []
    (places / "data" / "mnist" / NAMES[1]).write_bytes(b"damaged")
    with pytest.raises(DataError):
        fetch_data("mnist")
    with pytest.raises(DataError, match="known data sets"):
        fetch_data(str(places / "data"))


def test_every_entry_can_be_verified():
    for entry in CATALOG.values():
        assert len(entry.classes) == 10 == len(set(entry.classes))
        assert len(entry.files) in (0, 4)
        assert bool(entry.files) == bool(entry.mirrors) == bool(entry.torchvision)
        for file in entry.files:
            assert len(bytes.fromhex(file.md5)) == 16
            assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32


@full_data
@pytest.mark.parametrize(
    ("name", "counts", "first"),
    [
        ("mnist", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], "0"),
        ("fashion-mnist", [6000] * 10, "T-shirt/top"),
    ],
)
def test_the_real_sets_are_what_their_authors_say(name, counts, first):
    splits = load_data(name)
    assert splits.train.counts.tolist() == counts
    assert (len(splits.test), splits.train.size) == (10_000, (28, 28))
    assert splits.train.classes[0] == first


@full_data
def test_the_real_sets_are_told_apart(monkeypatch):
    monkeypatch.setitem(CATALOG, "mnist", replace(CATALOG["mnist"], files=CATALOG["fashion-mnist"].files))
    with pytest.raises(DataError, match="not the file of mnist"):
        load_data("mnist")
