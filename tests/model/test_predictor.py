"""Predictions are the same for a picture alone and among many, and follow the classes."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import scipy.special

from tenfold import native
from tenfold.errors import ModelError, UsageError
from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.predictor import CHUNK, Predictor
from tenfold.model.preprocessing import Preprocessing

needs_native = pytest.mark.skipif(native.absence() is not None, reason="the compiled part was not built")
SETS = {} if native.absence() else dict(sys.modules["tenfold._native"].instruction_sets())


@pytest.fixture
def images():
    return np.random.default_rng(2).integers(0, 256, (CHUNK + 5, 6, 5)).astype(np.uint8)


def test_probabilities_are_softmax_of_the_network_in_float64(uncalibrated, images):
    model = uncalibrated
    rows = (images.reshape(-1, 30) / 255 - model.preprocessing.mean[0]) / model.preprocessing.std[0]
    hidden = np.maximum(rows @ model.weights["l1.weight"].T + model.weights["l1.bias"], 0)
    logits = hidden @ model.weights["l2.weight"].T + model.weights["l2.bias"]
    np.testing.assert_allclose(Predictor(model).logits(images), logits, atol=1e-4)
    p = Predictor(model).probabilities(images)
    np.testing.assert_allclose(p, scipy.special.softmax(logits, axis=1), atol=1e-5)


def test_calibrated_probabilities_undo_smoothing_and_take_the_temperature(model, images):
    smoothing, temperature = model.calibration.label_smoothing, model.calibration.temperature
    learnt = scipy.special.softmax(model.logits(images).astype(np.float64), axis=1)
    doubt = smoothing / 3
    true = np.maximum((learnt - doubt) / (1 - smoothing), learnt / 32 / (1 - smoothing))
    expected = true ** (1 / temperature)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Predictor(model).probabilities(images), expected, atol=1e-5)


def test_sets_hold_the_label_and_cover_more_the_larger_they_are(model, images):
    narrow = list(Predictor(model).predict(images[:40], coverage=0.8))
    wide = list(Predictor(model).predict(images[:40], coverage=0.99))
    for one, other in zip(narrow, wide, strict=True):
        assert one.label in one.prediction_set
        assert set(one.prediction_set) <= set(other.prediction_set)
        assert (one.coverage, other.coverage) == (0.8, 0.99)


def test_without_a_wish_sets_cover_what_the_held_out_images_allow(model, images):
    assert {prediction.coverage for prediction in Predictor(model).predict(images[:3])} == {0.99}


def test_a_coverage_of_nothing_is_no_coverage(model, images):
    with pytest.raises(UsageError, match="^coverage: 0.0; expected a share above 0 and below 1"):
        list(Predictor(model).predict(images[:3], coverage=0.0))


def test_an_uncalibrated_model_has_no_sets_and_refuses_to_promise_any(uncalibrated, images):
    predictor = Predictor(uncalibrated)
    assert [p.prediction_set for p in predictor.predict(images[:3])] == [None] * 3
    with pytest.raises(UsageError, match="^coverage: 0.9, but the model is not calibrated"):
        list(predictor.predict(images[:3], coverage=0.9))


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_blank_picture_is_refused(model, uncalibrated, value):
    for asked in (model, uncalibrated):
        (prediction,) = Predictor(asked).predict(np.full((1, 6, 5), value, np.uint8))
        assert prediction.refusal == "it shows no single figure"


def test_refusals_are_those_of_scores_beyond_the_threshold(model, images):
    refusal = model.calibration.refusal
    predictions = list(Predictor(model).predict(images))
    beyond = refusal.scores(images, model.logits(images)) > refusal.threshold
    assert [prediction.refusal is not None for prediction in predictions] == beyond.tolist()
    assert beyond.any() and not beyond.all()


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
    assert Predictor(model).refusals(images[:0], np.zeros((0, 3), np.float32)) == []


def test_images_of_another_size_are_refused(model):
    with pytest.raises(ModelError, match="expects uint8 6×5"):
        Predictor(model).logits(np.zeros((1, 28, 28), np.uint8))


def model_for(shape, hidden, classes, seed=0, head="softmax"):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (9, *shape)).astype(np.uint8)
    network = Network.for_task(images[0].size, hidden, classes, head)
    weights = {
        name: (rng.normal(size=size) / np.sqrt(size[-1])).astype(np.float32)
        for name, size in network.shapes.items()
    }
    classes = tuple(f"class {number}" for number in range(classes))
    return Model(network, weights, classes, Preprocessing.fitted(images), images)


def float64_logits(model, images):
    scale = model.preprocessing
    rows = (images.reshape(len(images), -1, scale.channels) / 255 - scale.mean) / scale.std
    weights = {name: tensor.astype(float) for name, tensor in model.weights.items()}
    return model.network.forward(weights, rows.reshape(len(images), -1))[-1]


MODELS = {
    "lecture": ((28, 28), (512, 256, 128, 64), 10),
    "softmax regression": ((5, 7), (), 3),
    "colour": ((9, 11, 3), (33, 65), 17),
    "sigmoid": ((6, 5), (31,), 2, 1, "sigmoid"),
    "wide": ((4, 4), (1000,), 1200),
}


@needs_native
@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("model", [model_for(*kind) for kind in MODELS.values()], ids=MODELS)
def test_every_instruction_set_gives_the_logits_of_float64(model, isa, monkeypatch):
    monkeypatch.setenv(native.VARIABLE, isa)
    images = np.random.default_rng(5).integers(0, 256, (70, *model.preprocessing.shape)).astype(np.uint8)
    for precision, tolerance in (("float32", 1e-5), ("bfloat16", 2**-5)):
        if precision not in SETS[isa]:
            continue
        predictor = Predictor(model, precision)
        predictor.check_golden()
        for count in (1, 2, 31, 70):
            expected = float64_logits(model, images[:count])
            found = predictor.logits(images[:count])
            assert (found.dtype, found.shape) == (np.float32, expected.shape)
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@needs_native
@pytest.mark.parametrize("isa", SETS)
def test_threads_change_no_bit(isa, monkeypatch):
    monkeypatch.setenv(native.VARIABLE, isa)
    model = model_for((10, 10), (100, 70), 7)
    images = np.random.default_rng(6).integers(0, 256, (300, 10, 10)).astype(np.uint8)
    for precision in SETS[isa]:
        for count in (1, 5, 300):
            one, *others = (
                Predictor(model, precision, threads).logits(images[:count]) for threads in (1, 2, 3, 4)
            )
            assert all(other.tobytes() == one.tobytes() for other in others)


def test_weights_that_are_no_numbers_give_no_numbers(model, images):
    weights = model.weights | {"l1.weight": np.full((8, 30), np.nan, np.float32)}
    assert np.isnan(Predictor(replace(model, weights=weights)).logits(images[:3])).all()


def test_strided_images_are_taken_too(model, images):
    expected = Predictor(model).logits(images[::2])
    np.testing.assert_array_equal(Predictor(model).logits(np.ascontiguousarray(images[::2])), expected)


def test_without_the_compiled_part_numpy_answers(model, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "tenfold._native", None)
    np.testing.assert_array_equal(Predictor(model).logits(images[:5]), model.logits(images[:5]))
    with pytest.raises(UsageError, match=r"precision: 'bfloat16', but .* not built .*; expected float32"):
        Predictor(model, "bfloat16")


def test_a_precision_that_there_is_not_is_refused(model):
    with pytest.raises(UsageError, match="precision: 'float16'; expected float32 or bfloat16"):
        Predictor(model, "float16")


@needs_native
def test_a_precision_that_the_instruction_set_has_not_is_refused(model, monkeypatch):
    monkeypatch.setenv(native.VARIABLE, "portable")
    with pytest.raises(UsageError, match="precision: 'bfloat16', but portable has no .*; expected float32"):
        Predictor(model, "bfloat16")


def test_a_machine_that_computes_otherwise_is_noticed(model, monkeypatch):
    predictor = Predictor(model)
    predictor.check_golden()
    monkeypatch.setattr(predictor, "_logits", lambda images: model.logits(images) * 1.01)
    with pytest.raises(ModelError, match="golden examples .* differ from NumPy's by"):
        predictor.check_golden()
