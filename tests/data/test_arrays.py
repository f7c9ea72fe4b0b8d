"""Files of arrays, written by NumPy, in every layout and with every fault."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data import inflation
from tenfold.data.arrays import read_npz
from tenfold.data.split import stratified_indices
from tenfold.errors import DataError

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, (10, 4, 5), np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])


class Unpickled:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was loaded",)


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_npz(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, ">i4"])
def test_keras(tmp_path: Path, save, dtype: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x.npz"
    save(path, x_train=X, y_train=Y.astype(dtype), x_test=X[:3], y_test=Y[:3].astype(dtype))
    splits = read_npz(path)
    np.testing.assert_array_equal(splits.train.images, X)
    np.testing.assert_array_equal(splits.test.images, X[:3])
    assert splits.train.labels.tolist() == Y.tolist() and splits.train.classes == ("0", "1", "2")
    assert splits.validation is None


def test_medmnist(tmp_path: Path) -> None:
    colour = RANDOM.integers(0, 256, (10, 4, 5, 3), np.uint8)
    parts = {}
    for name, part in (("train", slice(None)), ("val", slice(4)), ("test", slice(5))):
        parts |= {f"{name}_images": colour[part], f"{name}_labels": Y[part, np.newaxis]}
    np.savez(tmp_path / "x.npz", **parts)
    splits = read_npz(tmp_path / "x.npz")
    np.testing.assert_array_equal(splits.train.images, colour)
    assert splits.validation is not None and len(splits.validation) == 4 and len(splits.test) == 5


def test_without_test_arrays_the_training_images_are_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    splits = read_npz(tmp_path / "x.npz")
    rest, held_out = stratified_indices(Y)
    np.testing.assert_array_equal(splits.train.images, X[rest])
    np.testing.assert_array_equal(splits.test.images, X[held_out])


@pytest.mark.parametrize("images", [X[..., np.newaxis], np.asfortranarray(X)])
def test_one_channel_and_fortran_order(tmp_path: Path, images: np.ndarray) -> None:
    np.savez(tmp_path / "x.npz", x_train=images, y_train=Y, x_test=images, y_test=Y)
    np.testing.assert_array_equal(read_npz(tmp_path / "x.npz").train.images, X)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"x_train": X / 255}, "x_train is float64; expected images of uint8: multiply by 255, round"),
        ({"x_train": X.astype(np.int64)}, "x_train is int64; expected images of uint8: save as uint8"),
        ({"x_train": X.reshape(10, 20)}, r"x_train has shape (10, 20); expected (N, H, W)"),
        (
            {"x_train": X[:0], "y_train": Y[:0]},
            "x_train.npy has shape (0, 4, 5); expected at least one image",
        ),
        ({"x_train": X.reshape(10, 2, 2, 5)}, "x_train has shape (10, 2, 2, 5)"),
        ({"y_train": Y / 2}, "y_train: labels are float64"),
        ({"y_train": np.eye(3, dtype=int)[Y]}, "y_train has shape (10, 3); expected labels of shape (N,)"),
        ({"y_train": Y - 1}, "y_train: label -1 of image 0"),
        ({"y_test": Y + 9_999}, "y_test: label 10000 of image 1"),
        ({"y_train": Y[:9]}, "10 images in x_train, but 9 labels in y_train"),
        ({"y_train": None}, "has x_train but no y_train"),
        ({"x_train": None, "y_train": None}, "holds x_test, y_test; expected x_train, y_train"),
        ({"x_train": np.array([Unpickled()])}, "x_train.npy holds pickled objects, which are never loaded"),
        ({"y_train": np.array([Unpickled()])}, "y_train.npy holds pickled objects"),
    ],
)
def test_faults(tmp_path: Path, changed: dict[str, np.ndarray | None], found: str) -> None:
    whole = {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y} | changed
    np.savez(tmp_path / "x.npz", **{name: array for name, array in whole.items() if array is not None})
    assert found in refused(tmp_path / "x.npz")


def npz(method: int = zipfile.ZIP_DEFLATED, /, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


SHAPED = npy(X).replace(b"%", b"%%").replace(b"(10, 4, 5)", b"%s")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "damaged or not an .npz file"),
        (b"hello", "damaged or not an .npz file"),
        (npy(X), "damaged or not an .npz file"),
        (npz(x_train=npy(X), y_train=npy(Y))[:-30], "damaged or not an .npz file"),
        (npz(x_train=b"hello", y_train=npy(Y)), "x_train.npy is damaged"),
        (npz(x_train=npy(X)[:-1], y_train=npy(Y)), "x_train.npy holds 199 bytes; expected 200"),
        (npz(x_train=SHAPED % b"(9999999,)", y_train=npy(Y)), "holds 200 bytes; expected 9,999,999"),
        (npz(x_train=SHAPED % b"(-1, 4, 5)", y_train=npy(Y)), "x_train.npy"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    assert found in refused(tmp_path / "x.npz")


def test_an_altered_pixel_is_noticed(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=X, y_train=Y)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[content.find(X.tobytes())] ^= 1
    (tmp_path / "x.npz").write_bytes(content)
    assert "CRC" in refused(tmp_path / "x.npz")


def test_zip_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflation, "LARGE", 10_000)
    (tmp_path / "x.npz").write_bytes(npz(x_train=bytes(10**7), y_train=npy(Y)))
    assert "declares 10,000,000 bytes, but is" in refused(tmp_path / "x.npz")


def test_missing_files(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.npz")


@given(st.data())
def test_a_mutated_file_is_whole_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(npz(x_train=npy(X[:2]), y_train=npy(Y[:2])))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refused(content, tmp_path_factory.mktemp("npz") / "x.npz")


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS)
def test_every_byte_may_be_altered(tmp_path: Path, method: int) -> None:
    content = npz(method, x_train=npy(X[:2]), y_train=npy(Y[:2]))
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        read_or_refused(altered, tmp_path / "x.npz")


@given(place=st.integers(0, 127), bit=st.integers(0, 7))
def test_an_altered_header_under_a_right_checksum(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    member = bytearray(npy(X[:2]))
    member[place] ^= 1 << bit
    content = npz(x_train=bytes(member), y_train=npy(Y[:2]))
    read_or_refused(content, tmp_path_factory.mktemp("npz") / "x.npz")


def read_or_refused(content: bytes | bytearray, path: Path) -> None:
    path.write_bytes(content)
    try:
        splits = read_npz(path)
    except DataError as error:
        assert "\n" not in str(error) and "None" not in str(error)
    else:
        np.testing.assert_array_equal(splits.train.images, X[:2])
