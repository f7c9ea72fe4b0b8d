"""Images whose label is probably wrong, the most suspicious first.

>>> found = find_suspects([Part("train", splits.train)], recipe, engine)  # doctest: +SKIP
>>> found.rows[0].place, found.rows[0].given, found.rows[0].suggested  # doctest: +SKIP
('train[59915]', '4', '7')
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.cores import available_cores
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.inspection.faults import Part
from tenfold.data.inspection.set_faults import hash_pixels
from tenfold.evaluation.confident_learning import label_issues, label_quality
from tenfold.evaluation.cross_validation import CrossValidation, FoldListener, Places, stratified_folds
from tenfold.evaluation.duplicates import contradicted, first_copies
from tenfold.functional import Floats
from tenfold.training.adaptation import adapted
from tenfold.training.engine import Engine
from tenfold.training.recipe import Recipe


@dataclass(frozen=True)
class Suspect:
    """An image whose label is probably wrong.

    Parameters
    ----------
    split : str
        train, validation or test.
    index : int
        Place in the split, from 0.
    path : str or None
        Its file, where it has one of its own.
    given, suggested : str
        Its label, and the most probable class.
    given_probability, suggested_probability : float
        Of both, out of sample. The first is the quality of the label, by which suspects are ranked.
    reason : str
        ``network`` where confident learning finds it, ``duplicate of PLACE, labelled CLASS`` where equal
        pixels have another label, or both.
    pixels : str
        Hash of its pixels, to find out whether a list belongs to a data set.
    """

    split: str
    index: int
    path: str | None
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float
    reason: str
    pixels: str

    @property
    def place(self) -> str:
        """Its path, or its split and its place there: ``train[17]``."""
        return self.path or f"{self.split}[{self.index}]"


@dataclass(frozen=True, eq=False)
class Suspects:
    """What `find_suspects` found.

    Parameters
    ----------
    parts : tuple of Part
        The splits that were searched.
    recipe : Recipe
        By what training.
    folds : int
        In how many folds.
    probabilities : ndarray of float32, shape (N, classes)
        Of all images, part after part, by networks that have not learnt from them.
    rows : tuple of Suspect
        The least probable label first.
    """

    parts: tuple[Part, ...]
    recipe: Recipe
    folds: int
    probabilities: Floats
    rows: tuple[Suspect, ...]

    @property
    def images(self) -> int:
        """How many were searched."""
        return len(self.probabilities)

    @property
    def accuracy(self) -> float:
        """Share of the images whose most probable class is their label."""
        labels = np.concatenate([part.images.labels for part in self.parts])
        return float((self.probabilities.argmax(axis=1) == labels).mean())

    @property
    def source(self) -> str:
        """The data set that was searched."""
        return self.parts[0].images.source

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {
            "source": self.source,
            "splits": [part.name for part in self.parts],
            "images": self.images,
            "recipe": self.recipe.to_dict(),
            "folds": self.folds,
            "accuracy": self.accuracy,
            "suspects": [asdict(row) for row in self.rows],
        }

    def write_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the suspects with an empty column for decisions: `tenfold.evaluation.suspects_csv`."""
        from tenfold.evaluation.suspects_csv import write_suspects

        return write_suspects(self.rows, path)

    def sheet(self, path: str | os.PathLike[str]) -> Path:
        """Draw the most suspicious: `tenfold.evaluation.suspects_sheet`."""
        from tenfold.evaluation.suspects_sheet import suspects_sheet

        return suspects_sheet(self, path)


