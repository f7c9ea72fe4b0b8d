"""Draw, open, drop and paste: the answer, its set or "none of these", its steps, what speaks for it."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

THREE = [
    [(0.3, 0.22), (0.46, 0.16), (0.63, 0.2), (0.67, 0.33), (0.56, 0.45), (0.45, 0.48)],
    [(0.45, 0.48), (0.61, 0.5), (0.7, 0.62), (0.64, 0.78), (0.45, 0.83), (0.27, 0.76)],
]
SEVEN = [[(0.26, 0.2), (0.5, 0.2), (0.74, 0.2), (0.6, 0.5), (0.47, 0.84)]]
SCRIBBLE = [[(0.5 + 0.3 * math.sin(0.7 * t), 0.5 + 0.3 * math.cos(1.1 * t)) for t in range(28)]]


@pytest.mark.parametrize(("strokes", "digit"), [(THREE, "3"), (SEVEN, "7")])
def test_a_drawn_digit_is_read_at_once(page, draw, strokes, digit):
    page.click("#clear")
    assert page.inner_text("#verdict") == "Waiting for a picture"
    draw(page, strokes)
    assert page.inner_text("#verdict") == f"This is {digit}"
    assert page.inner_text("#glyph") == digit
    assert page.inner_text("#evidence").endswith(f"{{{digit}}}.")
    assert f"This is {digit}" in page.inner_text("#spoken")
    steps = page.locator("#steps figcaption").all_inner_texts()
    assert steps == ["picture", "ink", "without lines", "figure", "input"]


def test_a_scribble_is_none_of_these(page, draw):
    page.click("#clear")
    draw(page, SCRIBBLE)
    assert page.inner_text("#verdict") == "None of these"
    assert "limit" in page.inner_text("#evidence")
    page.check("input[value=zh-Hans]", force=True)
    assert page.inner_text("#verdict") == "都不是"


def test_a_digit_drawn_with_the_keyboard(page):
    page.click("#clear")
    page.focus("#pad")
    for key in [*["Shift+ArrowUp"] * 5, "Space", *["Shift+ArrowDown"] * 10, "Space"]:
        page.keyboard.press(key)
    assert page.inner_text("#verdict") == "This is 1"
    assert page.inner_text("#pen") == "Pen up"
    page.keyboard.press("Backspace")
    assert page.inner_text("#verdict") == "Waiting for a picture"


def test_undo_takes_back_one_stroke(page, draw):
    page.click("#clear")
    draw(page, SEVEN)
    before = page.inner_text("#logits")
    draw(page, [[(0.3, 0.5), (0.8, 0.5)]])
    assert page.inner_text("#logits") != before
    page.click("#undo")
    assert page.inner_text("#logits") == before


@pytest.fixture(scope="module")
def photograph(photographs):
    """A JPEG file: a five in ink on lined paper."""
    random = np.random.default_rng(3)
    picture = photographs.take_photograph(photographs.digit_of_strokes(5, 2), random)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95)
    return file.getvalue()


GIVE = """([kind, base64, type]) => {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const given = new DataTransfer();
  given.items.add(new File([bytes], "picture", {type}));
  document.dispatchEvent(kind === "drop"
    ? new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true})
    : new ClipboardEvent("paste", {clipboardData: given, bubbles: true, cancelable: true}));
}"""


@pytest.mark.parametrize("way", ["open", "drop", "paste"])
def test_a_photograph_is_read(page, photograph, way):
    page.click("#clear")
    if way == "open":
        page.set_input_files("#open", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph})
    else:
        page.evaluate(GIVE, [way, base64.b64encode(photograph).decode(), "image/jpeg"])
    page.wait_for_selector("#steps li")
    assert page.inner_text("#verdict") == "This is 5"


def test_what_is_no_picture_is_refused_and_changes_nothing(page, draw):
    page.click("#clear")
    draw(page, SEVEN)
    page.evaluate(GIVE, ["drop", base64.b64encode(b"%PDF-1.4").decode(), "image/png"])
    page.wait_for_selector("#failure:not([hidden])")
    assert "cannot be read as a picture" in page.inner_text("#failure")
    assert page.inner_text("#verdict") == "This is 7"


def test_another_class_is_explained_when_it_is_chosen(page, draw):
    page.click("#clear")
    draw(page, SEVEN)
    assert page.inner_text("#saliency-title") == "What speaks for 7"
    before = page.evaluate("document.getElementById('saliency').toDataURL()")
    page.locator("#probabilities input").nth(1).check(force=True)
    assert page.inner_text("#saliency-title") == "What speaks for 1"
    assert page.evaluate("document.getElementById('saliency').toDataURL()") != before


def test_every_layer_is_shown(page):
    assert page.locator("#layers canvas").count() == 6
    words = page.locator("#layers span").all_inner_texts()
    assert (words[0], words[-1]) == ("784 inputs", "10 logits")
    sizes = page.evaluate("[...document.querySelectorAll('#layers canvas')].map((c) => c.width * c.height)")
    assert sizes == [784, 512, 256, 128, 64, 10]
