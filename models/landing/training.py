"""Train the landing model as it could have been trained on a given day, test it on what came after, refit, compile.

Belongs here: the order of the steps, what a row weighs, how much of the score is the rule's.
Does not belong here: SQL features, the estimator (``models.additive``), the level as it happens (``level``), the verdict's
wording (``evaluation``), saving.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit

from models.additive.forward import ForwardAdditiveClassifier, level_now
from models.additive.solver import solve_level
from models.additive.tables import AdditiveTables
from models.landing.evaluation import evaluate_holdout, segment_table, verdict
from models.landing.features import check_frames, labels_known_on, matrix, open_pairs, to_date
from models.landing.level import choose_level_rule, level_on, mean_probability
from models.landing.settings import LandingSettings
from models.validation.splits import as_days, forward_cutoffs

Floats = npt.NDArray[np.float64]

FEWEST_PER_CLASS = 20  # leads of each class below which an examination says nothing
REHEARSED_BY = {"time": "forward_splits", "groups": "lead_folds", "none": "default"}


@dataclass(frozen=True)
class LandingRun:
    """What one training leaves behind; ``probability = sigmoid(sum of tables)``.

    ``kind`` is 'model', or 'rule' when labels are too few or skill is not proven; ``report`` is JSON-able and says why.
    The tables are without the level that is followed (``models.landing.level``): it is added to them on the day of the list,
    by the rule in ``report['level_rule']``.
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
class _Trained:
    """Tables of one day, what share of them is learned, and the estimator."""

    tables: AdditiveTables
    share: float
    model: ForwardAdditiveClassifier
    rehearsed: tuple[tuple[Any, AdditiveTables], ...]


def _train(pairs: pd.DataFrame, labels: pd.DataFrame, settings: LandingSettings) -> _Trained:
    """Train on the labels of a day; the rule makes up the rest of the score while leads are few.

    Months of one lead are near copies, so all rows together weigh as much as there are leads: taken for cases of their
    own they would make shapes too bold. A cohort of the level spans about a quarter, and there a lead counts once.
    """
    rows = np.flatnonzero(labels["label"].notna().to_numpy())
    leads, days = pairs["lead_id"].to_numpy()[rows], as_days(pairs["as_of_date"].iloc[rows])
    y, weight = labels["label"].to_numpy()[rows], labels["weight"].to_numpy()[rows]
    x = matrix(pairs.iloc[rows], settings)
    case = weight * (len(pd.unique(leads)) / len(rows))
    quarters = pd.DataFrame({"lead": leads, "quarter": pd.PeriodIndex(days, freq="Q").asi8})
    cohort = weight * (len(quarters.drop_duplicates()) / len(rows))
    # Pairs are left out: their columns would need wording and SQL of their own, and the district's features are many.
    model = ForwardAdditiveClassifier(
        categorical=list(settings.categorical),
        monotone=settings.monotone,
        max_bins=settings.max_bins,
        max_pairs=0,
        cap_level=True,
    ).fit(
        x,
        y,
        case,
        time=days,
        known=as_days(labels["final_date"].iloc[rows]),
        groups=leads,
        level_weight=cohort,
    )
    share = settings.model_share(len(set(leads[y == 1])), len(set(leads[y == 0]) - set(leads[y == 1])))
    tables: AdditiveTables = model.tables_
    rehearsed = tuple(model.rehearsed_)
    if share < 1:
        rule = _fitted_rule(x, y, case, cohort, days, settings)
        tables = tables.blended(rule, share)
        rehearsed = tuple((day, then.blended(rule, share)) for day, then in rehearsed)
    return _Trained(tables, share, model, rehearsed)


def _fitted_rule(
    x: pd.DataFrame, y: Floats, case: Floats, cohort: Floats, days: Any, settings: LandingSettings
) -> AdditiveTables:
    """The office's rule, stretched and levelled to the outcomes known: its points keep their proportions.

    The slope is held to 1 as by 10 cases and lies between 0.3 and 1.2.
    """
    score = settings.rule.score(x)

    def loss(slope: float) -> float:
        eta = slope * score
        eta = eta + solve_level(eta, y, case, "logistic", prior_rows=1e-6)
        return float(case @ (np.logaddexp(0.0, eta) - y * eta) + 5.0 * (slope - 1.0) ** 2)

    slope = round(float(minimize_scalar(loss, bounds=(0.3, 1.2), method="bounded").x), 4)
    tables = settings.rule.recalibrated(slope, 0.0)
    when = np.unique(days, return_inverse=True)[1]
    return tables.recalibrated(1.0, level_now(tables.score(x), y, cohort, when)[0])


