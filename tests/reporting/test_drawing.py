import re
import sys
from xml.etree import ElementTree

import pytest

from tenfold.errors import MissingExtraError
from tenfold.reporting.drawing import FIRST, chart, require_matplotlib
from tenfold.reporting.text import Text

pytest.importorskip("matplotlib")

LOSS = Text("loss", "损失")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name="curve", label="$x_1$ <b> 類"):
    def draw(figure):
        axes = figure.subplots()
        axes.plot([0, 1, 2], [3, 1, 2], color=FIRST, marker="o", label=label)
        axes.set(xlabel="loss")
        axes.legend()

    return chart(draw, name=name, words=(LOSS,))


def test_words_stand_in_both_languages_and_all_other_text_as_it_was_drawn():
    root = ElementTree.fromstring(drawn())
    texts = [
        (text.text, [(span.get("lang"), span.text) for span in text]) for text in root.iter(f"{SVG}text")
    ]
    assert (None, [("en", "loss"), ("zh-Hans", "损失")]) in texts
    assert ("$x_1$ <b> 類", []) in texts


def test_colours_and_fonts_are_the_pages_own():
    markup = drawn()
    assert "var(--first)" in markup
    assert "var(--muted)" in markup
    assert not re.search(r"#[0-9a-f]{6}|font-family|<style|\bpt\b", markup)


def test_a_chart_is_named_by_its_title_and_shares_no_id_with_another():
    first, second = drawn("first"), drawn("second")
    assert 'role="img" aria-labelledby="first-title"' in first.replace("' ", '" ')
    ids = [set(re.findall(r' id="([^"]+)"', markup)) for markup in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for markup, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', markup)) <= {(i, "") for i in own} | {
            ("", i) for i in own
        }


def test_the_same_chart_is_the_same_markup():
    assert drawn() == drawn()


def test_without_matplotlib_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"^a report needs the package 'matplotlib'.*\[report\]"):
        require_matplotlib()
