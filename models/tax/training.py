"""Train the tax model on what was paid and known on a day, test it on what became known later, refit, compile.

Belongs here: the order of the steps, choice of stiffness and half-life, residuals for the interval.
Does not belong here: which tax is a label (``features``), wording of the verdict (``evaluation``), saving.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.estimator import AdditiveRegressor
from models.additive.tables import AdditiveTables, from_tables, numeric_values
from models.tax.evaluation import conformal_offsets, coverage, evaluate_holdout, verdict
from models.tax.features import check_frames, matrix, paid_projects
from models.tax.settings import TaxSettings
from models.validation.splits import as_days, forward_cutoffs

Floats = npt.NDArray[np.float64]

FEWEST_TO_TRAIN = 25  # projects below which a forward split says nothing
FEWEST_TO_TEST = 5


@dataclass(frozen=True)
class TaxRun:
    """What one training leaves behind; ``log1p(万元) = sum of tables``, the typical (median-like) yearly paid tax.

    ``report['interval_low_offset']`` and ``report['interval_high_offset']`` are added on the log scale to get the
    interval.
    """

    kind: str
    tables: pd.DataFrame
    report: dict[str, Any]
    feature_labels: dict[str, str] = field(default_factory=dict)

    def compiled(self) -> AdditiveTables:
        """The tables as an object that scores and explains."""
        return from_tables(self.tables)


def _log_tax(projects: pd.DataFrame) -> Floats:
    return np.asarray(np.log1p(projects["paid_tax_wan_cny"].to_numpy(dtype=np.float64)), dtype=np.float64)


class _Rehearsal:
    """Features and outcomes, with training as of any day."""

    def __init__(self, features: pd.DataFrame, outcomes: pd.DataFrame, settings: TaxSettings) -> None:
        self.features, self.outcomes, self.settings = features, outcomes, settings

    def known(self, day: dt.date) -> pd.DataFrame:
        return paid_projects(self.features, self.outcomes, day, self.settings)

    def train(
        self, projects: pd.DataFrame, alpha: float, half_life_days: float | None, max_bins: int
    ) -> AdditiveTables:
        settings = self.settings
        known = as_days(projects["known_date"])
        age = (known.max() - known).astype(np.float64)
        weight = np.ones(len(age)) if half_life_days is None else 0.5 ** (age / half_life_days)
        model = AdditiveRegressor(
            categorical=list(settings.categorical),
            monotone=settings.monotone,
            max_bins=max_bins,
            alpha=alpha,
            ridge=settings.ridge,
        )
        tables: AdditiveTables = model.fit(matrix(projects, settings), _log_tax(projects), sample_weight=weight).tables_
        return tables

    def residuals(
        self, cuts: list[tuple[pd.DataFrame, pd.DataFrame]], alpha: float, half_life: float | None, max_bins: int
    ) -> Floats:
        """Out-of-time residuals over several cuts."""
        parts = [
            _log_tax(test) - self.train(train, alpha, half_life, max_bins).score(matrix(test, self.settings))
            for train, test in cuts
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def choose(
        self, cuts: list[tuple[pd.DataFrame, pd.DataFrame]]
    ) -> tuple[float, float | None, int, list[dict[str, Any]]]:
        """Stiffness, half-life in days and bins with the least mean absolute error over the cuts, and all that was tried."""
        settings = self.settings
        tried: list[dict[str, Any]] = []
        if not cuts:
            return settings.default_alpha, settings.default_half_life_days, settings.default_max_bins, tried
        for bins in settings.candidate_max_bins:
            for alpha in settings.candidate_alphas:
                for life in settings.candidate_half_lives_days:
                    error = float(np.abs(self.residuals(cuts, alpha, life, bins)).mean())
                    entry = {"alpha": alpha, "half_life_days": life, "max_bins": bins, "mae_log": round(error, 6)}
                    tried.append(entry)
        best = min(tried, key=lambda one: one["mae_log"])  # the first of equals
        return best["alpha"], best["half_life_days"], best["max_bins"], tried

    def cuts(self, projects: pd.DataFrame) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        """Forward cuts by the day on which tax became known, inside ``projects``."""
        known = as_days(projects["known_date"])
        days = forward_cutoffs(known, self.settings.n_forward_splits, 0.5)
        found = []
        for i, day in enumerate(days):
            train = self.known(pd.Timestamp(day).date())
            end = days[i + 1] if i + 1 < len(days) else known.max()
            test = projects[(known > day) & (known <= end) & ~projects["lead_id"].isin(train["lead_id"]).to_numpy()]
            if len(train) >= FEWEST_TO_TRAIN and len(test) >= FEWEST_TO_TEST:
                found.append((train, test))
        return found


def train_tax(features: pd.DataFrame, outcomes: pd.DataFrame, data_through: dt.date, settings: TaxSettings) -> TaxRun:
    """Train, test out of time, refit and compile; or fall back to the estimate and say why.

    Parameters
    ----------
    features : DataFrame
        One row per (lead_id, as_of_date) with ``is_open`` and every feature of the settings.
    outcomes : DataFrame
        Long: lead_id, stage, reached_date, known_date, paid_tax_wan_cny (paid, never promised or estimated).
    data_through : date
        Last day of data; later outcomes are not looked at.
    """
    check_frames(features, outcomes, settings)
    rehearsal = _Rehearsal(features, outcomes, settings)
    projects = rehearsal.known(data_through)
    report = _describe(projects, data_through, settings)
    if len(projects) < settings.minimum_projects:
        reasons = [f"有实缴税收的项目 {len(projects)} 个，不足 {settings.minimum_projects} 个"]
        return _rule(report, reasons, projects, settings)

    cut = forward_cutoffs(projects["known_date"], 1, settings.holdout_share)
    train = rehearsal.known(pd.Timestamp(cut[0]).date()) if cut else projects.head(0)
    test = projects[~projects["lead_id"].isin(train["lead_id"])]
    if len(train) < FEWEST_TO_TRAIN or len(test) < FEWEST_TO_TEST:
        reasons = [f"检验起点之前 {len(train)} 个、之后 {len(test)} 个项目，不足以做样本外检验"]
        return _rule(report, reasons, projects, settings)

    inner = rehearsal.cuts(train)
    alpha, half_life, bins, tried = rehearsal.choose(inner)
    past = rehearsal.residuals(inner, alpha, half_life, bins)

    x, y = matrix(test, settings), _log_tax(test)
    predicted = rehearsal.train(train, alpha, half_life, bins).score(x)
    promised = np.full(len(test), np.nan)
    if "promised_tax_wan_cny" in test:
        promised = np.log1p(numeric_values(test["promised_tax_wan_cny"]))
    holdout = evaluate_holdout(
        y,
        predicted,
        float(np.median(_log_tax(train))),
        settings.rule.score(test),
        promised,
        test["lead_id"].to_numpy(),
        settings.bootstrap_resamples,
    )
    holdout["coverage"] = coverage(
        y, predicted, conformal_offsets(past, settings.interval_level), settings.interval_level
    )
    report["chosen"] = {
        "alpha": alpha,
        "half_life_days": half_life,
        "max_bins": bins,
        "by": "forward_splits" if inner else "default",
        "tried": tried,
    }
    report["holdout"] = {"from": str(cut[0]), "train_row_count": len(train), "row_count": len(test), **holdout}
    reasons = verdict(holdout)
    # Every residual is out of time: the model that made it had not seen the project. The refit is a little better, so
    # the interval errs on the wide side.
    residual = np.concatenate([past, y - predicted])
    offsets = conformal_offsets(residual, settings.interval_level)
    if offsets is None:
        reasons.append("样本外残差太少，给不出区间")
    if reasons or offsets is None:
        return _rule(report, reasons, projects, settings)

    final = rehearsal.train(projects, alpha, half_life, bins)
    size = final.contributions(matrix(projects, settings)).abs().mean().sort_values(ascending=False, kind="stable")
    labels = settings.feature_labels
    report.update(
        kind="model",
        label="预计年纳税",
        passed=True,
        reasons=[],
        terms=[
            {"term": str(t), "label": labels[str(t)], "mean_abs_contribution": round(float(v), 6)}
            for t, v in size.items()
        ],
        **_interval(offsets, settings, "out_of_time_residuals", len(residual)),
    )
    return TaxRun("model", final.to_tables(), report, labels)


def _describe(projects: pd.DataFrame, data_through: dt.date, settings: TaxSettings) -> dict[str, Any]:
    known = pd.to_datetime(projects["known_date"])
    paid = projects["paid_tax_wan_cny"]
    return {
        "task": "tax",
        "data_through": str(data_through),
        "row_count": len(projects),
        "lead_count": len(projects),
        "window": [str(known.min().date()), str(known.max().date())] if len(projects) else None,
        "median_paid_tax_wan_cny": round(float(paid.median()), 4) if len(projects) else None,
        "link": "log1p_wan_cny",
        "holdout": None,
        "chosen": None,
    }


def _interval(offsets: tuple[float, float], settings: TaxSettings, basis: str, count: int) -> dict[str, Any]:
    return {
        "interval_level": settings.interval_level,
        "interval_low_offset": round(offsets[0], 6),
        "interval_high_offset": round(offsets[1], 6),
        "interval_basis": basis,
        "interval_residual_count": count,
    }


def _rule(report: dict[str, Any], reasons: list[str], projects: pd.DataFrame, settings: TaxSettings) -> TaxRun:
    """The estimate; its interval is measured on paid projects if 20 or more exist, else assumed and labelled so."""
    width = float(np.log(settings.rule_interval_factor))
    offsets, basis, count = (-width, width), "assumed", 0
    if len(projects) >= 20:
        residual = _log_tax(projects) - settings.rule.score(projects)
        measured = conformal_offsets(residual, settings.interval_level)
        if measured is not None:
            offsets, basis, count = (min(measured[0], 0.0), max(measured[1], 0.0)), "paid_projects", len(residual)
    report.update(kind="rule", label="估算", rule_label=settings.rule_label, passed=False, reasons=reasons, terms=[])
    report.update(_interval(offsets, settings, basis, count))
    return TaxRun("rule", settings.rule.to_tables(), report, settings.feature_labels)
