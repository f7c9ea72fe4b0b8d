"""Plots of the benchmarks: small, readable without colour and on dark pages; equal figures, equal files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

OURS, PEERS = "#0072B2", "#B8B8B8"  # of M. Okabe and K. Ito's colours; and grey
INK = "#767676"  # reads as well on white as on black
OTHERS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00")  # of the same colours, for lines
MARKERS_OF_OURS, MARKERS_OF_OTHERS = "oDs", "^vPX"


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
            axis.hlines(place, min(values), max(values), color=INK, linewidth=0.8)
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
        axis.vlines(list(points), [*map(min, points.values())], [*map(max, points.values())], color=INK)
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


def accuracy_over_time(
    path: Path, lines: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]], lowest: float = 95.0
) -> None:
    """Draw mean accuracies over median seconds, a line each; the axis of the errors is logarithmic.

    Parameters
    ----------
    path : Path
        Where to.
    lines : mapping of str to sequence
        Name of a line; of each of its points the seconds, and the accuracies in percent. Names with
        ``tenfold`` stand out.
    lowest : float
        Accuracies below this one are not shown.
    """
    figure, (axis,) = _figure(1, 4.2, share_y=False)
    ours = iter(MARKERS_OF_OURS)
    others = zip(OTHERS, MARKERS_OF_OTHERS, strict=True)
    for name, points in lines.items():
        is_ours = "tenfold" in name
        color, marker = (OURS, next(ours)) if is_ours else next(others)
        seconds = [median(values) for values, _ in points]
        errors = [100 - fmean(accuracies) for _, accuracies in points]
        look = {"linewidth": 2.2, "markersize": 6} if is_ours else {"linewidth": 1.2, "markersize": 5}
        axis.plot(seconds, errors, color=color, marker=marker, label=name, **look)
        lowest_errors = [100 - max(accuracies) for _, accuracies in points]
        highest_errors = [100 - min(accuracies) for _, accuracies in points]
        axis.vlines(seconds, lowest_errors, highest_errors, color=color, linewidth=0.8)
    axis.set(xlabel="seconds from the start of the process, imports included", xscale="log", yscale="log")
    axis.set(ylabel="accuracy on the test images", ylim=(100 - lowest, _least_error(lines)))
    axis.xaxis.set_major_locator(_one_two_five())
    axis.xaxis.set_major_formatter("{x:g}")
    grades = [grade for grade in GRADES if lowest <= grade < 100 - _least_error(lines)]
    axis.set_yticks([100 - grade for grade in grades], [f"{grade:g} %" for grade in grades])
    axis.minorticks_off()
    axis.grid(color=INK, alpha=0.25, linewidth=0.6)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), labelspacing=0.8)
    _save(figure, path)


GRADES = (90, 95, 96, 97, 98, 98.5, 99, 99.2, 99.4, 99.5, 99.6, 99.7, 99.8, 99.9)
"""Accuracies in percent that an axis may name."""


def _least_error(lines: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]]) -> float:
    """Return where the axis ends: a little beyond the best of all."""
    return 0.85 * min(100 - max(accuracies) for points in lines.values() for _, accuracies in points)


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
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
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


def _one_two_five() -> Any:
    from matplotlib.ticker import LogLocator

    return LogLocator(base=10, subs=(1, 2, 5))


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None}, transparent=True)
    pyplot.close(figure)
