"""The cache: opened again, renewed, rebuilt when damaged, and done without when it cannot be written."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenfold.data.cache import Allocate, cached_pixels

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pictures"


class Decoder:
    def __init__(self) -> None:
        self.calls = 0
        self.pixels = PIXELS

    def __call__(self, allocate: Allocate) -> np.ndarray:
        self.calls += 1
        allocate((2, 9, 9))  # a first guess that does not fit
        pixels = allocate(self.pixels.shape)
        assert not pixels.any()
        pixels[...] = self.pixels
        return pixels


def test_the_second_time_nothing_is_decoded(folder: Path) -> None:
    decoder = Decoder()
    for _ in range(2):
        pixels = cached_pixels("here", "a" * 64, 2, decoder)
        np.testing.assert_array_equal(pixels, PIXELS)
        assert type(pixels) is np.ndarray and not pixels.flags.writeable
    assert decoder.calls == 1
    (file,) = folder.iterdir()
    np.testing.assert_array_equal(np.load(file), PIXELS)  # a plain .npy, readable by anyone


def test_a_new_fingerprint_replaces_the_file_of_the_same_key_only(folder: Path) -> None:
    decoder = Decoder()
    for key, fingerprint in (("here", "a" * 64), ("there", "a" * 64), ("here", "b" * 64)):
        cached_pixels(key, fingerprint, 2, decoder)
    assert decoder.calls == 3
    assert sorted(file.name[-36] for file in folder.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(file.read_bytes() + b"\0"),
        lambda file: file.write_bytes(b"PK" + file.read_bytes()[2:]),
        lambda file: file.write_bytes(file.read_bytes().replace(b"|u1", b"|O1")),
        lambda file: np.save(file, np.zeros((3, 3, 4), np.uint8)),
        lambda file: np.save(file, np.zeros((2, 3, 4), np.int8)),
        lambda file: np.save(file, np.asfortranarray(PIXELS)),
        lambda file: np.save(file, PIXELS.reshape(2, 12)),
    ],
)
def test_a_damaged_file_is_decoded_anew(folder: Path, damage: Callable[[Path], object]) -> None:
    decoder = Decoder()
    cached_pixels("here", "a" * 64, 2, decoder)
    (file,) = folder.iterdir()
    damage(file)
    np.testing.assert_array_equal(cached_pixels("here", "a" * 64, 2, decoder), PIXELS)
    assert decoder.calls == 2
    np.testing.assert_array_equal(np.load(file), PIXELS)


@given(place=st.integers(0, 127), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_header_with_a_flipped_bit(folder: Path, place: int, bit: int) -> None:
    cached_pixels("here", "a" * 64, 2, Decoder())
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << bit
    file.write_bytes(content)
    np.testing.assert_array_equal(cached_pixels("here", "a" * 64, 2, Decoder()), PIXELS)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    pixels = cached_pixels("here", "a" * 64, 2, Decoder())
    np.testing.assert_array_equal(pixels, PIXELS)


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    np.testing.assert_array_equal(cached_pixels("here", "a" * 64, 2, Decoder()), PIXELS)
    assert list(folder.iterdir()) == []


def test_a_decoder_that_fails_leaves_nothing(folder: Path) -> None:
    def failing(allocate: Allocate) -> np.ndarray:
        allocate((2, 3, 4))
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        cached_pixels("here", "a" * 64, 2, failing)
    assert list(folder.iterdir()) == []


def test_parts_of_killed_processes_are_cleared_away(folder: Path) -> None:
    cached_pixels("here", "a" * 64, 2, Decoder())
    stem = next(folder.iterdir()).name.partition("-")[0]
    for name in ("old", "new"):
        (folder / f"{stem}-{name}.part").write_bytes(b"half")
    os.utime(folder / f"{stem}-old.part", (0, 0))
    cached_pixels("here", "b" * 64, 2, Decoder())
    assert [file.name for file in folder.glob("*.part")] == [f"{stem}-new.part"]
