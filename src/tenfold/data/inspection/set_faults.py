"""Faults that the images and labels themselves show, whatever files they came from."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import ImageSet
from tenfold.data.inspection.faults import MAX_PATHS, Fault, Part, counted, first_few

FEW = 10
"""A class with fewer training images is hardly learnt."""

IMBALANCE = 10
"""The largest class may hold this many times the images of the smallest."""

STRAY = 0.01
"""When the labels above a gap are fewer than this share of all, they are taken for slips."""


def find_set_faults(parts: Sequence[Part]) -> list[Fault]:
    """Look for faults in the images and labels of a data set.

    Parameters
    ----------
    parts : sequence of Part
        The splits, the one to learn from first; all with the same classes and image size.

    Returns
    -------
    list of Fault
        Missing, small and uneven classes; blank images; exact duplicates; splits that differ in polarity or
        orientation; digits that lie down.
    """
    faults = [*_class_faults(parts)]
    for part in parts:
        faults += _blank_images(part)
    faults += _duplicates(parts)
    faults += _lying_digits(parts[0])
    for part in parts[1:]:
        faults += _orientation(parts[0], part)
    return faults


def _class_faults(parts: Sequence[Part]) -> Iterator[Fault]:
    train = parts[0]
    names, counts = train.images.classes, train.images.counts
    yield from _unused_labels(parts)
    if np.count_nonzero(counts) < 2:
        yield Fault(
            "one-class",
            f"{train.name} has images of only one class; expected two or more",
            "sort the images into their classes, one folder or label a class",
        )
    elif len(parts) == 1 and counts.max() < 2:
        yield Fault(
            "no-test-images",
            f"{train.name} has one image a class, so none can be held out, and there is no test set",
            "add images, or a test set",
        )
    for part in parts[1:]:
        here = part.images.counts
        if unknown := [n for n, a, b in zip(names, counts, here, strict=True) if b and not a]:
            yield Fault(
                "class-missing-from-train",
                f"{_classes(unknown)} images in {part.name} but none in {train.name}",
                f"add training images of each, or take the class out of {part.name}",
            )
        if untested := [n for n, a, b in zip(names, counts, here, strict=True) if a and not b]:
            yield Fault(
                f"class-missing-from-{part.name}",
                f"{_classes(untested)} images in {train.name} but none in {part.name}",
                f"add images of each to {part.name}, or its accuracy says nothing about them",
                "warning",
            )
    if few := [f"{n} ({c})" for n, c in zip(names, counts, strict=True) if 0 < c < FEW]:
        yield Fault(
            "few-images",
            f"{_classes(few)} fewer than {FEW} images in {train.name}",
            "add images, or leave the class out",
            "warning",
        )
    present = counts[counts > 0]
    if len(present) and present.max() > IMBALANCE * present.min():
        most, least = (
            names[k] for k in (counts.argmax(), np.where(counts > 0, counts, counts.max() + 1).argmin())
        )
        yield Fault(
            "imbalance",
            f"class {most} has {counted(int(present.max()), 'image')} in {train.name}, "
            f"class {least} only {present.min():,}",
            "add images of the small classes, and judge by the accuracy of each class, not by the whole",
            "warning",
        )


def _unused_labels(parts: Sequence[Part]) -> Iterator[Fault]:
    """Look at classes without an image in any split: a gap, or all that lies below a stray label."""
    names = parts[0].images.classes
    counts = np.sum([part.images.counts for part in parts], axis=0)
    nowhere = np.flatnonzero(counts == 0)
    if not len(nowhere):
        return
    beyond = [(part, i) for part in parts for i in _where(part.images.labels > nowhere[0])]
    if 0 < len(beyond) < STRAY * counts.sum():
        part, index = beyond[0]
        yield Fault(
            "labels-out-of-range",
            f"{counted(len(beyond), 'label')} far from the others, the first {part.images.labels[index]}; "
            f"expected 0 to {nowhere[0] - 1}, as nearly all labels are",
            "mend these labels, or take the images out",
            paths=first_few(part.place(index) for part, index in beyond),
        )
    else:
        yield Fault(
            "empty-class",
            f"{_classes([names[k] for k in nowhere])} no images in any split",
            "number the classes without gaps, or add images of the missing ones",
            "warning",
        )


def _classes(names: Sequence[str]) -> str:
    shown = ", ".join(first_few(names))
    more = f" and {len(names) - MAX_PATHS:,} more" if len(names) > MAX_PATHS else ""
    return f"class {shown} has" if len(names) == 1 else f"classes {shown}{more} have"


def _blank_images(part: Part) -> Iterator[Fault]:
    pixels = _rows(part.images)
    blank = _where(pixels.min(axis=1) == pixels.max(axis=1))
    if blank:
        yield Fault(
            "blank-image",
            f"{counted(len(blank), 'image')} of {part.name} {'is' if len(blank) == 1 else 'are'} "
            "blank (every pixel has the same value)",
            "delete them, unless a blank image is one of the classes",
            "warning",
            first_few(part.place(i) for i in blank),
        )


def _duplicates(parts: Sequence[Part]) -> Iterator[Fault]:
    """Find images with equal pixels: twice in a split, in two splits, and under two labels."""
    twins = [group for group in _equal_images(parts) if len(group) > 1]
    within = [g for g in twins if len({part for part, _ in g}) < len(g)]
    across = [g for g in twins if len({part for part, _ in g}) > 1]
    labels = [part.images.labels for part in parts]
    conflicting = [g for g in twins if len({labels[part][i] for part, i in g}) > 1]
    if conflicting:
        yield Fault(
            "conflicting-duplicates",
            f"{counted(len(conflicting), 'picture')} {'stands' if len(conflicting) == 1 else 'stand'} under "
            "more than one label, pixel for pixel the same: at least one of the labels is wrong",
            "look at each and keep only the copy under the right label",
            paths=_named(conflicting, parts),
        )
    if across:
        yield Fault(
            "duplicates-across-splits",
            f"{counted(len(across), 'picture')} {'is' if len(across) == 1 else 'are'} in more than one "
            "split, pixel for pixel the same: the test figures count what was learnt by heart",
            "keep each picture in one split only",
            paths=_named(across, parts),
        )
    if within:
        yield Fault(
            "duplicates",
            f"{counted(len(within), 'picture')} {'stands' if len(within) == 1 else 'stand'} more than once "
            "in the same split, pixel for pixel the same",
            "keep one copy of each" + (", or a split may tear copies apart" if len(parts) == 1 else ""),
            "warning",
            _named(within, parts),
        )


Group = list[tuple[int, int]]  # the part and the index of each of several equal images


def _equal_images(parts: Sequence[Part]) -> list[Group]:
    groups: dict[bytes, Group] = defaultdict(list)
    for number, part in enumerate(parts):
        hashes = part.hashes or map(hash_pixels, part.images.images)
        for index, digest in enumerate(hashes):
            groups[digest].append((number, index))
    return list(groups.values())


def hash_pixels(picture: NDArray[np.uint8]) -> bytes:
    """Hash shape and pixels of one picture, so that equal ones are found among many."""
    digest = hashlib.blake2b(repr(picture.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(picture).data)
    return digest.digest()


def _named(groups: Sequence[Group], parts: Sequence[Part]) -> tuple[str, ...]:
    return first_few(parts[part].place(index) for group in groups for part, index in group)


def _orientation(train: Part, other: Part) -> Iterator[Fault]:
    """Compare the mean image of each class between two splits: as it is, inverted, transposed.

    In MNIST the mean images of the same class in both splits correlate by 0.997, against a transposed split
    by 0.56, and against an inverted one by -0.997; a test set of one image a class still reaches 0.57.
    """
    a, b = _class_means(train.images), _class_means(other.images)
    shared = [k for k in a if k in b]
    as_it_is = _correlation([a[k] for k in shared], [b[k] for k in shared])
    turned = 0.0
    if train.images.size[0] == train.images.size[1]:
        turned = _correlation([a[k] for k in shared], [b[k].T for k in shared])
    strongest = max(as_it_is, turned, key=abs)
    if strongest < -0.4:
        yield Fault(
            "polarity",
            f"{other.name} has the opposite polarity of {train.name}: "
            "one is dark on light, the other light on dark",
            f"invert the images of {other.name} (255 - pixel)",
        )
    if abs(turned) > 0.4 and abs(turned) > abs(as_it_is) + 0.1:
        yield Fault(
            "transposed",
            f"the images of {other.name} are transposed against those of {train.name} "
            "(rows and columns swapped)",
            f"swap rows and columns of {other.name}: images.transpose(0, 2, 1)",
        )


def _class_means(images: ImageSet) -> dict[int, NDArray[np.float64]]:
    """Return the mean grey image (H, W) of every class that has one."""
    means = {}
    for k in np.flatnonzero(images.counts):
        mean = images.images[images.labels == k].mean(axis=0, dtype=np.float64)
        means[int(k)] = mean if mean.ndim == 2 else mean.mean(axis=2)
    return means


def _correlation(a: Sequence[NDArray[np.float64]], b: Sequence[NDArray[np.float64]]) -> float:
    """Average Pearson's correlation over pairs of pictures; 0 where no pair has any contrast."""
    found = []
    for x, y in zip(a, b, strict=True):
        x, y = x - x.mean(), y - y.mean()
        norm = np.sqrt((x * x).sum() * (y * y).sum())
        if norm > 0:
            found.append((x * y).sum() / norm)
    return float(np.mean(found)) if found else 0.0


