"""Probabilities that mean what they say, and sets that cover what they promise.

    TENFOLD_DATA=/data python -m benchmarks probabilities [--repeats 5]

`--repeats` is the number of seeds of each training. The temperature is fitted on the 2,000 training images
that the recipe holds out, and measured on the 10,000 test images: expected calibration error with 15 bins of
equal width, mean of the seeds (range). "Smoothing undone": labels were smoothed in training, and the logits
are freed of as much as the held-out images make likely before their temperature is fitted. The interval of
the change is a bootstrap over test images, the same for all seeds. The temperature is compared with that of
scikit-learn's `CalibratedClassifierCV` on the same logits.

Coverage: the test images of seed 0 are split 200 times, 2,000 to calibrate on, 8,000 to cover. The number
covered is beta-binomial; of 200 splits ten are expected outside its central 95 % interval. APS and RAPS take
random numbers there, as their coverage is exact only with them; "without" them it is higher. Set sizes at
99 % are those that `predict` gives on all test images, from the recipe's own held-out images.
"""

import statistics
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tenfold
from benchmarks.mnist import NEEDS_MNIST, has_mnist
from benchmarks.rounds import Result, table
from tenfold.data.image_set import Splits
from tenfold.evaluation.bootstrap import Bootstrap
from tenfold.evaluation.calibration_error import Binning, calibration_error, expected_error
from tenfold.functional import Floats
from tenfold.model.conformal import Conformal
from tenfold.model.conformity import METHODS
from tenfold.model.head import HEADS
from tenfold.model.model_file import Model
from tenfold.model.predictor import Predictor
from tenfold.model.smoothing import unsmoothed
from tenfold.model.temperature import fitted_temperature
from tenfold.training.partition import partition

PACKAGES = ("tenfold", "numpy", "scikit-learn", "scipy")
SETS = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
"""By their catalogue names: with the names of its classes, `best` may mirror clothes."""

RECIPES = ("fast", "best")
COVERAGES = (0.9, 0.95, 0.99)
SPLITS, HELD_OUT = 200, 2_000
HEAD = HEADS["softmax"]


@dataclass(frozen=True, eq=False)
class Answers:
    """What one training gives for images that it did not learn from: logits (n, 10), and the true labels."""

    smoothing: float
    held_out: Floats
    held_out_labels: NDArray[np.int64]
    test: Floats
    test_labels: NDArray[np.int64]

    @classmethod
    def of(cls, data: str, splits: Splits, recipe: str, seed: int) -> "Answers":
        """Train, and ask."""
        with tempfile.TemporaryDirectory() as folder:
            run = tenfold.train(data, recipe, seed=seed, out=Path(folder) / "run")
            model = Model.load(run.model_path)
        assert model.calibration is not None
        logits = Predictor(model).logits
        places = partition(splits.train.labels, run.recipe).calibration
        return cls(
            model.calibration.label_smoothing,
            logits(splits.train.images[places]),
            splits.train.labels[places],
            logits(splits.test.images),
            splits.test.labels,
        )

    def freed(self) -> "Answers":
        """Return the same with label smoothing undone."""
        held_out, test = (unsmoothed(z, self.smoothing, HEAD) for z in (self.held_out, self.test))
        return Answers(0.0, held_out, self.held_out_labels, test, self.test_labels)

    @property
    def temperature(self) -> float:
        """Fitted on what was held out."""
        return fitted_temperature(self.held_out, self.held_out_labels, HEAD)

    def probabilities(self, temperature: float) -> Floats:
        """Of the test images."""
        return HEAD.probabilities(self.test / np.float32(temperature))

    def error(self, temperature: float) -> float:
        """Calibration error on the test images, in percent."""
        return 100 * calibration_error(self.probabilities(temperature), self.test_labels)

    def loss(self, temperature: float) -> float:
        """Negative log-likelihood of what was held out."""
        return HEAD.loss(self.held_out.astype(np.float64) / temperature, self.held_out_labels)


