"""IDX against bytes packed by hand with struct, whole and damaged in every way."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.idx import read_idx
from tenfold.errors import DataError

CODES = {"B": 0x08, "b": 0x09, "h": 0x0B, "i": 0x0C, "f": 0x0D, "d": 0x0E}


def packed(code: str, shape: tuple[int, ...], values: list[float]) -> bytes:
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, CODES[code], len(shape), *shape)
    return header + struct.pack(f">{len(values)}{code}", *values)


WHOLE = packed("B", (2, 3, 2), list(range(12)))


def refused(path: Path, content: bytes, ndim: int | None = None) -> str:
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path, ndim=ndim)
    message = str(caught.value)
    assert str(path) in message and "expected" in message and "\n" not in message
    return message


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_type_gives_the_numbers_that_were_packed(tmp_path: Path, code: str, zipped: bool) -> None:
    values = [0, 1, 2, 3, 100, 127] if code == "B" else [0, 1, -2, 3, -100, 127]
    content = packed(code, (2, 3), values)
    path = tmp_path / "some-file"
    path.write_bytes(gzip.compress(content) if zipped else content)
    array = read_idx(path)
    assert array.tolist() == [values[:3], values[3:]]
    assert array.dtype.isnative and array.dtype.itemsize == struct.calcsize(code)
    assert array.flags.writeable


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "two.gz").write_bytes(gzip.compress(WHOLE[:20]) + gzip.compress(WHOLE[20:]))
    assert read_idx(tmp_path / "two.gz").ravel().tolist() == list(range(12))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n", "89 50 4e 47"),
        (b"\0\1" + WHOLE[2:], "00 01 08 03"),
        (b"\0\0\x0a" + WHOLE[3:], "type 0A"),
        (b"\0\0\x08\0", "0 dimensions"),
        (b"\0\0\x08\xff" + bytes(2000), "255 dimensions"),
        (WHOLE[:9], "ends within its header"),
        (WHOLE[:-1], "holds 27 bytes; expected 28"),
        (WHOLE + b"\0", "holds 29 bytes; expected 28"),
        (packed("B", (2**32 - 1,) * 3, [1]), "holds 17 bytes"),
        (packed("d", (2**32 - 1,) * 32, []), "holds 132 bytes"),
        (packed("B", (0, 28, 28), []), "sizes 0 x 28 x 28, so holds nothing"),
        (packed("B", (0, 2**32 - 1, 2**32 - 1), []), "sizes 0 x 4294967295 x 4294967295, so holds nothing"),
        (packed("B", (2**32 - 1, 0), []), "sizes 4294967295 x 0, so holds nothing"),
    ],
)
def test_damaged_plain_files(tmp_path: Path, content: bytes, found: str) -> None:
    assert found in refused(tmp_path / "file", content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (gzip.compress(WHOLE)[:-9], "damaged or cut short"),
        (gzip.compress(WHOLE)[:-8] + bytes(8), "CRC"),
        (gzip.compress(WHOLE)[:10] + b"\x07" * 30, "damaged or cut short"),
        (gzip.compress(WHOLE[:-1]), "holds 27 bytes; expected 28"),
        (gzip.compress(WHOLE + b"\0"), "holds more bytes; expected 28"),
        (gzip.compress(b""), "empty file"),
        (gzip.compress(packed("B", (0, 2**32 - 1, 2**32 - 1), [])), "so holds nothing"),
        (gzip.compress(packed("d", (2**32 - 1,) * 32, [])), "more than its"),
    ],
)
def test_damaged_gzip_files(tmp_path: Path, content: bytes, found: str) -> None:
    assert found in refused(tmp_path / "file.gz", content)


def test_a_header_that_its_gzip_file_cannot_hold_allocates_nothing(tmp_path: Path) -> None:
    honest = gzip.compress(packed("B", (2**31,), []) + bytes(1000))
    assert "more than its" in refused(tmp_path / "bomb.gz", honest)


def test_a_gibibyte_of_zeros_is_not_inflated(tmp_path: Path) -> None:
    squeezer = zlib.compressobj(9, wbits=31)
    size = (1 << 30) + 4096
    content = squeezer.compress(struct.pack(">BBBBI", 0, 0, 8, 1, size)) + squeezer.flush(zlib.Z_FULL_FLUSH)
    block = squeezer.compress(bytes(1 << 20)) + squeezer.flush(zlib.Z_FULL_FLUSH)
    zeros = squeezer.compress(bytes(1 << 20)) + squeezer.flush(zlib.Z_FULL_FLUSH)
    content += block + zeros * 1100  # a full flush makes each block stand alone
    assert "should not hold" in refused(tmp_path / "bomb.gz", content)


def test_a_gzip_file_is_inflated_no_further_than_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[int] = []

    class Watched(gzip.GzipFile):
        def close(self) -> None:
            if not self.closed:
                ends.append(self.tell())
            super().close()

    content = gzip.compress(WHOLE + bytes(50_000_000))
    monkeypatch.setattr("tenfold.data.idx.gzip.GzipFile", Watched)
    refused(tmp_path / "bomb.gz", content)
    assert ends == [len(WHOLE) + 1]


def test_wrong_number_of_dimensions(tmp_path: Path) -> None:
    assert "3 dimensions (2, 3, 2); expected 1" in refused(tmp_path / "images", WHOLE, ndim=1)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_idx(tmp_path / "none")
    with pytest.raises(DataError, match="expected an IDX file"):
        read_idx(tmp_path)


@given(st.data())
def test_a_mutated_file_gives_the_declared_bytes_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = gzip.compress(WHOLE, mtime=0) if data.draw(st.booleans()) else WHOLE
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(content)))
        match data.draw(st.sampled_from(["set", "insert", "cut"])):
            case "set":
                content[place : place + 1] = bytes([data.draw(st.integers(0, 255))])
            case "insert":
                content[place:place] = data.draw(st.binary(max_size=8))
            case _:
                del content[place:]
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(content)
    try:
        array = read_idx(path)
    except DataError as error:
        assert "\n" not in str(error)
        return
    raw = gzip.decompress(bytes(content)) if content[:2] == b"\x1f\x8b" else bytes(content)
    assert raw[:2] == b"\0\0" and raw[3] == array.ndim
    assert struct.unpack(f">{array.ndim}I", raw[4 : 4 + 4 * array.ndim]) == array.shape
    assert array.astype(array.dtype.newbyteorder(">")).tobytes() == raw[4 + 4 * array.ndim :]


def test_numpy_agrees_on_a_large_file(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5000, 28, 28), np.uint8)
    (tmp_path / "images.gz").write_bytes(
        gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, *pixels.shape) + pixels.tobytes(), 1)
    )
    np.testing.assert_array_equal(read_idx(tmp_path / "images.gz", ndim=3), pixels)
