"""A search for a better recipe: what to try next, and a file that remembers what was tried.

The search itself, Optuna's, runs in memory. The file holds a line of JSON for each finished training, in the
format of Optuna's journal, which its dashboard shows; a line that a crash cut off is dropped. Going on means
telling a new search all that the file remembers. What is tried next depends on the seed and on what has been
tried, on nothing else: one training at a time, an interrupted search is the one that was never interrupted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.errors import MissingExtraError, RunError, UsageError
from tenfold.training.lock import locked
from tenfold.tuning.search_space import Parameters

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial

NAME = "tenfold tune"
ORIGIN, OUT, SECONDS, START = "origin", "recipe_file", "seconds", "is_start"

RANDOM_TRIALS, UNPRUNED_TRIALS = 12, 6
"""Trainings before results guide the draw, and before one may be pruned."""


def require_optuna() -> None:
    """Raise `MissingExtraError` where Optuna is not installed."""
    if find_spec("optuna") is None:
        raise MissingExtraError("optuna", "tune", "tenfold tune")


def is_start(trial: Trial | FrozenTrial) -> bool:
    """Whether a training ran the starting recipe as it is."""
    return START in trial.user_attrs


class Search:
    """What to try next, and which training is not worth its end.

    Draws are those of the tree-structured Parzen estimator. A training is pruned when after one, two or three
    quarters of its steps it lies below the median of those before it.

    Parameters
    ----------
    space : dict of str to BaseDistribution
        What is drawn, and from where.
    start : dict
        The first point.
    seed : int
        Start of all draws.
    finished : list of FrozenTrial
        What earlier searches tried.

    References
    ----------
    J. Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011.
    D. Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017, for the median rule.
    """

    def __init__(
        self, space: dict[str, BaseDistribution], start: Parameters, seed: int, finished: list[FrozenTrial]
    ) -> None:
        import optuna

        pruner = optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED_TRIALS, n_warmup_steps=0)
        self._space, self._start, self._seed = space, start, seed
        self._study = optuna.create_study(direction="maximize", pruner=pruner)
        self._study.add_trials(finished)

    def ask(self) -> Trial:
        """Draw a point; the first is the start."""
        from optuna.samplers import TPESampler

        begun = self._study.get_trials(deepcopy=False)
        if not any(is_start(trial) for trial in begun):
            self._study.enqueue_trial(self._start, user_attrs={START: True})
        seed = int(np.random.SeedSequence([self._seed, len(begun)]).generate_state(1)[0])
        self._study.sampler = TPESampler(n_startup_trials=RANDOM_TRIALS, seed=seed)
        return self._study.ask(self._space)

    def tell(self, trial: Trial, accuracy: float | None, seconds: float) -> FrozenTrial:
        """Take the result of a training, or None when it was pruned."""
        from optuna.trial import TrialState

        trial.set_user_attr("seconds", round(seconds, 3))
        state = TrialState.PRUNED if accuracy is None else TrialState.COMPLETE
        return self._study.tell(trial, accuracy, state=state)


class StudyFile:
    """Every finished training of a search, on disk.

    Parameters
    ----------
    path : Path
        The file.
    study : Study
        What is in it.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self.path = path
        self._study = study

    @classmethod
    @contextmanager
    def opened(cls, path: Path, origin: dict[str, Any]) -> Iterator[StudyFile]:
        """Open a study, or begin one, for this process alone.

        Parameters
        ----------
        path : Path
            The file; it is made when it does not exist.
        origin : dict
            Plain values on which every result depends.

        Raises
        ------
        RunError
            When the file is no study, cannot be written, is open elsewhere, or began with another origin.
        """
        with ExitStack() as stack:
            try:
                path.touch()
                stack.enter_context(locked(path))
                _drop_torn_line(path)
            except OSError as error:
                raise RunError(
                    f"{path}: cannot be written ({error.strerror}); name another with --study"
                ) from None
            except RunError:
                raise RunError(
                    f"{path}: another search uses this study; wait for it, or stop it first"
                ) from None
            study = cls(path, _study_in(path))
            study._check_origin(origin)
            yield study

    @property
    def finished(self) -> list[FrozenTrial]:
        """All trainings that came to an end or were pruned, in that order."""
        return self._study.get_trials(deepcopy=False)

    def add(self, trial: FrozenTrial) -> None:
        """Remember a training."""
        with self._writing():
            self._study.add_trial(trial)

    def retrained(self, name: str, seed: int) -> float | None:
        """Return the accuracy of a finalist with another seed, if it is known."""
        accuracy: float | None = self._study.user_attrs.get(f"{name}, seed {seed}")
        return accuracy

    def add_retrained(self, name: str, seed: int, accuracy: float) -> None:
        """Remember a finalist's training with another seed."""
        self._note(f"{name}, seed {seed}", accuracy)

    def claim(self, out: Path) -> None:
        """Note which recipe file this study writes; refuse one that exists and is not its own.

        Raises
        ------
        UsageError
            When another made that file.
        """
        place = str(out.absolute())
        own = self._study.user_attrs.get(OUT)
        if out.exists() and own != place:
            raise UsageError(
                f"out: {out} exists already and is not from this search; name another with --out"
            )
        if own != place:
            self._note(OUT, place)

    @property
    def seconds(self) -> float:
        """Time that searches with this study took, interruptions left out."""
        return float(self._study.user_attrs.get(SECONDS, 0.0))

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the seconds that the body takes, however it ends."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._note(SECONDS, round(self.seconds + time.monotonic() - began, 3))

    def _note(self, name: str, value: Any) -> None:
        with self._writing():
            self._study.set_user_attr(name, value)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _drop_torn_line(self.path)
            raise RunError(
                f"{self.path}: cannot be written ({error.strerror}); make room, then give the command again"
            ) from None

    def _check_origin(self, origin: dict[str, Any]) -> None:
        origin = json.loads(json.dumps(origin))
        if not self.finished and ORIGIN not in self._study.user_attrs:
            self._note(ORIGIN, origin)
        began = self._study.user_attrs.get(ORIGIN, {})
        different = [name for name in origin if began.get(name) != origin[name]]
        if different:
            name = different[0]
            raise RunError(
                f"{self.path}: this study began with another {name} ({began.get(name)} → {origin[name]}); "
                "leave it as it was, or begin a study with --study FILE"
            )


def _drop_torn_line(path: Path) -> None:
    """Cut off a last line that a crash left unfinished; leave alone what is no study."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content) and b'"op_code"' in whole.partition(b"\n")[0]:
        with path.open("rb+") as file:
            file.truncate(len(whole))


def _study_in(path: Path) -> Study:
    import optuna

    empty = path.stat().st_size == 0
    try:
        storage = _storage(path)
        if empty:
            return optuna.create_study(study_name=NAME, storage=storage, direction="maximize")
        study = optuna.load_study(study_name=NAME, storage=storage)
        _ = study.trials, study.direction
    except Exception as error:  # whatever a file may hold that is no journal
        raise RunError(
            f"{path}: not a study of tenfold tune ({type(error).__name__}); name another file with --study"
        ) from None
    return study


def _storage(path: Path) -> JournalStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    class NoLock(JournalFileOpenLock):
        """The study is locked as a whole, and one thread writes it: a second file could only be left over."""

        def acquire(self) -> bool:
            return True

        def release(self) -> None:
            pass

    return JournalStorage(JournalFileBackend(str(path), lock_obj=NoLock(str(path))))


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna's own lines off stderr, and leave its verbosity as it was."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
