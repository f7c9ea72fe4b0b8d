import os
from pathlib import Path

import numpy as np
import pytest

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.faults import Fault, Part
from tenfold.data.inspection.set_faults import find_set_faults

RNG = np.random.default_rng(7)
PATTERNS = RNG.integers(0, 256, (10, 12, 12))
DIGITS = tuple("0123456789")


def images_of(labels: np.ndarray) -> np.ndarray:
    """A pattern a class and some noise: no two images are alike, and the pattern has no symmetry."""
    noise = RNG.integers(-40, 41, (len(labels), 12, 12))
    return np.clip(PATTERNS[labels % 10] + noise, 0, 255).astype(np.uint8)


def part(
    name: str, labels: np.ndarray, images: np.ndarray | None = None, classes=tuple("abcdefghij")
) -> Part:
    return Part(name, ImageSet(images_of(labels) if images is None else images, labels, classes, "made"))


def train() -> Part:
    return part("train", np.repeat(np.arange(10), 20))


def test() -> Part:
    return part("test", np.repeat(np.arange(10), 3))


test.__test__ = False


def faults_of(*parts: Part) -> dict[str, Fault]:
    found = find_set_faults(parts)
    for fault in found:
        assert fault.mend
        assert "\n" not in fault.message + fault.mend
    assert len({fault.code for fault in found}) == len(found)
    return {fault.code: fault for fault in found}


def changed(original: Part, images: np.ndarray | None = None, labels: np.ndarray | None = None) -> Part:
    old = original.images
    return part(
        original.name,
        old.labels if labels is None else labels,
        old.images if images is None else images,
        old.classes,
    )


def test_clean_splits_have_no_faults():
    assert faults_of(train(), test()) == {}


def test_a_class_missing_from_the_test_set():
    full = test()
    few = full.images.labels != 4
    fault = faults_of(train(), changed(full, full.images.images[few], full.images.labels[few]))
    assert list(fault) == ["class-missing-from-test"]
    assert "class e has images in train but none in test" in fault["class-missing-from-test"].message


def test_a_class_missing_from_the_training_set_is_an_error():
    full = train()
    kept = ~np.isin(full.images.labels, [2, 9])
    found = faults_of(changed(full, full.images.images[kept], full.images.labels[kept]), test())
    assert list(found) == ["class-missing-from-train"]
    assert found["class-missing-from-train"].severity == "error"
    assert "classes c, j have" in found["class-missing-from-train"].message


def test_a_number_between_the_labels_that_no_image_has():
    labels = np.repeat([0, 1, 3], 20)
    assert list(faults_of(part("all", labels, classes=tuple("0123")))) == ["empty-class"]


def test_a_lone_label_far_away_is_out_of_range():
    labels = np.append(np.repeat(np.arange(10), 20), 200)
    classes = tuple(map(str, range(201)))
    found = faults_of(part("train", labels, classes=classes), part("test", labels[:-1], classes=classes))
    assert found["labels-out-of-range"].paths == ("train[200]",)
    assert "200" in found["labels-out-of-range"].message
    assert "empty-class" not in found


def test_small_and_uneven_classes():
    labels = np.repeat([0, 1], [9, 91])
    found = faults_of(part("train", labels, classes=("rare", "usual")))
    assert set(found) == {"few-images", "imbalance"}
    assert "rare (9)" in found["few-images"].message
    assert "class usual has 91 images in train, class rare only 9" in found["imbalance"].message


def test_a_single_class_cannot_be_learnt():
    assert "one-class" in faults_of(part("all", np.zeros(30, int), classes=("only",)))


def test_blank_images_are_named():
    blank = train()
    images = blank.images.images.copy()
    images[17] = 255
    found = faults_of(changed(blank, images), test())
    assert list(found) == ["blank-image"]
    assert found["blank-image"].paths == ("train[17]",)


def test_duplicates_within_a_split():
    copied = train()
    images = copied.images.images.copy()
    images[3] = images[5]
    found = faults_of(changed(copied, images), test())
    assert list(found) == ["duplicates"]
    assert found["duplicates"].severity == "warning"
    assert found["duplicates"].paths == ("train[3]", "train[5]")


