"""Flipped labels are found, contradictions too, and every row says what is in the data."""

import os
from dataclasses import replace

import numpy as np
import pytest

from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.faults import Part
from tenfold.errors import DataError
from tenfold.evaluation.suspects import find_suspects
from tenfold.training.engines import open_engine
from tenfold.training.recipe import Recipe

FAST = Recipe.named("fast").with_changes(precision="float32", hidden=(64,))


def search(*parts, **settings):
    return find_suspects(parts, FAST, open_engine("auto", "cpu", "float32"), **settings)


def flipped(images, share, seed):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(images), round(share * len(images)), replace=False)
    labels = images.labels.copy()
    labels[chosen] = (labels[chosen] + rng.integers(1, len(images.classes), len(chosen))) % len(
        images.classes
    )
    return replace(images, labels=labels), set(chosen.tolist())


@pytest.fixture(scope="module")
def digits_with_flips(digits):
    return flipped(load_data(digits).train, 0.04, seed=7)


@pytest.fixture(scope="module")
def found(digits_with_flips):
    return search(Part("train", digits_with_flips[0]))


def test_flipped_labels_are_found(found, digits_with_flips):
    flips = digits_with_flips[1]
    suspects = {row.index for row in found.rows}
    assert len(suspects & flips) >= 0.9 * len(flips)
    assert len(suspects & flips) >= 0.8 * len(suspects)


def test_the_right_label_is_suggested(found, digits_with_flips, digits):
    truth = load_data(digits).train.labels
    flips = [row for row in found.rows if row.index in digits_with_flips[1]]
    assert np.mean([int(row.suggested) == truth[row.index] for row in flips]) > 0.9


def test_rows_are_ranked_and_say_what_is_there(found, digits_with_flips):
    images = digits_with_flips[0]
    qualities = [row.given_probability for row in found.rows]
    assert qualities == sorted(qualities)
    for row in found.rows:
        assert row.split == "train"
        assert row.place == f"train[{row.index}]"
        assert row.given == str(images.labels[row.index]) != row.suggested
        assert row.suggested_probability == found.probabilities[row.index].max() > row.given_probability
        assert row.reason == "network"
    assert len({row.pixels for row in found.rows}) == len(found.rows)


def test_accuracy_is_that_of_the_probabilities(found, digits_with_flips):
    right = np.argmax(found.probabilities, axis=1) == digits_with_flips[0].labels
    assert found.accuracy == pytest.approx(right.sum() / 1500)
    assert found.images == 1500


def test_a_search_repeats(found, digits_with_flips):
    again = search(Part("train", digits_with_flips[0]), threads=1)
    assert again.rows == found.rows
    other = search(Part("train", digits_with_flips[0]), seed=1)
    assert other.rows != found.rows


def test_a_copy_with_another_label_is_a_suspect(digits):
    images = load_data(digits).train
    twin = ImageSet(images.images[[0]], (images.labels[[0]] + 1) % 10, images.classes, images.source)
    parts = Part("train", images), Part("test", twin, paths=["a/twin.png"])
    found = search(*parts)
    (row,) = [row for row in found.rows if row.split == "test"]
    assert (row.index, row.path, row.place) == (0, "a/twin.png", "a/twin.png")
    assert row.reason.endswith(f"duplicate of train[0], labelled {images.labels[0]}")
    assert row.suggested == str(images.labels[0])
    assert found.to_dict()["splits"] == ["train", "test"]


def test_images_of_several_parts_are_searched_as_one(digits_with_flips, found):
    images = digits_with_flips[0]
    first, second = images.select(np.arange(900)), images.select(np.arange(900, 1500))
    parted = search(Part("train", first), Part("test", second))
    places = [row.index + (900 if row.split == "test" else 0) for row in parted.rows]
    assert places == [row.index for row in found.rows]


def test_the_names_of_classes_do_not_matter(digits_with_flips, found):
    images = digits_with_flips[0]
    renamed = search(Part("train", replace(images, classes=tuple("abcdefghij"))))
    assert [row.index for row in renamed.rows] == [row.index for row in found.rows]
    assert renamed.rows[0].given == "abcdefghij"[int(found.rows[0].given)]


def test_a_class_with_one_image(digits):
    images = load_data(digits).train
    lonely = images.select(
        np.append(np.flatnonzero(images.labels != 3), np.flatnonzero(images.labels == 3)[0])
    )
    with pytest.raises(DataError, match="class '3' has 1 different pictures; expected one a fold, 5"):
        search(Part("train", lonely))


@pytest.mark.skipif("TENFOLD_DATA" not in os.environ, reason="needs the full MNIST, set TENFOLD_DATA")
def test_three_percent_of_mnist_flipped():
    images, flips = flipped(load_data("mnist").train, 0.03, seed=11)
    recipe = Recipe.named("fast").with_changes(precision="float32")
    found = find_suspects([Part("train", images)], recipe, open_engine("auto", "cpu", "float32"))
    suspects = {row.index for row in found.rows}
    assert len(suspects & flips) >= 0.9 * len(flips)
    assert len(suspects & flips) >= 0.8 * len(suspects)
