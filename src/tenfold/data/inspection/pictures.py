"""Look at every file of a listing: what it is, whether it is whole, and whether it is like the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import LARGEST_INPUT
from tenfold.data.inspection.faults import Fault, Severity, counted, first_few
from tenfold.data.inspection.set_faults import hash_pixels
from tenfold.data.listing import Listing
from tenfold.data.picture import FORMATS, decode_picture, picture_format, scale
from tenfold.errors import DataError

FORMAT_OF_SUFFIX = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".avif": "AVIF",
    ".heic": "HEIC",
}
LARGEST_LOOK = 64
"""Pixels a side. Larger pictures are compared by a smaller copy, so that many fit into memory."""

MENDS = {
    "damaged-file": "replace the file by a whole one, or delete it",
    "mislabelled-file": "give it the ending of what it is, or replace it if it should be what it says",
    "not-a-picture": "convert it to PNG, or move it out of the class folder",
}


Complaint = tuple[str, str, Severity]  # code, reason, severity: files with the same share one fault


@dataclass
class Pictures:
    """The pictures of one split that can be decoded, in the order of their listing.

    Parameters
    ----------
    paths : list of str
    labels : list of int
        Index into the classes of the listing.
    shapes : list of tuple of int
        ``(H, W)`` or ``(H, W, 3)`` as decoded.
    hashes : list of bytes
        Of the pixels as decoded.
    looks : list of ndarray of uint8
        The pixels, at most 64 a side.
    """

    paths: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    looks: list[NDArray[np.uint8]] = field(default_factory=list)


def look_at_all(listing: Listing, size: tuple[int, int] | None, faults: list[Fault]) -> Pictures:
    """Decode every file of a listing.

    Parameters
    ----------
    listing : Listing
        The files of one split.
    size : (int, int), optional
        Height and width to scale every picture to.
    faults : list of Fault
        Files that are damaged, mislabelled or no pictures are added here; those with the same fault together.
    """
    pictures = Pictures()
    found: dict[Complaint, list[str]] = defaultdict(list)
    for path, label in zip(listing.paths, listing.labels.tolist(), strict=True):
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            found["damaged-file", f"cannot be opened ({error.strerror})", "error"].append(path)
            continue
        complaint = _judge_kind(data, Path(path).suffix)
        if complaint is not None:
            found[complaint].append(path)
            if complaint[2] == "error":
                continue
        try:
            picture = decode_picture(data, path)
        except DataError as error:
            reason = str(error).removeprefix(f"{path}: ").partition("; expected")[0]
            found["damaged-file", reason, "error"].append(path)
            continue
        pictures.paths.append(path)
        pictures.labels.append(label)
        pictures.shapes.append(picture.shape)
        pictures.hashes.append(hash_pixels(picture))
        pictures.looks.append(_look(picture, size))
    faults += [_file_fault(complaint, paths) for complaint, paths in found.items()]
    return pictures


def _judge_kind(data: bytes, suffix: str) -> Complaint | None:
    """Compare what a file is, by its first bytes, with what its name says and with what can be read."""
    kind, claimed = picture_format(data), FORMAT_OF_SUFFIX.get(suffix.lower())
    if not data or (kind in FORMATS and claimed in (kind, None)):
        return None
    if claimed not in (kind, None):
        content = f"{kind} file" if kind else "not a picture"
        severity: Severity = "warning" if kind in FORMATS else "error"
        return "mislabelled-file", f"{suffix} by name, {content} by content", severity
    return "not-a-picture", f"{kind or 'of no known format'} by content", "error"


def _file_fault(complaint: Complaint, paths: list[str]) -> Fault:
    code, reason, severity = complaint
    many = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
    return Fault(code, f"{paths[0]}{many}: {reason}", MENDS[code], severity, tuple(paths))


def _look(picture: NDArray[np.uint8], size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Scale a picture to ``size``, and further down where that is larger than it needs to be compared."""
    height, width = size or picture.shape[:2]
    shrink = min(1.0, LARGEST_LOOK / max(height, width))
    return scale(picture, (max(round(height * shrink), 1), max(round(width * shrink), 1)))


def shape_faults(splits: Sequence[Pictures], size: tuple[int, int] | None) -> Iterator[Fault]:
    """Compare the sizes and channels of all pictures of all splits, as decoded."""
    shapes = [shape for split in splits for shape in split.shapes]
    paths = [path for split in splits for path in split.paths]
    sizes = Counter(shape[:2] for shape in shapes)
    if size is None and len(sizes) > 1:
        usual = sizes.most_common(1)[0][0]
        shown = ", ".join(f"{h}x{w} ({n:,})" for (h, w), n in sizes.most_common(4))
        yield Fault(
            "mixed-sizes",
            f"pictures have {len(sizes):,} sizes (height x width): {shown}{', …' if len(sizes) > 4 else ''}",
            f"scale every picture: --size {usual[0]}x{usual[1]}",
            paths=first_few(p for p, shape in zip(paths, shapes, strict=True) if shape[:2] != usual),
        )
    colour = sum(len(shape) == 3 for shape in shapes)
    if 0 < colour < len(shapes):
        rarer = 3 if colour <= len(shapes) - colour else 2
        yield Fault(
            "mixed-channels",
            f"{counted(colour, 'picture')} in colour, {len(shapes) - colour:,} grey: all are read as colour",
            "convert them to one kind, unless it is meant",
            "warning",
            first_few(p for p, shape in zip(paths, shapes, strict=True) if len(shape) == rarer),
        )
    values = (
        [size[0] * size[1] * (3 if colour else 1)] * len(shapes)
        if size
        else [int(np.prod(s)) for s in shapes]
    )
    if large := [p for p, count in zip(paths, values, strict=True) if count > LARGEST_INPUT]:
        yield Fault(
            "large-pictures",
            f"{counted(len(large), 'picture')} of more than {LARGEST_INPUT:,} values",
            "scale every picture: --size 64x64, say",
            paths=first_few(large),
        )
