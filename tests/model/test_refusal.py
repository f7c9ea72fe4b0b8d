import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from tenfold.errors import ModelError
from tenfold.model.refusal import REASONS, Refusal, energy
from tests.foreign import gaussian_noise, letters, uniform_noise


def auroc(refusal_or_scores, genuine, foreign):
    """How well scores tell foreign from genuine: (images, logits) each."""
    scores = [refusal_or_scores(*pictures) for pictures in (genuine, foreign)]
    return roc_auc_score(np.repeat([0, 1], [len(own) for own in scores]), np.concatenate(scores))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As where models are made; small products only wait for a second thread."""
    with threadpool_limits(1):
        yield


class Digits:
    """scikit-learn's digits, a linear model of 900, a refusal set on 450 more, and 447 to test on."""

    def __init__(self):
        images, labels = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(labels))
        self.images = np.rint(images[order] * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
        self.labels = labels[order]
        learnt = self.images[:900].reshape(-1, 64) / 255
        self.model = LogisticRegression(max_iter=1_000).fit(learnt, self.labels[:900])
        self.refusal = self.refusal_on(slice(900, 1_350))
        self.test = self.pictures(self.images[1_350:])

    def pictures(self, images):
        return images, self.model.decision_function(images.reshape(-1, 64) / 255).astype(np.float32)

    def refusal_on(self, held_out):
        return Refusal.fitted(self.images[:900], self.labels[:900], *self.pictures(self.images[held_out]))


@pytest.fixture(scope="module")
def digits(one_thread):
    return Digits()


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-1e3, 1e3)))
def test_energy_is_scipys(logits):
    np.testing.assert_allclose(
        energy(logits), -scipy.special.logsumexp(logits, axis=1), rtol=1e-12, atol=1e-12
    )


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.just(1)), elements=st.floats(-1e3, 1e3)))
def test_one_logit_stands_for_two(logit):
    both = np.concatenate([-logit, logit], axis=1) / 2
    np.testing.assert_allclose(energy(logit), -scipy.special.logsumexp(both, axis=1), rtol=1e-12)


@pytest.mark.parametrize("noise", [uniform_noise, gaussian_noise])
def test_noise_is_foreign(digits, noise):
    foreign = digits.pictures(noise(500, (8, 8)))
    assert auroc(digits.refusal.scores, digits.test, foreign) >= 0.999
    assert all(digits.refusal.reasons(*foreign))


def test_what_was_left_out_is_more_foreign(digits):
    """The nines are no class: the score must tell them better than the largest probability does."""
    images, labels = digits.images, digits.labels
    known = np.flatnonzero(labels[:900] < 9)
    rows = images.reshape(-1, 64) / 255
    model = LogisticRegression(max_iter=1_000).fit(rows[known], labels[known])
    logits = model.decision_function(rows).astype(np.float32)
    held_out, test = (900 + np.flatnonzero(labels[900:] < 9)).reshape(-1)[:400], np.arange(1_300, 1_797)
    refusal = Refusal.fitted(images[known], labels[known], images[held_out], logits[held_out])
    pictures = [(images[own], logits[own]) for own in (test[labels[test] < 9], test[labels[test] == 9])]
    largest = auroc(lambda _, z: -scipy.special.softmax(z, axis=1).max(axis=1), *pictures)
    assert auroc(refusal.scores, *pictures) > max(0.9, largest)


def test_no_confidence_makes_up_for_a_strange_look(digits):
    images, logits = digits.pictures(uniform_noise(50, (8, 8)))
    assert (digits.refusal.scores(images, 1_000 * logits) > digits.refusal.threshold).all()


def test_false_alarms_are_as_rare_as_stated(digits):
    """Over random splits the share of genuine images refused is the stated rate: they are exchangeable."""
    assert digits.refusal.false_alarm_rate == pytest.approx(2 / 451)
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(100):
        order = 900 + rng.permutation(897)
        refusal = digits.refusal_on(order[:49])
        assert refusal.false_alarm_rate == 1 / 50
        refused += (refusal.scores(*digits.pictures(digits.images[order[49:]])) > refusal.threshold).mean()
    assert refused / 100 == pytest.approx(1 / 50, abs=0.006)  # three deviations of the mean


def test_held_out_images_at_the_threshold_stand(digits):
    scores = digits.refusal.scores(*digits.pictures(digits.images[900:1_350]))
    assert np.count_nonzero(scores > digits.refusal.threshold) == 1  # of the two in 451, one is yet to come


def test_few_held_out_images(digits):
    assert digits.refusal_on(slice(900, 918)) is None
    assert digits.refusal_on(slice(900, 919)).false_alarm_rate == 1 / 20


def test_reasons_name_the_larger_part(digits):
    images, logits = digits.test
    reasons = digits.refusal.reasons(images, logits)
    refused = digits.refusal.scores(images, logits) > digits.refusal.threshold
    assert [reason is not None for reason in reasons] == refused.tolist()
    noise = digits.refusal.reasons(uniform_noise(1, (8, 8)), 1_000 * logits[:1])[0]
    assert noise.startswith(REASONS[0])
    assert noise.endswith(f"limit {digits.refusal.threshold:.1f})")
    familiar = digits.refusal.scores(images, logits).argmin()
    silent = digits.refusal.reasons(images[[familiar]], logits[[familiar]] - 1_000)[0]
    assert silent.startswith(REASONS[1])


