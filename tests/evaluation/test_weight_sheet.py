"""Pictures of a first layer: a template a class, or a picture a neuron."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tenfold.data.drawing import GAP, MARGIN, TEXT, TITLE
from tenfold.errors import UsageError
from tenfold.evaluation.heat_map import ABOVE, BELOW
from tenfold.evaluation.weight_sheet import LARGE, SMALL, class_templates, weight_sheet
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing


def model(widths, weight, head="softmax", channels=1):
    network = Network(widths, head)
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.shapes.items()}
    weights["l1.weight"] = np.array(weight, np.float32).reshape(network.shapes["l1.weight"])
    return Model(
        network=network,
        weights=weights,
        classes=tuple("abcdefgh"[: network.classes]),
        preprocessing=Preprocessing((2, 2), channels, (0.5,) * channels, (0.5,) * channels),
        examples=np.zeros((1, 2, 2) if channels == 1 else (1, 2, 2, channels), np.uint8),
    )


def panels(path, longest, columns, count, caption=0):
    """Cut pictures out of the sheet, and take the middle of each of their 2 x 2 blocks."""
    with Image.open(path) as picture:
        page = np.asarray(picture.convert("RGB")).astype(int)
    middle = slice(longest // 4, longest, longest // 2)
    corners = [
        (
            MARGIN + 2 * TITLE + k // columns * (longest + GAP + caption),
            MARGIN + k % columns * (longest + GAP),
        )
        for k in range(count)
    ]
    return [page[y : y + longest, x : x + longest][middle, middle] for y, x in corners]


def test_what_all_classes_share_is_no_part_of_a_template():
    rng = np.random.default_rng(0)
    weight, shared = rng.normal(size=(3, 4)), rng.normal(size=4)
    plain, moved = (class_templates(model((4, 3), each)) for each in (weight, weight + shared))
    np.testing.assert_allclose(plain, moved, atol=1e-6)
    np.testing.assert_allclose(plain.sum(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(plain[0] - plain[2], weight[0] - weight[2], atol=1e-6)


def test_templates_of_a_sigmoid_head_are_opposites():
    templates = class_templates(model((4, 1), [1, 2, -3, 0], head="sigmoid"))
    np.testing.assert_array_equal(templates, [[-1, -2, 3, 0], [1, 2, -3, 0]])


def test_templates_share_one_scale(tmp_path):
    weight = [[4, 0, 0, 0], [-4, 0, 0, 0], [0, 0, 0, 2], [0, 0, 0, -2]]
    first, second, third, fourth = panels(
        weight_sheet(model((4, 4), weight), tmp_path / "w.png"), LARGE, 3, 4, caption=2 * TEXT
    )
    assert first[0, 0].tolist() == list(ABOVE)
    assert second[0, 0].tolist() == list(BELOW)
    half = (255 + np.array(ABOVE)) / 2
    assert np.abs(third[1, 1] - half).max() <= 0.5
    assert (fourth[0, 0] == 255).all()


def test_neurons_come_by_their_largest_weight_each_at_its_own_scale(tmp_path):
    weak, strong = [0, 1, 0, 0], [0, 0, -3, 0]
    first, second = panels(weight_sheet(model((4, 2, 3), [weak, strong]), tmp_path / "w.png"), SMALL, 2, 2)
    assert first[1, 0].tolist() == list(BELOW)
    assert second[0, 1].tolist() == list(ABOVE)


def test_weights_of_colour_images_have_their_colours(tmp_path):
    weight = np.zeros((1, 2, 2, 3))
    weight[0, 0, 0, 0], weight[0, 1, 1, 2] = 5, -5
    (only,) = panels(weight_sheet(model((12, 1, 2), weight, channels=3), tmp_path / "w.png"), SMALL, 2, 1)
    assert only[0, 0].tolist() == [255, 128, 128]
    assert only[1, 1].tolist() == [128, 128, 0]


def test_many_neurons_long_names_and_no_weight_at_all(tmp_path):
    many = weight_sheet(model((4, 300, 2), np.zeros((300, 4))), tmp_path / "many.png")
    pictures = panels(many, SMALL, 23, 257)
    assert all((picture == 255).all() for picture in pictures)
    long = replace(model((4, 2), np.ones((2, 4))), classes=("x" * 500, "蝶"))
    with Image.open(weight_sheet(long, tmp_path / "long.png")) as sheet:
        assert sheet.width < 1000


def test_only_a_png_is_drawn(tmp_path):
    with pytest.raises(UsageError, match=r"w.svg: a drawing of weights is a PNG"):
        weight_sheet(model((4, 2), np.ones((2, 4))), tmp_path / "w.svg")
