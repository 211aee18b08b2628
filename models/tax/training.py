"""Train the tax model on what was paid and known on a day, test it on what became known later, refit, compile.

Belongs here: the order of the steps, the choice of the recipe, residuals for the interval.
Does not belong here: which tax is a label (``features``), wording of the verdict (``evaluation``), saving.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.estimator import AdditiveClassifier, AdditiveRegressor
from models.additive.tables import AdditiveTables, from_tables, numeric_values, part_of
from models.tax.evaluation import conformal_offsets, coverage, evaluate_holdout, pinball, verdict
from models.tax.features import check_frames, matrix, paid_projects
from models.tax.interval import MIDDLE, PAYS, Interval, in_one
from models.tax.settings import TaxSettings
from models.validation.splits import as_days, forward_cutoffs

Floats = npt.NDArray[np.float64]

FEWEST_TO_TRAIN = 25  # projects below which a forward split says nothing
FEWEST_TO_TEST = 5
FEWEST_OF_EACH = 5  # who pay and who pay nothing, below which a chance is that of all
FOLDS = 5
TOLERANCE = 1e-6  # of a value on the log scale: far below what a district's paid tax can tell apart

Cut = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True)
class TaxRun:
    """What one training leaves behind; ``log1p(万元) = sum of tables``, the typical (median) yearly paid tax.

    Rows of ``tables`` whose part is ``tax_low`` or ``tax_high`` sum to the distance of an end of the interval from that,
    on the log scale; ``report['interval_low_offset']`` and ``report['interval_high_offset']`` are their intercepts.
    """

    kind: str
    tables: pd.DataFrame
    report: dict[str, Any]
    feature_labels: dict[str, str] = field(default_factory=dict)

    def compiled(self) -> AdditiveTables:
        """The tables of the middle as an object that scores and explains."""
        return from_tables(part_of(self.tables, MIDDLE))

    def pays(self) -> AdditiveTables | None:
        """The tables of the log odds of paying anything; None where nobody is known to have paid nothing."""
        rows = part_of(self.tables, PAYS)
        return from_tables(rows) if len(rows) else None


@dataclass(frozen=True)
class Recipe:
    """Stiffness, half-life in days and bins of the middle; stiffness of the widths, None for one width for all."""

    alpha: float
    half_life_days: float | None
    max_bins: int
    width_alpha: float | None = None

    def told(self) -> str:
        """The recipe in a line."""
        width = "one width" if self.width_alpha is None else f"widths {self.width_alpha:g}"
        return f"stiffness {self.alpha:g}, half-life {self.half_life_days}, {self.max_bins} bins, {width}"


@dataclass(frozen=True)
class Rehearsed:
    """Outcomes that a model had not seen, its middle, and the ends of its interval before they are moved by conformal ranks."""

    y: Floats
    middle: Floats
    low: Floats
    high: Floats

    @classmethod
    def joined(cls, parts: Sequence[Rehearsed]) -> Rehearsed:
        """Several in one."""
        names = ("y", "middle", "low", "high")
        return cls(*(np.concatenate([np.empty(0), *(getattr(p, name) for p in parts)]) for name in names))

    def offsets(self, level: float) -> tuple[float, float] | None:
        """What the ends must be moved by to hold ``level``."""
        return conformal_offsets(self.y - self.low, level, self.y - self.high)


def _log_tax(projects: pd.DataFrame) -> Floats:
    return np.asarray(np.log1p(projects["paid_tax_wan_cny"].to_numpy(dtype=np.float64)), dtype=np.float64)


class _Rehearsal:
    """Features and outcomes, with training as of any day."""

    def __init__(self, features: pd.DataFrame, outcomes: pd.DataFrame, settings: TaxSettings) -> None:
        self.features, self.outcomes, self.settings = features, outcomes, settings

    def known(self, day: dt.date) -> pd.DataFrame:
        return paid_projects(self.features, self.outcomes, day, self.settings)

    def _weight(self, projects: pd.DataFrame, recipe: Recipe) -> Floats:
        known = as_days(projects["known_date"])
        age = (known.max() - known).astype(np.float64)
        life = recipe.half_life_days
        return np.ones(len(age)) if life is None else np.asarray(0.5 ** (age / life), dtype=np.float64)

    def train(self, projects: pd.DataFrame, recipe: Recipe) -> AdditiveTables:
        """Tables of the middle: the median, of which the zeros of those who pay nothing are a part like any other."""
        settings = self.settings
        model = AdditiveRegressor(
            categorical=list(settings.categorical),
            monotone=settings.monotone,
            max_bins=recipe.max_bins,
            alpha=recipe.alpha,
            ridge=settings.ridge,
            straight_held=settings.straight_held,
            quantile=0.5,
            tol=TOLERANCE,
        )
        weight = self._weight(projects, recipe)
        tables: AdditiveTables = model.fit(matrix(projects, settings), _log_tax(projects), sample_weight=weight).tables_
        return tables

    def train_widths(self, projects: pd.DataFrame, recipe: Recipe) -> Interval:
        """How far the ends lie from the middle, by the features, before conformal ranks move them.

        Learned on residuals of rows that the middle was not fitted on (five folds): those it was fitted on look nearer
        than new ones, and the more so the less is known of their kind.
        """
        if recipe.width_alpha is None:
            return Interval.of_offsets(0.0, 0.0)
        settings, residual = self.settings, np.zeros(len(projects))
        fold = np.arange(len(projects)) % FOLDS
        for at in range(FOLDS):
            held = projects[fold == at]
            if len(held):
                middle = self.train(projects[fold != at], recipe).score(matrix(held, settings))
                residual[fold == at] = _log_tax(held) - middle
        tail = (1 - settings.interval_level) / 2
        found = [
            AdditiveRegressor(
                categorical=list(settings.categorical),
                max_bins=settings.width_max_bins,
                alpha=recipe.width_alpha,
                ridge=max(settings.ridge, recipe.width_alpha),
                quantile=quantile,
                tol=TOLERANCE,
            )
            .fit(matrix(projects, settings), residual, sample_weight=self._weight(projects, recipe))
            .tables_
            for quantile in (tail, 1 - tail)
        ]
        return Interval(*found)

    def rehearse(self, train: pd.DataFrame, test: pd.DataFrame, recipe: Recipe) -> Rehearsed:
        """Train on some projects, and look at others."""
        x = matrix(test, self.settings)
        middle, widths = self.train(train, recipe).score(x), self.train_widths(train, recipe)
        return Rehearsed(_log_tax(test), middle, middle + widths.low.score(x), middle + widths.high.score(x))

    def rehearse_all(self, cuts: Sequence[Cut], recipe: Recipe) -> Rehearsed:
        """Out-of-time predictions over several cuts."""
        return Rehearsed.joined([self.rehearse(train, test, recipe) for train, test in cuts])

    def choose(self, cuts: Sequence[Cut]) -> tuple[Recipe, list[dict[str, Any]], list[dict[str, Any]]]:
        """The recipe that does best over the cuts, and all that was tried for middle and for widths."""
        settings = self.settings
        tried: list[dict[str, Any]] = []
        if not cuts:
            return Recipe(settings.default_alpha, settings.default_half_life_days, settings.default_max_bins), [], []
        grid = product(settings.candidate_max_bins, settings.candidate_alphas, settings.candidate_half_lives_days)
        for bins, alpha, life in grid:
            past = self.rehearse_all(cuts, Recipe(alpha, life, bins))
            error = round(float(np.abs(past.y - past.middle).mean()), 6)
            tried.append({"alpha": alpha, "half_life_days": life, "max_bins": bins, "mae_log": error})
        best = min(tried, key=lambda one: float(one["mae_log"]))  # the first of equals
        recipe = Recipe(best["alpha"], best["half_life_days"], best["max_bins"])
        width, widths = self._choose_width(cuts, recipe)
        return replace(recipe, width_alpha=width), tried, widths

    def _choose_width(self, cuts: Sequence[Cut], recipe: Recipe) -> tuple[float | None, list[dict[str, Any]]]:
        """Stiffness of the widths with the least pinball loss at both ends; one width unless another is surely better.

        Surely: by more than one standard error of the difference over projects. On a few dozen projects the least of four
        losses is mostly luck, and a width that was learned from it is worse than one for all.
        """
        level, tail = self.settings.interval_level, (1 - self.settings.interval_level) / 2
        found: list[dict[str, Any]] = []
        losses: dict[float | None, Floats] = {}
        for alpha in (None, *self.settings.candidate_width_alphas):
            past = self.rehearse_all(cuts, replace(recipe, width_alpha=alpha))
            offsets = past.offsets(level)
            if offsets is None:
                return None, found
            low, high = np.minimum(past.middle, past.low + offsets[0]), np.maximum(past.middle, past.high + offsets[1])
            losses[alpha] = (pinball(past.y, low, tail) + pinball(past.y, high, 1 - tail)) / 2
            gain = losses[None] - losses[alpha]
            told = {
                "pinball_ends": float(losses[alpha].mean()),
                "gain": float(gain.mean()),
                "gain_standard_error": _error_of(gain),
            }
            found.append({"width_alpha": alpha, **{name: round(value, 6) for name, value in told.items()}})
        sure = [one for one in found if one["gain"] > one["gain_standard_error"]]
        return (min(sure, key=lambda one: float(one["pinball_ends"]))["width_alpha"] if sure else None), found

    def train_pays(self, projects: pd.DataFrame, alpha: float | None) -> AdditiveTables | None:
        """Log odds of paying anything; the share of all where ``alpha`` is None; None while nobody paid nothing."""
        settings, y = self.settings, (_log_tax(projects) > 0).astype(np.float64)
        if not 0 < y.sum() < len(y):
            return None
        if alpha is None:
            return AdditiveTables(float(np.log(y.mean() / (1 - y.mean()))), []).rounded()
        model = AdditiveClassifier(
            categorical=list(settings.categorical),
            max_bins=settings.width_max_bins,
            alpha=alpha,
            ridge=max(settings.ridge, alpha),
            straight_held=settings.straight_held,
        )
        tables: AdditiveTables = model.fit(matrix(projects, settings), y).tables_
        return tables

    def choose_pays(self, cuts: Sequence[Cut]) -> tuple[float | None, list[dict[str, Any]]]:
        """Stiffness of the chance to pay; None, the share of all, unless another is surely better over the cuts."""
        cuts = [(a, b) for a, b in cuts if FEWEST_OF_EACH <= (_log_tax(a) > 0).sum() <= len(a) - FEWEST_OF_EACH]
        tried: list[dict[str, Any]] = []
        if not cuts:
            return None, tried
        y = np.concatenate([_log_tax(test) > 0 for _, test in cuts]).astype(np.float64)
        losses: dict[float | None, Floats] = {}
        for alpha in (None, *self.settings.candidate_alphas):
            found = [self.train_pays(train, alpha) for train, _ in cuts]
            scores = [t.score(matrix(b, self.settings)) for t, (_, b) in zip(found, cuts, strict=True) if t is not None]
            losses[alpha] = np.logaddexp(0.0, np.where(y > 0, -1, 1) * np.concatenate(scores))
            gain = losses[None] - losses[alpha]
            told = {"log_loss": losses[alpha].mean(), "gain": gain.mean(), "gain_standard_error": _error_of(gain)}
            tried.append({"alpha": alpha, **{name: round(float(value), 6) for name, value in told.items()}})
        sure = [one for one in tried if one["gain"] > one["gain_standard_error"]]
        return (min(sure, key=lambda one: float(one["log_loss"]))["alpha"] if sure else None), tried

    def cuts(self, projects: pd.DataFrame) -> list[Cut]:
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


def _error_of(values: Floats) -> float:
    """Standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


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
    recipe, tried, widths_tried = rehearsal.choose(inner)
    past = rehearsal.rehearse_all(inner, recipe)
    pays_alpha, pays_tried = rehearsal.choose_pays(inner)

    x, y, level = matrix(test, settings), _log_tax(test), settings.interval_level
    held = rehearsal.rehearse(train, test, recipe)
    promised = np.full(len(test), np.nan)
    if "promised_tax_wan_cny" in test:
        promised = np.log1p(numeric_values(test["promised_tax_wan_cny"]))
    holdout = evaluate_holdout(
        y,
        held.middle,
        float(np.median(_log_tax(train))),
        settings.rule.score(test),
        promised,
        test["lead_id"].to_numpy(),
        settings.bootstrap_resamples,
    )
    moved = past.offsets(level)
    ends = moved and (np.minimum(held.middle, held.low + moved[0]), np.maximum(held.middle, held.high + moved[1]))
    holdout["coverage"] = coverage(y, ends, level)
    report["chosen"] = {
        **asdict(recipe),
        "by": "forward_splits" if inner else "default",
        "tried": tried,
        "widths_tried": widths_tried,
        "pays_alpha": pays_alpha,
        "pays_tried": pays_tried,
    }
    report["holdout"] = {"from": str(cut[0]), "train_row_count": len(train), "row_count": len(test), **holdout}
    reasons = verdict(holdout)
    # Every residual is out of time: the model that made it had not seen the project. The refit is a little better, so
    # the interval errs on the wide side.
    seen = Rehearsed.joined([past, held])
    offsets = seen.offsets(level)
    if offsets is None:
        reasons.append("样本外残差太少，给不出区间")
    if reasons or offsets is None:
        return _rule(report, reasons, projects, settings)

    x, final = matrix(projects, settings), rehearsal.train(projects, recipe)
    interval = rehearsal.train_widths(projects, recipe).moved(*offsets)
    labels = settings.feature_labels
    ends_by_term = (interval.low.contributions(x).abs() + interval.high.contributions(x).abs()) / 2
    report.update(
        kind="model",
        label="预计年纳税",
        passed=True,
        reasons=[],
        terms=_terms(final.contributions(x).abs(), labels),
        interval_terms=_terms(ends_by_term, labels),
        **_interval(interval, settings, "out_of_time_residuals", len(seen.y)),
    )
    return TaxRun("model", in_one(final, interval, rehearsal.train_pays(projects, pays_alpha)), report, labels)


