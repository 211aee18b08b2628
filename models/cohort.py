"""A candidate beside the active version on the newest cohort whose outcome is known (最新满期的一批).

Belongs here: which rows are that cohort, and the comparison on it, with intervals. Does not belong here: the decision
(promotion), training, the hold-out examination that a candidate passes alone (each task's evaluation).

The active version has not seen outcomes that became final after it was trained. So that the candidate has no better
view, its twin is compared: the same recipe and settings, trained on what was known before the cohort.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from models.additive.tables import AdditiveTables
from models.landing.features import labels_known_on, matrix, open_pairs
from models.landing.level import level_on, pairs_through
from models.landing.settings import LandingSettings
from models.level import LevelRule
from models.tax.evaluation import coverage
from models.tax.features import matrix as tax_matrix
from models.tax.features import paid_projects
from models.tax.interval import Interval
from models.tax.settings import TaxSettings
from models.validation.metrics import bootstrap_interval, difference, evaluate_probabilities, log_loss
from models.validation.splits import as_days
from office import settings_file

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GateSettings:
    """Content of ``promotion.yaml``."""

    minimum_leads_per_class: int
    minimum_projects: int
    calibration_tolerance: float

    @classmethod
    def load(cls, path: Path | None = None) -> GateSettings:
        """Read a file (default: the one of the office in use)."""
        return cls(**yaml.safe_load((path or settings_file("promotion.yaml")).read_text("utf-8")))


@dataclass(frozen=True)
class Contender:
    """A version as a cohort sees it: tables, whether it is a model, interval (tax only), the level's rule (landing only)."""

    tables: AdditiveTables
    is_model: bool = True
    interval: Interval | None = None
    level_rule: LevelRule | None = None


def landing_cohort(
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    data_through: dt.date,
    since: dt.date,
    settings: LandingSettings,
    minimum: int,
) -> pd.DataFrame:
    """Labelled pairs whose outcome became final after ``since``; earlier ones are added while a class lacks leads.

    Returns
    -------
    DataFrame
        Open pairs with ``label``, ``weight``, ``final_date``; empty if even all of them are too few.
    """
    pairs = open_pairs(features)
    pairs = pairs[as_days(pairs["as_of_date"]) <= np.datetime64(data_through)].reset_index(drop=True)
    labelled = pairs.join(labels_known_on(pairs, outcomes, data_through, settings)).dropna(subset=["label"])
    days = as_days(labelled["final_date"])
    starts = [d for d in np.unique(days)[::-1] if d <= np.datetime64(since)]
    for start in [np.datetime64(since) + np.timedelta64(1, "D"), *starts]:
        chosen: pd.DataFrame = labelled[days >= start]
        counts = [chosen.loc[chosen["label"] == c, "lead_id"].nunique() for c in (0.0, 1.0)]
        if min(counts) >= minimum:
            return chosen.reset_index(drop=True)
    return labelled.head(0)


def compare_landing(
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    data_through: dt.date,
    settings: LandingSettings,
    active: Contender,
    active_through: dt.date,
    twin_of: Callable[[dt.date], Contender],
    gate: GateSettings,
) -> dict[str, Any] | None:
    """Compare probabilities on the newest cohort; None if there are too few leads to compare on.

    Parameters
    ----------
    active_through : date
        Last day of data that the active version was trained on.
    twin_of : callable
        Trains the candidate's recipe on what was known through a day.
    """
    cohort = landing_cohort(features, outcomes, data_through, active_through, settings, gate.minimum_leads_per_class)
    if not len(cohort):
        return None
    first = pd.Timestamp(cohort["final_date"].min()).date()
    before = first - dt.timedelta(days=1)
    twin = twin_of(before)
    y, weight = cohort["label"].to_numpy(), cohort["weight"].to_numpy()
    leads, x = cohort["lead_id"].to_numpy(), matrix(cohort, settings)
    # Each with the level that it would have had on the cohort's first day: nothing that came of the cohort is in it.
    told_on = pd.Timestamp(cohort["as_of_date"].min()).date()
    pairs = pairs_through(features, told_on)

    def probability(contender: Contender) -> Floats:
        score = contender.tables.score(x)
        if contender.level_rule is None:
            return _sigmoid(score)
        level = level_on(contender.tables, contender.level_rule, pairs, outcomes, told_on, settings)
        return _sigmoid(score + level.shift)

    p = {name: probability(c) for name, c in (("candidate", twin), ("active", active))}
    return {
        "task": "landing",
        "cohort_from": str(first),
        "cohort_to": str(pd.Timestamp(cohort["final_date"].max()).date()),
        "row_count": len(cohort),
        "lead_count": int(cohort["lead_id"].nunique()),
        "rows_seen_by_active": int((as_days(cohort["final_date"]) <= np.datetime64(active_through)).sum()),
        "trained_through": str(before),
        "twin_is_model": twin.is_model,
        "error": "对数损失",
        "difference": difference(log_loss, y, p["candidate"], p["active"], leads, weight),
        "candidate": _probability_facts(y, p["candidate"], leads, weight),
        "active": _probability_facts(y, p["active"], leads, weight),
    }


