"""Classifier that rehearses the future inside its training window and averages the additive fits that did best there.

Belongs here: candidate penalties and half-lives, the forward splits, the weights of the average, the level's drift.
Does not belong here: one fit (``solver``), columns to slots (``layout``), labels and their maturity (``validation``).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, column_or_1d
from threadpoolctl import threadpool_limits

from models.additive.estimator import _AdditiveModel, _weights
from models.additive.layout import Ints, Shape, pair_of, shapes_of
from models.additive.solver import Block, Design, Solution, design_of, inverse_spd, solve, solve_level, starts_of
from models.additive.tables import PAIR, AdditiveTables, Floats, dyadic, quantum_for

HALF_LIVES = (None, 0.5, 0.25, 0.1)  # as shares of the rows, so that it means the same for days and decades
RIDGES = (1.0, 4.0, 16.0, 64.0)
ALPHAS = (2.0, 20.0)
SOFTER = (1.0, 4.0, 16.0)  # times the penalties that the training rows themselves ask for
CUTS = (0.4, 0.55, 0.7, 0.85)
FEWEST = 10.0  # rows of each class, by weight, that either side of a cut must have
PRIOR_ROWS = 200.0  # rows at which the rehearsals weigh as much as the plain average of stiff fits
BAG = 10
GROUP_FOLDS = 3
# What stands in for rehearsals where rows are few, chosen on earlier parts of three training windows.
STIFF = (("fixed", 16.0, 20.0), ("learned", 1.0, 0.0), ("marginal", 10.0, 1.0), ("marginal", 10.0, 0.5))
LARGEST_PAIR = 30  # categories of a column that may enter a pair
PAIR_BINS = 4
SUSPICIOUS = 6.0  # log odds
FEWEST_SUSPECT = 8
PAIR_HALF_LIVES = (None, 0.5)
COHORTS = 10
LEVEL_STEPS = (0.0, *np.geomspace(1e-4, 1.0, 30).tolist())  # variance of a cohort's step, in log odds
USUAL_STEP = 0.05
LEVEL_PRIOR_ROWS = 20.0
MARGINAL = ((2.0, 2.0), (10.0, 10.0))  # ridge, alpha
DAMPED = (0.5, 1.0)
MARGINAL_HALF_LIVES = (None, 0.25)

Key = tuple[str, float, float, float | None, bool]


@dataclass(frozen=True)
class _Fits:
    """All candidates fitted on the same rows: shapes, and for every candidate the value of every slot."""

    shapes: list[Shape]
    slots: list[Ints]
    theta: dict[Key, Floats]

    def scores(self, frame: pd.DataFrame) -> dict[Key, Floats]:
        """Score of ``frame`` under every candidate."""
        blocks = [s.block(s.slots(frame)) for s in self.shapes]
        matrix = design_of(blocks, len(frame))
        return {key: np.asarray(matrix @ theta) for key, theta in self.theta.items()}

    def compiled(self, weights: Mapping[Key, float], frame: pd.DataFrame, y: Floats, weight: Floats) -> AdditiveTables:
        """Tables of the average on the rows it was fitted on, unrounded."""
        theta = sum((share * self.theta[key] for key, share in weights.items() if key in self.theta), np.zeros(1))
        blocks = [s.block(at) for s, at in zip(self.shapes, self.slots, strict=True)]
        values = [theta[a:b] for a, b in pairwise(starts_of(blocks))]
        values = _stand_ins(self, values, float(theta[0]), y, weight)
        terms = [
            s.term(v, at, weight, centred=s.is_numeric)
            for s, v, at in zip(self.shapes, values, self.slots, strict=True)
        ]
        terms = [t for t in terms if not t.columns[1:] or t.largest() > 0]
        # Rows whose categories are all known keep the score that was rehearsed.
        known = np.all([at >= 0 for at in self.slots], axis=0)
        known = known if (weight * known).sum() > 0 else np.ones(len(y), dtype=bool)
        gap = design_of(blocks, len(y)) @ theta - AdditiveTables(0.0, terms).score(frame)
        return AdditiveTables(float(np.average(gap[known], weights=weight[known])), terms)


class ForwardAdditiveClassifier(ClassifierMixin, _AdditiveModel):  # type: ignore[misc]
    """Additive classifier for pipelines that drift; one default for all of them.

    Many additive fits are tried: fixed penalties, penalties learned from the rows (each term its own, by Fellner and
    Schall's updates) and terms fitted each alone, old rows weighing less or not, with a few pairs or without. Each is rehearsed by
    forward splits: fitted on the rows before a cut, judged by log loss on all later rows, whose level is left free. The
    ones that do best together are averaged (Caruana's bagged selection). An average of tables is a table, so reasons
    stay exact. The level is followed through the cohorts to the youngest one (:func:`level_now`). The rehearsals tell by
    how much the later level was still missed each time; as much of that as is consistent is added to the intercept too.

    Parameters
    ----------
    categorical : sequence of str or int, optional
        Columns read as categories. None: text, categories and booleans are; so are objects without any value.
    monotone : mapping of str to {-1, 0, 1}, optional
        Direction of numeric features. A directed feature enters no pair.
    max_bins : int, default=24
        Bins of a numeric feature.
    min_bin_weight : float, default=2.0
        Summed weight below which a bin joins its neighbour and a category counts as unseen. Unseen contributes 0.
    max_pairs : int, default=3
        Pairs that may be tried; they are kept only as far as the rehearsals gain from them.
    cap_level : bool, default=False
        Add no more to the level than the last rehearsal missed. For registers that filled up at first and have settled
        since: without it, the level would be carried on falling.

    Attributes
    ----------
    classes_, intercept_, tables_, n_features_in_, feature_names_in_
        As in :class:`models.additive.AdditiveClassifier`.
    weights_ : dict
        Candidates (kind, ridge or factor, alpha or damping, half-life, with pairs) with their share in the average.
    rehearsals_ : list of dict
        Per cut: rows before and after, log loss of the average, and how far the level was off, in log odds.
    rehearsed_by_ : str
        "time" (forward splits), "groups" (folds of whole groups) or "none".
    rehearsed_ : list of (time, AdditiveTables)
        Per cut in time, what would have been compiled there, level included: judges what follows (``models.level``).
    level_shift_ : float
        What was added to the intercept for the drift of the level.
    level_spread_ : float or None
        How far off the level may be, in log odds (about one standard deviation): what the rehearsals missed beyond
        what was added for it, and the uncertainty of the youngest cohorts. None where nothing could be rehearsed.
    suspects_ : dict of str to (str or None, float)
        Columns whose absence nearly decides the outcome in some group, with the column that makes the group and the
        difference in log odds: as a rule a field that is filled or emptied when the case is closed. Such a column has no
        shape of its own, only a pair with the group, so the habit of one register is not carried to others. Drop it
        if it is not known on the day of scoring; nothing but the office can tell.

    Notes
    -----
    ``fit(X, y, time=...)`` orders rows by ``time`` (dates or numbers; equal times are never parted by a cut). Without
    ``time`` rows are taken in the order given. ``known``, on the scale of ``time``, says when each outcome was final: a
    rehearsal then learns only from rows known by its cut. Where fewer than two cuts leave 10 rows of each class on both
    sides, three folds of whole ``groups`` stand in for them, which tells nothing of drift: no half-life is tried.
    Without ``groups`` nothing can be rehearsed: the plain average of stiff fits without half-life is used.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from models.additive import ForwardAdditiveClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"visits": rng.poisson(2, 400), "source": rng.choice(["以企", "展会"], 400)})
    >>> y = rng.random(400) < 1 / (1 + np.exp(2 - X["visits"]))
    >>> model = ForwardAdditiveClassifier().fit(X, y, time=np.arange(400))
    >>> bool((model.explain(X).sum(axis=1) + model.intercept_ == model.decision_function(X)).all())
    True
    """

    def __init__(
        self,
        *,
        categorical: Sequence[str | int] | None = None,
        monotone: Mapping[str, int] | None = None,
        max_bins: int = 24,
        min_bin_weight: float = 2.0,
        max_pairs: int = 3,
        cap_level: bool = False,
    ) -> None:
        self.categorical = categorical
        self.monotone = monotone
        self.max_bins = max_bins
        self.min_bin_weight = min_bin_weight
        self.max_pairs = max_pairs
        self.cap_level = cap_level

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        time: Any = None,
        known: Any = None,
        groups: Any = None,
        level_weight: Any = None,
    ) -> Self:
        """Learn from rows ``X``, a binary target, optional weights, and the time, day of outcome and group of every row.

        ``level_weight`` is what a row weighs in the cohorts that the level is followed through, if not its weight: copies
        of one case in many cohorts are one case for the shapes, but each cohort has only one of them.
        """
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
            raise ValueError(
                f"{type(self).__name__} needs rows of both classes with a positive weight; found one class"
            )
        when = _ranks(time, len(frame))
        final = _ranks_known(time, known, when)
        fold = _folds(groups, len(frame))
        mass = weight if level_weight is None else _weights(level_weight, X, len(frame))
        # Oldest first, and rows of one time in an order of their own: sums then do not depend on how rows arrived.
        kept = np.flatnonzero(weight > 0)
        kept = kept[np.argsort(when[kept], kind="stable")]
        times = np.arange(len(frame)) if time is None else np.unique(np.asarray(time))
        with threadpool_limits(limits=1, user_api="blas"):
            return self._rehearse(
                frame.iloc[kept].reset_index(drop=True),
                target[kept],
                weight[kept],
                when[kept],
                final[kept],
                mass[kept],
                None if fold is None else fold[kept],
                times,
            )

    def _rehearse(
        self,
        frame: pd.DataFrame,
        y: Floats,
        weight: Floats,
        when: Ints,
        final_at: Ints,
        mass: Floats,
        fold: Ints | None,
        times: npt.NDArray[Any],
    ) -> Self:
        kinds, monotone = self._kinds(frame)
        self.suspects_ = _suspects(frame, y, weight, kinds)
        cuts = _cuts(y, weight, when, final_at)
        self.rehearsed_by_ = "time" if cuts else "none"
        if not cuts and fold is not None:
            cuts = _group_cuts(y, weight, fold)
            self.rehearsed_by_ = "groups" if cuts else "none"
        half_lives = HALF_LIVES if self.rehearsed_by_ == "time" else (None,)
        rehearsed, judged = [], []
        for early, late in cuts:
            fits = self._fit_all(
                frame[early].reset_index(drop=True), y[early], weight[early], when[early], kinds, monotone, half_lives
            )
            rehearsed.append(fits)
            judged.append((y[late], weight[late], fits.scores(frame[late])))
        final = self._fit_all(frame, y, weight, when, kinds, monotone, half_lives)
        self.weights_ = _averaging(list(final.theta), judged, float(weight.sum()))

        # The rehearsals of the level go the whole way: what would have been compiled at the cut scores the later rows.
        missed, self.rehearsals_ = [], []
        self.rehearsed_: list[tuple[Any, AdditiveTables]] = []
        for (early, late), fits in zip(cuts, rehearsed, strict=True):
            then = fits.compiled(self.weights_, frame[early], y[early], weight[early])
            now = level_now(then.score(frame[early]), y[early], mass[early], when[early])[0]
            eta = then.score(frame[late]) + now
            if self.rehearsed_by_ == "time":
                self.rehearsed_.append((times[when[late].min()], AdditiveTables(then.intercept + now, then.terms)))
            missed.append(solve_level(eta, y[late], weight[late], "logistic", prior_rows=LEVEL_PRIOR_ROWS))
            self.rehearsals_.append(
                {
                    "before": int(early.sum()),
                    "after": int(late.sum()),
                    "log_loss": round(_free_level_loss(y[late], weight[late], eta), 6),
                    "level_missed": round(missed[-1], 6),
                }
            )
        if self.rehearsed_by_ == "groups":
            missed = []
        tables = final.compiled(self.weights_, frame, y, weight)
        # Without a rehearsal there is no telling whether following the level helps: it stays.
        now, spread = level_now(tables.score(frame), y, mass, when) if cuts else (0.0, 0.0)
        added = _consistent_part(missed, float(weight.sum()), self.cap_level)
        self.level_shift_ = now + added
        rest = float(np.mean(np.square(np.array(missed) - added))) if missed else 0.0
        self.level_spread_ = float(np.sqrt(spread + rest)) if cuts else None
        rounded = AdditiveTables(tables.intercept + self.level_shift_, tables.terms).rounded()
        quantum = quantum_for(abs(rounded.intercept) + sum(t.largest() for t in rounded.terms))
        self.tables_ = AdditiveTables(float(dyadic(rounded.intercept, quantum)), rounded.terms)
        self.intercept_ = self.tables_.intercept
        return self

    def _kinds(self, frame: pd.DataFrame) -> tuple[dict[str, bool], dict[str, int]]:
        if self.max_bins < 2 or self.max_pairs < 0 or self.min_bin_weight < 0:
            raise ValueError("max_bins must be at least 2, max_pairs and min_bin_weight not negative")
        kinds = self._is_categorical(frame)
        monotone = dict(self.monotone or {})
        wrong = [f for f, sign in monotone.items() if f not in kinds or kinds[f] or sign not in (-1, 0, 1)]
        if wrong:
            raise ValueError(f"monotone needs numeric columns of X and a direction of -1, 0 or 1: {sorted(wrong)}")
        return kinds, monotone

    def _fit_all(
        self,
        frame: pd.DataFrame,
        y: Floats,
        weight: Floats,
        when: Ints,
        kinds: dict[str, bool],
        monotone: dict[str, int],
        half_lives: Sequence[float | None] = HALF_LIVES,
    ) -> _Fits:
        """Every candidate on these rows; bins and categories do not depend on the half-life, so averages are exact."""
        shapes = shapes_of(frame, weight, kinds, monotone, self.max_bins, self.min_bin_weight)
        if self.max_pairs:
            shapes = self._contained(frame, y, weight, kinds, shapes)
        slots = [s.slots(frame) for s in shapes]
        plain = _Ladder([s.block(at) for s, at in zip(shapes, slots, strict=True)], y)
        first = plain.solve(weight, [ALPHAS[1]] * len(shapes), [4.0] * len(shapes), None)
        pairs = (
            self._pairs(frame, shapes, y, expit(plain.design.matrix @ first.theta), weight) if self.max_pairs else []
        )
        pair_slots = [p.slots(frame) for p in pairs]
        blocks = [p.block(at) for p, at in zip(pairs, pair_slots, strict=True)]
        paired = _Ladder([*plain.blocks, *blocks], y) if pairs else plain

        theta: dict[Key, Floats] = {}
        room = paired.design.width - plain.design.width
        for half_life in half_lives:
            recent = weight * _recency(when, weight, half_life)
            for key, value in plain.candidates(recent, first.theta, RIDGES, ALPHAS, SOFTER):
                theta[(*key, half_life, False)] = np.concatenate([value, np.zeros(room)])
            if half_life in MARGINAL_HALF_LIVES:
                for key, value in plain.marginal(recent):
                    theta[(*key, half_life, False)] = np.concatenate([value, np.zeros(room)])
            if not self.max_pairs or half_life not in PAIR_HALF_LIVES:
                continue
            # Where no pair is found, the candidate is its own plain self: it must be there to be compared over all cuts.
            ladder, start = (paired, np.concatenate([first.theta, np.zeros(room)])) if pairs else (plain, first.theta)
            for key, value in ladder.candidates(recent, start, (4.0,), (2.0,), (1.0, 4.0)):
                theta[(*key, half_life, True)] = value
        return _Fits([*shapes, *pairs], [*slots, *pair_slots], theta)

    def _contained(
        self, frame: pd.DataFrame, y: Floats, weight: Floats, kinds: dict[str, bool], shapes: list[Shape]
    ) -> list[Shape]:
        """Let a suspect column speak only in the groups where it was seen to: its own shape gives way to a pair.

        A field that is emptied on closing is a habit of one register. Taken as an effect of its own it would be spread
        over groups that have no such habit, and over groups not seen yet.
        """
        by_name = {s.name: s for s in shapes}
        for name, (by, _odds) in _suspects(frame, y, weight, kinds).items():
            if by is None or by_name[name].direction or PAIR in name or PAIR in by:
                continue
            pair = pair_of(by_name[by], by_name[name], frame, weight, PAIR_BINS, self.min_bin_weight)
            shapes = [pair if s.name == name and s.partner is None else s for s in shapes]
        return shapes

    def _pairs(self, frame: pd.DataFrame, shapes: list[Shape], y: Floats, p: Floats, weight: Floats) -> list[Shape]:
        """Pairs of a category and another column whose cells hold most of what one shape a column leaves over.

        A cell that sums residuals R over curvature V gains R**2 / (V + 4) with a ridge of 4, of which V / (V + 4) is to be
        expected of noise.
        """
        found: list[tuple[float, str, Shape]] = []
        residual, spread = weight * (y - p), weight * p * (1 - p)
        for first in shapes:
            if (
                first.is_numeric
                or first.partner is not None
                or not 2 <= len(first.keys) <= LARGEST_PAIR
                or PAIR in first.name
            ):
                continue
            for second in shapes:
                if second.name == first.name or second.partner or second.direction or PAIR in second.name:
                    continue
                if not second.is_numeric and not 0 < int(frame[second.name].isna().sum()) < len(frame):
                    continue
                pair = pair_of(first, second, frame, weight, PAIR_BINS, self.min_bin_weight)
                slots = pair.slots(frame)
                inside = slots >= 0
                total = np.bincount(slots[inside], weights=residual[inside], minlength=pair.size)
                mass = np.bincount(slots[inside], weights=spread[inside], minlength=pair.size)
                gain = float(np.sum((total**2 - mass) / (mass + 4.0)))
                if pair.size >= 2 and gain > 0:
                    found.append((-gain, f"{pair.name}{PAIR}{pair.partner}", pair))
        return [pair for _, _, pair in sorted(found, key=lambda f: f[:2])[: self.max_pairs]]

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


class _Ladder:
    """Fits of the same rows and blocks under many penalties, each starting from the one before."""

    def __init__(self, blocks: list[Block], y: Floats) -> None:
        self.blocks, self.y = blocks, y
        self.design = Design(blocks, len(y))
        self.starts = self.design.starts

    def solve(self, weight: Floats, alpha: Any, ridge: Any, start: Floats | None) -> Solution:
        """One fit. A Newton step of 0.02 leaves about its square: far below what rehearsals can tell apart."""
        return solve(self.blocks, self.y, weight, "logistic", alpha, ridge, 30, 2e-2, start, self.design)

    def candidates(
        self, weight: Floats, start: Floats, ridges: Sequence[float], alphas: Sequence[float], softer: Sequence[float]
    ) -> list[tuple[tuple[str, float, float], Floats]]:
        """Fits under fixed penalties, and under learned ones times each of ``softer``."""
        n = len(self.blocks)
        out: list[tuple[tuple[str, float, float], Floats]] = []
        for ridge in ridges:
            for alpha in alphas:
                start = self.solve(weight, [alpha] * n, [ridge] * n, start).theta
                out.append((("fixed", ridge, alpha), start))
        alpha_each, ridge_each = self.learned_penalties(weight, start)
        for factor in softer:
            start = self.solve(weight, alpha_each * factor, ridge_each * factor, start).theta
            out.append((("learned", factor, 0.0), start))
        return out

    def marginal(self, weight: Floats) -> list[tuple[tuple[str, float, float], Floats]]:
        """Every block fitted as if it were alone, then summed, damped, and levelled, as a naive Bayes does.

        Wrong where columns repeat each other, but it has the least to learn: on few rows that can be worth more.
        """
        out: list[tuple[tuple[str, float, float], Floats]] = []
        for ridge, alpha in MARGINAL:
            alone = [_alone(block, self.y, weight, alpha, ridge) for block in self.blocks]
            theta = np.concatenate([np.zeros(1), *alone])
            for damped in DAMPED:
                level = solve_level(damped * (self.design.matrix @ theta), self.y, weight, "logistic", prior_rows=1e-6)
                out.append((("marginal", ridge, damped), np.concatenate([[level], damped * theta[1:]])))
        return out

    def learned_penalties(self, weight: Floats, theta: Floats) -> tuple[Floats, Floats]:
        """Stiffness or ridge of every block that the rows ask for: Fellner and Schall's update, six rounds.

        A ridge grows until the spread of a term's values is what that ridge expects, so columns of noise vanish and
        columns of many categories are smoothed together. Kept between 0.3 and 3,000 pseudo-rows.
        """
        alpha, ridge = np.full(len(self.blocks), 10.0), np.full(len(self.blocks), 10.0)
        for _ in range(6):
            found = solve(self.blocks, self.y, weight, "logistic", alpha, ridge, 6, 1e-2, theta, self.design)
            theta = found.theta
            inverse = inverse_spd(found.hessian + 1e-9 * np.eye(len(theta)))
            for j, block in enumerate(self.blocks):
                at = slice(self.starts[j], self.starts[j] + (block.n_ordered or block.n_free))
                values, variance = theta[at], inverse[at, at]
                if block.n_ordered:
                    rank = block.n_ordered - 1
                    if not rank:
                        continue
                    step = np.diff(np.eye(block.n_ordered), axis=0)
                    rough = rank * step.T @ step
                    # The inverse holds its upper triangle only; ``rough`` has no more than one diagonal beside its own.
                    used = float(np.trace(variance * rough) + 2 * np.trace(variance * rough, offset=1))
                    size = float(values @ rough @ values)
                    alpha[j] = np.clip(alpha[j] * max(rank / alpha[j] - used, 1e-3) / max(size, 1e-6), 0.3, 3000.0)
                else:
                    used, size = float(np.trace(variance)), float(values @ values)
                    free = max(block.n_free / ridge[j] - used, 1e-3)
                    ridge[j] = np.clip(ridge[j] * free / max(size, 1e-6), 0.3, 3000.0)
        return alpha, ridge


def _alone(block: Block, y: Floats, weight: Floats, alpha: float, ridge: float) -> Floats:
    """Values of a block fitted alone; rows of one slot are one row then, with a share of successes."""
    size = block.n_ordered + block.n_free
    slot = np.where(block.slots >= 0, block.slots, size)
    mass: Floats = np.bincount(slot, weights=weight, minlength=size + 1).astype(np.float64)
    landed = np.bincount(slot, weights=weight * y, minlength=size + 1)
    filled = np.flatnonzero(mass > 0)
    few = Block(np.where(filled < size, filled, -1), block.n_ordered, block.n_free, block.direction)
    share = np.asarray(landed[filled] / mass[filled], dtype=np.float64)
    found = solve([few], share, mass[filled], "logistic", alpha, ridge, 30, 1e-3)
    return np.concatenate(found.shapes or [np.empty(0)])


def _stand_ins(fits: _Fits, values: list[Floats], level: float, y: Floats, weight: Floats) -> list[Floats]:
    """Values against the constant that would best stand in for each term, which is then what an unseen category gets.

    The mean will not do: where one register has a shape of -7 for half of all rows, a register not seen yet would start
    out at a twentieth of its odds. Terms of many categories give way first, since whoever is new in a coarse column is
    new in the finer ones too. Columns of more than 30 categories keep their mean: there, new ones are the daily bread.
    """
    parts = [
        np.where(at >= 0, v[np.maximum(at, 0)], 0.0) if len(v) else np.zeros(len(y))
        for v, at in zip(values, fits.slots, strict=True)
    ]
    eta = level + np.sum(parts, axis=0)
    out = list(values)
    for j, shape in enumerate(fits.shapes):
        if not shape.is_numeric and shape.size > LARGEST_PAIR + 1 and shape.partner is None:
            held = fits.slots[j] >= 0
            out[j] = values[j] - float(np.average(parts[j][held], weights=weight[held])) if held.any() else values[j]
    order = [j for j, s in enumerate(fits.shapes) if not s.is_numeric and (s.partner or s.size <= LARGEST_PAIR + 1)]
    for j in sorted(order, key=lambda j: (-fits.shapes[j].size, j)):
        eta = eta - parts[j]
        constant = solve_level(eta, y, weight, "logistic", prior_rows=1e-6)
        eta = eta + constant
        out[j] = values[j] - constant
    return out


def _ranks(time: Any, n: int) -> Ints:
    """Times as 0, 1, 2 …, equal ones alike; the order of rows where there is no time."""
    if time is None:
        return np.arange(n)
    values = pd.Series(np.asarray(time) if not isinstance(time, pd.Series) else time.to_numpy())
    if len(values) != n:
        raise ValueError(f"time has {len(values)} entries, X has {n} rows")
    if values.isna().any():
        raise ValueError(f"time is missing for {int(values.isna().sum())} rows")
    return np.asarray(values.rank(method="dense").to_numpy(), dtype=np.intp) - 1


def _recency(when: Ints, weight: Floats, half_life: float | None) -> Floats:
    """Halving weights by the share of the rows (by weight) that are younger; rows of one time alike."""
    if half_life is None:
        return np.ones(len(when))
    mass = np.bincount(when, weights=weight)
    younger = (mass.sum() - np.cumsum(mass) + mass / 2) / mass.sum()
    return np.asarray(0.5 ** (younger[when] / half_life))


Side = npt.NDArray[np.bool_]


def _cuts(y: Floats, weight: Floats, when: Ints, final_at: Ints | None = None) -> list[tuple[Side, Side]]:
    """Rows to learn from before each cut, and rows after it; none if fewer than two cuts leave enough of both classes."""
    total = np.cumsum(weight) / weight.sum()
    found: dict[int, tuple[Side, Side]] = {}
    for share in CUTS:
        cut = int(when[min(int(np.searchsorted(total, share)), len(when) - 1)])
        early, late = (when < cut) if final_at is None else (when < cut) & (final_at <= cut), when >= cut
        if _are_enough(y, weight, early, late):
            found[cut] = early, late
    return list(found.values()) if len(found) >= 2 else []


def _are_enough(y: Floats, weight: Floats, *sides: Side) -> bool:
    return all(float(weight[side] @ label[side]) >= FEWEST for side in sides for label in (y, 1 - y))


def _group_cuts(y: Floats, weight: Floats, fold: Ints) -> list[tuple[Side, Side]]:
    """All other folds and the fold itself, if all have enough of both classes."""
    found = [(fold != k, fold == k) for k in range(GROUP_FOLDS)]
    return found if all(_are_enough(y, weight, *sides) for sides in found) else []


def _ranks_known(time: Any, known: Any, when: Ints) -> Ints:
    """First rank of time at which each outcome was known; right after its row where nothing is said."""
    if known is None:
        return when + 1
    if time is None or len(known) != len(when):
        raise ValueError("known needs time, and one entry a row")
    times, days = (np.asarray(v) for v in (time, known))
    if pd.isna(days).any():
        raise ValueError(f"known is missing for {int(pd.isna(days).sum())} rows")
    return np.maximum(when + 1, np.searchsorted(np.unique(times), days, side="left")).astype(np.intp)


def _folds(groups: Any, n: int) -> Ints | None:
    """Fold of every row by a checksum of its group: a group is always in the same fold."""
    if groups is None:
        return None
    if len(groups) != n:
        raise ValueError(f"groups has {len(groups)} entries, X has {n} rows")
    codes, names = pd.factorize(np.asarray(groups, dtype=object))
    return np.array([zlib.crc32(str(name).encode()) % GROUP_FOLDS for name in names], dtype=np.intp)[codes]


def _free_level_loss(y: Floats, weight: Floats, eta: Floats) -> float:
    """Log loss with the level that suits best: shapes are judged here, the level's drift is another matter."""
    eta = eta + solve_level(eta, y, weight, "logistic", prior_rows=1e-6, tol=1e-5)
    return float(weight @ (np.logaddexp(0.0, eta) - y * eta) / weight.sum())


