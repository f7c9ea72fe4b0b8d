"""The lab as Chromium shows it: train, watch, stop, try; relabel and undo; in both languages."""

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

import tenfold
from tests.serving.conftest import running

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def noisy(digits, tmp_path_factory):
    """The digits of `digits`, the first twenty training labels wrong."""
    folder = tmp_path_factory.mktemp("data") / "digits"
    shutil.copytree(digits, folder)
    file = folder / "train-labels-idx1-ubyte"
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    content[8:28] = (content[8:28] + 1) % 10
    file.write_bytes(content.tobytes())
    return folder


@pytest.fixture(scope="module")
def address(noisy, tmp_path_factory):
    """The address of a lab, as the server prints it."""
    folder = tmp_path_factory.mktemp("lab")
    run = tenfold.train(noisy, "lecture", epochs=3, out=folder / "first")
    with running(run.path, "--lab", "--lab-folder", folder / "lab", "--data", noisy) as server:
        yield server.process.stdout.readline().removeprefix("lab: ").strip()


@pytest.fixture
def open_lab(chromium, address):
    """A function that opens the lab; at the end nothing was complained of, and all came from here."""
    complaints, asked, contexts = [], [], []

    def opened(**options):
        context = chromium.new_context(**({"viewport": DESKTOP, "locale": "en"} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("#lab form")
        return page

    yield opened
    for context in contexts:
        context.close()
    host, token = urlsplit(address).netloc, address.partition("token=")[2]
    assert complaints == []
    assert {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))} == {host}
    # Only the address that we typed holds the token, behind the #, where no server sees it.
    assert {url for url in asked if token in url} <= {address}


def train(page, recipe, epochs):
    page.get_by_role("combobox", name="Recipe").select_option(recipe)
    page.get_by_role("spinbutton", name="Epochs").fill(str(epochs))
    page.get_by_role("button", name="Train", exact=True).click()


def rows(page):
    return page.locator("#lab tbody tr")


def test_start_watch_and_stop_a_training_then_go_on_and_try_the_model(open_lab):
    page = open_lab()
    assert "token" not in page.url
    status = page.locator("#lab .live p")
    train(page, "lecture", 300)
    expect(status).to_contain_text(re.compile(r"epoch \d+ of 300 · loss \d"))
    seen = page.locator("#lab polyline").first.get_attribute("points")
    expect(page.locator("#lab polyline").first).not_to_have_attribute("points", seen)
    expect(page.locator("#lab svg").nth(1)).to_have_attribute(
        "aria-label", re.compile(r"Test images right, by epoch\. digits-lecture-1: \d+(\.\d)? % after \d+")
    )
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(rows(page).first).to_contain_text("stopped")
    train(page, "lecture", 2)
    expect(rows(page).first).to_contain_text("digits-lecture-2")
    expect(rows(page).first).to_contain_text("done")
    page.get_by_role("button", name="Try it: digits-lecture-2").click()
    expect(page.locator("#about")).to_contain_text("digits-lecture-2")
    expect(page.locator("#pad")).to_be_focused()
    page.get_by_role("button", name="Go on: digits-lecture-1").click()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    late = open_lab()  # is told everything
    expect(rows(late)).to_have_count(2)
    assert late.locator("#lab polyline").count() >= 2


def test_relabel_and_undo_with_the_keyboard(open_lab):
    page = open_lab()
    expect(page.get_by_role("button", name="Find suspects")).to_be_enabled()
    page.get_by_role("button", name="Find suspects").click()
    cards = page.locator("#lab .suspects li")
    expect(cards.first).to_be_visible(timeout=60_000)
    first = cards.first
    undo = page.locator("#lab").get_by_role("button", name="Undo")
    assert undo.is_disabled()
    relabel = first.get_by_role("button", name="Relabel to")
    relabel.focus()
    page.keyboard.press("Enter")
    expect(relabel).to_have_attribute("aria-pressed", "true")
    expect(relabel).to_be_focused()
    expect(page.locator("#lab .tools").first).to_contain_text("1 of ")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(first.get_by_role("button", name="Keep")).to_have_attribute("aria-pressed", "true")
    expect(relabel).to_have_attribute("aria-pressed", "false")
    undo.click()
    expect(relabel).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Write the mended copy").click()
    expect(page.locator("#lab .said")).to_have_text(re.compile("^The copy digits-mended-1 is written"))
    expect(
        page.get_by_role("combobox", name="Data").first.locator("option", has_text="mended")
    ).to_have_count(1)
    undo.click()
    expect(page.locator("#lab .tools").first).to_contain_text("0 of ")
    page.get_by_role("button", name="Show suspects").evaluate("(it) => { it.click(); it.click(); }")
    first.get_by_role("button", name="Keep").click()
    expect(page.locator("#lab .tools").first).to_contain_text("1 of ")
    places = cards.locator("small:first-of-type").all_inner_texts()
    assert len(places) == len(set(places))  # though they were asked for twice more


@pytest.mark.parametrize(
    ("viewport", "language", "theme"), [(PHONE, "zh-Hans", "dark"), (DESKTOP, "en", "light")]
)
def test_it_fits_speaks_one_language_and_can_be_used_by_all(open_lab, viewport, language, theme):
    page = open_lab(viewport=viewport)
    page.check(f"input[value={language}]", force=True)
    page.check(f"input[value={theme}]", force=True)
    find = page.locator("#lab .start button").nth(1)
    find.click()  # the suspects are found already
    expect(page.locator("#lab .suspects li").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    said = page.locator("#lab").inner_text()
    other = "[\u4e00-\u9fff]" if language == "en" else "[a-z]+ [a-z]+ [a-z]+ "
    assert not re.search(other, said)
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    found = axe.Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_a_lab_without_a_model_trains_its_first(chromium, noisy, tmp_path, draw):
    with running("--lab", "--lab-folder", tmp_path, "--data", noisy) as server:
        page = chromium.new_context(locale="en").new_page()
        page.goto(server.process.stdout.readline().removeprefix("lab: ").strip())
        expect(page.locator("#failure")).to_have_text("There is no model yet: train one below, in the lab.")
        draw(page, [[(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]])
        page.get_by_role("combobox", name="Data").first.select_option("digits")
        train(page, "lecture", 3)
        page.get_by_role("button", name="Try it").click()
        expect(page.locator("#failure")).to_be_hidden()
        expect(page.locator("#verdict")).not_to_be_empty()  # says something of what was drawn before
        page.context.close()


def test_every_word_is_there_in_both_languages(open_lab):
    page = open_lab()
    words = page.evaluate("import('/page/lab/words.js').then(({ LAB_WORDS }) => LAB_WORDS)")
    english, chinese = words["en"], words["zh-Hans"]
    assert set(english) == set(chinese)
    for name, text in english.items():
        fields = [sorted(re.findall(r"\{(\w+)\}", said)) for said in (text, chinese[name])]
        assert fields[0] == fields[1], name
    folder = Path(tenfold.__file__).parent / "page/lab"
    used = {
        name
        for file in folder.glob("*.js")
        for name in re.findall(r'"(lab[A-Z]\w*)"', file.read_text("utf-8"))
    }
    states = {f"lab {state}" for state in ("running", "done", "stopped", "failed")}
    assert used | states == set(english)
