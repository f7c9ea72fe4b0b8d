"""Pilots: which augmentations are tried on what, and that the one that helps is found."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tenfold.data.image_set import ImageSet, Splits
from tenfold.training import pilots
from tenfold.training.augmentation import AUGMENTATIONS
from tenfold.training.partition import partition
from tenfold.training.pilots import best_augmentation, candidates
from tenfold.training.recipe import Recipe
from tenfold.training.reference import ReferenceEngine

WORDS = ("boot", "coat", "shirt", "dress", "bag", "sandal")


@pytest.fixture
def recipe():
    return Recipe.named("best").with_changes(
        hidden=(32,), precision="float32", batch_size=32, calibration_images=20
    )


def splits_of(images, labels, classes):
    made = ImageSet(np.asarray(images, np.uint8), labels, classes, "memory")
    return Splits(train=made, test=made.select(np.arange(6)))


def moved(rng, pattern):
    """Turn and shift a pattern at random, as a hand would."""
    turned = ndimage.rotate(pattern, rng.uniform(-14, 14), reshape=False, order=1)
    return ndimage.shift(turned, rng.uniform(-1.2, 1.2, 2), order=1)


def smooth_patterns(rng, count):
    patterns = ndimage.gaussian_filter(rng.normal(size=(count, 14, 14)), (0, 1.2, 1.2))
    low, high = patterns.min(axis=(1, 2), keepdims=True), patterns.max(axis=(1, 2), keepdims=True)
    patterns = (patterns - low) / (high - low)
    patterns[:, [0, -1]] = patterns[:, :, [0, -1]] = 0
    return patterns


def noisy(rng, images, noise=25):
    return np.clip(200 * np.array(images) + rng.normal(scale=noise, size=np.shape(images)), 0, 255)


def turned_patterns(classes):
    """Few examples of patterns that are turned and shifted: whoever distorts them knows more."""
    rng = np.random.default_rng(1)
    patterns, labels = smooth_patterns(rng, 10), rng.permutation(np.arange(300) % 10)
    return splits_of(noisy(rng, [moved(rng, patterns[label]) for label in labels], noise=60), labels, classes)


def mirrored_patterns():
    """Few examples of patterns that come either way round."""
    rng = np.random.default_rng(2)
    patterns, labels = smooth_patterns(rng, 6), rng.permutation(np.arange(60) % 6)
    images = [patterns[label][:, :: rng.choice([-1, 1])] for label in labels]
    return splits_of(noisy(rng, images), labels, WORDS)


def left_and_right():
    """A mirror makes one class of the other."""
    rng = np.random.default_rng(3)
    labels = rng.permutation(np.arange(80) % 2)
    images = np.zeros((80, 8, 8))
    images[np.arange(80), rng.integers(1, 7, 80), np.where(labels == 0, 1, 6)] = 1
    return splits_of(noisy(rng, images), labels, ("left", "right"))


def test_patterns_that_turn_are_best_learnt_turned(recipe):
    name, reason = best_augmentation(recipe, turned_patterns(tuple("0123456789")), ReferenceEngine(), 1)
    assert name == "handwriting"
    assert "objects" not in reason


def test_patterns_that_come_either_way_are_best_learnt_mirrored(recipe):
    name, reason = best_augmentation(recipe, mirrored_patterns(), ReferenceEngine(), 1)
    assert name == "objects"
    assert all(known in reason for known in AUGMENTATIONS)


def test_where_left_is_not_right_nothing_is_mirrored(recipe):
    name, _ = best_augmentation(recipe, left_and_right(), ReferenceEngine(), 1)
    assert name != "objects"


def test_calibration_and_test_images_are_left_alone(recipe, monkeypatch):
    monkeypatch.setattr(pilots, "STEPS", 30)
    splits = turned_patterns(tuple("0123456789"))
    expected = best_augmentation(recipe, splits, ReferenceEngine(), 1)
    held_out = partition(splits.train.labels, recipe).calibration
    assert len(held_out) == 20
    images = splits.train.images.copy()
    images[held_out] = images[held_out, ::-1, ::-1]  # the mean pixel stays
    other_test = replace(splits.test, images=255 - splits.test.images, labels=(splits.test.labels + 1) % 10)
    changed = Splits(train=replace(splits.train, images=images), test=other_test)
    assert best_augmentation(recipe, changed, ReferenceEngine(), 1) == expected
    learnt = partition(splits.train.labels, recipe).learn
    images[learnt] = images[learnt[::-1]]
    assert best_augmentation(recipe, changed, ReferenceEngine(), 1) != expected


def blank(height, width, classes):
    return ImageSet(np.zeros((4, height, width), np.uint8), np.arange(4) % len(classes), classes, "memory")


def test_characters_are_never_mirrored():
    assert candidates(blank(8, 8, ("0", "1"))) == ["none", "handwriting"]
    assert candidates(blank(8, 8, ("か", "き", "A"))) == ["none", "handwriting"]
    assert candidates(blank(8, 8, ("1", "shoe"))) == list(AUGMENTATIONS)


@pytest.mark.parametrize(("height", "width"), [(1, 8), (8, 1), (1, 1), (513, 8), (8, 513)])
def test_extreme_sizes_are_not_distorted(recipe, height, width):
    images = blank(height, width, WORDS[:2])
    assert candidates(images) == ["none"]
    name, reason = best_augmentation(recipe, Splits(images, images), ReferenceEngine(), 1)
    assert name == "none"
    assert f"{height} x {width}" in reason


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_handful_of_images_is_enough_to_go_on(recipe, count):
    rng = np.random.default_rng(0)
    images = splits_of(rng.integers(0, 256, (6, 8, 8)), np.arange(6) % 2, ("0", "1")).train
    splits = Splits(images.select(np.arange(count)), images)
    name, _ = best_augmentation(recipe, splits, ReferenceEngine(), 1)
    assert name in candidates(images)
