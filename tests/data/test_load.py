"""A path is recognised for what it is, and the same images in every form are the same image set."""

import csv
import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.load import load_path
from tenfold.errors import DataError, UsageError

Part = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENFOLD_CACHE", str(tmp_path / "cache"))


def write_idx(root: Path, parts: dict[str, Part]) -> Path:
    root.mkdir(parents=True)
    for split, (images, labels) in parts.items():
        name = {"train": "train", "test": "t10k"}[split]
        header = struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape)
        (root / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes(), 1))
        header = struct.pack(">BBBBI", 0, 0, 8, 1, len(labels))
        (root / f"{name}-labels-idx1-ubyte").write_bytes(header + labels.astype(np.uint8).tobytes())
    return root


def write_folders(root: Path, parts: dict[str, Part]) -> Path:
    for split, (images, labels) in parts.items():
        for label in range(10):
            (root / split / str(label)).mkdir(parents=True)
        for k, (image, label) in enumerate(zip(images, labels, strict=True)):
            Image.fromarray(image).save(root / split / str(label) / f"{k:05}.png", compress_level=1)
    return root


def write_csv(root: Path, parts: dict[str, Part]) -> Path:
    root.mkdir(parents=True)
    for split, (images, labels) in parts.items():
        with (root / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["label", *(f"pixel{k}" for k in range(images[0].size))])
            writer.writerows(np.column_stack([labels, images.reshape(len(images), -1)]).tolist())
    return root


def write_npz(root: Path, parts: dict[str, Part]) -> Path:
    root.mkdir(parents=True)
    named = {}
    for split, (images, labels) in parts.items():
        named |= {f"x_{split}": images, f"y_{split}": labels}
    np.savez(root / "data.npz", **named)
    return root / "data.npz"


WRITERS = (write_idx, write_folders, write_csv, write_npz)


def ordered(part: ImageSet) -> tuple[bytes, list[int]]:
    """Return pixels and labels in the order of label, then pixels."""
    rows = part.images.reshape(len(part), -1)
    order = sorted(range(len(part)), key=lambda k: (part.labels[k], rows[k].tobytes()))
    return rows[order].tobytes(), part.labels[order].tolist()


def check_forms_agree(root: Path, parts: dict[str, Part]) -> None:
    forms = [load_path(writer(root / writer.__name__, parts)) for writer in WRITERS]
    for split in ("train", "test"):
        sets = [getattr(form, split) for form in forms]
        expected = ordered(ImageSet(parts[split][0], parts[split][1].astype(np.int64), sets[0].classes, ""))
        for found in sets:
            assert found.images.shape == parts[split][0].shape
            assert found.classes == tuple("0123456789")
            assert ordered(found) == expected


def test_generated_images_in_four_forms(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 10
    images = generator.integers(0, 256, (300, 7, 7), np.uint8)
    check_forms_agree(tmp_path, {"train": (images, labels), "test": (images[:50], labels[:50])})


def test_mnist_in_four_forms(tmp_path: Path) -> None:
    if "TENFOLD_DATA" not in os.environ:
        pytest.skip("TENFOLD_DATA is not set: it names the folder that holds mnist/")
    splits = load_path(Path(os.environ["TENFOLD_DATA"]) / "mnist")
    assert (len(splits.train), len(splits.test)) == (60_000, 10_000)
    check_forms_agree(
        tmp_path,
        {name: (part.images, part.labels) for name, part in (("train", splits.train), ("test", splits.test))},
    )


def generated() -> dict[str, Part]:
    return {name: (np.zeros((20, 4, 4), np.uint8), np.arange(20) % 10) for name in ("train", "test")}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_form_can_be_scaled(tmp_path: Path, writer) -> None:  # type: ignore[no-untyped-def]
    splits = load_path(writer(tmp_path / "data", generated()), size=(6, 8))
    assert splits.train.size == splits.test.size == (6, 8) and len(splits.train) == 20


def test_one_table_is_split(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "data", generated())
    splits = load_path(folder / "train.csv")
    assert isinstance(splits, Splits) and (len(splits.train), len(splits.test)) == (10, 10)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("none", None, "no such file or folder; expected a folder of pictures"),
        ("x.png", b"\x89PNG\r\n\x1a\n", "is one PNG file; expected .* give the folder that holds it"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03", "is one single IDX file"),
        ("x.zip", b"PK", "is one archive file; .* unpack it and give the folder"),
        ("x.tar.gz", b"\x1f\x8b", "unpack it and give the folder"),
        ("notes.txt", b"hello", "is another kind of file; expected a folder of pictures"),
        ("x.csv", b"hello", "its first line has 1 column"),
        ("x.npz", b"hello", "damaged or not an .npz file"),
    ],
)
def test_paths_that_are_no_data(tmp_path: Path, name: str, content: bytes | None, found: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=found) as caught:
        load_path(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "data" / ".git").mkdir(parents=True)
    with pytest.raises(DataError, match="data: is an empty folder; expected a folder of pictures"):
        load_path(tmp_path / "data")


def test_one_class_is_too_few(tmp_path: Path) -> None:
    parts = {name: (np.zeros((4, 4, 4), np.uint8), np.zeros(4, int)) for name in ("train", "test")}
    with pytest.raises(DataError, match="all training images are of one class"):
        load_path(write_npz(tmp_path / "data", parts))


def test_one_picture_a_class_leaves_none_to_test(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "data" / name / "1.png")
    with pytest.raises(
        DataError, match="no test image, and none to hold out; expected at least two"
    ) as caught:
        load_path(tmp_path / "data")
    assert str(caught.value).startswith(f"{tmp_path / 'data'}: ") and "\n" not in str(caught.value)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "data/a/2.png")
    assert len(load_path(tmp_path / "data").test) == 1


def test_one_row_a_class_leaves_none_to_test(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("0,1,2,3,4\n1,1,2,3,4\n")
    with pytest.raises(DataError, match="no test image"):
        load_path(tmp_path / "x.csv")


def test_images_too_large(tmp_path: Path) -> None:
    parts = {name: (np.zeros((4, 500, 500), np.uint8), np.arange(4)) for name in ("train", "test")}
    path = write_npz(tmp_path / "data", parts)
    with pytest.raises(DataError, match="250,000 input values; expected at most 200,000: --size"):
        load_path(path)
    assert load_path(path, size=(28, 28)).train.size == (28, 28)


def test_a_size_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected height and width"):
        load_path(tmp_path, size=(28, 0))
