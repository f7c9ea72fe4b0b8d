"""The paths are those of the images that `load_data` returns, picture for picture."""

import numpy as np
import pytest
from PIL import Image

from tenfold.data.catalog import load_data
from tenfold.data.members import picture_paths


def write_pictures(folder, counts, shade=0):
    """Write a class folder for each count; every picture has a shade of its own."""
    for name, count in counts.items():
        (folder / name / "deeper").mkdir(parents=True)
        for number in range(count):
            place = folder / name / ("deeper" if number % 3 == 2 else "") / f"{number}.png"
            Image.fromarray(np.full((4, 4), shade, np.uint8)).save(place)
            shade += 1
    return shade


@pytest.mark.parametrize(
    "layout", [("",), ("train", "test"), ("training", "valid"), ("train", "val", "testing")]
)
def test_each_path_is_the_file_of_its_image(tmp_path, layout):
    shade = 0
    for part in layout:
        shade = write_pictures(tmp_path / part, {"2": 7, "10": 11, "b": 6}, shade)
    (tmp_path / layout[0] / "2" / "notes.txt").write_text("no picture")
    splits = load_data(tmp_path)
    paths = picture_paths(tmp_path)
    assert set(paths) == set(splits.parts)
    for name, part in splits.parts.items():
        assert len(paths[name]) == len(part)
        for path, image in zip(paths[name], part.images, strict=True):
            with Image.open(path) as picture:
                np.testing.assert_array_equal(np.asarray(picture), image)


def test_other_data_has_no_paths(digits, tmp_path):
    (tmp_path / "train.csv").write_text("0,1,2,3,4\n" * 9)
    np.savez(tmp_path / "a.npz", x_train=np.zeros((1, 2, 2), np.uint8), y_train=[0])
    for data in ("mnist", digits, tmp_path, tmp_path / "train.csv", tmp_path / "a.npz"):
        assert picture_paths(data) == {}
