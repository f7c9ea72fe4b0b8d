"""A trained model on spoilt images of a data set."""

import pytest
import sklearn.metrics

import tenfold
from tenfold.api.corrupting import robustness
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.corruption import corrupted


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return tenfold.train(
        digits, recipe="lecture", engine="reference", epochs=3, lr=0.1, hidden=(16,), out=out
    )


def test_the_test_images_are_spoilt_unless_others_are_named(run, digits):
    found = robustness(run.model_path)
    test = tenfold.load_data(digits).test
    predictor = tenfold.Predictor(tenfold.Model.load(run.model_path))
    guess = predictor.logits(corrupted(test.images, "rotate", 5)).argmax(axis=1)
    assert found.images == 297
    assert found.clean.accuracy == pytest.approx(tenfold.evaluate(run.model_path).accuracy)
    assert found.corruptions["rotate"][4].accuracy == pytest.approx(
        sklearn.metrics.accuracy_score(test.labels, guess)
    )
    assert found.corruptions["rotate"][4].accuracy < found.clean.accuracy
    assert robustness(run.model_path, digits, split="train").images == 1500


def test_what_cannot_be_measured_is_refused(run, digits):
    with pytest.raises(UsageError, match="seed: -3; expected 0 or more"):
        robustness(run.model_path, seed=-3)
    with pytest.raises(UsageError, match="split: 'best'"):
        robustness(run.model_path, digits, split="best")
    with pytest.raises(DataError, match="nowhere"):
        robustness(run.model_path, "nowhere")
