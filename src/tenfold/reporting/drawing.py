"""Charts by matplotlib, as SVG that takes the page's font, colours and language.

Text stays text, without a font of its own. Colours are those of the page's style sheet, named by role, so
that a chart follows the light and the dark theme. Words stand in both languages, one above the other, and
the page shows one.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tenfold.errors import MissingExtraError
from tenfold.reporting.markup import Html
from tenfold.reporting.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID, FIRST, SECOND, THIRD, PAGE = (f"#0a0b0{i}" for i in range(7))
"""Colours by role: matplotlib draws with these, and the page puts its own in their place."""

ROLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    FIRST: "--first",
    SECOND: "--second",
    THIRD: "--third",
    PAGE: "--page",
}

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.color": GRID,
    "ytick.labelcolor": MUTED,
}

WIDE_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "WenQuanYi Micro Hei",
    "Hiragino Sans GB",
    "Microsoft YaHei",
)
"""By which the width of Chinese and Japanese class names is measured, where one is installed."""

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def require_matplotlib() -> None:
    """Raise `MissingExtraError` where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib", "report", "a report")


def chart(
    draw: Callable[[Figure], None],
    *,
    name: str,
    width: int = 360,
    height: int = 250,
    words: Iterable[Text] = (),
) -> Html:
    """Return a chart as an ``svg`` element.

    Parameters
    ----------
    draw : callable
        Draws into the figure that it is given, with the colours by role; words in English.
    name : str
        Of the chart, no other's on the page; the element ``name-title`` says what the chart shows.
    width, height : int
        Size in CSS pixels at which letters have their natural size.
    words : iterable of Text
        Those drawn words that have a Chinese counterpart.
    """
    import matplotlib
    from matplotlib.figure import Figure

    style: Any = STYLE | {"svg.hashsalt": name, "font.family": _font_families()}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(width / 72, height / 72))
        draw(figure)
        file = io.StringIO()
        with warnings.catch_warnings():  # the reader's browser has the letters that no font here has
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _themed(file.getvalue(), name, width, {text.english: text for text in words})


def _font_families() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in WIDE_FONTS if name in installed)]


def _themed(drawn: str, name: str, width: int, words: dict[str, Text]) -> Html:
    """Leave to the page what belongs to it: size, fonts, colours, language."""
    root = ElementTree.fromstring(drawn)
    for defs in root.findall(f"{{{SVG}}}defs"):
        if defs.find(f"{{{SVG}}}style") is not None:
            root.remove(defs)
    for group in root.iter(f"{{{SVG}}}g"):
        group.attrib.pop("id", None)
    for text in root.iter(f"{{{SVG}}}text"):
        text.set("style", re.sub(r"font-family:[^;]*;? ?", "", text.get("style", "")))
        if text.text in words:
            _translate(text, words[text.text])
    for size in ("width", "height"):
        root.attrib.pop(size)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title", "style": f"--natural: {width}px"}
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    markup = ElementTree.tostring(root, encoding="unicode")
    for colour, role in ROLES.items():
        markup = markup.replace(colour, f"var({role})")
    return Html(re.sub(r"\s*\n\s*", " ", markup))


def _translate(element: ElementTree.Element, text: Text) -> None:
    element.text = None
    for language, words in (("en", text.english), ("zh-Hans", text.chinese)):
        ElementTree.SubElement(element, f"{{{SVG}}}tspan", {"lang": language}).text = words
