"""The page: what a report says in one sentence each, its sections, and switches of language and theme."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import PurePath

import tenfold
from tenfold.reporting.blocks import Section
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Html, element
from tenfold.reporting.sections.calibration import calibration
from tenfold.reporting.sections.confusion import confusion
from tenfold.reporting.sections.data import data
from tenfold.reporting.sections.learning import learning
from tenfold.reporting.sections.making import making
from tenfold.reporting.sections.mistakes import mistakes
from tenfold.reporting.sections.refusal import refusal
from tenfold.reporting.sections.robustness import robustness
from tenfold.reporting.sections.sets import sets
from tenfold.reporting.sections.summary import summary
from tenfold.reporting.sections.suspects import suspects
from tenfold.reporting.text import Text

SECTIONS = (learning, confusion, mistakes, calibration, sets, refusal, robustness, suspects, data, making)

CONTENTS = Text("Contents", "目录")
KICKER = Text("tenfold report", "tenfold 报告")
THEMES = {
    "auto": Text("As the system", "跟随系统"),
    "light": Text("Light", "浅色"),
    "dark": Text("Dark", "深色"),
}
LANGUAGES = {"en": "English", "zh-Hans": "中文"}
FOOT = Text("Written by tenfold {version}.", "由 tenfold {version} 写成。")


def page(findings: Findings) -> str:
    """Return the whole report.

    It asks nothing of any network: styles, script and pictures stand in it, and its policy forbids all else.

    Parameters
    ----------
    findings : Findings
        What it says.
    """
    sections = [section for make in SECTIONS if (section := make(findings)) is not None]
    recipe = findings.run.recipe
    name = f"{PurePath(findings.run.settings.data).name}, {recipe.name}"
    body = element(
        "body",
        _switches(),
        element("header", element("p", KICKER, class_="kicker"), element("h1", name), summary(findings)),
        _contents(sections),
        element("main", *(section.markup for section in sections)),
        element("footer", element("p", FOOT.format(version=tenfold.__version__))),
        element("script", Html(_asset("page.js"))),
    )
    return "<!doctype html>\n" + element("html", _head(name), body, lang="en") + "\n"


def _head(name: str) -> Html:
    script = base64.b64encode(hashlib.sha256(_asset("page.js").encode()).digest()).decode()
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{script}'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{name} · tenfold"),
        element("link", rel="icon", href="data:,"),
        element("style", Html(_asset("page.css"))),
    )


def _switches() -> Html:
    languages = [_choice("language", value, words) for value, words in LANGUAGES.items()]
    themes = [_choice("theme", value, words) for value, words in THEMES.items()]
    return element(
        "nav",
        element("fieldset", element("legend", Text("Language", "语言")), *languages),
        element("fieldset", element("legend", Text("Theme", "主题")), *themes),
        class_="switches",
        aria_label="Language, theme · 语言、主题",
    )


def _choice(group: str, value: str, words: Text | str) -> Html:
    """Return one of the switch's buttons; the first of a group is chosen."""
    first = value in ("en", "auto")
    button = element("input", type="radio", name=group, value=value, id=value, checked=first)
    own = {} if isinstance(words, Text) else {"lang": value}
    return element("label", button, element("b", words, **own))


def _contents(sections: list[Section]) -> Html:
    links = [element("li", element("a", section.heading, href=f"#{section.name}")) for section in sections]
    title = element("h2", CONTENTS, id="contents-heading")
    return element("nav", title, element("ol", *links), class_="contents", aria_labelledby="contents-heading")


def _asset(name: str) -> str:
    return (resources.files("tenfold.reporting") / name).read_text("utf-8")
