"""One function a command: the only place where data, recipe, engine, model and evaluation meet."""

from tenfold.api.answers import compare, evaluate, predict
from tenfold.api.corrupting import robustness
from tenfold.api.explaining import draw_weights, explain
from tenfold.api.exporting import export
from tenfold.api.looking import doctor, inspect
from tenfold.api.reporting import report
from tenfold.api.suspecting import relabel, suspects
from tenfold.api.training import repeat, train, tune
from tenfold.data.catalog import fetch_data, list_data, load_data

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
