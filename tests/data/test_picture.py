"""One picture: each rule against numbers worked out here, in exact arithmetic."""

import io
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tenfold.data.picture import decode_picture, picture_format, read_picture, scale
from tenfold.errors import DataError, UsageError

GREY = np.array([[0, 1, 128], [200, 254, 255]], np.uint8)
COLOUR = np.stack([GREY, GREY[::-1], 255 - GREY], axis=2)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def on_white(value: int, alpha: int) -> int:
    return round(Fraction(value * alpha + 255 * (255 - alpha), 255))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_formats(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(
        decode_picture(encoded(Image.fromarray(COLOUR), kind, **options), "x"), COLOUR
    )
    if kind != "WEBP":  # which has no grey
        np.testing.assert_array_equal(decode_picture(encoded(Image.fromarray(GREY), kind), "x"), GREY)


def test_jpeg_is_near_and_as_pillow_decodes_it() -> None:
    smooth = np.add.outer(np.arange(0, 96, 4), np.arange(0, 128, 4)).astype(np.uint8)
    data = encoded(Image.fromarray(smooth), "JPEG", quality=95)
    picture = decode_picture(data, "x")
    assert picture.shape == smooth.shape and np.abs(picture.astype(int) - smooth).max() <= 3
    np.testing.assert_array_equal(picture, np.asarray(Image.open(io.BytesIO(data))))


def test_threads_leave_the_warning_filters_as_they_were() -> None:
    data = encoded(Image.fromarray(GREY), "TIFF")
    before, interval = warnings.filters[:], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            pictures = list(threads.map(lambda _: decode_picture(data, "x"), range(800)))
    finally:
        sys.setswitchinterval(interval)
    assert warnings.filters == before
    assert all((picture == GREY).all() for picture in pictures)


def test_one_bit() -> None:
    data = encoded(Image.fromarray(GREY >= 128))
    np.testing.assert_array_equal(decode_picture(data, "x"), np.where(GREY >= 128, 255, 0))


def test_a_palette_is_grey_when_the_colours_in_use_are() -> None:
    image = Image.new("P", (2, 2))
    image.putpalette([9, 9, 9, 77, 77, 77, 255, 0, 0])
    image.putdata([0, 1, 1, 0])
    np.testing.assert_array_equal(decode_picture(encoded(image), "x"), [[9, 77], [77, 9]])
    image.putdata([0, 1, 1, 2])
    np.testing.assert_array_equal(decode_picture(encoded(image), "x")[1], [[77, 77, 77], [255, 0, 0]])


def test_a_transparent_palette_colour_is_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([9, 9, 9, 200, 0, 0])
    image.putdata([0, 1])
    np.testing.assert_array_equal(decode_picture(encoded(image, transparency=1), "x"), [[9, 255]])


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=20))
def test_grey_with_alpha_lies_on_white(pixels: list[tuple[int, int]]) -> None:
    image = Image.fromarray(np.array([pixels], np.uint8))
    assert image.mode == "LA"
    assert decode_picture(encoded(image), "x").tolist() == [[on_white(*pixel) for pixel in pixels]]


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=20))
def test_colour_with_alpha_lies_on_white(pixels: list[tuple[int, int, int, int]]) -> None:
    picture = decode_picture(encoded(Image.fromarray(np.array([pixels], np.uint8), "RGBA")), "x")
    assert picture.tolist() == [[[on_white(value, rgba[3]) for value in rgba[:3]] for rgba in pixels]]


def test_a_grey_declared_transparent_is_white() -> None:
    data = encoded(Image.fromarray(GREY), transparency=128)
    np.testing.assert_array_equal(decode_picture(data, "x"), np.where(GREY == 128, 255, GREY))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled(kind: str) -> None:
    values = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    expected = [round(Fraction(v, 257)) for v in range(65_536)]
    picture = decode_picture(encoded(Image.fromarray(values), kind), "x")
    assert picture.ravel().tolist() == expected


def tiff(order: str, bits: int, pixels: bytes) -> bytes:
    """Write one row of two grey pixels, big-endian (>) or little-endian (<)."""
    short, long = f"{order}HHIHxx", f"{order}HHII"
    entries = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, bits), (259, 3, 1, 1), (262, 3, 1, 1)]
    directory = struct.pack(f"{order}H", 8) + b"".join(struct.pack(short, *entry) for entry in entries)
    directory += struct.pack(long, 273, 4, 1, 8) + struct.pack(short, 278, 3, 1, 1)
    directory += struct.pack(long, 279, 4, 1, len(pixels)) + bytes(4)
    magic = b"MM\0*" if order == ">" else b"II*\0"
    return magic + struct.pack(f"{order}I", 12) + pixels.ljust(4, b"\0") + directory


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_in_both_byte_orders(order: str) -> None:
    data = tiff(order, 16, struct.pack(f"{order}HH", 257, 65_535))
    assert decode_picture(data, "x").tolist() == [[1, 255]]