def _averaging(keys: list[Key], judged: list[tuple[Floats, Floats, dict[Key, Floats]]], n: float) -> dict[Key, float]:
    """Share of every candidate: chosen one by one, with replacement, by the mean loss of the average so far.

    A single best candidate is a gamble: over 14 nested rehearsals on three pipelines the bag of ten was better than it by
    0.001 in log loss. The bag gives way to the plain average of stiff fits where rows are few.
    """
    stiff = [k for k in keys if k[3] is None and not k[4] and k[:3] in STIFF]
    shares = dict.fromkeys(keys, 0.0)
    prior = PRIOR_ROWS / (PRIOR_ROWS + n) if judged else 1.0
    for key in stiff:
        shares[key] += prior / len(stiff)
    if judged:
        common = [k for k in keys if all(k in scores for _, _, scores in judged)]
        sums = [np.zeros(len(y)) for y, _, _ in judged]
        for taken in range(BAG):
            losses = [
                sum(
                    _free_level_loss(y, w, (total + scores[key]) / (taken + 1))
                    for (y, w, scores), total in zip(judged, sums, strict=True)
                )
                for key in common
            ]
            best = common[int(np.argmin(np.round(losses, 9)))]
            shares[best] += (1.0 - prior) / BAG
            sums = [total + scores[best] for (_, _, scores), total in zip(judged, sums, strict=True)]
    return {key: share for key, share in shares.items() if share > 0}