def _lying_digits(part: Part) -> Iterator[Fault]:
    """In a set of ten digits, look at the 1s: they stand (MNIST: 5 times taller than wide, as a variance)."""
    images = part.images
    if images.classes != tuple("0123456789") or images.channels != 1:
        return
    if not images.counts[1]:
        return
    ones = images.images[np.flatnonzero(images.labels == 1)[:500]].astype(np.float64)
    ink = np.abs(ones - np.median(ones))
    weights = ink / np.maximum(ink.sum(axis=(1, 2), keepdims=True), 1)
    height, width = (_spread(weights.sum(axis=axis)) for axis in (2, 1))
    if width > 2 * height:
        yield Fault(
            "transposed",
            f"the 1s of {part.name} lie down: the images are transposed or turned by a quarter",
            "swap rows and columns: images.transpose(0, 2, 1) (as EMNIST's files need), unless it is meant",
            "warning",
        )


def _spread(profiles: NDArray[np.float64]) -> float:
    """Return the mean variance, in pixels squared, of the distributions along an axis, shape (N, pixels)."""
    at = np.arange(profiles.shape[1])
    centre = profiles @ at
    return float((profiles @ (at**2) - centre**2).mean())


def _where(condition: NDArray[np.bool_]) -> list[int]:
    found: list[int] = np.flatnonzero(condition).tolist()
    return found


def _rows(images: ImageSet) -> NDArray[np.uint8]:
    """Return the pixels as (N, H·W·C), contiguous."""
    return np.ascontiguousarray(images.images).reshape(len(images), -1)
