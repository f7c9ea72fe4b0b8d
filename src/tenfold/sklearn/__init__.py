"""tenfold as a scikit-learn estimator, for rows of numbers and any labels.

>>> from sklearn.datasets import load_digits
>>> from sklearn.model_selection import train_test_split
>>> rows, digits = load_digits(return_X_y=True)
>>> train, test, y_train, y_test = train_test_split(rows, digits, random_state=0)
>>> SoftmaxClassifier(random_state=0).fit(train, y_train).score(test, y_test) > 0.96
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenfold import functional
from tenfold.errors import MissingExtraError, UsageError
from tenfold.model.network import Network

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_array, check_random_state
    from sklearn.utils.class_weight import compute_class_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError:
    raise MissingExtraError("scikit-learn", "sklearn", "tenfold.sklearn") from None

from tenfold.sklearn.learning import Learned, granted_threads, recipe_of, trained, with_enough_steps
from tenfold.sklearn.rows import Doubles, Rows, Scale, class_indices, listed, refuse_huge, taken_places
from tenfold.training.engine import Examples, Snapshot, initial_snapshot
from tenfold.training.recipe import Recipe

__all__ = ["SoftmaxClassifier"]

ROW_TYPES = [np.float64, np.float32, np.uint8]  # others become the first


class SoftmaxClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped bases
    """A network of fully connected layers that ends in softmax, trained by the fused engine.

    Rows are normalised inside: each feature by its own mean and deviation (or a fifth of its largest distance
    from the mean, where that is more), uint8 pixels by one mean and deviation for all. Float32 and uint8 rows
    are trained on as they lie in memory. Without the compiled part NumPy does the same, slower.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int or int, default (256, 128)
        Neurons of each hidden layer; ``()`` is softmax regression.
    batch_size : int, default 64
        Rows a step.
    learning_rate_init : float, default 0.05
        Learning rate at its peak.
    learning_rate : {"linear", "cosine", "constant"}, default "linear"
        How the learning rate falls after its peak; the first two to zero.
    warmup : float, default 0.1
        Share of all steps in which the learning rate rises to its peak, from 0 to below 1.
    max_iter : int, optional
        Epochs. Without a number 20, and with few rows as many as make 300 steps. There is no early stopping:
        the learning rate falls to zero in this time.
    momentum : float, default 0.9
        Share of the last step that the next one keeps, from 0 to below 1.
    nesterovs_momentum : bool, default True
        Whether the gradient counts as it will be after the momentum's move.
    weight_decay : float, default 0.0
        Share of each weight that is added to its gradient; ``alpha / batch_size`` of ``MLPClassifier``.
    class_weight : dict or "balanced", optional
        How much each class counts; balanced, all the same in sum.
    warm_start : bool, default False
        Whether ``fit`` goes on from the weights, normalisation and classes that are there.
    standardize : bool, default True
        Whether rows are normalised; otherwise they are taken as they are, pixels as fractions of 255.
    precision : {"auto", "float32", "bfloat16"}, default "auto"
        Of the products in training; auto is bfloat16 where the processor multiplies it. Predictions use
        float32.
    n_jobs : int, optional
        Threads; -1 is all cores. Without a number, all that this process is granted: the cores that its
        affinity and control group allow, at most ``OMP_NUM_THREADS``. joblib sets that variable in its worker
        processes, so that those of ``GridSearchCV(n_jobs=2)`` share the cores out; in its other workers it is
        one thread each. With the compiled part, results are the same on any number.
    random_state : int, RandomState instance, optional
        Start of all random numbers: first weights and order of the rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_features_in_ : int
        Features of a row.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows had any.
    loss_curve_ : list of float
        Mean loss in nats, an epoch each; warm starts and partial fits lengthen it.
    n_iter_ : int
        Epochs so far.
    weights_ : dict of ndarray
        ``l1.weight`` of shape (outputs, inputs), ``l1.bias``, ``l2.weight`` …

    Notes
    -----
    A row of weight w is taken ⌈w⌉ times an epoch, and counts w / ⌈w⌉ each time, in an order that depends on
    nothing but the rows' contents and ``random_state``. Hence a weight of three and three equal rows are the
    same, rows of weight zero are as if they were not there, and the order of the rows changes nothing.
    In `fit` weights are relative: what rows count, class weights included, is scaled to a mean of one; a mean
    weight above ten is first scaled to ten, so that an epoch does not become endless.
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (256, 128),
        *,
        batch_size: int = 64,
        learning_rate_init: float = 0.05,
        learning_rate: str = "linear",
        warmup: float = 0.1,
        max_iter: int | None = None,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        weight_decay: float = 0.0,
        class_weight: Mapping[Any, float] | str | None = None,
        warm_start: bool = False,
        standardize: bool = True,
        precision: str = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.warmup = warmup
        self.max_iter = max_iter
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.weight_decay = weight_decay
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.standardize = standardize
        self.precision = precision
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train from new weights or, with ``warm_start``, from those that are there.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Float rows, or uint8 pixels from 0 to 255.
        y : array_like of shape (n_samples,)
            Labels.
        sample_weight : array_like of shape (n_samples,), optional
            How much each row counts.

        Raises
        ------
        UsageError
            When a parameter, the labels or the weights do not allow a training, or when the loss leaves the
            finite numbers; it is a ``ValueError``.
        """
        recipe = recipe_of(self.get_params(deep=False))
        before = self._learned if self.warm_start and self.__sklearn_is_fitted__() else None
        rows, y, weights = self._checked(X, y, sample_weight, reset=before is None)
        classes = np.unique(y if weights is None else y[weights > 0])
        if before and not np.array_equal(classes, self.classes_):
            raise UsageError(
                f"y: classes {listed(classes)}; expected {listed(self.classes_)}, for warm_start"
            )
        labels = class_indices(classes, y, weights)
        examples, scale = self._examples(rows, labels, weights, classes, before)
        if self.max_iter is None:
            recipe = with_enough_steps(recipe, len(examples))
        network = self._network(rows, recipe, classes, before)
        start = self._first_state(network, recipe)
        if before:
            start = replace(start, weights=before.state.weights)
        return self._keep(classes, trained(network, recipe, examples, scale, start, before))

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on these rows, at the constant rate ``learning_rate_init``.

        Rows are normalised as those of the first call were; momentum goes on from call to call.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`, but that weights count as they are: the next call's may be larger.
        classes : array_like of shape (n_classes,), optional
            All labels that will ever come; the first call needs them.

        Raises
        ------
        UsageError
            As in `fit`; also when the classes are missing or change, or are to be balanced.
        """
        recipe = recipe_of(self.get_params(deep=False))
        recipe = recipe.with_changes(epochs=1, schedule="constant", warmup=0.0)
        before = self._learned if self.__sklearn_is_fitted__() else None
        known = self._known_classes(classes)
        rows, y, weights = self._checked(X, y, sample_weight, reset=before is None)
        labels = class_indices(known, y, weights)
        examples, scale = self._examples(rows, labels, weights, known, before, relative=False)
        network = self._network(rows, recipe, known, before)
        if before:
            start = replace(before.state, epoch=0, threads=granted_threads(self.n_jobs))
        else:
            start = self._first_state(network, recipe)
        return self._keep(known, trained(network, recipe, examples, scale, start, before))

    def decision_function(self, X: ArrayLike) -> Doubles:
        """Compute logits of shape (n_samples, n_classes); for two classes their difference, (n_samples,)."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_proba(self, X: ArrayLike) -> Doubles:
        """Compute probabilities of shape (n_samples, n_classes); each row sums to one."""
        return np.asarray(functional.softmax(self._logits(X)), np.float64)

    def predict_log_proba(self, X: ArrayLike) -> Doubles:
        """Compute logarithms of probabilities, finite also where a probability has become zero."""
        return np.asarray(functional.log_softmax(self._logits(X)), np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row."""
        best = self._logits(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learned")

    def _first_state(self, network: Network, recipe: Recipe) -> Snapshot:
        seed = check_random_state(self.random_state).randint(0, 2**32, dtype=np.uint32)
        return initial_snapshot(network, recipe.with_changes(seed=seed), granted_threads(self.n_jobs))

    def _network(self, rows: Rows, recipe: Recipe, classes: NDArray[Any], before: Learned | None) -> Network:
        network = Network.for_task(rows.shape[1], recipe.hidden, len(classes))
        if before and network != before.network:
            raise UsageError(
                f"hidden_layer_sizes: a network {network}; expected {before.network}, whose training goes on"
            )
        return network

    def _known_classes(self, classes: ArrayLike | None) -> NDArray[Any]:
        """Return the classes of a partial fit: the first call's."""
        if self.class_weight == "balanced":
            raise UsageError(
                "class_weight: 'balanced' needs all rows at once; expected a dict with partial_fit"
            )
        if not self.__sklearn_is_fitted__():
            if classes is None:
                raise UsageError("classes: none given; expected all labels at the first call of partial_fit")
            return np.unique(np.asarray(classes))
        known: NDArray[Any] = self.classes_
        if classes is None or np.array_equal(given := np.unique(np.asarray(classes)), known):
            return known
        raise UsageError(f"classes: {listed(given)}; expected {listed(known)}, as at first")

    def _checked(
        self, data: ArrayLike, labels: ArrayLike, sample_weight: ArrayLike | None, reset: bool
    ) -> tuple[Rows, NDArray[Any], Doubles | None]:
        rows, y = validate_data(self, data, labels, dtype=ROW_TYPES, order="C", reset=reset)
        refuse_huge(rows)
        check_classification_targets(y)
        if sample_weight is None:
            return rows, y, None
        weights: Doubles = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
        if weights.shape != (len(rows),):
            raise UsageError(f"sample_weight: shape {weights.shape}; expected one a row: ({len(rows)},)")
        if weights.min() < 0:
            raise UsageError(f"sample_weight: {weights.min():g}; expected no weight below zero")
        if weights.max() == 0:
            raise UsageError("sample_weight: all weights are zero; expected one above it at least")
        return rows, y, weights

    def _examples(
        self,
        rows: Rows,
        labels: NDArray[np.int64],
        weights: Doubles | None,
        classes: NDArray[Any],
        before: Learned | None,
        relative: bool = True,
    ) -> tuple[Examples, Scale]:
        """Choose, count and normalise the rows of an epoch."""
        if len(classes) < 2:
            raise UsageError(f"y: one class, {classes[0]}; expected at least two classes")
        places, counts = taken_places(rows, labels, weights)
        if before:
            scale = before.scale
        else:
            scale = Scale.measured(rows, places, counts) if self.standardize else Scale.unchanged(rows)
        if self.class_weight is not None:
            counts = np.ones(len(rows)) if counts is None else counts
            each = compute_class_weight(self.class_weight, classes=classes, y=classes)
            if not (np.isfinite(each).all() and each.min() >= 0 and each.max() > 0):
                raise UsageError(
                    f"class_weight: {self.class_weight!r}; expected finite weights, none below zero and "
                    "one above it at least"
                )
            if self.class_weight == "balanced":
                each = 1 / np.bincount(labels[places], counts[places])
            counts = each[labels] * counts
        if counts is not None and relative:
            counts = counts / counts[places].mean()
        inputs, mean, std = scale.for_engine(rows)
        counted = None if counts is None else counts.astype(np.float32)
        return Examples(inputs, labels, mean, std, places=places, weights=counted), scale

    def _keep(self, classes: NDArray[Any], learned: Learned) -> Self:
        self.classes_ = classes
        self._learned = learned
        self.weights_ = learned.state.weights
        self.loss_curve_ = list(learned.losses)
        self.n_iter_ = len(learned.losses)
        return self

    def _logits(self, X: ArrayLike) -> Doubles:
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=ROW_TYPES, order="C", reset=False)
        refuse_huge(rows)
        learned: Learned = self._learned
        logits = learned.logits(rows, granted_threads(self.n_jobs))
        finite = np.isfinite(logits).all(axis=1)
        if not finite.all():
            raise UsageError(
                f"X: row {finite.argmin()} lies so far from the rows of the training that its logits are no "
                "finite numbers; expected rows on the same scale"
            )
        return logits
