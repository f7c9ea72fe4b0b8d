"""One function a command: the only place where data, recipe, engine, model and evaluation meet.

Each is loaded when it is first used: a training needs no report, a prediction no training.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.api.answers import compare, evaluate, predict
    from tenfold.api.corrupting import robustness
    from tenfold.api.explaining import draw_weights, explain
    from tenfold.api.exporting import export
    from tenfold.api.looking import doctor, inspect
    from tenfold.api.reporting import report
    from tenfold.api.searching import tune
    from tenfold.api.suspecting import relabel, suspects
    from tenfold.api.training import repeat, train
    from tenfold.data.catalog import fetch_data, list_data, load_data

_HOME = {
    "tenfold.api.answers": ("compare", "evaluate", "predict"),
    "tenfold.api.corrupting": ("robustness",),
    "tenfold.api.explaining": ("draw_weights", "explain"),
    "tenfold.api.exporting": ("export",),
    "tenfold.api.looking": ("doctor", "inspect"),
    "tenfold.api.reporting": ("report",),
    "tenfold.api.searching": ("tune",),
    "tenfold.api.suspecting": ("relabel", "suspects"),
    "tenfold.api.training": ("repeat", "train"),
    "tenfold.data.catalog": ("fetch_data", "list_data", "load_data"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "compare",
    "doctor",
    "draw_weights",
    "evaluate",
    "explain",
    "export",
    "fetch_data",
    "inspect",
    "list_data",
    "load_data",
    "predict",
    "relabel",
    "repeat",
    "report",
    "robustness",
    "suspects",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Load a function when it is first used."""
    if name not in _MODULE:
        raise AttributeError(f"module 'tenfold.api' has no attribute '{name}'")
    return getattr(import_module(_MODULE[name]), name)
