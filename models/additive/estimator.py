"""Additive classifier and regressor in the scikit-learn contract.

Belongs here: validation of inputs, binning, turning a solution into exact tables.
Does not belong here: the solver (``solver``), what tables can do (``tables``), anything that knows leads or money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)
from threadpoolctl import threadpool_limits

from models.additive.layout import centred_terms, shapes_of
from models.additive.solver import solve, solve_level
from models.additive.tables import (
    AdditiveTables,
    Floats,
    as_frame,
    dyadic,
    is_numeric_column,
    quantum_for,
)


class _AdditiveModel(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor share."""

    def __init__(
        self,
        *,
        categorical: Sequence[str | int] | None = None,
        monotone: Mapping[str, int] | None = None,
        max_bins: int = 24,
        min_bin_weight: float = 5.0,
        alpha: float = 3.0,
        ridge: float = 3.0,
        straight_held: float = 1.0,
        max_iter: int = 100,
        tol: float = 1e-9,
    ) -> None:
        self.categorical = categorical
        self.monotone = monotone
        self.max_bins = max_bins
        self.min_bin_weight = min_bin_weight
        self.alpha = alpha
        self.ridge = ridge
        self.straight_held = straight_held
        self.max_iter = max_iter
        self.tol = tol

    def _read(self, X: Any, *, reset: bool) -> pd.DataFrame:
        if not isinstance(X, pd.DataFrame):
            X = check_array(X, dtype=None, ensure_all_finite=False, estimator=self)
        elif X.shape[0] == 0 or X.shape[1] == 0:
            raise ValueError(
                f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s); 1 of each is required."
            )
        validate_data(self, X, reset=reset, skip_check_array=True)
        # Columns without text names (arrays, frames numbered 0..n) go by position, so both give the same model.
        names = getattr(self, "feature_names_in_", None)
        frame = as_frame(X, []) if isinstance(X, pd.DataFrame) else pd.DataFrame(dict(enumerate(X.T)))
        frame = frame.set_axis(
            [str(n) for n in names] if names is not None else [f"x{i}" for i in range(X.shape[1])], axis=1
        )
        if not frame.columns.is_unique:
            raise ValueError("column names must be unique")
        return frame

    def _is_categorical(self, frame: pd.DataFrame) -> dict[str, bool]:
        if self.categorical is None:
            # An object column without any value may hold text on the day of scoring; read as a number it would fail.
            return {
                str(name): not is_numeric_column(column) or (column.dtype == object and not column.notna().any())
                for name, column in frame.items()
            }
        named = {frame.columns[c] if isinstance(c, (int, np.integer)) else str(c) for c in self.categorical}
        unknown = named - set(frame.columns)
        if unknown:
            raise ValueError(f"categorical names columns that X does not have: {sorted(unknown)}")
        return {name: name in named for name in frame.columns}

    def _fit_tables(
        self,
        frame: pd.DataFrame,
        target: Floats,
        weight: Floats,
        loss: Literal["logistic", "squared", "quantile"],
        quantile: float = 0.5,
    ) -> Self:
        if self.max_bins < 2 or self.alpha < 0 or not self.ridge > 0:
            raise ValueError("max_bins must be at least 2, alpha not negative, ridge positive")
        if not 0 < self.straight_held <= 1:
            raise ValueError("straight_held must lie above 0 and not above 1")
        monotone = dict(self.monotone or {})
        categorical = self._is_categorical(frame)
        wrong = [f for f, sign in monotone.items() if f not in categorical or categorical[f] or sign not in (-1, 0, 1)]
        if wrong:
            raise ValueError(f"monotone needs numeric columns of X and a direction of -1, 0 or 1: {sorted(wrong)}")

        shapes = shapes_of(frame, weight, categorical, monotone, self.max_bins, self.min_bin_weight, self.straight_held)
        slots = [s.slots(frame) for s in shapes]
        blocks = [s.block(at) for s, at in zip(shapes, slots, strict=True)]

        # Systems of a few hundred unknowns: BLAS threads only wait for each other (3.9 s instead of 10.2 s for a landing
        # run on two idle cores, 42 s on busy ones), and one thread gives the same bits on any number of cores.
        with threadpool_limits(limits=1, user_api="blas"):
            solution = solve(
                blocks, target, weight, loss, self.alpha, self.ridge, self.max_iter, self.tol, quantile=quantile
            )
        self.n_iter_ = solution.n_iter

        # The level is solved again after centring and rounding: the mean prediction over the training rows is the mean
        # outcome, whatever pooling of rare categories and rounding did.
        terms = centred_terms(shapes, solution.shapes, slots, weight)
        rounded = AdditiveTables(solution.intercept, terms).rounded()
        level = solve_level(rounded.score(frame) - rounded.intercept, target, weight, loss, quantile=quantile)
        quantum = quantum_for(abs(level) + sum(t.largest() for t in rounded.terms))
        self.tables_ = AdditiveTables(float(dyadic(level, quantum)), rounded.terms)
        self.intercept_ = self.tables_.intercept
        return self

    def _score(self, X: Any) -> Floats:
        check_is_fitted(self, "tables_")
        return self.tables_.score(self._read(X, reset=False))

    def explain(self, X: Any) -> pd.DataFrame:
        """Contribution of every term, one column a term; row sum plus ``intercept_`` is the score, bit for bit."""
        check_is_fitted(self, "tables_")
        frame = self.tables_.contributions(self._read(X, reset=False))
        return frame.set_axis(X.index, axis=0) if isinstance(X, pd.DataFrame) else frame

    def to_tables(self) -> pd.DataFrame:
        """Tidy table of the model; :func:`models.additive.from_tables` reads it back."""
        check_is_fitted(self, "tables_")
        return self.tables_.to_tables()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _weights(sample_weight: Any, X: Any, n_rows: int) -> Floats:
    if sample_weight is None:
        return np.ones(n_rows)
    weight = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64), dtype=np.float64)
    if (weight < 0).any():
        raise ValueError("sample_weight must not be negative")
    if not weight.sum() > 0:
        raise ValueError("sample_weight must not be zero for every row")
    return weight


