"""The documents tell the truth: their code runs, their commands exist, their links lead somewhere."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tenfold.cli import app
from tenfold.data.sample import find_sample

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PAIRS = [path for path in DOCUMENTS if path.with_suffix(".zh-CN.md").is_file()]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)")

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
pairs = pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.name)


def blocks(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """Yield the line on which each block of a language begins, and its code."""
    text = path.read_text("utf-8")
    for match in BLOCK.finditer(text):
        if match["language"] == language:
            yield text.count("\n", 0, match.start("code")), match["code"]


def run(code: str, names: dict[str, object], path: Path, line: int) -> None:
    """Run a block; where it is a session, hold what it prints against what it says."""
    if not code.startswith(">>>"):
        exec(compile("\n" * line + code, path, "exec"), names)
        return
    session = doctest.DocTestParser().get_doctest(code, names, path.name, str(path), line)
    session.globs = names
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(session, out=report.append, clear_globs=False)
    assert not runner.failures, "".join(report)


@documents
def test_python_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = list(blocks(path, "python"))
    if any("mnist-5k" in block for _, block in code) and find_sample() is None:
        pytest.skip("the 5,000 sample digits are not installed: pip install '.[sample]'")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for line, block in code:
        run(block, names, path, line)


@documents
def test_commands_and_flags_exist(path: Path) -> None:
    context = click.Context(app)
    for line in re.findall(r"(?:^\$ |`)tenfold (.+?)(?=`| [|>] |$)", path.read_text("utf-8"), re.MULTILINE):
        command, words = app, line.split()
        while (
            words and isinstance(command, click.Group) and (found := command.get_command(context, words[0]))
        ):
            command, words = found, words[1:]
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        flags = {word for word in words if word.startswith("--")}
        assert flags <= known, line
        assert flags or not isinstance(command, click.Group), f"no such command: {line}"


@documents
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target for target in LINK.findall(path.read_text("utf-8")) if "://" not in target]
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert not missing


@documents
def test_mathematics_will_be_shown(path: Path) -> None:
    """GitHub reads a dollar as the start of a formula only at the start of a line or after a space."""
    prose = re.sub(r"`[^`\n]+`", "", BLOCK.sub("", path.read_text("utf-8")))
    for line in prose.splitlines():
        dollars = [match.start() for match in re.finditer(r"\$", line)]
        assert len(dollars) % 2 == 0, line
        for start, end in zip(dollars[::2], dollars[1::2], strict=True):
            assert start == 0 or line[start - 1] == " ", line
            assert not line[end + 1 : end + 2].isalnum(), line


@pairs
def test_both_languages_show_the_same(path: Path) -> None:
    """The same code, output, formulas and links; only the words around them differ."""
    english, chinese = (page.read_text("utf-8") for page in (path, path.with_suffix(".zh-CN.md")))
    assert BLOCK.findall(english) == BLOCK.findall(chinese)
    assert set(LINK.findall(english.replace(".zh-CN", ""))) == set(
        LINK.findall(chinese.replace(".zh-CN", ""))
    )
