"""Photographs of digits by a seeded maker: MNIST's test digits, and digits drawn as strokes."""

import os
from pathlib import Path

import numpy as np
import pytest

import tenfold
from tests.photographs import HANDS, INKS, PAPERS, digit_of_strokes, enlarged, take_photograph

KINDS = [(ink, paper, light) for ink in INKS for paper in PAPERS for light in (False, True)]


@pytest.fixture(scope="module")
def mnist():
    if "TENFOLD_DATA" not in os.environ:
        pytest.skip("needs the full MNIST: set TENFOLD_DATA to a folder that holds mnist/")
    return tenfold.load_data(Path(os.environ["TENFOLD_DATA"]) / "mnist")


@pytest.fixture(scope="module")
def predictor(mnist, tmp_path_factory):
    """Five epochs of distorted digits: a few seconds instead of half a minute."""
    folder = tmp_path_factory.mktemp("photographs") / "run"
    data = Path(os.environ["TENFOLD_DATA"]) / "mnist"
    run = tenfold.train(data, "best", epochs=5, augmentation="handwriting", out=folder)
    return tenfold.Predictor(tenfold.Model.load(run.model_path))


def photographed(digits, seed):
    """Take a photograph of each digit, of all kinds of ink and paper in turn."""
    for number, digit in enumerate(digits):
        ink, paper, light = KINDS[number % len(KINDS)]
        random = np.random.default_rng((seed, number))
        yield take_photograph(digit, random, kind=ink, paper=paper, light_on_dark=light)


def share_right(predictor, pictures, labels, photo):
    images = np.stack([predictor.model.preprocessing.prepare(picture, photo) for picture in pictures])
    return (predictor.probabilities(images).argmax(axis=1) == labels).mean()


def test_photographs_of_test_digits_are_read(predictor, mnist):
    places = np.random.default_rng(0).choice(len(mnist.test), 200, replace=False)
    pictures = list(photographed([enlarged(mnist.test.images[place]) for place in places], seed=1))
    labels = mnist.test.labels[places]
    read, without = (share_right(predictor, pictures, labels, photo) for photo in ("auto", "never"))
    print(f"\n200 photographs of test digits: {read:.1%} right, {without:.1%} without the steps")
    assert read >= 0.95


def test_photographs_of_drawn_digits_are_read(predictor):
    drawn = [(digit, hand) for digit in HANDS for hand in range(len(HANDS[digit]))]
    thickness = np.random.default_rng(0).uniform(0.03, 0.14, len(drawn))
    strokes = [digit_of_strokes(*one, wide) for one, wide in zip(drawn, thickness, strict=True)]
    pictures, labels = list(photographed(strokes, seed=2)), np.array([digit for digit, _ in drawn])
    read, without = (share_right(predictor, pictures, labels, photo) for photo in ("auto", "never"))
    print(f"\n{len(drawn)} photographs of drawn digits: {read:.1%} right, {without:.1%} without the steps")
    assert len(drawn) == 60
    assert read >= 0.95


def test_test_digits_saved_as_they_are_stay_as_they_are(predictor, mnist):
    for image in mnist.test.images[:500]:
        np.testing.assert_array_equal(predictor.model.preprocessing.prepare(image), image)


def test_a_blank_page_and_a_page_full_of_things_are_refused(predictor):
    random = np.random.default_rng(3)
    nothing = take_photograph(np.zeros((400, 400)), random, paper="squared")
    waves = np.sin(np.linspace(0, 40, 300))[:, None] * np.sin(np.linspace(0, 55, 400))
    things = np.uint8(127 + 120 * waves[..., None] * (1, 0.5, -1))
    for picture in (nothing, things):
        image = predictor.model.preprocessing.prepare(picture)
        (prediction,) = predictor.predict(image[np.newaxis])
        assert prediction.refusal is not None
