"""One function a command: the only place where data, recipe, engine, model and evaluation meet."""

from tenfold.api.answers import evaluate, predict
from tenfold.api.looking import doctor, inspect
from tenfold.api.training import repeat, train, tune
from tenfold.data.catalog import fetch_data, list_data, load_data

__all__ = [
    "doctor",
    "evaluate",
    "fetch_data",
    "inspect",
    "list_data",
    "load_data",
    "predict",
    "repeat",
    "train",
    "tune",
]
