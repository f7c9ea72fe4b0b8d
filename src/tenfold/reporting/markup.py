"""HTML built from elements, so that nothing a data set names can become markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from tenfold.reporting.text import Text


class Html(str):
    """Markup that is ready to stand in a page; any other text is escaped before it does."""

    __slots__ = ()


Content = Html | Text | str
"""What an element may hold."""

VOID = ("img", "input", "link", "meta")


def element(tag: str, /, *contents: Content, **attributes: str | bool) -> Html:
    """Return an element.

    Parameters
    ----------
    tag : str
        Its name.
    *contents : Html, Text or str
        What it holds, in order.
    **attributes : str or bool
        ``class_`` stands for ``class``, ``data_x`` for ``data-x``; True is an attribute without a value.

    Examples
    --------
    >>> element("p", "1 < 2", class_="note", hidden=True)
    '<p class="note" hidden>1 &lt; 2</p>'
    """
    opening = tag + "".join(_attribute(key, value) for key, value in attributes.items())
    return Html(f"<{opening}>" if tag in VOID else f"<{opening}>{joined(*contents)}</{tag}>")


def joined(*contents: Content) -> Html:
    """Return contents one after another."""
    return Html("".join(map(_markup, contents)))


def table(head: Sequence[Content], rows: Iterable[Sequence[Content]], *, class_: str = "") -> Html:
    """Return a table whose first row and first column are headings; it scrolls where it is too wide.

    Parameters
    ----------
    head : sequence of Html, Text or str
        One a column.
    rows : iterable of sequences
        As long as ``head``.
    class_ : str
        ``words`` where the cells hold text rather than numbers.
    """
    heading = element("tr", *(element("th", content, scope="col") for content in head))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in cells))
        for first, *cells in rows
    ]
    whole = element("table", element("thead", heading), element("tbody", *body), class_=class_ or "numbers")
    return element("div", whole, class_="scroll", tabindex="0")


def bilingual(text: Text, tag: str = "span") -> Html:
    """Return the words of both languages, of which the page shows one.

    >>> bilingual(Text("loss", "损失"))
    '<span lang="en">loss</span><span lang="zh-Hans">损失</span>'
    """
    return joined(element(tag, text.english, lang="en"), element(tag, text.chinese, lang="zh-Hans"))


def _markup(content: Content) -> str:
    if isinstance(content, Text):
        return bilingual(content)
    return content if isinstance(content, Html) else html.escape(content)


def _attribute(key: str, value: str | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{html.escape(value)}"'
