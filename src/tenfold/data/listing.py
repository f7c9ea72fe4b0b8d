"""The pictures in a folder of class folders: which files, which classes, and a fingerprint of their state.

Hidden entries (``.git``, ``.ipynb_checkpoints``, ``.DS_Store`` …) and what other systems leave behind
(``__MACOSX``, ``Thumbs.db`` …) are never read. Pictures may lie at any depth below their class folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import numpy as np
from numpy.typing import NDArray

from tenfold.errors import DataError

ROLES = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
_LEFT_BEHIND = {"__MACOSX", "__pycache__", "@eaDir", "Thumbs.db", "desktop.ini"}
_COMPANIONS = {".txt", ".md", ".csv", ".json", ".xml", ".yaml", ".yml", ".html"}
_DEEPEST = 16  # folders: deeper means a link that leads back into its own folder


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Return the key that sorts names as people count.

    Examples
    --------
    >>> sorted(["10", "b2", "9", "B10"], key=natural_key)
    ['9', '10', 'b2', 'B10']
    """
    pieces = re.split(r"(\d+)", name.casefold())
    return [int(piece) if piece.isdecimal() else piece for piece in pieces], name


def is_hidden(name: str) -> bool:
    """Tell whether an entry of a folder is none of the user's own: it is never a class or a picture."""
    return name.startswith(".") or name in _LEFT_BEHIND


def may_be_picture(name: str) -> bool:
    """Tell whether a file in a folder of pictures is read: all are but hidden ones and texts beside them."""
    return not is_hidden(name) and name[name.rfind(".") :].lower() not in _COMPANIONS


def class_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, in natural order, without hidden ones."""
    found = [entry for entry in folder.iterdir() if not is_hidden(entry.name) and entry.is_dir()]
    return sorted(found, key=lambda entry: natural_key(entry.name))


def find_parts(root: Path) -> dict[str, Path]:
    """Find the folders of the splits.

    Parameters
    ----------
    root : Path
        A folder.

    Returns
    -------
    dict
        The folders that play the roles ``train``, ``test`` and ``validation`` when ``root`` has a training
        folder of class folders; empty when ``root`` is itself a folder of class folders.

    Raises
    ------
    DataError
        When two folders play one role, when there is no training folder beside the others, or when one
        beside it has no class folders.
    """
    parts: dict[str, Path] = {}
    flat: list[Path] = []
    for folder in class_folders(root):
        role = ROLES.get(folder.name.lower())
        if role is None:
            continue
        if not class_folders(folder):  # perhaps a class of trains: it has pictures, not folders
            flat.append(folder)
            continue
        if role in parts:
            raise DataError(
                f"{root}: has both {parts[role].name}/ and {folder.name}/; expected one {role} folder: "
                "move one of them away, or the pictures of both into one"
            )
        parts[role] = folder
    if parts and "train" not in parts:
        names = ", ".join(f"{part.name}/" for part in parts.values())
        raise DataError(f"{root}: has {names} but no train/; expected train/ with one folder a class")
    if parts and flat:
        raise DataError(
            f"{flat[0]}: has no class folders, but {parts['train'].name}/ beside it has; expected one folder "
            "a class in both: sort its pictures into their classes, or move it away"
        )
    return {role: parts[role] for role in ("train", "test", "validation") if role in parts}


@dataclass(frozen=True, eq=False)
class Listing:
    """The picture files of one folder of class folders: class by class, then by path.

    Parameters
    ----------
    folder : Path
        The folder that holds the class folders.
    classes : tuple of str
        Their names, in natural order.
    paths : list of str
        The N files.
    labels : ndarray of int64, shape (N,)
        Class of each file.
    fingerprint : str
        Hash over the path below ``folder``, size and both times of every file, in hexadecimal.
    """

    folder: Path
    classes: tuple[str, ...]
    paths: list[str]
    labels: NDArray[np.int64]
    fingerprint: str


def list_pictures(folder: Path) -> Listing:
    """List the pictures of a folder of class folders.

    Every file is one but hidden files and texts (``.txt``, ``.csv``, ``.json`` …). Class folders may be empty
    here.

    Parameters
    ----------
    folder : Path
        The folder that holds the class folders.

    Raises
    ------
    DataError
        When a folder cannot be read, or leads back into itself.
    """
    paths: list[str] = []
    counts: list[int] = []
    digest = hashlib.sha256()
    folders = class_folders(folder)
    for class_folder in folders:
        found, state = walk_pictures(class_folder)
        paths += found
        counts.append(len(found))
        start = len(str(class_folder))
        names = "\0".join([class_folder.name, *(path[start:] for path in found)])
        digest.update(os.fsencode(names) + b"\0\0" + state.tobytes())
    labels = np.repeat(np.arange(len(folders)), counts)
    return Listing(folder, tuple(entry.name for entry in folders), paths, labels, digest.hexdigest())


def walk_pictures(folder: Path) -> tuple[list[str], array[int]]:
    """Find the pictures below a folder, at any depth.

    Returns
    -------
    paths : list of str
        Those of a folder by name, before those of the folders in it.
    state : array of int
        Size in bytes, modification and change time in ns of each, one after the other.

    Raises
    ------
    DataError
        When the folder leads back into itself.
    OSError
        When a folder cannot be read.
    """
    paths: list[str] = []
    state = array("q")
    _collect(str(folder), paths, state, 0)
    return paths, state


def _collect(folder: str, paths: list[str], state: array[int], depth: int) -> None:
    if depth > _DEEPEST:
        raise DataError(
            f"{folder}: lies {depth} folders deep; expected at most {_DEEPEST}: "
            "look for a link that leads back into its own folder"
        )
    deeper = []
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - 70,000 Path objects take longer than all the rest
        if not may_be_picture(name):
            continue
        path = f"{folder}{os.sep}{name}"
        try:
            status = os.stat(path)  # noqa: PTH116
        except FileNotFoundError:  # a link to nowhere is found out when it is read
            status = os.stat(path, follow_symlinks=False)  # noqa: PTH116
            paths.append(path)
            state.extend((-1, status.st_mtime_ns, status.st_ctime_ns))
            continue
        if S_ISREG(status.st_mode):
            paths.append(path)
            state.extend((status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        elif S_ISDIR(status.st_mode):
            deeper.append(path)
    for path in deeper:
        _collect(path, paths, state, depth + 1)
