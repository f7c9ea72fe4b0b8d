"""Headers as NumPy writes them, as others write them, and damaged in every way."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, byte_string_dtypes, integer_dtypes, scalar_dtypes

from tenfold.data.npy import NpyHeader, read_npy_header


def packed(text: str, version: bytes = b"\1\0") -> io.BytesIO:
    length = len(text).to_bytes(2 if version == b"\1\0" else 4, "little")
    return io.BytesIO(b"\x93NUMPY" + version + length + text.encode())


@given(st.data(), st.sampled_from([(1, 0), (2, 0), (3, 0)]))
def test_what_numpy_writes_is_read(data: st.DataObject, version: tuple[int, int]) -> None:
    numbers = scalar_dtypes().filter(lambda dtype: dtype.kind in "biufc")
    dtype = data.draw(numbers | integer_dtypes(endianness=">") | byte_string_dtypes())
    array = np.zeros(data.draw(array_shapes(min_dims=0, max_dims=5)), dtype)
    array = np.asfortranarray(array) if data.draw(st.booleans()) else array
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    file.seek(0)
    expected = np.lib.format.header_data_from_array_1_0(array)
    header = read_npy_header(file)
    assert header == NpyHeader(array.dtype, expected["shape"], expected["fortran_order"])
    assert len(file.read()) == array.nbytes


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'shape':(2,3),'fortran_order':False,'descr':'u1'}",
        '{"descr": "<u1", "fortran_order": False, "shape": (2, 3)}',
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }",
    ],
    ids=["NumPy", "another order", "another quotation mark", "Python 2"],
)
def test_what_others_write_is_read(text: str) -> None:
    assert read_npy_header(packed(text)) == NpyHeader(np.dtype("u1"), (2, 3), False)


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (io.BytesIO(), "begins with the bytes of an empty file"),
        (io.BytesIO(b"\x93NUMPY\4\0"), "93 4e 55 4d 50 59 04 00"),
        (io.BytesIO(b"\x93NUMPY\1\0\x40"), "not that of an array"),
        (packed("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), ", b"\2\0"), None),
        (packed("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (2,)}"), "not that of an array"),
        (packed("{'descr': '|u1', 'fortran_order': 0, 'shape': (2,)}"), "not that of an array"),
        (packed("{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}"), "not that of an array"),
        (packed("{'descr': '|u1', 'fortran_order': False, 'shape': (2 3,)}"), "invalid literal"),
        (packed("{'descr': '|u7', 'fortran_order': False, 'shape': (2,)}"), "unknown type |u7"),
        (packed("{'descr': '|u1', 'fortran_order': False, 'shape': (%s)}" % ("1," * 65)), "65 dimensions"),
        (packed(" " * 20_000, b"\2\0"), "not that of an array"),
        (packed("{'descr': '|u1', 'fortran_order': (((((((((("), "not that of an array"),
    ],
)
def test_damaged_headers(file: io.BytesIO, found: str | None) -> None:
    if found is None:
        assert read_npy_header(file).shape == (2, 3)  # the closing brace is of no use
        return
    with pytest.raises(ValueError) as caught:
        read_npy_header(file)
    assert found in str(caught.value) and "\n" not in str(caught.value)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x93NUMPY\1\0", b"\x93NUMPY\3\0\x20\0\0\0"]))
def test_any_bytes_are_a_header_or_a_value_error(content: bytes, start: bytes) -> None:
    try:
        header = read_npy_header(io.BytesIO(start + content))
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(header, NpyHeader)