def _terms(contributions: pd.DataFrame, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Features by how much they move what is summed, the most first."""
    size = contributions.mean().sort_values(ascending=False, kind="stable")
    return [
        {"term": str(t), "label": labels[str(t)], "mean_abs_contribution": round(float(v), 6)} for t, v in size.items()
    ]


def _describe(projects: pd.DataFrame, data_through: dt.date, settings: TaxSettings) -> dict[str, Any]:
    known = pd.to_datetime(projects["known_date"])
    paid = projects["paid_tax_wan_cny"]
    return {
        "task": "tax",
        "data_through": str(data_through),
        "row_count": len(projects),
        "lead_count": len(projects),
        "window": [str(known.min().date()), str(known.max().date())] if len(projects) else None,
        "paid_nothing_count": int((paid <= 0).sum()),
        "median_paid_tax_wan_cny": round(float(paid.median()), 4) if len(projects) else None,
        "link": "log1p_wan_cny",
        "holdout": None,
        "chosen": None,
    }


def _interval(interval: Interval, settings: TaxSettings, basis: str, count: int) -> dict[str, Any]:
    return {
        "interval_level": settings.interval_level,
        "interval_low_offset": interval.low.intercept,
        "interval_high_offset": interval.high.intercept,
        "interval_is_one_width": interval.is_one_width,
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
    interval = Interval.of_offsets(*offsets)
    report.update(kind="rule", label="估算", rule_label=settings.rule_label, passed=False, reasons=reasons, terms=[])
    report.update(_interval(interval, settings, basis, count))
    return TaxRun("rule", in_one(settings.rule, interval), report, settings.feature_labels)
