"""The page as one HTML file with a model in it: drawing pad, answers and lesson, without server or net."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
import zlib
from importlib import resources
from pathlib import Path, PurePosixPath

from tenfold import atomic
from tenfold.model.model_file import Model

LINK = '<link rel="stylesheet" href="page/style.css">'
SCRIPT = '<script type="module" src="page/main.js"></script>'
IMPORT = re.compile(r'^import (\{[^}]*\}) from "([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def write_html(model: Model, path: str | os.PathLike[str]) -> None:
    """Write one file that answers in any browser, also from a disk and without a network.

    It holds the model file itself, compressed, and the page's style and scripts as they are. Its policy
    forbids it to load anything, and to run any script but its own, which it names by SHA-256. The browser
    computes the golden examples anew when it opens.

    Parameters
    ----------
    model : Model
        Which answers. A network as the lecture's makes a file of about 3.2 MB.
    path : path-like
        The file, written whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written; an earlier file stays as it was.
    """
    atomic.write_bytes(path, page_with(model).encode())


def page_with(model: Model) -> str:
    """Return the whole page as text."""
    style, script = asset("style.css"), bundle("main.js")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src blob: data:; base-uri 'none'; form-action 'none'"
    )
    content = base64.b64encode(zlib.compress(model_file(model), 9)).decode()
    stored = f'<script type="text/plain" id="model">{content}</script>\n'
    parts = {
        LINK: f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>',
        SCRIPT: f'{stored}<script type="module">{script}</script>',
    }
    page = asset("index.html")
    for place, part in parts.items():
        page = page.replace(place, part)
    return page


def model_file(model: Model) -> bytes:
    """Return what `Model.save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.safetensors")
        model.save(file)
        return file.read_bytes()


def asset(name: str) -> str:
    """Return one of the page's files as text."""
    return (resources.files("tenfold") / "page").joinpath(name).read_text("utf-8")


def bundle(entry: str) -> str:
    """Join a module of the page and all that it imports into one script.

    A browser imports no module from a disk. Each becomes a function that returns what it exports, called
    once, after those that it imports. Imports and exports have to be written as the page writes them: names
    in braces, one declaration an export.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in parts:
            return
        source = asset(name)
        imported = {given: _path(name, given) for _, given in IMPORT.findall(source)}
        for other in imported.values():
            add(other)
        body = IMPORT.sub(lambda found: f"const {found[1]} = {_variable(imported[found[2]])};", source)
        body = EXPORT.sub(r"\1", body)
        names = ", ".join(exported for _, exported in EXPORT.findall(source))
        parts[name] = f"const {_variable(name)} = (() => {{\n{body}return {{ {names} }};\n}})();\n"

    add(entry)
    return "".join(parts.values())


def _path(importer: str, given: str) -> str:
    """Return the path of a module within the page, from the one that imports it."""
    return os.path.normpath(PurePosixPath(importer).parent / given).replace(os.sep, "/")


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
