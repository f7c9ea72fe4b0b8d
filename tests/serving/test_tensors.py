"""The tensors of an answer say what `Predictor.predict` says of the same images."""

from dataclasses import replace

import numpy as np
import pytest

from tenfold.data.image_set import ImageSet
from tenfold.model.calibration import Calibration
from tenfold.model.predictor import Predictor
from tenfold.serving.tensors import compute, input_of, outputs_of


@pytest.fixture(scope="module")
def predictor(small_model):
    model = small_model()
    rng = np.random.default_rng(5)
    sets = []
    for count in (300, 600):
        images = rng.integers(0, 256, (count, 8, 6)).astype(np.uint8)
        sets.append(ImageSet(images, np.arange(count) % 3, model.classes, source="made"))
    learnt, held_out = sets
    calibration = Calibration.fitted(
        model.network.head, learnt, held_out, model.logits(held_out.images), label_smoothing=0.0, seed=0
    )
    return Predictor(replace(model, calibration=calibration))


def test_tensors_say_what_predictions_say(predictor, images):
    images = np.concatenate([images, np.zeros((2, 8, 6), np.uint8)])  # the last two are blank, and refused
    found = compute(predictor, images, outputs_of(predictor))
    classes = predictor.model.classes
    for place, prediction in enumerate(predictor.predict(images)):
        assert classes[found["label"][place]] == prediction.label
        assert found["class"][place].decode() == prediction.label
        assert found["probabilities"][place].tolist() == pytest.approx(
            list(prediction.probabilities.values()), abs=1e-6
        )
        members = tuple(
            name for name, is_member in zip(classes, found["set"][place], strict=True) if is_member
        )
        assert members == prediction.prediction_set
        assert found["refused"][place] == (prediction.refusal is not None)
        assert found["refusal"][place].decode() == (prediction.refusal or "")
    assert found["refused"][-2:].all()


def test_the_descriptions_hold(predictor, images):
    described = outputs_of(predictor)
    found = compute(predictor, images, described)
    kinds = {"FP32": np.float32, "INT64": np.int64, "BOOL": np.bool_, "BYTES": np.object_}
    for name, tensor in described.items():
        assert found[name].shape == (len(images), *tensor.shape[1:])
        assert found[name].dtype == kinds[tensor.datatype]
    assert input_of(predictor.model).to_dict(7)["shape"] == [7, 8, 6]


def test_an_uncalibrated_model_has_no_sets(small_model, predictor):
    calibrated = set(outputs_of(predictor))
    assert calibrated - set(outputs_of(Predictor(small_model()))) >= {"set"}
