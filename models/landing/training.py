"""Train the landing model as it could have been trained on a given day, test it on what came after, refit, compile.

Belongs here: the order of the steps, the choice of stiffness and half-life, the correction of level and slope.
Does not belong here: SQL features, the estimator (``models.additive``), the verdict's wording (``evaluation``), saving.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from models.additive.estimator import AdditiveClassifier
from models.additive.solver import solve_level
from models.additive.tables import AdditiveTables
from models.landing.evaluation import evaluate_holdout, verdict
from models.landing.features import age_days, check_frames, labels_known_on, matrix, open_pairs, to_date
from models.landing.settings import LandingSettings
from models.validation.metrics import log_loss
from models.validation.splits import as_days, forward_cutoffs

Floats = npt.NDArray[np.float64]

FEWEST_PER_CLASS = 20  # leads of each class below which a forward split says nothing


@dataclass(frozen=True)
class LandingRun:
    """What one training leaves behind; ``probability = sigmoid(sum of tables)``.

    ``kind`` is 'model', or 'rule' when labels are too few or skill is not proven; ``report`` is JSON-able and says why.
    """

    kind: str
    tables: pd.DataFrame
    report: dict[str, Any]
    feature_labels: dict[str, str] = field(default_factory=dict)

    def compiled(self) -> AdditiveTables:
        """The tables as an object that scores and explains."""
        from models.additive.tables import from_tables

        return from_tables(self.tables)


@dataclass(frozen=True)
class _Candidate:
    alpha: float
    half_life_days: float | None


@dataclass(frozen=True)
class _Fold:
    """Out-of-time scores of one cut, kept to measure slope."""

    logit: Floats
    y: Floats
    weight: Floats


@dataclass(frozen=True)
class _Cut:
    """Train on labels known on ``day`` (only rows ``among``, if given), test on the rows ``test``."""

    day: dt.date
    among: npt.NDArray[np.bool_] | None
    test: npt.NDArray[np.bool_]


class _Rehearsal:
    """Pairs and outcomes, with training as of any day."""

    def __init__(self, pairs: pd.DataFrame, outcomes: pd.DataFrame, settings: LandingSettings) -> None:
        self.pairs, self.outcomes, self.settings = pairs, outcomes, settings
        self.tried: list[dict[str, Any]] = []

    def labels(self, day: dt.date) -> pd.DataFrame:
        return labels_known_on(self.pairs, self.outcomes, day, self.settings)

    def recency(self, rows: npt.NDArray[np.intp], day: dt.date, half_life_days: float | None) -> Floats:
        age = age_days(self.pairs.iloc[rows], day)
        # Counted from the youngest usable row: with a one-year horizon every label is a year old at least, and halving
        # for that year would only make all rows lighter against the penalties.
        age = age - age.min()
        return np.ones(len(rows)) if half_life_days is None else np.asarray(0.5 ** (age / half_life_days))

    def train(
        self, day: dt.date, chosen: _Candidate, slope: float = 1.0, among: npt.NDArray[np.bool_] | None = None
    ) -> AdditiveTables:
        """Tables that would have been trained on ``day``, with slope and level corrected."""
        settings = self.settings
        labels = self.labels(day)
        usable = labels["label"].notna().to_numpy()
        rows = np.flatnonzero(usable if among is None else usable & among)
        y = labels["label"].to_numpy()[rows]
        weight = labels["weight"].to_numpy()[rows] * self.recency(rows, day, chosen.half_life_days)
        model = AdditiveClassifier(
            categorical=list(settings.categorical),
            monotone=settings.monotone,
            max_bins=settings.max_bins,
            alpha=chosen.alpha,
            ridge=settings.ridge,
        )
        x = matrix(self.pairs.iloc[rows], settings)
        tables: AdditiveTables = model.fit(x, y, sample_weight=weight).tables_
        return self.levelled(tables.recalibrated(slope, 0.0), rows, y, labels["weight"].to_numpy()[rows])

    def levelled(self, tables: AdditiveTables, rows: npt.NDArray[np.intp], y: Floats, weight: Floats) -> AdditiveTables:
        """Shift the intercept so that the youngest matured cohorts come out right on average.

        Base rates move while shapes stay: the intercept learned over years lags. The shift is shrunk as if
        ``level_prior_rows`` rows said that none is needed.
        """
        days = as_days(self.pairs["as_of_date"].iloc[rows])
        young = days > days.max() - np.timedelta64(self.settings.level_window_days, "D")
        if not 0 < float(weight[young] @ y[young]) < float(weight[young].sum()):
            return tables
        score = tables.score(matrix(self.pairs.iloc[rows[young]], self.settings))
        shift = solve_level(score, y[young], weight[young], "logistic", prior_rows=self.settings.level_prior_rows)
        return tables.recalibrated(1.0, shift)

    def enough(self, rows: npt.NDArray[np.bool_], y: Floats) -> bool:
        """Whether both classes have :data:`FEWEST_PER_CLASS` leads among ``rows``."""
        lead = self.pairs["lead_id"].to_numpy()
        return all(pd.unique(lead[rows & (y == c)]).size >= FEWEST_PER_CLASS for c in (0.0, 1.0))

    def test_rows(self, start: np.datetime64, end: np.datetime64 | None, y: Floats) -> npt.NDArray[np.bool_]:
        """Labelled rows from ``start`` on, before ``end``."""
        days = as_days(self.pairs["as_of_date"])
        before = days < end if end is not None else np.ones(len(days), dtype=bool)
        return np.asarray((days >= start) & before & ~np.isnan(y))

    def choose(self, last: dt.date) -> tuple[_Candidate, list[_Fold], str, list[dict[str, Any]]]:
        """Stiffness and half-life with the lowest log loss, from data known on ``last`` only.

        Forward splits: each trains on labels known on its cut, tests on later rows whose labels were known by ``last``.
        With a one-year horizon they need about six years of history. Where it is shorter, stiffness is chosen over
        folds of whole leads, which says nothing about drift: the half-life then stays at its default. The third value
        returned says which it was.
        """
        settings = self.settings
        labels = self.labels(last)
        y = labels["label"].to_numpy()
        weight = labels["weight"].to_numpy()
        alphas = [float(a) for a in settings.candidate_alphas]
        folds = self.forward_folds(y)
        if folds:
            candidates = [_Candidate(a, h) for a in alphas for h in settings.candidate_half_lives_days]
            return *self.compare(candidates, folds, y, weight), "forward_splits", self.tried
        folds = self.lead_folds(y, last)
        if folds:
            candidates = [_Candidate(a, settings.default_half_life_days) for a in alphas]
            return *self.compare(candidates, folds, y, weight), "lead_folds", self.tried
        return _Candidate(settings.default_alpha, settings.default_half_life_days), [], "default", []

    def forward_folds(self, y: Floats) -> list[_Cut]:
        """As many forward splits, up to the setting, as have enough leads on both sides; a lone one comes last."""
        usable = ~np.isnan(y)
        days = as_days(self.pairs["as_of_date"])[usable]
        for n_splits in range(self.settings.n_forward_splits, 0, -1):
            cuts = forward_cutoffs(days, n_splits, 0.5)
            folds = []
            for i, cut in enumerate(cuts):
                test = self.test_rows(cut, cuts[i + 1] if i + 1 < len(cuts) else None, y)
                known = self.labels(to_date(cut))["label"].to_numpy()
                if self.enough(test, y) and self.enough(~np.isnan(known), known):
                    folds.append(_Cut(to_date(cut), None, test))
            if len(folds) >= min(2, n_splits):
                return folds
        return []

    def lead_folds(self, y: Floats, last: dt.date) -> list[_Cut]:
        """Three folds of whole leads, by a checksum of the id: the same lead is always in the same fold."""
        fold = self.pairs["lead_id"].map(lambda lead: zlib.crc32(str(lead).encode()) % 3).to_numpy()
        usable = ~np.isnan(y)
        cuts = [_Cut(last, fold != k, usable & (fold == k)) for k in range(3)]
        return cuts if all(self.enough(c.test, y) for c in cuts) else []

    def compare(
        self, candidates: list[_Candidate], cuts: list[_Cut], y: Floats, weight: Floats
    ) -> tuple[_Candidate, list[_Fold]]:
        """Candidate with the lowest mean log loss over ``cuts``, and its scores; ties go to the earlier one."""
        self.tried = []
        best: tuple[float, _Candidate, list[_Fold]] | None = None
        for candidate in candidates:
            scored = []
            for cut in cuts:
                score = self.train(cut.day, candidate, among=cut.among).score(
                    matrix(self.pairs[cut.test], self.settings)
                )
                scored.append(_Fold(score, y[cut.test], weight[cut.test]))
            loss = float(np.mean([log_loss(f.y, expit(f.logit), f.weight) for f in scored]))
            entry = {"alpha": candidate.alpha, "half_life_days": candidate.half_life_days, "log_loss": round(loss, 6)}
            self.tried.append(entry)
            if best is None or loss < best[0] - 1e-9:
                best = (loss, candidate, scored)
        if best is None:
            raise ValueError("candidate_alphas：至少要有一个候选")
        return best[1], best[2]


def train_landing(
    features: pd.DataFrame, outcomes: pd.DataFrame, data_through: dt.date, settings: LandingSettings
) -> LandingRun:
    """Train, test out of time, refit on everything matured, and compile; or fall back to the rule and say why.

    Parameters
    ----------
    features : DataFrame
        One row per (lead_id, as_of_date) with ``is_open`` and every feature of the settings.
    outcomes : DataFrame
        Long: lead_id, stage, reached_date, known_date.
    data_through : date
        Last day of data; later outcomes are not looked at.
    """
    check_frames(features, outcomes, settings)
    pairs = open_pairs(features)
    pairs = pairs[as_days(pairs["as_of_date"]) <= np.datetime64(data_through)].reset_index(drop=True)
    rehearsal = _Rehearsal(pairs, outcomes, settings)
    labels = rehearsal.labels(data_through)
    y = labels["label"].to_numpy()
    usable = ~np.isnan(y)
    report = _describe(pairs, y, usable, data_through, settings)
    reasons: list[str] = []
    if report["landed_lead_count"] < settings.minimum_landed:
        reasons.append(f"已落地线索 {report['landed_lead_count']} 条，不足 {settings.minimum_landed} 条")
    if report["not_landed_lead_count"] < settings.minimum_not_landed:
        reasons.append(
            f"观察期满未落地线索 {report['not_landed_lead_count']} 条，不足 {settings.minimum_not_landed} 条"
        )
    if reasons:
        return _rule(report, reasons, settings)

    cut = forward_cutoffs(as_days(pairs["as_of_date"])[usable], 1, settings.holdout_share)
    day = to_date(cut[0]) if cut else data_through
    test = rehearsal.test_rows(cut[0], None, y) if cut else np.zeros(len(pairs), dtype=bool)
    known = rehearsal.labels(day)
    known_y = known["label"].to_numpy()
    if not rehearsal.enough(test, y) or not rehearsal.enough(~np.isnan(known_y), known_y):
        reasons.append(
            f"历史太短：检验起点 {day} 之前（已成熟）或之后，两类线索不足 {FEWEST_PER_CLASS} 条，无法做样本外检验"
        )
        return _rule(report, reasons, settings)

    chosen, folds, chosen_by, tried = rehearsal.choose(day)
    slope = _slope(folds)
    before = rehearsal.train(day, chosen, slope)
    x = matrix(pairs[test], settings)
    score = before.score(x)
    trained = ~np.isnan(known_y)
    base_rate = float(np.average(known_y[trained], weights=known["weight"].to_numpy()[trained]))
    weight = labels["weight"].to_numpy()[test]
    holdout = evaluate_holdout(
        y[test],
        expit(score),
        np.full(int(test.sum()), base_rate),
        expit(settings.rule.score(x)),
        pairs["lead_id"].to_numpy()[test],
        weight,
        settings.bootstrap_resamples,
    )
    reasons = verdict(holdout)
    # The hold-out is one more out-of-time fold: the slope of the refit may learn from it, its verdict stays as it was.
    # Scores are taken back to the slope of 1 first, since that is what a slope is measured against.
    raw = before.intercept + (score - before.intercept) / slope
    final_slope = _slope([*folds, _Fold(raw, y[test], weight)])
    report.update(
        chosen={"alpha": chosen.alpha, "half_life_days": chosen.half_life_days, "by": chosen_by, "tried": tried},
        holdout={
            "from": str(day),
            "train_row_count": int(trained.sum()),
            "row_count": int(test.sum()),
            "lead_count": int(pairs.loc[test, "lead_id"].nunique()),
            "base_rate_known_then": round(base_rate, 6),
            "base_rate": round(float(np.average(y[test], weights=weight)), 6),
            "slope": round(slope, 6),
            **holdout,
        },
        slope=round(final_slope, 6),
    )
    if reasons:
        return _rule(report, reasons, settings)
    final = rehearsal.train(data_through, chosen, final_slope)
    report["terms"] = _importance(final, matrix(pairs[usable], settings), settings)
    report.update(kind="model", label="落地概率", passed=True, reasons=[])
    return LandingRun("model", final.to_tables(), report, settings.feature_labels)


def _describe(
    pairs: pd.DataFrame, y: Floats, usable: npt.NDArray[np.bool_], data_through: dt.date, settings: LandingSettings
) -> dict[str, Any]:
    lead = pairs["lead_id"]
    landed = set(lead[y == 1])
    seen = pd.to_datetime(pairs.loc[usable, "as_of_date"])
    return {
        "task": "landing",
        "milestone": settings.milestone,
        "horizon_days": settings.horizon_days,
        "censoring": settings.censoring,
        "data_through": str(data_through),
        "row_count": int(usable.sum()),
        "lead_count": int(lead[usable].nunique()),
        "landed_lead_count": len(landed),
        "not_landed_lead_count": len(set(lead[y == 0]) - landed),
        "undecided_row_count": int((~usable).sum()),
        "window": [str(seen.min().date()), str(seen.max().date())] if len(seen) else None,
        "base_rate": round(float(y[usable].mean()), 6) if usable.any() else None,
        "holdout": None,
        "chosen": None,
    }


def _rule(report: dict[str, Any], reasons: list[str], settings: LandingSettings) -> LandingRun:
    report.update(
        kind="rule", label="规则估计", rule_label=settings.rule_label, passed=False, reasons=reasons, terms=[]
    )
    return LandingRun("rule", settings.rule.to_tables(), report, settings.feature_labels)


def _slope(folds: list[_Fold]) -> float:
    """Slope that past out-of-time scores should have had, each fold with its own level; shrunk to 1, within 0.3 to 1.2.

    Scores fitted in one period are too bold in the next. The level of each fold is left out: that is
    :meth:`_Rehearsal.levelled`'s business.
    """
    if not folds:
        return 1.0
    prior = 10.0

    def loss(parameters: Floats) -> float:
        total = float(0.5 * prior * (parameters[0] - 1.0) ** 2)
        for fold, level in zip(folds, parameters[1:], strict=True):
            eta = level + parameters[0] * fold.logit
            total += float(fold.weight @ (np.logaddexp(0.0, eta) - fold.y * eta))
        return total

    def gradient(parameters: Floats) -> Floats:
        out = np.zeros_like(parameters)
        out[0] = prior * (parameters[0] - 1.0)
        for i, fold in enumerate(folds):
            residual = fold.weight * (expit(parameters[i + 1] + parameters[0] * fold.logit) - fold.y)
            out[0] += residual @ fold.logit
            out[i + 1] = residual.sum()
        return out

    start = np.concatenate([[1.0], np.zeros(len(folds))])
    found = float(minimize(loss, start, jac=gradient, method="BFGS").x[0])
    return round(min(max(found, 0.3), 1.2), 4)


def _importance(tables: AdditiveTables, x: pd.DataFrame, settings: LandingSettings) -> list[dict[str, Any]]:
    """Mean absolute contribution of each term, largest first."""
    size = tables.contributions(x).abs().mean().sort_values(ascending=False, kind="stable")
    labels = settings.feature_labels
    return [
        {"term": str(t), "label": labels[str(t)], "mean_abs_contribution": round(float(v), 6)} for t, v in size.items()
    ]
