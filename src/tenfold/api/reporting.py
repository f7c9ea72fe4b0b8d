"""Write down all there is to know of a run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tenfold import atomic, launch
from tenfold.api.opening import open_predictor, trained_on
from tenfold.data.catalog import load_data
from tenfold.data.image_set import ImageSet, Splits
from tenfold.data.inspection.faults import Part
from tenfold.errors import DataError, UsageError
from tenfold.evaluation.cross_validation import FoldListener
from tenfold.evaluation.suspects import find_suspects
from tenfold.model.model_file import Model
from tenfold.reporting.drawing import require_matplotlib
from tenfold.reporting.findings import LabelSearch, gather
from tenfold.reporting.page import page
from tenfold.training.run import Run

PathLike = str | os.PathLike[str]

REPORT = "report.html"


def report(
    run: PathLike | Run,
    out: PathLike | None = None,
    *,
    data: PathLike | None = None,
    suspects: bool = True,
    listener: FoldListener | None = None,
) -> Path:
    """Write a run's report: one HTML file in English and Chinese, which needs no network.

    Parameters
    ----------
    run : path-like or Run
        Folder of a finished run.
    out : path-like, optional
        The file, ending in ``.html``; without one, ``report.html`` in the run's folder. An earlier report is
        replaced.
    data : str or path-like, optional
        Where the data lies now, if it has moved since the run was trained on it.
    suspects : bool, default True
        Whether to search the training labels for wrong ones, which trains five more networks.
    listener : FoldListener, optional
        Who is told how far that search is.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    RunError
        When there is no run, or it is not finished.
    UsageError
        When ``out`` does not end in ``.html``.
    DataError
        When the data is not what the run was trained on, or the file cannot be written.
    """
    require_matplotlib()
    run = run if isinstance(run, Run) else Run.open(run)
    predictor = open_predictor(run.path)
    target = _checked(Path(out) if out is not None else run.path / REPORT)
    splits = _splits(predictor.model, data)
    search = _search(splits.train, listener or FoldListener()) if suspects else None
    findings = gather(run, predictor, splits, search)
    try:
        atomic.write_bytes(target, page(findings).encode())
    except OSError as error:
        raise DataError(
            f"{target}: cannot be written ({error.strerror}); expected a writable folder"
        ) from None
    return target


def _checked(target: Path) -> Path:
    """Refuse a file that could not be written, before a long computation has been for nothing."""
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{target}: a report is a page; expected a file name that ends in .html")
    if not target.parent.is_dir():
        raise DataError(f"{target}: cannot be written (no folder {target.parent}); make the folder first")
    return target


def _splits(model: Model, data: PathLike | None) -> Splits:
    if data is None:
        return trained_on(model)
    size = model.provenance["data"]["size"]
    splits = load_data(data, size=tuple(size) if size else None)
    if splits.sha256() != model.provenance["data_sha256"]:
        raise DataError(
            f"{data}: is not what the run was trained on; expected the same images, labels and splits: "
            "name the folder or file that they have moved to"
        )
    return splits


def _search(images: ImageSet, listener: FoldListener) -> LabelSearch:
    """Search the training labels; a class that is too small for it is no reason to go without a report."""
    recipe, engine = launch.open_for(launch.read_recipe("fast", {}), {})
    began = time.perf_counter()
    try:
        found = find_suspects([Part("train", images)], recipe, engine, listener=listener)
    except (DataError, UsageError) as error:
        return LabelSearch(time.perf_counter() - began, obstacle=str(error))
    return LabelSearch(time.perf_counter() - began, found)
