"""None of these: telling foreign pictures from those that a model was trained on.

    TENFOLD_DATA=/data python -m benchmarks refusal [--repeats 5]

`--repeats` is the number of seeds of each training. The score that the model file keeps is compared with the
largest calibrated probability on the 10,000 test images and on pictures of something else: the test images of
the other set; letters in the twelve styles of DejaVu, three sizes and three angles, drawn as MNIST's digits
are (light on dark, 20 pixels, centre of mass in the middle); noise. AUROC: how often a foreign picture gets
the more foreign score of a pair; mean of the seeds (least). Refused: share beyond the stored threshold.

Ranks, formula and sum were chosen on training images of Fashion-MNIST and on other characters in other fonts;
the kinds of pictures shown here had been looked at before, when methods were first compared on MNIST models
of three seeds. Every number in a model file is fitted on training images alone.
"""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tenfold
from benchmarks.mnist import NEEDS_MNIST, has_mnist
from benchmarks.rounds import Result, table
from tenfold.data.image_set import ImageSet
from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor
from tenfold.model.refusal import Refusal
from tests.foreign import gaussian_noise, letters, uniform_noise

PACKAGES = ("tenfold", "numpy", "scikit-learn", "matplotlib")
SETS = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
RECIPES = ("fast", "best")
NOISE = 2_000
Scores = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of some pictures: what the model file's score says, and the largest probability, negated."""


def run(repeats: int) -> Result:
    """Train both recipes on both sets with as many seeds as there are repeats."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    tests = {name: tenfold.load_data(name).test for name in SETS}
    genuine, foreign = [], []
    for name, title in SETS.items():
        for recipe in RECIPES:
            models = [trained(name, recipe, seed) for seed in range(repeats)]
            home = [scores(model, tests[name].images) for model in models]
            model_title = f"{title}, `{recipe}`"
            genuine.append((model_title, *genuine_row(models, home, tests[name])))
            for pictures, images in strangers(tests, name).items():
                away = [scores(model, images) for model in models]
                foreign.append((model_title, pictures, *foreign_row(models, home, away)))
    genuine_heads = ("model", "false-alarm rate stored", "test images refused", "of these, wrong answers")
    foreign_heads = ("model", "foreign pictures", "AUROC", "of the largest probability", "refused")
    return Result(f"{table(genuine_heads, genuine)}\n\n{table(foreign_heads, foreign)}")


def trained(data: str, recipe: str, seed: int) -> Predictor:
    """Train, and open the model."""
    with tempfile.TemporaryDirectory() as folder:
        run = tenfold.train(data, recipe, seed=seed, out=Path(folder) / "run")
        return Predictor(Model.load(run.model_path))


def strangers(tests: dict[str, ImageSet], home: str) -> dict[str, NDArray[np.uint8]]:
    """Return what is foreign to a set."""
    other = next(name for name in tests if name != home)
    return {
        SETS[other]: tests[other].images,
        "letters": letters(),
        "uniform noise": uniform_noise(NOISE),
        "Gaussian noise": gaussian_noise(NOISE),
    }


def scores(predictor: Predictor, images: NDArray[np.uint8]) -> Scores:
    """Measure both ways how foreign images are."""
    logits = predictor.logits(images)
    largest = predictor.probabilities_of(logits).max(axis=1)
    return refusal_of(predictor).scores(images, logits), -largest


def refusal_of(predictor: Predictor) -> Refusal:
    """Return what a calibrated model refuses by."""
    calibration = predictor.model.calibration
    assert calibration is not None and calibration.refusal is not None
    return calibration.refusal


def genuine_row(models: list[Predictor], home: list[Scores], test: ImageSet) -> Iterator[str]:
    """Write how many genuine images are refused, and how many of these it would have got wrong."""
    refused, wrong = [], []
    for model, (own, _) in zip(models, home, strict=True):
        chosen = own > refusal_of(model).threshold
        answers = model.logits(test.images[chosen]).argmax(axis=1)
        refused.append(100 * chosen.mean())
        wrong.append(100 * (answers != test.labels[chosen]).mean())
    yield f"{100 * refusal_of(models[0]).false_alarm_rate:.2f} %"
    yield f"{statistics.mean(refused):.2f} % (at most {max(refused):.2f})"
    yield f"{statistics.mean(wrong):.0f} %"


def foreign_row(models: list[Predictor], home: list[Scores], away: list[Scores]) -> Iterator[str]:
    """Write how well foreign pictures are told, by the score and by the largest probability."""
    for way in range(2):
        found = [auroc(own[way], other[way]) for own, other in zip(home, away, strict=True)]
        yield f"{statistics.mean(found):.4f} ({min(found):.4f})"
    refused = [
        (own > refusal_of(model).threshold).mean() for model, (own, _) in zip(models, away, strict=True)
    ]
    yield f"{100 * statistics.mean(refused):.0f} %"


def auroc(genuine: NDArray[np.float32], foreign: NDArray[np.float32]) -> float:
    """Return the area under the curve, by scikit-learn."""
    from sklearn.metrics import roc_auc_score

    is_foreign = np.repeat([0, 1], [len(genuine), len(foreign)])
    return float(roc_auc_score(is_foreign, np.concatenate([genuine, foreign])))