class AdditiveClassifier(ClassifierMixin, _AdditiveModel):  # type: ignore[misc]
    """Penalised logistic regression over bins and categories: a sum of one shape per feature.

    Numbers are cut into about equally heavy bins plus one bin for missing values; a penalty on the differences of
    neighbouring bins keeps shapes stiff. Categories are shrunk to 0; rare and unseen ones contribute 0.

    Parameters
    ----------
    categorical : sequence of str or int, optional
        Columns read as categories. None: text, categories and booleans are, and objects without any value; objects holding
        only numbers are not.
    monotone : mapping of str to {-1, 0, 1}, optional
        Direction of numeric features; enforced while fitting. Missing values stay outside the order.
    max_bins : int, default=24
        Bins of a numeric feature.
    min_bin_weight : float, default=5.0
        Summed sample weight below which a bin joins its neighbour and a category counts as unseen.
    alpha : float, default=3.0
        Stiffness: weight of the squared differences of neighbouring bins, scaled so that it means the same for any
        number of bins (a rise of r spread evenly from end to end costs alpha * r**2 / 2).
    ridge : float, default=3.0
        Shrinkage of categories and of missing, in pseudo-rows; a trace of it fixes the level of numeric shapes.
    straight_held : float, default=1.0
        Share of the stiffness that holds back a straight line over log1p of a number. At 1 there is no straight part:
        every rise is held back, by bin. Near 0 only what departs from the line is, and bins of equal width on that scale
        are added to the equally heavy ones; what comes out is a table of steps all the same.
    max_iter : int, default=100
        Newton steps at most.
    tol : float, default=1e-9
        Largest change of a parameter at which the solver stops.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Labels; the score is the log odds of the second.
    intercept_ : float
        Log odds of a row whose contributions are all 0.
    tables_ : AdditiveTables
        The compiled model.
    n_iter_ : int
        Newton steps taken.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of str
        Names of the columns, when ``X`` had them.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from models.additive import AdditiveClassifier, from_tables
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"visits": rng.poisson(2, 400), "source": rng.choice(["以企", "展会"], 400)})
    >>> y = rng.random(400) < 1 / (1 + np.exp(2 - X["visits"]))
    >>> model = AdditiveClassifier(monotone={"visits": 1}).fit(X, y)
    >>> bool((model.explain(X).sum(axis=1) + model.intercept_ == model.decision_function(X)).all())
    True
    >>> bool((from_tables(model.to_tables()).score(X) == model.decision_function(X)).all())
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn shapes from rows ``X``, a binary target and optional weights."""
        frame = self._read(X, reset=True)
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        weight = _weights(sample_weight, X, len(frame))
        target = codes.astype(np.float64)
        if len(self.classes_) < 2 or not 0 < float(weight @ target) < float(weight.sum()):
            raise ValueError("AdditiveClassifier needs rows of both classes with a positive weight; found one class")
        return self._fit_tables(frame, target, weight, "logistic")

    def decision_function(self, X: Any) -> Floats:
        """Log odds of ``classes_[1]``."""
        return self._score(X)

    def predict_proba(self, X: Any) -> Floats:
        """Probability of both classes."""
        p = expit(self._score(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """More probable class."""
        score = self._score(X)
        return np.asarray(self.classes_[(score > 0).astype(np.intp)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class AdditiveRegressor(RegressorMixin, _AdditiveModel):  # type: ignore[misc]
    """Penalised least squares, or quantile regression, over bins and categories: a sum of one shape per feature.

    Loss and penalty are in units of the target's variance, so that ``alpha`` and ``ridge`` mean the same in any unit.
    Values are multiples of 2**-24: bring targets far below 1e-4 to a sensible unit first.

    Parameters
    ----------
    categorical, monotone, max_bins, min_bin_weight, alpha, ridge, straight_held, max_iter, tol
        As in :class:`AdditiveClassifier`.
    quantile : float, optional
        Predict this quantile instead of the mean: pinball loss, rounded off over a tenth of the target's spread around its
        kink. As many of the training rows as it says lie at or below the prediction.

    Attributes
    ----------
    intercept_ : float
        Prediction for a row whose contributions are all 0.
    tables_ : AdditiveTables
        The compiled model.
    n_iter_, n_features_in_, feature_names_in_
        As in :class:`AdditiveClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from models.additive import AdditiveRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(300, 2))
    >>> model = AdditiveRegressor(alpha=0.1).fit(X, 3 * X[:, 0] + rng.normal(size=300) / 10)
    >>> model.score(X, 3 * X[:, 0]) > 0.9
    True
    """

    def __init__(
        self,
        *,
        categorical: Sequence[str | int] | None = None,
        monotone: Mapping[str, int] | None = None,
        max_bins: int = 24,
        min_bin_weight: float = 5.0,
        alpha: float = 3.0,
        ridge: float = 3.0,
        straight_held: float = 1.0,
        quantile: float | None = None,
        max_iter: int = 100,
        tol: float = 1e-9,
    ) -> None:
        super().__init__(
            categorical=categorical,
            monotone=monotone,
            max_bins=max_bins,
            min_bin_weight=min_bin_weight,
            alpha=alpha,
            ridge=ridge,
            straight_held=straight_held,
            max_iter=max_iter,
            tol=tol,
        )
        self.quantile = quantile

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn shapes from rows ``X``, a numeric target and optional weights."""
        frame = self._read(X, reset=True)
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        target = np.asarray(check_array(y, ensure_2d=False, dtype=np.float64, input_name="y"), dtype=np.float64)
        weight = _weights(sample_weight, X, len(frame))
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise ValueError("quantile must lie between 0 and 1")
        if self.quantile is None:
            return self._fit_tables(frame, target, weight, "squared")
        return self._fit_tables(frame, target, weight, "quantile", self.quantile)

    def predict(self, X: Any) -> Floats:
        """Predicted target."""
        return self._score(X)
