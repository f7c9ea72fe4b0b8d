"""Predictions are the same for a picture alone and among many, and follow the classes."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.special

from tenfold.errors import ModelError
from tenfold.model.predictor import CHUNK, Predictor


@pytest.fixture
def images():
    return np.random.default_rng(2).integers(0, 256, (CHUNK + 5, 6, 5)).astype(np.uint8)


def test_probabilities_are_softmax_of_the_network_in_float64(model, images):
    rows = (images.reshape(-1, 30) / 255 - model.preprocessing.mean[0]) / model.preprocessing.std[0]
    hidden = np.maximum(rows @ model.weights["l1.weight"].T + model.weights["l1.bias"], 0)
    logits = hidden @ model.weights["l2.weight"].T + model.weights["l2.bias"]
    np.testing.assert_allclose(Predictor(model).logits(images), logits, atol=1e-4)
    p = Predictor(model).probabilities(images)
    np.testing.assert_allclose(p, scipy.special.softmax(logits, axis=1), atol=1e-5)


def test_a_picture_alone_gets_the_answer_that_it_gets_among_many(model, images):
    among = Predictor(model).probabilities(images)
    for place in (0, CHUNK - 1, CHUNK, len(images) - 1):
        alone = Predictor(model).probabilities(images[place : place + 1])
        np.testing.assert_allclose(alone[0], among[place], atol=1e-6)


def test_the_label_is_the_most_probable_class(model, images):
    for prediction in Predictor(model).predict(images[:50]):
        assert list(prediction.probabilities) == ["ant", "bee", "蝶"]
        assert prediction.label == max(prediction.probabilities, key=prediction.probabilities.get)
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-6)


def test_renamed_classes_rename_the_answer(model, images):
    renamed = Predictor(replace(model, classes=("x", "y", "z"))).predict(images[:20])
    names = dict(zip(model.classes, "xyz", strict=True))
    for prediction, other in zip(Predictor(model).predict(images[:20]), renamed, strict=True):
        assert other.label == names[prediction.label]
        assert other.confidence == prediction.confidence


def test_no_images_give_no_answers(model, images):
    assert list(Predictor(model).predict(images[:0])) == []


def test_images_of_another_size_are_refused(model):
    with pytest.raises(ModelError, match="expects uint8 6×5"):
        Predictor(model).logits(np.zeros((1, 28, 28), np.uint8))
