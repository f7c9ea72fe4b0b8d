"""Plain PNG files, the short way, against Pillow's reader and OpenCV; and damage that Pillow overlooks."""

import io
import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tenfold.data.picture import decode_picture
from tenfold.data.png import decode_plain, is_plain, read_chunk_types
from tenfold.errors import DataError

PICTURES = st.one_of(
    arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12))),
    arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))),
)


def encoded(picture: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def by_hand(rows: list[tuple[int, bytes]], width: int, pieces: int) -> bytes:
    """Write grey rows with a filter type each, the compressed pixels cut into several chunks."""
    packed = zlib.compress(b"".join(bytes([kind]) + row for kind, row in rows))
    cuts = [len(packed) * k // pieces for k in range(pieces + 1)]
    data = b"".join(chunk(b"IDAT", packed[a:b]) for a, b in pairwise(cuts))
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@given(PICTURES, st.integers(0, 9))
def test_the_short_way_gives_the_pixels_that_were_written(picture: np.ndarray, level: int) -> None:
    data = encoded(picture, compress_level=level)
    types = read_chunk_types(data)
    assert is_plain(data, types)
    np.testing.assert_array_equal(decode_plain(data, len(types)), picture)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), picture)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.binary(min_size=7, max_size=7)), min_size=1),
    st.integers(1, 4),
)
def test_every_filter_type_and_any_number_of_pixel_chunks(rows: list[tuple[int, bytes]], pieces: int) -> None:
    data = by_hand(rows, 7, pieces)
    types = read_chunk_types(data)
    assert types.count(b"IDAT") == pieces and is_plain(data, types)
    np.testing.assert_array_equal(decode_plain(data, len(types)), np.asarray(Image.open(io.BytesIO(data))))


@given(PICTURES)
def test_opencv_sees_the_same(picture: np.ndarray) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    data = encoded(picture)
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decode_picture(data, "x"), seen[..., ::-1] if seen.ndim == 3 else seen)


def test_other_files_are_not_plain() -> None:
    grey = np.zeros((4, 4), np.uint8)
    text = PngInfo()
    text.add_text("Title", "four by four")
    orientation = Image.Exif()
    orientation[0x0112] = 6
    for data in (
        encoded(grey, pnginfo=text),
        encoded(grey, exif=orientation),
        encoded(grey, transparency=0),
        encoded(np.zeros((4, 4, 4), np.uint8)),
        encoded(np.zeros((4, 4), np.uint16)),
        encoded(grey > 0),
    ):
        assert not is_plain(data, read_chunk_types(data))
    grey_rows = by_hand([(0, b"1234567")], 7, 1)
    interlaced = grey_rows[:28] + b"\1" + grey_rows[29:]
    assert not is_plain(interlaced, [b"IHDR", b"IDAT", b"IEND"])


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    data = encoded(np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8))
    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :]
        for damaged in (altered, data[:place]):
            with pytest.raises(DataError, match=r"^here: .* expected"):
                decode_picture(damaged, "here")


def test_pixels_that_cannot_be_inflated() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 7, 9, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"no zlib") + chunk(b"IEND", b"")
    with pytest.raises(DataError, match="here: damaged PNG file"):
        decode_picture(data, "here")


def test_a_picture_too_large_is_refused_before_it_is_decoded() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    with pytest.raises(DataError, match="has 100,000,000 pixels or more; expected at most 89,478,485"):
        decode_picture(data, "here")
