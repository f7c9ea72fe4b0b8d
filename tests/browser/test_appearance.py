"""Phone and desktop, both languages and themes, for the eye, the keyboard and the screen reader."""

import itertools
import re
from importlib import resources

import pytest

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LANGUAGES, THEMES = ("en", "zh-Hans"), ("light", "dark")


@pytest.mark.parametrize(("viewport", "language"), [*itertools.product((PHONE, DESKTOP), LANGUAGES)])
def test_nothing_overflows(open_page, site, viewport, language):
    page = open_page(site, viewport=viewport)
    page.check(f"input[value={language}]", force=True)
    for way in ("softmax", "both", "sigmoids"):
        page.check(f"input[name=way][value={way}]", force=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize(("viewport", "theme"), [(PHONE, "dark"), (DESKTOP, "light"), (DESKTOP, "dark")])
def test_axe_finds_no_violation(open_page, site, viewport, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    page = open_page(site, viewport=viewport, reduced_motion="reduce")
    page.check(f"input[value={theme}]", force=True)
    page.check("input[value=both]", force=True)
    found = axe.Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_both_languages_say_everything(page):
    words = page.evaluate("import('/page/words.js').then(({ WORDS }) => WORDS)")
    assert set(words) == set(LANGUAGES)
    english, chinese = words["en"], words["zh-Hans"]
    assert set(english) == set(chinese)
    for name, text in english.items():
        fields = [set(re.findall(r"\{(\w+)\}", said)) for said in (text, chinese[name])]
        assert fields[0] == fields[1], name
    folder = resources.files("tenfold") / "page"
    index = (folder / "index.html").read_text("utf-8")
    assert set(re.findall(r'data-(?:words|label)="(\w+)"', index)) <= set(english)


@pytest.mark.parametrize(
    ("language", "other"), [("en", "[\u4e00-\u9fff]"), ("zh-Hans", r"[a-z]+ [a-z]+ [a-z]+ ")]
)
def test_one_language_is_seen_at_a_time(page, language, other):
    page.check(f"input[value={language}]", force=True)
    assert not re.search(other, page.inner_text("main"))
    assert page.evaluate("document.documentElement.lang") == language


def test_language_and_theme_are_remembered(page):
    page.check("input[value=zh-Hans]", force=True)
    page.check("input[value=dark]", force=True)
    page.reload()
    page.wait_for_selector("#verdict:not(:empty)")
    assert page.is_checked("input[value=zh-Hans]")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_the_readers_own_language_and_theme_come_first(open_page, site):
    chinese = open_page(site, locale="zh-CN", color_scheme="dark")
    english = open_page(site, locale="de-DE", color_scheme="light")
    assert chinese.is_checked("input[value=zh-Hans]")
    assert english.is_checked("input[value=en]")
    papers = [page.evaluate("getComputedStyle(document.body).backgroundColor") for page in (chinese, english)]
    assert papers[0] != papers[1]


def test_the_policy_is_strict(page, site):
    policy = page.request.get(site).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
