"""The page as one file: opened from a disk, with the network off, it answers as the served one does."""

import pytest

from tenfold.exporting.html import write_html

LARGEST = 3_500_000  # bytes


def test_it_is_small_and_loads_nothing(offline_file):
    content = offline_file.read_text("utf-8")
    assert len(content.encode()) < LARGEST
    assert "src=" not in content.replace("script-src=", "")
    assert '<link rel="stylesheet"' not in content


def test_with_the_network_off_it_answers_as_the_served_page(open_page, offline_file, site):
    offline = open_page(offline_file.as_uri(), offline=True)
    served = open_page(site)
    for number in range(8):
        for page in (offline, served):
            page.locator("#examples button").nth(number).click()
        for place in ("#verdict", "#evidence", "#probabilities", "#lesson"):
            assert offline.inner_text(place) == served.inner_text(place)


@pytest.mark.parametrize(("kind", "directive"), [("img", "img-src"), ("script", "script-src-elem")])
def test_its_policy_forbids_to_load_anything(chromium, offline_file, kind, directive):
    page = chromium.new_page()
    page.goto(offline_file.as_uri())
    blocked = """(kind) => new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      document.body.append(Object.assign(document.createElement(kind), {src: "https://example.org/a"}));
    })"""
    assert page.evaluate(blocked, kind) == directive
    page.close()


def test_an_earlier_file_stays_when_it_cannot_be_written(model, tmp_path):
    with pytest.raises(OSError, match="no-such-folder"):
        write_html(model, tmp_path / "no-such-folder" / "page.html")
    assert list(tmp_path.iterdir()) == []