def test_cmyk_is_rgb() -> None:
    image = Image.fromarray(np.array([[[0, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]], np.uint8), "CMYK")
    picture = decode_picture(encoded(image, "TIFF"), "x")
    assert picture.tolist() == [[[255, 255, 255], [255, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda p: p),
        (2, np.fliplr),
        (3, lambda p: np.rot90(p, 2)),
        (4, np.flipud),
        (5, np.transpose),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: np.rot90(p, 2).T),
        (8, np.rot90),
    ],
)
def test_exif_orientation(kind: str, orientation: int, upright) -> None:  # type: ignore[no-untyped-def]
    tag = Image.Exif()
    tag[0x0112] = orientation
    stored = np.repeat(np.repeat(np.array([[0, 255, 0], [255, 255, 0]], np.uint8), 8, axis=0), 8, axis=1)
    picture = decode_picture(encoded(Image.fromarray(stored), kind, exif=tag), "x")
    assert np.abs(picture.astype(int) - upright(stored)).max() <= (8 if kind == "JPEG" else 0)


def test_a_damaged_exif_block_turns_nothing() -> None:
    data = encoded(Image.fromarray(GREY), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    np.testing.assert_array_equal(decode_picture(data, "x"), GREY)


def test_the_first_of_several_frames() -> None:
    frames = [Image.fromarray(np.full((2, 2), value, np.uint8)) for value in (10, 20, 30)]
    for kind in ("PNG", "TIFF"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert decode_picture(data, "x").tolist() == [[10, 10], [10, 10]]


@pytest.mark.parametrize(("dtype", "word"), [(np.int32, "whole"), (np.float32, "floating-point")])
def test_thirty_two_bits_are_refused(dtype: type, word: str) -> None:
    with pytest.raises(DataError, match=f"x: has 32-bit {word} values.* expected 8 or 16 bits"):
        decode_picture(encoded(Image.fromarray(np.zeros((2, 2), dtype)), "TIFF"), "x")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "is an empty file"),
        (b"hello", "is not a picture"),
        (b"GIF89a", "is a GIF file"),
        (b"%PDF-1.7", "is a PDF file"),
        (b"\0\0\0\x18ftypheic", "is a HEIC file"),
        (b"\0\0\0\x18ftypavif", "is a AVIF file"),
        (b"\x89PNG\r\n\x1a\n", "damaged PNG file (cut short)"),
        (b"\xff\xd8\xff\xe0", "damaged JPEG file"),
        (b"BM" + bytes(60), "damaged BMP file"),
        (b"II*\0" + bytes(60), "damaged TIFF file"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "damaged WEBP file"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, found: str) -> None:
    with pytest.raises(DataError) as caught:
        decode_picture(data, "some/file.png")
    message = str(caught.value)
    assert message.startswith("some/file.png: ") and found in message
    assert "expected" in message and "\n" not in message


def test_a_format_that_pillow_reads_but_tenfold_does_not(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "x.gif")
    (tmp_path / "x.gif").rename(tmp_path / "x.png")
    with pytest.raises(DataError, match=r"x\.png: is a GIF file; expected PNG, JPEG, BMP, TIFF or WebP"):
        read_picture(tmp_path / "x.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_the_content_tells_the_format(kind: str) -> None:
    assert picture_format(encoded(Image.fromarray(COLOUR), kind)) == kind


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "TIFF", "WEBP"])
def test_truncated_files(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(DataError, match=f"x: damaged {kind} file"):
        decode_picture(data[: len(data) // 2], "x")


@settings(max_examples=200)
@given(st.sampled_from(["PNG", "JPEG", "BMP", "TIFF", "WEBP"]), st.data())
def test_a_mutated_file_is_a_picture_or_a_data_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(Image.fromarray(COLOUR), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    try:
        picture = decode_picture(bytes(content), "x")
    except DataError as error:
        assert str(error).startswith("x: ") and "\n" not in str(error)
    else:
        assert picture.dtype == np.uint8 and picture.ndim in (2, 3) and picture.flags.c_contiguous


def test_a_decompression_bomb() -> None:
    with pytest.raises(DataError, match=r"x: has .* pixels or more"):
        decode_picture(encoded(Image.new("1", (20_000, 20_000))), "x")


def test_reading_from_a_path(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png"), GREY)
    np.testing.assert_array_equal(read_picture((tmp_path / "x.png").read_bytes()), GREY)
    with pytest.raises(DataError, match=r"none\.png: cannot be read \(No such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(DataError, match="upload: is not a picture"):
        read_picture(b"hello", name="upload")


def test_scaling_keeps_the_mean_and_the_range() -> None:
    picture = np.random.default_rng(0).integers(50, 200, (64, 48, 3), np.uint8)
    small = scale(picture, (8, 6))
    assert small.shape == (8, 6, 3) and small.dtype == np.uint8
    assert abs(small.mean() - picture.mean()) < 1.5 and small.std() < picture.std() / 3
    assert small.min() >= picture.min() and small.max() <= picture.max()
    assert scale(GREY, (20, 10)).shape == (20, 10)
    assert scale(GREY, (2, 3)) is GREY


@pytest.mark.parametrize("size", [(0, 28), (28,), (28, -1), (28, 70_000), (28.0, 28)])
def test_sizes_out_of_range(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="expected height and width"):
        scale(GREY, size)


def test_sixteen_bit_colour_keeps_the_upper_byte() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    row = b"\0" + struct.pack(">6H", 0, 255, 256, 0x7FFF, 0xFF00, 65_535)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    assert decode_picture(data, "x").tolist() == [[[0, 0, 1], [0x7F, 0xFF, 255]]]


def test_twelve_bits_are_refused() -> None:
    data = tiff("<", 12, b"\x12\x34\x56")
    with pytest.raises(DataError, match="x: has 12 bits a pixel; expected 1, 8 or 16"):
        decode_picture(data, "x")