def test_images_do_not_depend_on_their_neighbours(digits):
    images, logits = (np.tile(values, (5,) + (1,) * (values.ndim - 1)) for values in digits.test)
    scores = digits.refusal.scores(images, logits)
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_allclose(digits.refusal.scores(images[order], logits[order]), scores[order], atol=1e-5)


def test_the_order_of_classes_changes_nothing(digits):
    order = np.random.default_rng(0).permutation(10)
    images, logits = digits.pictures(digits.images[900:1_350])
    refusal = Refusal.fitted(
        digits.images[:900], np.argsort(order)[digits.labels[:900]], images, logits[:, order]
    )
    np.testing.assert_allclose(
        refusal.scores(digits.test[0], digits.test[1][:, order]),
        digits.refusal.scores(*digits.test),
        rtol=1e-4,
    )


def test_two_classes_in_colour_under_a_sigmoid_head():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    images = (90 + 60 * labels[:, None, None, None] + rng.integers(0, 30, (200, 90, 70, 3))).astype(np.uint8)
    logits = (8.0 * labels - 4 + rng.normal(0, 1, 200)).astype(np.float32)[:, np.newaxis]
    refusal = Refusal.fitted(images[:100], labels[:100], images[100:], logits[100:])
    refusal.check((90, 70, 3), 2)
    wrong_way = refusal.scores(images[100:], -logits[100:])  # a picture of one class, named as the other
    assert wrong_way.min() > refusal.threshold


def test_read_as_written(digits):
    read = Refusal.from_dict(json.loads(json.dumps(digits.refusal.to_dict())))
    assert np.array_equal(read.scores(*digits.test), digits.refusal.scores(*digits.test))
    assert read.reasons(*digits.test) == digits.refusal.reasons(*digits.test)
    assert read.false_alarm_rate == digits.refusal.false_alarm_rate


numbers = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)


@given(st.tuples(numbers, numbers), st.tuples(positive, positive), numbers, st.floats(1e-6, 1))
def test_any_numbers_are_read_as_written(digits, means, deviations, threshold, rate):
    refusal = Refusal(digits.refusal.subspaces, means, deviations, threshold, rate)
    read = Refusal.from_dict(json.loads(json.dumps(refusal.to_dict())))
    assert replace(read, subspaces=refusal.subspaces).__dict__ == refusal.__dict__


@pytest.mark.parametrize(
    "damage",
    [
        {"means": [1.0]},
        {"deviations": [1.0, 0.0]},
        {"deviations": [1.0, float("nan")]},
        {"threshold": float("inf")},
        {"threshold": None},
        {"false_alarm_rate": 0.0},
        {"subspaces": {}},
    ],
)
def test_damaged_values_are_refused(digits, damage):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Refusal.from_dict(digits.refusal.to_dict() | damage)


@pytest.mark.parametrize(("shape", "classes"), [((8, 9), 10), ((8, 8), 9), ((8, 8, 3), 10)])
def test_parts_of_another_model_are_refused(digits, shape, classes):
    digits.refusal.check((8, 8), 10)
    with pytest.raises(ModelError, match="this model's images and classes need"):
        digits.refusal.check(shape, classes)


@pytest.fixture(scope="module")
def mnist(one_thread, tmp_path_factory):
    """Recipe `fast` on the full MNIST: refusal, test digits with logits, and what gives logits for others."""
    if "TENFOLD_DATA" not in os.environ:
        pytest.skip("needs the full MNIST: set TENFOLD_DATA")
    import tenfold
    from tenfold.data.load import load_path
    from tenfold.model.model_file import Model
    from tenfold.model.predictor import Predictor
    from tenfold.training.partition import partition

    splits = load_path(Path(os.environ["TENFOLD_DATA"]) / "mnist")
    run = tenfold.train(
        Path(os.environ["TENFOLD_DATA"]) / "mnist", "fast", out=tmp_path_factory.mktemp("mnist") / "run"
    )
    ask = Predictor(Model.load(run.model_path)).logits
    parts = partition(splits.train.labels, run.recipe)
    learnt, held_out = (splits.train.select(own) for own in (parts.learn[::5], parts.calibration))
    refusal = Refusal.fitted(learnt.images, learnt.labels, held_out.images, ask(held_out.images))
    return refusal, (splits.test.images, ask(splits.test.images)), ask


@pytest.mark.parametrize(
    ("name", "least"), [("fashion", 0.99), ("letters", 0.93), ("uniform", 0.999), ("gaussian", 0.999)]
)
def test_foreign_pictures_on_mnist(mnist, name, least):
    refusal, test, ask = mnist
    if name == "fashion":
        from tenfold.data.load import load_path

        foreign = load_path(Path(os.environ["TENFOLD_DATA"]) / "fashion-mnist").test.images
    else:
        foreign = {"letters": letters, "uniform": uniform_noise, "gaussian": gaussian_noise}[name]
        foreign = foreign() if name == "letters" else foreign(2_000)
    pictures = (foreign, ask(foreign))
    largest = auroc(lambda _, z: -scipy.special.softmax(z, axis=1).max(axis=1), test, pictures)
    assert auroc(refusal.scores, test, pictures) > max(least, largest)


def test_false_alarms_on_mnist(mnist):
    refusal, test, _ = mnist
    assert (refusal.scores(*test) > refusal.threshold).mean() <= 0.01
