"""What the report says of refusals is what predictions say one by one."""

from dataclasses import replace

import numpy as np
import pytest

import tenfold
from tenfold.model.predictor import Predictor
from tenfold.model.refusal import Refusal
from tenfold.reporting.findings import gather
from tenfold.reporting.sections.refusal import refusal
from tenfold.training.partition import partition

pytest.importorskip("matplotlib", reason="a report needs matplotlib")


@pytest.fixture(scope="module")
def findings(run, digits):
    splits = tenfold.load_data(digits)
    model = tenfold.Model.load(run.model_path)
    parts = partition(splits.train.labels, run.recipe)
    learnt, held_out = splits.train.select(parts.learn), splits.train.select(parts.calibration).images
    fitted = Refusal.fitted(learnt.images, learnt.labels, held_out, model.logits(held_out))
    refusing = replace(model, calibration=replace(model.calibration, refusal=fitted))
    return gather(run, Predictor(refusing), splits, None)


def test_refused_images_are_counted_and_shown(findings, read_markup):
    test = findings.splits.test
    answers = list(Predictor(findings.model).predict(test.images))
    refused = [place for place, answer in enumerate(answers) if answer.refusal is not None]
    wrong = [place for place in refused if answers[place].label != test.classes[test.labels[place]]]
    page = read_markup(refusal(findings).markup)
    title = (
        f"{len(refused)} of 297 test images are refused ({len(refused) / 297:.2%}); "
        f"of these the model would have got {len(wrong)} wrong"
    )
    assert refused
    assert title in page.words("en")
    shown = [int(text.removeprefix("№ ")) for _, text in page.all("span") if text.startswith("№ ")]
    assert set(shown) <= set(refused)
    assert len(shown) == min(18, len(refused))


def test_the_share_of_noise_that_is_refused_is_that_of_predictions(findings, read_markup):
    noise = np.random.default_rng(0).integers(0, 256, (1000, 8, 8), np.uint8)
    refused = [answer.refusal is not None for answer in Predictor(findings.model).predict(noise)]
    stated = f"Of 1,000 pictures of pure noise, {np.mean(refused):.1%} are refused."
    assert stated in read_markup(refusal(findings).markup).words("en")


def test_a_model_that_refuses_nothing_has_no_such_section(findings):
    assert refusal(replace(findings, foreignness=None)) is None
