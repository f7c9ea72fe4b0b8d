"""The page as one file: how large it is, and how soon it answers once a stroke has ended.

    python -m benchmarks page [--repeats 5]

`tenfold export --to html` of a calibrated model, opened from the disk in Chromium, headless, with the network
off; ten digits are drawn by the mouse, one after the other. "Until the answer": from the browser's own time
of `pointerup` until the next frame is painted, with the answer, its set, the steps and the saliency on it.
The first stroke of a page finds its code uncompiled; each repeat opens a new page.
"""

import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tenfold
from benchmarks.rounds import Result, table

PACKAGES = ("tenfold", "playwright")
NAMES = ("chromium", "chromium-browser", "google-chrome")
DIGITS = 10
SEVEN = ((0.25, 0.2), (0.7, 0.2), (0.6, 0.45), (0.45, 0.85))
THREE = ((0.3, 0.2), (0.6, 0.2), (0.65, 0.35), (0.45, 0.5), (0.7, 0.65), (0.6, 0.85), (0.3, 0.8))

MEASURE = """() => {
  window.delays = [];
  const note = ({ timeStamp }) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => delays.push(performance.now() - timeStamp); // after the frame has been painted
    port2.postMessage(null);
  });
  document.getElementById("pad").addEventListener("pointerup", note, true);
}"""


def run(repeats: int) -> Result:
    """Train, export, open and draw."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        chromium = None
    if chromium is None:
        return Result("Left out: Chromium or playwright is not installed.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        trained = tenfold.train("mnist", "fast", out=Path(folder) / "run")
        file = tenfold.export(trained.path, "html", Path(folder) / "digits.html")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        delays = []
        for _ in range(repeats):
            context = browser.new_context(offline=True)
            page = context.new_page()
            page.goto(file.as_uri())
            page.wait_for_selector("#verdict:not(:empty)")
            page.evaluate(MEASURE)
            for digit in range(DIGITS):
                page.click("#clear")
                draw(page, (SEVEN, THREE)[digit % 2])
            delays.append(page.evaluate("() => delays"))
            context.close()
        version, size = browser.version, file.stat().st_size
        browser.close()
    first, later = [turn[0] for turn in delays], [delay for turn in delays for delay in turn[1:]]
    rows = [
        ("the file", f"{size / 1e6:.2f} MB"),
        ("until the answer, first stroke of a page", milliseconds(first)),
        ("until the answer, later strokes", milliseconds(later)),
    ]
    return Result(table((f"Chromium {version}", ""), rows))


def draw(page, points) -> None:
    """Draw one stroke by the mouse, at a hand's speed."""
    box = page.locator("#pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
        page.wait_for_timeout(30)
    page.mouse.up()
    page.wait_for_timeout(300)


def milliseconds(delays: Sequence[float]) -> str:
    """Write median, range and number."""
    return f"{statistics.median(delays):.0f} ms ({min(delays):.0f} to {max(delays):.0f}, n = {len(delays)})"
