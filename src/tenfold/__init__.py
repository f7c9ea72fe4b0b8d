"""Folders of labelled images in, a trustworthy softmax classifier out.

>>> import tenfold
>>> run = tenfold.train("mnist", epochs=1)  # doctest: +SKIP
>>> tenfold.evaluate(run.model_path).accuracy  # doctest: +SKIP
0.8926

Every name below is loaded when it is first used: importing tenfold imports next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

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
    from tenfold.data.image_set import ImageSet, Splits
    from tenfold.errors import (
        DataError,
        MissingExtraError,
        ModelError,
        RunError,
        TenfoldError,
        UsageError,
    )
    from tenfold.evaluation.comparison import Comparison
    from tenfold.evaluation.cross_validation import FoldListener
    from tenfold.evaluation.explanation import Explanation, Method
    from tenfold.evaluation.metrics import Evaluation
    from tenfold.evaluation.robustness import Robustness
    from tenfold.evaluation.suspects import Suspects
    from tenfold.model.calibration import Calibration
    from tenfold.model.model_file import Model
    from tenfold.model.network import Network
    from tenfold.model.predictor import Prediction, Predictor
    from tenfold.model.preprocessing import Preprocessing
    from tenfold.training.augmentation import Augmentation
    from tenfold.training.listener import Listener
    from tenfold.training.recipe import Recipe
    from tenfold.training.repetition import Repetition
    from tenfold.training.run import Run
    from tenfold.tuning.tuned import Tuned

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
    "tenfold.data.image_set": ("ImageSet", "Splits"),
    "tenfold.errors": (
        "DataError",
        "MissingExtraError",
        "ModelError",
        "RunError",
        "TenfoldError",
        "UsageError",
    ),
    "tenfold.evaluation.comparison": ("Comparison",),
    "tenfold.evaluation.cross_validation": ("FoldListener",),
    "tenfold.evaluation.explanation": ("Explanation", "Method"),
    "tenfold.evaluation.metrics": ("Evaluation",),
    "tenfold.evaluation.robustness": ("Robustness",),
    "tenfold.evaluation.suspects": ("Suspects",),
    "tenfold.model.calibration": ("Calibration",),
    "tenfold.model.model_file": ("Model",),
    "tenfold.model.network": ("Network",),
    "tenfold.model.predictor": ("Prediction", "Predictor"),
    "tenfold.model.preprocessing": ("Preprocessing",),
    "tenfold.training.listener": ("Listener",),
    "tenfold.training.augmentation": ("Augmentation",),
    "tenfold.training.recipe": ("Recipe",),
    "tenfold.training.repetition": ("Repetition",),
    "tenfold.training.run": ("Run",),
    "tenfold.tuning.tuned": ("Tuned",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Augmentation",
    "Calibration",
    "Comparison",
    "DataError",
    "Evaluation",
    "Explanation",
    "FoldListener",
    "ImageSet",
    "Listener",
    "Method",
    "MissingExtraError",
    "Model",
    "ModelError",
    "Network",
    "Prediction",
    "Predictor",
    "Preprocessing",
    "Recipe",
    "Repetition",
    "Robustness",
    "Run",
    "RunError",
    "Splits",
    "Suspects",
    "TenfoldError",
    "Tuned",
    "UsageError",
    "__version__",
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
    if name not in _MODULE:
        raise AttributeError(f"module 'tenfold' has no attribute '{name}'")
    value = getattr(import_module(_MODULE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