def _are_enough(leads: Any, y: Floats) -> bool:
    """Whether both classes have :data:`FEWEST_PER_CLASS` leads."""
    return all(pd.unique(leads[y == c]).size >= FEWEST_PER_CLASS for c in (0.0, 1.0))


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
    leads = pairs["lead_id"].to_numpy()
    labels = labels_known_on(pairs, outcomes, data_through, settings)
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

    days = as_days(pairs["as_of_date"])
    cut = forward_cutoffs(days[usable], 1, settings.holdout_share)
    day = to_date(cut[0]) if cut else data_through
    test = usable & (days >= cut[0]) if cut else np.zeros(len(pairs), dtype=bool)
    known = labels_known_on(pairs, outcomes, day, settings)
    known_y = known["label"].to_numpy()
    trained = ~np.isnan(known_y)
    if not _are_enough(leads[test], y[test]) or not _are_enough(leads[trained], known_y[trained]):
        reasons.append(
            f"历史太短：检验起点 {day} 之前（已成熟）或之后，两类线索不足 {FEWEST_PER_CLASS} 条，无法做样本外检验"
        )
        return _rule(report, reasons, settings)

    before = _train(pairs, known, settings)
    x, weight = matrix(pairs[test], settings), labels["weight"].to_numpy()[test]
    # The level of the day of the cut, though at night it goes on moving every month.
    then = pairs[days <= np.datetime64(day)]
    rule = choose_level_rule(before.rehearsed, then, outcomes, day, settings)
    level = level_on(before.tables, rule, then, outcomes, day, settings)
    p = expit(before.tables.levelled(level.shift).score(x))
    base_rate = float(np.average(known_y[trained], weights=known["weight"].to_numpy()[trained]))
    holdout = evaluate_holdout(
        y[test],
        p,
        np.full(int(test.sum()), base_rate),
        expit(settings.rule.score(x)),
        leads[test],
        weight,
        settings.bootstrap_resamples,
    )
    reasons = verdict(holdout)
    report["holdout"] = {
        "from": str(day),
        "train_row_count": int(trained.sum()),
        "row_count": int(test.sum()),
        "lead_count": int(pairs.loc[test, "lead_id"].nunique()),
        "base_rate_known_then": round(base_rate, 6),
        "base_rate": round(float(np.average(y[test], weights=weight)), 6),
        "model_share": before.share,
        "level": level.told(),
        **holdout,
        "segments": segment_table(x, y[test], p, leads[test], weight, settings),
    }
    if reasons:
        return _rule(report, reasons, settings)
    final = _train(pairs, labels, settings)
    newest = matrix(pairs[days == days.max()], settings)
    rule = choose_level_rule(final.rehearsed, pairs, outcomes, data_through, settings)
    level = level_on(final.tables, rule, pairs, outcomes, data_through, settings)
    report.update(
        kind="model",
        label="落地概率",
        passed=True,
        reasons=[],
        model_share=final.share,
        chosen=_chosen(final.model),
        level={
            "as_of_date": str(to_date(days.max())),
            "lead_count": len(newest),
            **mean_probability(final.tables.score(newest), level),
            "followed": level.told(),
        },
        level_rule=rule.told(),
        suspects=[settings.feature_labels[name] for name in sorted(final.model.suspects_)],
        terms=_importance(final.tables, matrix(pairs[usable], settings), settings),
    )
    return LandingRun("model", final.tables.to_tables(), report, settings.feature_labels)


def _chosen(model: ForwardAdditiveClassifier) -> dict[str, Any]:
    """How fits were compared, and the share of each in the average."""
    fits = [
        {"kind": kind, "strength": a, "second": b, "half_life": half_life, "share": round(share, 4)}
        for (kind, a, b, half_life, _), share in model.weights_.items()
    ]
    return {"by": REHEARSED_BY[model.rehearsed_by_], "fits": fits, "rehearsals": model.rehearsals_}


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
        "model_share": 0.0,
        "level": None,
        "level_rule": None,
        "suspects": [],
    }


def _rule(report: dict[str, Any], reasons: list[str], settings: LandingSettings) -> LandingRun:
    report.update(
        kind="rule", label="规则估计", rule_label=settings.rule_label, passed=False, reasons=reasons, terms=[]
    )
    return LandingRun("rule", settings.rule.to_tables(), report, settings.feature_labels)


def _importance(tables: AdditiveTables, x: pd.DataFrame, settings: LandingSettings) -> list[dict[str, Any]]:
    """Mean absolute contribution of each term, largest first."""
    size = tables.contributions(x).abs().mean().sort_values(ascending=False, kind="stable")
    labels = settings.feature_labels
    return [
        {"term": str(t), "label": labels[str(t)], "mean_abs_contribution": round(float(v), 6)} for t, v in size.items()
    ]
