"""The softmax lesson: what is seen follows from the logits as SciPy says."""

import numpy as np
import pytest
from scipy.special import expit, logsumexp, softmax


def numbers(page, place):
    texts = page.locator(f"#{place} .number").all_inner_texts()
    return np.array([float(text.replace("−", "-")) for text in texts])


def figure(page, place):
    return float(page.inner_text(f"#{place}").split()[-1])


def set_logits(page, values):
    """Through the sliders, as a hand would."""
    for k, value in enumerate(values):
        page.locator("#logits input").nth(k).fill(str(value))


LOGITS = np.array([2.0, -1.5, 0.3, 4.0, 1.1, -3.0, 0.0, 0.5, -0.7, 2.2])


@pytest.fixture
def lesson(page):
    page.check("input[value=both]", force=True)
    set_logits(page, LOGITS)
    page.locator("#truth input").nth(0).check(force=True)
    return page


@pytest.mark.parametrize("exponent", [-0.3, 0, 0.5])
def test_every_number_follows_from_the_logits(lesson, exponent):
    lesson.fill("#temperature", str(exponent))
    t = 10**exponent
    truth = np.eye(10)[0]
    cooled = LOGITS / t
    p, s = softmax(cooled), expit(cooled)
    assert numbers(lesson, "logits") == pytest.approx(LOGITS, abs=0.006)
    assert numbers(lesson, "exponentials") == pytest.approx(np.exp(cooled), rel=0.006, abs=0.0006)
    assert numbers(lesson, "own-sums") == pytest.approx(np.exp(cooled) + 1, rel=0.006)
    assert figure(lesson, "sum") == pytest.approx(np.exp(cooled).sum(), rel=0.006)
    assert numbers(lesson, "softmax-shares") == pytest.approx(p, abs=0.0006)
    assert numbers(lesson, "sigmoid-shares") == pytest.approx(s, abs=0.0006)
    assert figure(lesson, "softmax-total") == pytest.approx(1)
    assert figure(lesson, "sigmoid-total") == pytest.approx(s.sum(), abs=0.006)
    assert figure(lesson, "softmax-loss") == pytest.approx(logsumexp(cooled) - cooled[0], abs=0.006)
    binary = np.logaddexp(0, cooled) - truth * cooled
    assert numbers(lesson, "sigmoid-costs") == pytest.approx(binary, abs=0.006)
    assert figure(lesson, "sigmoid-loss") == pytest.approx(binary.sum(), rel=0.006)
    assert numbers(lesson, "softmax-gradient") == pytest.approx(p - truth, abs=0.0006)
    assert numbers(lesson, "sigmoid-gradient") == pytest.approx(s - truth, abs=0.0006)


def test_a_logit_is_dragged(page):
    page.click("#all-equal")
    area = page.locator("#logits .area").nth(4)
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    x, middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, middle)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] / 4, steps=8)
    page.mouse.up()
    dragged = numbers(page, "logits")
    assert dragged[4] == pytest.approx(5, abs=0.3)  # half of the way from 0 to 10, under the pointer
    assert np.delete(dragged, 4) == pytest.approx(0)
    assert numbers(page, "softmax-shares")[4] == pytest.approx(softmax(dragged)[4], abs=0.001)


def test_a_logit_is_moved_with_the_keyboard(page):
    page.click("#all-equal")
    slider = page.locator("#logits input").nth(2)
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    assert numbers(page, "logits")[2] == pytest.approx(0.3)
    assert slider.get_attribute("aria-label") == "Logit of 2"


def test_softmax_and_sigmoids_are_switched(page):
    assert page.is_visible("#softmax-shares")
    assert not page.is_visible("#sigmoid-shares")
    page.check("input[name=way][value=sigmoids]", force=True)
    assert page.is_visible("#sigmoid-shares")
    assert not page.is_visible("#softmax-shares")
    page.check("input[name=way][value=both]", force=True)
    softmaxes, sigmoids = (page.locator(f"#{way}-shares").bounding_box() for way in ("softmax", "sigmoid"))
    assert softmaxes["y"] == sigmoids["y"]
    assert softmaxes["x"] < sigmoids["x"]


@pytest.mark.parametrize("way", ["softmax", "sigmoid"])
def test_a_step_of_learning_subtracts_the_gradient_and_lowers_the_loss(lesson, way):
    before, gradient, loss = (
        numbers(lesson, "logits"),
        numbers(lesson, f"{way}-gradient"),
        figure(lesson, f"{way}-loss"),
    )
    lesson.click(f"#{way}-step")
    assert numbers(lesson, "logits") == pytest.approx(before - gradient, abs=0.011)
    assert figure(lesson, f"{way}-loss") < loss


def test_it_follows_the_drawing_until_a_bar_is_moved(page):
    drawn = numbers(page, "logits")
    page.locator("#examples button").nth(1).click()
    followed = numbers(page, "logits")
    assert (followed != drawn).any()
    set_logits(page, LOGITS)
    page.locator("#examples button").nth(0).click()
    assert numbers(page, "logits") == pytest.approx(LOGITS, abs=0.006)
    page.click("#from-drawing")
    assert (numbers(page, "logits") == drawn).all()
