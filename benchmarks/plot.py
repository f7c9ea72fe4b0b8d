"""Plots of the benchmarks: small, readable without colour, and the same file from the same figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

OURS, PEERS = "#0072B2", "#B8B8B8"  # of M. Okabe and K. Ito's colours; and grey


def bars(path: Path, panels: Mapping[str, Mapping[str, Sequence[float]]], unit: str, form: str) -> None:
    """Draw the medians as bars, a panel each, their ranges as whiskers; names with ``tenfold`` stand out.

    Parameters
    ----------
    path : Path
        Where to.
    panels : mapping of str to mapping of str to sequence of float
        Title of a panel, name of a bar, measured values.
    unit : str
        What the values are.
    form : str
        How to write a value, such as ``.2f``.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    figure, axes = _figure(len(panels), 0.26 * len(names) + 1.1, share_y=True)
    for axis, (title, panel) in zip(axes, panels.items(), strict=True):
        for name, values in panel.items():
            middle, place = median(values), names.index(name)
            axis.barh(place, middle, color=OURS if "tenfold" in name else PEERS, height=0.7)
            axis.hlines(place, min(values), max(values), color="black", linewidth=0.8)
            axis.annotate(
                f"{middle:{form}}", (max(values), place), (3, 0), textcoords="offset points", va="center"
            )
        axis.set(title=title, xlabel=unit, yticks=range(len(names)), yticklabels=names)
        axis.set_xlim(0, 1.2 * max(max(values) for values in panel.values()))
        axis.xaxis.set_major_locator(_few_ticks())
    axes[0].invert_yaxis()
    _save(figure, path)


def curves(path: Path, panels: Mapping[str, Mapping[int, Sequence[float]]], unit: str) -> None:
    """Draw medians against a quantity, a panel each; the vertical axis begins at zero where that can be read.

    Parameters
    ----------
    path : Path
        Where to.
    panels : mapping of str to mapping of int to sequence of float
        A quantity, its values, and what was measured at each.
    unit : str
        What was measured.
    """
    figure, axes = _figure(len(panels), 2.4, share_y=False)
    for axis, (quantity, points) in zip(axes, panels.items(), strict=True):
        middles = [median(values) for values in points.values()]
        axis.plot(list(points), middles, marker="o", color=OURS)
        axis.vlines(list(points), [*map(min, points.values())], [*map(max, points.values())], color="black")
        axis.set(xlabel=quantity, xscale="log")
        axis.set_xticks(list(points), [_short(value) for value in points], minor=False)
        axis.set_xticks([], minor=True)
        if max(middles) > 20 * min(middles):
            axis.set_yscale("log")
        else:
            axis.set_ylim(0, 1.1 * max(map(max, points.values())))
        axis.yaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel(unit)
    _save(figure, path)


def _short(value: int) -> str:
    if value >= 1_000_000:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 10_000 else str(value)


def _figure(panels: int, height: float, *, share_y: bool) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams |= {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "tenfold",
    }
    figure, axes = pyplot.subplots(
        1, panels, figsize=(8, height), sharey=share_y, squeeze=False, layout="constrained"
    )
    return figure, axes[0]


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
