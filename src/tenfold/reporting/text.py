"""What a report says, in English and in Chinese side by side, and how it writes numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """The same words in both languages of a report.

    Parameters
    ----------
    english, chinese : str
        May hold fields in braces, for `format`.

    Examples
    --------
    >>> share = Text("{share} of the {what}", "{what}的 {share}")
    >>> share.format(share="3%", what=Text("test images", "测试图片"))
    Text(english='3% of the test images', chinese='测试图片的 3%')
    """

    english: str
    chinese: str

    def format(self, **values: object) -> Text:
        """Fill the fields in; a value that is itself a `Text` is taken in the language of the place."""

        def chosen(language: str) -> dict[str, object]:
            return {k: getattr(v, language) if isinstance(v, Text) else v for k, v in values.items()}

        return Text(
            self.english.format(**chosen("english")),
            self.chinese.format(**chosen("chinese")),
        )


def count(number: int) -> str:
    """Write a whole number.

    >>> count(60000)
    '60,000'
    """
    return f"{number:,}"


def percent(share: float, digits: int = 2) -> str:
    """Write a share; a dash for a ratio of nothing by nothing.

    >>> percent(0.97728), percent(0.5, 0), percent(float("nan"))
    ('97.73%', '50%', '–')
    """
    return "–" if share != share else f"{share:.{digits}%}"


def number(value: float) -> str:
    """Write a number with at most four digits that count.

    >>> number(0.08), number(1.23456), number(12345.6)
    ('0.08', '1.235', '12,346')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def shortened(name: str, longest: int = 14) -> str:
    """Cut a class name that would not fit beside a chart.

    >>> shortened("ankle boot, with laces")
    'ankle boot, w…'
    """
    return name if len(name) <= longest else name[: longest - 1] + "…"