def level_now(eta: Floats, y: Floats, weight: Floats, when: Ints) -> tuple[float, float]:
    """By how much the level has moved away from ``eta`` at the end of the rows (oldest first), and its variance.

    Cohorts of a tenth of the rows each have a level of their own; between cohorts it takes a random step. Kalman's filter
    follows it, for steps of many sizes, which are averaged by how likely they make the cohorts (large steps are less
    likely at the outset: :data:`USUAL_STEP`). Where levels only seem to move, nothing happens; where they move a lot,
    the youngest cohorts count most.
    """
    mass = np.bincount(when, weights=weight)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    slice_of = np.minimum((middle * COHORTS).astype(np.intp), COHORTS - 1)[when]
    levels, variances = [], []
    for cohort in np.unique(slice_of):
        at = slice_of == cohort
        level = solve_level(eta[at], y[at], weight[at], "logistic", prior_rows=1.0)
        p = expit(eta[at] + level)
        levels.append(level)
        variances.append(1.0 / (float(weight[at] @ (p * (1 - p))) + 0.25))
    found = []
    for step in LEVEL_STEPS:
        state, variance, likelihood = levels[0], variances[0], -np.log1p(step / USUAL_STEP)
        for level, noise in zip(levels[1:], variances[1:], strict=True):
            variance += step
            total = variance + noise
            likelihood -= 0.5 * (np.log(total) + (level - state) ** 2 / total)
            state += variance / total * (level - state)
            variance *= noise / total
        found.append((likelihood, state, variance))
    likelihoods, states, spreads = np.array(found).T
    share = np.exp(likelihoods - likelihoods.max())
    share /= share.sum()
    mean = float(share @ states)
    return mean, float(share @ (spreads + (states - mean) ** 2))


