"""Suspect labels: how many flipped labels are found, how many suspects are flipped, in what time.

    TENFOLD_DATA=/data python -m benchmarks suspects [--repeats 5]

3 % of the training labels become another class, drawn anew each round; then the search runs with its
defaults, 5 folds of `fast`, timed with reading the data. Suspects that were not flipped count as
false here, though some of the data's own labels are wrong. Average precision and area under the curve are of
the ranking of all images by the probability of their label, and of cleanlab's three scores on the same
probabilities. How suspects are chosen, by class, was settled on Fashion-MNIST.
"""

import json
import sys
import time
from dataclasses import replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from benchmarks.mnist import NEEDS_MNIST, has_mnist
from benchmarks.rounds import Contestant, Measured, Result, alternate, column, spread, table

PACKAGES = ("tenfold", "numpy", "cleanlab", "scikit-learn")
SHARE = 0.03
SETS = ("mnist", "fashion-mnist")
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def run(repeats: int) -> Result:
    """Search both data sets, with as many draws of flips."""
    if not has_mnist():
        return Result(NEEDS_MNIST)
    rounds = [
        {data: Contestant(data, ("-m", "benchmarks.suspects", data, str(seed))) for data in SETS}
        for seed in range(repeats)
    ]
    results = alternate(rounds)
    heads = (
        "data",
        "suspects",
        "flips found, %",
        "suspects flipped, %",
        "average precision · AUC",
        *(f"cleanlab's {score}" for score in SCORES),
        "equal to cleanlab's suspects",
        "seconds",
    )
    return Result(table(heads, [row(data, runs) for data, runs in results.items()]))


def row(data: str, runs: list[Measured]) -> list[str]:
    """Lay out a line of the table."""
    rankings = [
        f"{fmean(column(runs, f'{name} ap')):.4f} · {fmean(column(runs, f'{name} auc')):.5f}"
        for name in ("tenfold", *SCORES)
    ]
    return [
        data,
        spread(column(runs, "suspects"), ",.0f"),
        spread(column(runs, "recall"), ".1f"),
        spread(column(runs, "precision"), ".1f"),
        *rankings,
        "yes" if all(run["equal"] for run in runs) else "no",
        spread(column(runs, "seconds"), ".1f"),
    ]


def flipped(
    labels: NDArray[np.int64], classes: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give a share of the labels another class, any as likely; return the labels, and which those are."""
    generator = np.random.default_rng(seed)
    chosen = generator.choice(len(labels), round(SHARE * len(labels)), replace=False)
    flips = labels.copy()
    flips[chosen] = (labels[chosen] + generator.integers(1, classes, len(chosen))) % classes
    return flips, flips != labels


def search(data: str, seed: int) -> Measured:
    """Flip, search, and rank as cleanlab does."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores
    from sklearn.metrics import average_precision_score, roc_auc_score

    from tenfold import launch
    from tenfold.data.catalog import load_data
    from tenfold.data.inspection.faults import Part
    from tenfold.evaluation.confident_learning import label_issues, label_quality
    from tenfold.evaluation.suspects import find_suspects

    began = time.perf_counter()
    train = load_data(data).train
    labels, is_flipped = flipped(train.labels, len(train.classes), seed)
    recipe, engine = launch.open_for(launch.read_recipe("fast", {}), {})
    found = find_suspects([Part("train", replace(train, labels=labels))], recipe, engine, seed=seed)
    seconds = time.perf_counter() - began
    is_suspect = np.zeros(len(labels), bool)
    is_suspect[[suspect.index for suspect in found.rows]] = True
    issues = find_label_issues(labels, found.probabilities, filter_by="prune_by_class", n_jobs=1)
    scores = {name: get_label_quality_scores(labels, found.probabilities, method=name) for name in SCORES}
    scores["tenfold"] = label_quality(labels, found.probabilities)
    rankings = {f"{name} ap": average_precision_score(is_flipped, -score) for name, score in scores.items()}
    rankings |= {f"{name} auc": roc_auc_score(is_flipped, -score) for name, score in scores.items()}
    return rankings | {
        "seconds": seconds,
        "suspects": len(found.rows),
        "recall": 100 * is_suspect[is_flipped].mean(),
        "precision": 100 * is_flipped[is_suspect].mean(),
        "equal": bool((issues == label_issues(labels, found.probabilities)).all()),
    }


if __name__ == "__main__":
    print(json.dumps(search(sys.argv[1], int(sys.argv[2]))))
