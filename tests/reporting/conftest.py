"""A run on real digits and its report, written once; a page as another parser reads it."""

from html.parser import HTMLParser

import pytest

import tenfold
from tenfold.api.reporting import report

VOID = {"img", "input", "link", "meta"}


class Page(HTMLParser):
    """What a page holds: elements with their attributes and text, ids, and whether all tags are closed."""

    def __init__(self, markup):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(markup)
        self.close()
        assert not self._open, f"left open: {[tag for tag, _, _ in self._open]}"

    def handle_starttag(self, tag, attributes):
        element = (tag, dict(attributes), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))

    def handle_endtag(self, tag):
        assert self._open[-1][0] == tag, f"</{tag}> closes <{self._open[-1][0]}>"
        self._open.pop()

    def handle_data(self, data):
        for _, _, text in self._open:
            text.append(data)

    def all(self, tag):
        return [(attributes, "".join(text)) for name, attributes, text in self.elements if name == tag]

    def values(self, attribute):
        return [attributes[attribute] for _, attributes, _ in self.elements if attribute in attributes]

    def words(self, language):
        """Text of every element in this language, in order."""
        spans = [(a.get("lang"), text) for tag in ("span", "tspan") for a, text in self.all(tag)]
        return [text for own, text in spans if own == language]


@pytest.fixture(scope="session")
def run(digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    return tenfold.train(digits, "fast", out=out, epochs=3, batch_size=32, log_interval=10, hidden=(64,))


@pytest.fixture(scope="session")
def report_file(run):
    pytest.importorskip("matplotlib", reason="a report needs matplotlib")
    return report(run)


@pytest.fixture(scope="session")
def page(report_file):
    return Page(report_file.read_text("utf-8"))


@pytest.fixture(scope="session")
def read_page():
    return lambda path: Page(path.read_text("utf-8"))


@pytest.fixture(scope="session")
def read_markup():
    return Page