def run(repeats: int) -> Result:
    """Train both recipes on both sets with as many seeds as there are repeats."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    errors, coverages = [], []
    for data, title in SETS.items():
        splits = tenfold.load_data(data)
        for recipe in RECIPES:
            name = f"{title}, `{recipe}`"
            learnt = [Answers.of(data, splits, recipe, seed) for seed in range(repeats)]
            freed = [answers.freed() for answers in learnt]
            errors.append((name, *error_row(learnt, freed)))
            coverages += [(name, *row) for row in coverage_rows(freed)]
    error_heads = (
        "model",
        "error as learnt, %",
        "after temperature alone",
        "smoothing undone, after temperature",
        "change (95 % interval)",
        "temperature",
        "from scikit-learn's at most",
        "loss of the held-out images before, after",
    )
    coverage_heads = (
        "model",
        "method",
        "outside at 90, 95, 99 %",
        "mean coverage",
        "without random numbers",
        "classes a set at 99 %",
    )
    return Result(f"{table(error_heads, errors)}\n\n{table(coverage_heads, coverages)}")


def error_row(learnt: list[Answers], freed: list[Answers]) -> Iterator[str]:
    """Write what the temperature does to the calibration error and to the loss."""
    temperatures = [answers.temperature for answers in freed]
    yield ranged(answers.error(1.0) for answers in learnt)
    yield ranged(answers.error(answers.temperature) for answers in learnt)
    yield ranged(map(Answers.error, freed, temperatures))
    yield "{:+.2f} ({:+.2f} to {:+.2f})".format(*change(learnt, freed, temperatures))
    yield ranged(temperatures)
    theirs = map(temperature_of_scikit_learn, freed)
    yield f"{max(100 * abs(a / b - 1) for a, b in zip(temperatures, theirs, strict=True)):.4f} %"
    before = statistics.mean(answers.loss(1.0) for answers in freed)
    yield f"{before:.4f}, {statistics.mean(map(Answers.loss, freed, temperatures)):.4f}"


def change(
    learnt: list[Answers], freed: list[Answers], temperatures: list[float]
) -> tuple[float, float, float]:
    """Return the mean change of the calibration error in percent, and its basic bootstrap interval."""
    columns = []
    for before, after, temperature in zip(learnt, freed, temperatures, strict=True):
        for p in (before.probabilities(1.0), after.probabilities(temperature)):
            columns.append(Binning(p.max(axis=1), p.argmax(axis=1) == after.test_labels).columns)
    bootstrap = Bootstrap(np.hstack(columns))

    def mean_change(means: Floats) -> Floats:
        errors = expected_error(means.reshape(*means.shape[:-1], len(learnt), 2, -1))
        return 100 * (errors[..., 1] - errors[..., 0]).mean(axis=-1)

    value = float(mean_change(bootstrap.means))
    lower, upper = np.quantile(mean_change(bootstrap.resampled), (0.025, 0.975))
    return value, 2 * value - upper, 2 * value - lower


def temperature_of_scikit_learn(answers: Answers) -> float:
    """Fit scikit-learn's to the same logits."""
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    class Logits(ClassifierMixin, BaseEstimator):
        def __init__(self):
            self.classes_ = np.arange(10)  # what scikit-learn takes for being fitted

        def fit(self, x, y):
            return self

        def decision_function(self, x):
            return x

        def predict(self, x):
            return x.argmax(axis=1)

    model = CalibratedClassifierCV(FrozenEstimator(Logits()), method="temperature", ensemble=False)
    model.fit(answers.held_out.astype(np.float64), answers.held_out_labels)
    return float(1 / model.calibrated_classifiers_[0].calibrators[0].beta_)


def coverage_rows(trainings: list[Answers]) -> Iterator[tuple[str, ...]]:
    """Write how often sets cover the true class, a row a method."""
    from scipy.stats import betabinom

    first = trainings[0]
    p, labels = first.probabilities(first.temperature), first.test_labels
    new = len(labels) - HELD_OUT
    covered = {method: covered_in_splits(p, labels, method) for method in METHODS}
    for method, (with_draws, without) in covered.items():
        outside = []
        for counts, coverage in zip(with_draws.T, COVERAGES, strict=True):
            place = np.ceil(round((HELD_OUT + 1) * coverage, 9))
            low, high = betabinom(new, place, HELD_OUT + 1 - place).ppf([0.025, 0.975])
            outside.append(((counts < low) | (counts > high)).sum())
        sizes = ranged((size_at_99(answers, method) for answers in trainings), 3)
        yield method.upper(), listed(outside), shares(with_draws, new), shares(without, new), sizes


def covered_in_splits(
    p: Floats, labels: NDArray[np.int64], method: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count new images whose set, before the top class joins, holds the true one: (splits, coverages).

    First with random numbers, then without.
    """
    rng = np.random.default_rng(0)
    counts = np.zeros((2, SPLITS, len(COVERAGES)), np.int64)
    for split in range(SPLITS):
        first, rest = np.split(rng.permutation(len(labels)), [HELD_OUT])
        conformal = Conformal.fitted(p[first], labels[first], seed=split)
        numbers = rng.random(len(rest))
        for row, draws in enumerate((numbers, None)):
            for column, coverage in enumerate(COVERAGES):
                sets = conformal.sets(p[rest], coverage, method, draws=draws, with_top=False)
                counts[row, split, column] = sets[np.arange(len(rest)), labels[rest]].sum()
    return counts[0], counts[1]


def size_at_99(answers: Answers, method: str) -> float:
    """Return the mean number of classes in the sets that `predict` gives."""
    temperature = answers.temperature
    p = HEAD.probabilities(answers.held_out / np.float32(temperature))
    conformal = Conformal.fitted(p, answers.held_out_labels)
    sets = conformal.sets(answers.probabilities(temperature), 0.99, method)
    return float(sets.sum(axis=1).mean())


def ranged(values: Iterable[float], digits: int = 2) -> str:
    """Write mean and range."""
    found = list(values)
    return f"{statistics.mean(found):.{digits}f} ({min(found):.{digits}f} to {max(found):.{digits}f})"


def shares(counts: NDArray[np.int64], images: int) -> str:
    """Write mean coverages in percent."""
    return ", ".join(f"{100 * mean / images:.2f}" for mean in counts.mean(axis=0)) + " %"


def listed(values: Iterable[object]) -> str:
    """Write values with commas."""
    return ", ".join(map(str, values))
