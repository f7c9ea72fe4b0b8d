"""The page as Chromium shows it: on a phone, a desktop and paper, in both languages and themes, offline."""

import itertools
import re
import shutil

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LANGUAGES, THEMES = ("en", "zh-Hans"), ("light", "dark")

LEAST_CONTRAST = """() => {
  const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].map((v) => v / 255);
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgb(getComputedStyle(node).backgroundColor);
      if (colour[3] === 1) return colour;
    }
  };
  let least = 21;
  const texts = "h1, h2, h3, p, dt, dd, a, summary, th, td, figcaption, b, code";
  for (const node of document.querySelectorAll(texts)) {
    if (!node.getClientRects().length || !node.textContent.trim()) continue;
    const [a, b] = [rgb(getComputedStyle(node).color), behind(node)].map(luminance);
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, report_file):
    """A function that opens the report and keeps what the browser complains of and asks for."""
    opened = []

    def open_page(viewport=DESKTOP, **options):
        context = browser.new_context(viewport=viewport, **options)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(report_file.as_uri())
        opened.append(context)
        return page

    yield open_page
    for context in opened:
        context.close()


@pytest.mark.parametrize(
    ("viewport", "language", "theme"), [*itertools.product((PHONE, DESKTOP), LANGUAGES, THEMES)]
)
def test_it_fits_is_whole_and_asks_for_nothing(open_page, report_file, viewport, language, theme):
    page = open_page(viewport)
    page.check(f"#{language}", force=True)
    page.check(f"#{theme}", force=True)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    widths = page.evaluate("[...document.images].map((image) => image.complete && image.naturalWidth)")
    assert widths
    assert all(widths)
    assert page.complaints == []
    assert {url for url in page.asked if not url.startswith("data:")} == {report_file.as_uri()}
    assert page.evaluate(LEAST_CONTRAST) >= 4.5  # WCAG 2, level AA


@pytest.mark.parametrize(
    ("language", "other"), [("en", "[\u4e00-\u9fff]"), ("zh-Hans", r"[a-z]+ [a-z]+ [a-z]+ ")]
)
def test_one_language_is_seen_at_a_time(open_page, language, other):
    page = open_page()
    page.check(f"#{language}", force=True)
    page.add_style_tag(content="code { display: none }")  # commands and files are of neither language
    seen = page.inner_text("main")
    drawn = page.evaluate(
        """[...document.querySelectorAll("svg tspan")]
             .filter((span) => getComputedStyle(span).display !== "none")
             .map((span) => span.getAttribute("lang"))"""
    )
    assert set(drawn) == {language}
    assert not re.search(other, seen)
    assert page.evaluate("document.documentElement.lang") == language


def test_the_readers_own_language_and_theme_come_first(open_page):
    chinese = open_page(locale="zh-CN", color_scheme="dark")
    assert chinese.is_checked("#zh-Hans")
    assert "学习过程" in chinese.inner_text("main")
    english = open_page(locale="de-DE", color_scheme="light")
    assert english.is_checked("#en")
    papers = [page.evaluate("getComputedStyle(document.body).backgroundColor") for page in (chinese, english)]
    assert papers[0] != papers[1]


def test_without_scripts_it_can_be_read_and_switched(open_page):
    page = open_page(java_script_enabled=False)
    assert "Learning" in page.inner_text("main")
    page.check("#zh-Hans", force=True)
    assert "学习过程" in page.inner_text("main")
    assert "Learning" not in page.inner_text("main")


def test_on_paper_it_is_light_and_has_no_switches(open_page):
    page = open_page()
    page.check("#dark", force=True)
    page.emulate_media(media="print")
    assert not page.is_visible("nav.switches")
    assert not page.is_visible("nav.contents")
    lightness = page.evaluate("getComputedStyle(document.body).color")
    assert max(map(int, re.findall(r"\d+", lightness)[:3])) < 64
    assert page.pdf(format="A4").startswith(b"%PDF-")