def _consistent_part(missed: list[float], n: float, is_capped: bool = False) -> float:
    """Mean of the levels missed, shrunk by its own uncertainty; later rows overlap, so it counts as two cuts only.

    Capped, it is never more than the last rehearsal missed, which is the nearest to now.
    """
    if len(missed) < 2:
        return 0.0
    mean, variance = float(np.mean(missed)), float(np.var(missed, ddof=1)) / 2
    shrunk = mean * max(0.0, 1.0 - variance / mean**2) if mean else 0.0
    shrunk *= n / (n + LEVEL_PRIOR_ROWS)
    if not is_capped:
        return shrunk
    sign = float(np.sign(mean))
    return sign * max(0.0, min(abs(shrunk), sign * missed[-1]))


def _suspects(
    frame: pd.DataFrame, y: Floats, weight: Floats, kinds: Mapping[str, bool]
) -> dict[str, tuple[str | None, float]]:
    """Columns whose absence decides the outcome in some group of 8 absent and 8 present rows or more.

    Told with the coarsest column whose categories are such groups; None where it only does so over all rows. The
    limit of 6 in log odds is 400 to 1, with shares 0.8 apart; the leaking column of the power queues has 10.9.
    """
    named = [(c, np.asarray(pd.factorize(frame[c])[0], dtype=np.intp) + 1) for c, category in kinds.items() if category]
    groups: list[tuple[str | None, Ints]] = [*sorted(named, key=lambda g: int(g[1].max()))]
    groups.append((None, np.zeros(len(frame), dtype=np.intp)))
    found: dict[str, tuple[str | None, float]] = {}
    for name in frame.columns:
        absent = frame[name].isna().to_numpy()
        if not FEWEST_SUSPECT <= absent.sum() <= len(absent) - FEWEST_SUSPECT:
            continue
        for by, group in groups:
            if by == name:
                continue
            count = [
                np.bincount(group[side], weights=(weight * label)[side], minlength=int(group.max()) + 1)
                for side in (absent, ~absent)
                for label in (y, 1 - y)
            ]
            here, there = count[0] + count[1], count[2] + count[3]
            gap = np.abs(count[0] / np.maximum(here, 1) - count[2] / np.maximum(there, 1))
            enough = (here >= FEWEST_SUSPECT) & (there >= FEWEST_SUSPECT) & (gap >= 0.8)
            odds = np.log((count[0] + 0.5) / (count[1] + 0.5)) - np.log((count[2] + 0.5) / (count[3] + 0.5))
            worst = float(np.max(np.abs(odds), where=enough, initial=0.0))
            if worst > SUSPICIOUS:
                found[str(name)] = (by, round(worst, 2))
                break
    return found