def find_suspects(
    parts: Sequence[Part],
    recipe: Recipe,
    engine: Engine,
    *,
    folds: int = 5,
    seed: int = 0,
    threads: int | None = None,
    listener: FoldListener | None = None,
) -> Suspects:
    """Search images for wrong labels, by cross-validation and confident learning, and for contradictions.

    Each image is judged by a network that has learnt from the other folds, neither from it nor from a copy of
    it. Suspects are those of `tenfold.evaluation.confident_learning.label_issues`, and images whose pixels
    stand under another, more probable label as well.

    Parameters
    ----------
    parts : sequence of Part
        One or more splits of a data set, searched as one.
    recipe : Recipe
        How to train; no image is held out for calibration.
    engine : Engine
        What trains, in the recipe's precision.
    folds : int, default 5
        Trainings, each on all images but one fold.
    seed : int, default 0
        Of folds and trainings.
    threads : int, optional
        Cores to use; without a number, those at hand.
    listener : FoldListener, optional
        Who is told.

    Returns
    -------
    Suspects
        The same for the same images, recipe, engine, folds and seed.

    Raises
    ------
    UsageError
        When folds or seed are out of range, or the recipe does not fit the images.
    DataError
        When a class has fewer different pictures than there are folds.
    """
    listener = listener or FoldListener()
    threads = threads or available_cores()
    images = _together(parts)
    copies = first_copies(images.images)
    fold_of = stratified_folds(images, copies, folds, seed)
    recipe = _settled(recipe.with_changes(seed=seed), images, engine, folds, threads)
    probabilities = CrossValidation(images, fold_of, recipe, engine, threads).probabilities(listener)
    found = label_issues(images.labels, probabilities)
    best_copy = contradicted(images.labels, copies, probabilities)
    quality = label_quality(images.labels, probabilities)
    suspicious = np.flatnonzero(found | (best_copy >= 0))
    ranked = suspicious[np.argsort(quality[suspicious], kind="stable")]
    rows = _rows(parts, images, ranked, probabilities, found, best_copy)
    return Suspects(tuple(parts), recipe, folds, probabilities, rows)


def _together(parts: Sequence[Part]) -> ImageSet:
    """Return the images of all parts, one after the other; of one part, without a copy."""
    first = parts[0].images
    if len(parts) == 1:
        return first
    return replace(
        first,
        images=np.concatenate([part.images.images for part in parts]),
        labels=np.concatenate([part.images.labels for part in parts]),
    )


def _settled(recipe: Recipe, images: ImageSet, engine: Engine, folds: int, threads: int) -> Recipe:
    """Decide what the recipe leaves open, for trainings on all folds but one."""
    steps = math.ceil(recipe.least_steps * folds / (folds - 1))  # adapted counts the steps of all images
    recipe = recipe.with_changes(calibration_images=0, patience=0, least_steps=steps)
    return adapted(recipe, Splits(images, images), engine, threads)


def _rows(
    parts: Sequence[Part],
    images: ImageSet,
    ranked: Places,
    probabilities: Floats,
    found: NDArray[np.bool_],
    best_copy: Places,
) -> tuple[Suspect, ...]:
    """Describe the images at some places."""
    places = [(part, index) for part in parts for index in range(len(part.images))]

    def suspect(at: int) -> Suspect:
        part, index = places[at]
        given, suggested = int(images.labels[at]), int(probabilities[at].argmax())
        reasons = ["network"] if found[at] else []
        if best_copy[at] >= 0:
            copy, other = places[best_copy[at]], images.labels[best_copy[at]]
            reasons.append(f"duplicate of {copy[0].place(copy[1])}, labelled {images.classes[other]}")
        return Suspect(
            split=part.name,
            index=index,
            path=None if part.paths is None else part.paths[index],
            given=images.classes[given],
            suggested=images.classes[suggested],
            given_probability=float(probabilities[at, given]),
            suggested_probability=float(probabilities[at, suggested]),
            reason="; ".join(reasons),
            pixels=fingerprint(images.images[at]),
        )

    return tuple(map(suspect, ranked.tolist()))


def fingerprint(image: NDArray[np.uint8]) -> str:
    """Return a hash of an image's pixels that no spreadsheet takes for a number."""
    return f"blake2b:{hash_pixels(image).hex()}"