def test_duplicates_across_splits():
    learn, report = train(), test()
    images = report.images.images.copy()
    images[0] = learn.images.images[2]
    found = faults_of(learn, changed(report, images))
    assert list(found) == ["duplicates-across-splits"]
    assert found["duplicates-across-splits"].severity == "error"
    assert found["duplicates-across-splits"].paths == ("train[2]", "test[0]")


def test_duplicates_under_two_labels_are_worse():
    copied = train()
    images = copied.images.images.copy()
    images[0] = images[199]
    found = faults_of(changed(copied, images), test())
    assert set(found) == {"conflicting-duplicates", "duplicates"}
    assert found["conflicting-duplicates"].severity == "error"
    assert "wrong" in found["conflicting-duplicates"].message


def test_duplicates_have_the_names_of_their_files():
    copied = train()
    images = copied.images.images.copy()
    images[0] = images[1]
    paths = [f"0/{n}.png" for n in range(200)]
    found = find_set_faults([Part("all", changed(copied, images).images, paths)])
    assert found[0].paths == ("0/0.png", "0/1.png")


@pytest.mark.parametrize("colour", [False, True])
def test_polarity(colour):
    learn, report = train(), test()
    learn_pixels, pixels = learn.images.images, 255 - report.images.images
    if colour:
        learn_pixels, pixels = (np.repeat(p[..., None], 3, axis=3) for p in (learn_pixels, pixels))
    found = faults_of(changed(learn, learn_pixels), changed(report, pixels))
    assert list(found) == ["polarity"]
    assert "255 - pixel" in found["polarity"].mend


def test_transposition():
    report = test()
    found = faults_of(train(), changed(report, report.images.images.transpose(0, 2, 1)))
    assert list(found) == ["transposed"]
    assert "transpose(0, 2, 1)" in found["transposed"].mend


def test_transposition_and_polarity_at_once():
    report = test()
    assert set(faults_of(train(), changed(report, 255 - report.images.images.transpose(0, 2, 1)))) == {
        "polarity",
        "transposed",
    }


def test_pictures_that_are_not_square_are_not_compared_transposed():
    learn, report = train(), test()
    wide = [changed(p, p.images.images[:, :9]) for p in (learn, report)]
    assert faults_of(*wide) == {}


def bars(lying: bool, light: bool) -> np.ndarray:
    """Random pictures, but the second of ten classes shows a bar, as a 1 does."""
    labels = np.repeat(np.arange(10), 20)
    images = images_of(labels)
    images[labels == 1] //= 40
    images[labels == 1, 2:10, 5:7] += 200
    images = 255 - images if light else images
    return images.transpose(0, 2, 1) if lying else images


@pytest.mark.parametrize("light", [False, True])
def test_ones_that_lie_down(light):
    labels = np.repeat(np.arange(10), 20)
    found = faults_of(part("all", labels, bars(True, light), DIGITS))
    assert list(found) == ["transposed"]
    assert found["transposed"].severity == "warning"
    assert faults_of(part("all", labels, bars(False, light), DIGITS)) == {}
    assert faults_of(part("all", labels, bars(True, light))) == {}, "only digits have 1s"
    others = labels != 1
    found = faults_of(part("all", labels[others], bars(True, light)[others], DIGITS))
    assert list(found) == ["empty-class"]


full_data = pytest.mark.skipif("TENFOLD_DATA" not in os.environ, reason="TENFOLD_DATA is not set")


@full_data
@pytest.mark.parametrize("change", ["none", "polarity", "transposed"])
def test_a_hundred_test_images_of_mnist_are_enough_to_tell(change):
    from tenfold.data.idx_folder import read_idx_split

    folder = Path(os.environ["TENFOLD_DATA"], "mnist")
    learn, report = (read_idx_split(folder, split) for split in ("train", "test"))
    report = report.select(np.arange(100))
    pixels = {
        "none": report.images,
        "polarity": 255 - report.images,
        "transposed": report.images.transpose(0, 2, 1),
    }[change]
    parts = [Part("train", learn), Part("test", ImageSet(pixels, report.labels, learn.classes, ""))]
    assert [fault.code for fault in find_set_faults(parts)] == ([] if change == "none" else [change])
