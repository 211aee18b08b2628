"""Is the tax model better than a plain median, and do its intervals hold?

Belongs here: errors on the log scale against median and promise, interval offsets, coverage, the verdict in Chinese.
Does not belong here: fitting (``training``), promotion (``models.registry``).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from models.validation.calibration import wilson
from models.validation.metrics import bootstrap_interval

Floats = npt.NDArray[np.float64]


def conformal_offsets(residual: Floats, level: float, above: Floats | None = None) -> tuple[float, float] | None:
    """Offsets on the log scale that hold at least ``level`` of exchangeable new residuals; None if too few.

    Both tails get the same share. Ranks are those of split conformal: the k-th smallest with k = (n + 1) times the
    share, rounded outwards. Nine residuals are the fewest that carry an 80% interval. Where an interval has a lower and
    an upper end of its own, ``residual`` is that from the lower end and ``above`` that from the upper one.
    """
    n = len(residual)
    tail = (1 - level) / 2
    low, high = math.floor((n + 1) * tail + 1e-9), math.ceil((n + 1) * (1 - tail) - 1e-9)
    if low < 1 or high > n:
        return None
    return float(np.sort(residual)[low - 1]), float(np.sort(residual if above is None else above)[high - 1])


def pinball(y: Floats, predicted: Floats, quantile: float) -> Floats:
    """Loss of every row whose expectation a quantile makes least."""
    return np.maximum(quantile * (y - predicted), (quantile - 1) * (y - predicted))


def evaluate_holdout(
    y: Floats, model: Floats, median: float, rule: Floats, promised: Floats, leads: Any, n_resamples: int
) -> dict[str, Any]:
    """Mean absolute error of log1p 万元 for model, median, estimate and, where there is one, the promise."""
    has = np.isfinite(promised)
    error = {"model": np.abs(y - model), "baseline": np.abs(y - median), "rule": np.abs(y - rule)}
    out: dict[str, Any] = {f"mae_log_{k}": interval(v, leads, n_resamples) for k, v in error.items()}
    out["mae_log_model_minus_baseline"] = interval(error["model"] - error["baseline"], leads, n_resamples)
    out["mae_log_model_minus_rule"] = interval(error["model"] - error["rule"], leads, n_resamples)
    out["promised_row_count"] = int(has.sum())
    out["mae_log_promised"] = out["mae_log_model_minus_promised"] = None
    if has.sum() >= 2:
        held = np.abs(y[has] - promised[has])
        out["mae_log_promised"] = interval(held, np.asarray(leads)[has], n_resamples)
        out["mae_log_model_minus_promised"] = interval(error["model"][has] - held, np.asarray(leads)[has], n_resamples)
    return out


def interval(values: Floats, leads: Any, n_resamples: int) -> dict[str, float]:
    """Mean with its bootstrap interval."""
    low, high = bootstrap_interval(lambda m: float(np.average(values, weights=m)), leads, n_resamples=n_resamples)
    return {"value": round(float(values.mean()), 6), "low": round(low, 6), "high": round(high, 6)}


def coverage(y: Floats, ends: tuple[Floats, Floats] | None, level: float) -> dict[str, Any] | None:
    """Share of projects inside an interval that was fixed before they were seen."""
    if ends is None:
        return None
    inside = (y >= ends[0]) & (y <= ends[1])
    low, high = wilson(float(inside.mean()), float(len(y)))
    return {"nominal": level, "value": round(float(inside.mean()), 6), "low": round(low, 6), "high": round(high, 6)}


def verdict(metrics: dict[str, Any]) -> list[str]:
    """Reasons, in Chinese, not to show the model; empty if there is none."""
    gain = metrics["mae_log_model_minus_baseline"]
    text = f"{gain['value']:.3f}（95% 区间 {gain['low']:.3f} 至 {gain['high']:.3f}，小于 0 为优）"
    return [] if gain["high"] < 0 else [f"样本外误差不能肯定小于“一律取中位数”：平均绝对误差之差 {text}"]
