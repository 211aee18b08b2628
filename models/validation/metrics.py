"""Metrics of ranked probabilities, with seeded intervals that respect leads.

Belongs here: numbers computed from (label, probability, weight, lead), and their bootstrap.
Does not belong here: deciding whether a model is good enough (each task's evaluation), plots (``calibration``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Metric = Callable[[Floats, Floats, Floats], float]


def _weights(weight: Floats | None, n: int) -> Floats:
    return np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)


def roc_auc(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Chance that a landed row scores above one that did not, ties counting half; NaN with one class only."""
    weight = _weights(weight, len(y))
    values, slot = np.unique(p, return_inverse=True)
    positive = np.bincount(slot, weights=weight * y, minlength=len(values))
    negative = np.bincount(slot, weights=weight * (1 - y), minlength=len(values))
    total = positive.sum() * negative.sum()
    if not total > 0:
        return float("nan")
    below = np.cumsum(negative) - negative
    return float(positive @ (below + negative / 2) / total)


def brier_score(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Mean squared error of a probability."""
    return float(np.average((p - y) ** 2, weights=_weights(weight, len(y))))


def log_loss(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Mean negative log likelihood; probabilities are kept 1e-9 away from 0 and 1."""
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return float(-np.average(y * np.log(p) + (1 - y) * np.log(1 - p), weights=_weights(weight, len(y))))


def expected_calibration_error(y: Floats, p: Floats, weight: Floats | None = None, n_bins: int = 10) -> float:
    """Mean distance of predicted from observed share over about equally heavy bins of the prediction."""
    weight = _weights(weight, len(y))
    slot = equal_mass_bins(p, weight, n_bins)
    gap = np.bincount(slot, weights=weight * (p - y))
    return float(np.abs(gap).sum() / weight.sum())


def equal_mass_bins(p: Floats, weight: Floats, n_bins: int) -> npt.NDArray[np.intp]:
    """Bin number of each row; equal predictions share a bin."""
    _values, slot = np.unique(p, return_inverse=True)
    mass = np.bincount(slot, weights=weight)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.asarray(np.minimum((middle * n_bins).astype(np.intp), n_bins - 1)[slot], dtype=np.intp)


def precision_at_k(y: Floats, p: Floats, weight: Floats | None = None, share: float = 0.1) -> float:
    """Landed share among the highest scored ``share`` of rows; ties at the edge count pro rata."""
    weight = _weights(weight, len(y))
    values, slot = np.unique(-p, return_inverse=True)
    mass = np.bincount(slot, weights=weight, minlength=len(values))
    landed = np.bincount(slot, weights=weight * y, minlength=len(values))
    room = share * mass.sum()
    taken = np.clip(room - (np.cumsum(mass) - mass), 0, mass)
    rate = np.divide(landed, mass, out=np.zeros_like(landed), where=mass > 0)
    return float(taken @ rate / room)


def lift_at_k(y: Floats, p: Floats, weight: Floats | None = None, share: float = 0.1) -> float:
    """Precision in the highest ``share`` over the base rate; NaN when nothing landed."""
    base = float(np.average(y, weights=_weights(weight, len(y))))
    return precision_at_k(y, p, weight, share) / base if base > 0 else float("nan")


def bootstrap_interval(
    statistic: Callable[[Floats], float],
    groups: Any,
    *,
    n_resamples: int = 300,
    level: float = 0.95,
    seed: int = 20240601,
) -> tuple[float, float]:
    """Percentile interval of ``statistic(multiplicity of each row)``, resampling whole groups.

    Rows of one lead are near copies of each other: resampling rows would make intervals several times too narrow.
    NaN when fewer than half of the resamples give a number.
    """
    codes, uniques = pd.factorize(np.asarray(groups), sort=True)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(n_resamples):
        counts = np.bincount(rng.integers(0, len(uniques), len(uniques)), minlength=len(uniques))
        draws.append(statistic(counts[codes].astype(np.float64)))
    found = np.array([d for d in draws if np.isfinite(d)])
    if len(found) < n_resamples / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


METRICS: Mapping[str, Metric] = {
    "roc_auc": roc_auc,
    "brier": brier_score,
    "log_loss": log_loss,
    "expected_calibration_error": expected_calibration_error,
    "precision_at_10pct": precision_at_k,
    "lift_at_10pct": lift_at_k,
}


def evaluate_probabilities(
    y: Floats, p: Floats, groups: Any, weight: Floats | None = None, *, n_resamples: int = 300, seed: int = 20240601
) -> dict[str, dict[str, float | None]]:
    """All :data:`METRICS` as ``{metric: {value, low, high}}``, None where undefined."""
    weight = _weights(weight, len(y))

    def entry(metric: Metric) -> dict[str, float | None]:
        low, high = bootstrap_interval(lambda m: metric(y, p, weight * m), groups, n_resamples=n_resamples, seed=seed)
        return {"value": _number(metric(y, p, weight)), "low": _number(low), "high": _number(high)}

    return {name: entry(metric) for name, metric in METRICS.items()}


def difference(
    metric: Metric,
    y: Floats,
    better: Floats,
    worse: Floats,
    groups: Any,
    weight: Floats | None = None,
    *,
    n_resamples: int = 300,
    seed: int = 20240601,
) -> dict[str, float | None]:
    """``metric(better) - metric(worse)`` with a paired interval."""
    weight = _weights(weight, len(y))

    def gap(multiplicity: Floats) -> float:
        return metric(y, better, weight * multiplicity) - metric(y, worse, weight * multiplicity)

    low, high = bootstrap_interval(gap, groups, n_resamples=n_resamples, seed=seed)
    return {"value": _number(gap(np.ones(len(y)))), "low": _number(low), "high": _number(high)}


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