def _probability_facts(y: Floats, p: Floats, leads: Any, weight: Floats) -> dict[str, Any]:
    found = evaluate_probabilities(y, p, leads, weight, n_resamples=100)
    return {
        "error": found["log_loss"]["value"],
        "roc_auc": found["roc_auc"]["value"],
        "calibration_error": found["expected_calibration_error"]["value"],
        "gap": level_gap(y, p, leads, weight),
    }


def level_gap(y: Floats, p: Floats, leads: Any, weight: Floats) -> dict[str, float]:
    """Mean prediction minus observed share, with its interval over leads."""

    def gap(multiplicity: Floats) -> float:
        return float(np.average(p - y, weights=weight * multiplicity))

    low, high = bootstrap_interval(gap, leads)
    return {"value": round(gap(np.ones(len(y))), 6), "low": round(low, 6), "high": round(high, 6)}


def compare_tax(
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    data_through: dt.date,
    settings: TaxSettings,
    active: Contender,
    active_through: dt.date,
    twin_of: Callable[[dt.date], Contender],
    gate: GateSettings,
) -> dict[str, Any] | None:
    """Compare yearly tax on the projects whose paid tax became known last; None if there are too few."""
    projects = paid_projects(features, outcomes, data_through, settings)
    if len(projects) < gate.minimum_projects:
        return None
    known = as_days(projects["known_date"])
    start = min(np.datetime64(active_through) + np.timedelta64(1, "D"), np.sort(known)[-gate.minimum_projects])
    cohort = projects[known >= start]
    before = pd.Timestamp(start).date() - dt.timedelta(days=1)
    twin = twin_of(before)
    y = np.log1p(cohort["paid_tax_wan_cny"].to_numpy(dtype=np.float64))
    leads, x = cohort["lead_id"].to_numpy(), tax_matrix(cohort, settings)
    score = {name: c.tables.score(x) for name, c in (("candidate", twin), ("active", active))}
    gain = np.abs(y - score["candidate"]) - np.abs(y - score["active"])
    low, high = bootstrap_interval(lambda m: float(np.average(gain, weights=m)), leads)
    return {
        "task": "tax",
        "cohort_from": str(pd.Timestamp(start).date()),
        "cohort_to": str(pd.Timestamp(known.max()).date()),
        "row_count": len(cohort),
        "lead_count": len(cohort),
        "rows_seen_by_active": int((as_days(cohort["known_date"]) <= np.datetime64(active_through)).sum()),
        "trained_through": str(before),
        "twin_is_model": twin.is_model,
        "error": "平均绝对误差（对数尺度）",
        "difference": {"value": round(float(gain.mean()), 6), "low": round(low, 6), "high": round(high, 6)},
        "candidate": _tax_facts(y, score["candidate"], twin.interval, x, settings.interval_level),
        "active": _tax_facts(y, score["active"], active.interval, x, settings.interval_level),
    }


def _tax_facts(y: Floats, score: Floats, interval: Interval | None, x: pd.DataFrame, level: float) -> dict[str, Any]:
    ends = None if interval is None else interval.ends(score, x)
    return {"error": round(float(np.abs(y - score).mean()), 6), "coverage": coverage(y, ends, level)}


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=np.float64)
