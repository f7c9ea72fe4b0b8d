"""What the sections of a report are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tenfold.reporting.markup import Content, Html, element, joined
from tenfold.reporting.text import Text

Item = TypeVar("Item")

BEHIND = Text("The table behind it", "图后面的表")


@dataclass(frozen=True)
class Section:
    """A part of the report that the table of contents names.

    Parameters
    ----------
    name : str
        Its address within the page.
    heading : Text
        What it is about.
    blocks : tuple of Html
        Its content, in order.
    """

    name: str
    heading: Text
    blocks: tuple[Html, ...]

    @property
    def markup(self) -> Html:
        """The section as it stands in the page."""
        heading = element("h2", self.heading, id=f"{self.name}-heading")
        return element("section", heading, *self.blocks, id=self.name, aria_labelledby=f"{self.name}-heading")


def shown(name: str, title: Text, chart: Html, note: Text, table: Html, *, wide: bool = False) -> Html:
    """Return a chart under a title that says what it shows, above a note on how to read it and its table.

    Parameters
    ----------
    name : str
        That of the chart.
    wide : bool
        Whether the chart needs the page's whole width.
    """
    return element(
        "article",
        element("h3", title, id=f"{name}-title"),
        element("figure", chart, element("figcaption", note)),
        folded(BEHIND, table),
        class_="chart wide" if wide else "chart",
    )


def folded(summary: Content, content: Html) -> Html:
    """Return something that is out of sight until the reader asks for it."""
    return element("details", element("summary", summary), content)


def side_by_side(*blocks: Html) -> Html:
    """Return blocks that share a row where the page is wide enough."""
    return element("div", *blocks, class_="columns")


def paragraph(text: Content, class_: str = "") -> Html:
    """Return a paragraph."""
    return element("p", text, **({"class_": class_} if class_ else {}))


def gallery(title: Content, items: Iterable[tuple[Html, Sequence[Content]]], class_: str = "gallery") -> Html:
    """Return pictures, each above its lines of text, under a title."""

    def card(picture: Html, lines: Sequence[Content]) -> Html:
        caption = element("figcaption", *(element("span", line) for line in lines))
        return element("li", element("figure", picture, caption))

    cards = (card(picture, lines) for picture, lines in items)
    return joined(element("h3", title), element("ul", *cards, class_=class_))


def thinned(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most so many items, evenly spread, the first and the last among them.

    >>> thinned(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
