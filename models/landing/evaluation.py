"""Is the landing model good enough to be shown as a probability?

Belongs here: hold-out metrics against base rate and rule, by segment too, the verdict and its reasons in Chinese.
Does not belong here: fitting (``training``), promoting (``models.registry``, the orchestration's check).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.landing.settings import LandingSettings
from models.validation.calibration import calibration_table
from models.validation.metrics import brier_score, difference, evaluate_probabilities, log_loss, roc_auc

Floats = npt.NDArray[np.float64]
FEWEST_IN_SEGMENT = 10


def evaluate_holdout(
    y: Floats, model: Floats, baseline: Floats, rule: Floats, leads: Any, weight: Floats, n_resamples: int
) -> dict[str, Any]:
    """Metrics of model, base rate and rule on the same rows, and paired differences; intervals resample leads."""
    options: dict[str, Any] = {"weight": weight, "n_resamples": n_resamples}
    return {
        "model": evaluate_probabilities(y, model, leads, **options),
        "baseline": evaluate_probabilities(y, baseline, leads, **options),
        "rule": evaluate_probabilities(y, rule, leads, **options),
        "differences": {
            "log_loss_model_minus_baseline": difference(log_loss, y, model, baseline, leads, **options),
            "brier_model_minus_baseline": difference(brier_score, y, model, baseline, leads, **options),
            "roc_auc_model_minus_rule": difference(roc_auc, y, model, rule, leads, **options),
        },
        "calibration_table": calibration_table(y, model, weight).to_dict("records"),
    }


def segment_table(
    x: pd.DataFrame, y: Floats, p: Floats, leads: Any, weight: Floats, settings: LandingSettings
) -> list[dict[str, Any]]:
    """Expected beside observed share of the examined rows of every segment; intervals resample leads.

    ``roc_auc`` is None where a class has fewer than :data:`FEWEST_IN_SEGMENT` leads.
    """
    found = []
    for name, bounds in settings.segments.items():
        for value, rows in _segments(x[name], bounds, settings.value_text):
            if not rows.any():
                continue
            of = {"y": y[rows], "p": p[rows], "w": weight[rows], "leads": leads[rows]}
            gap = difference(_mean_gap, of["y"], of["p"], of["y"], of["leads"], of["w"], n_resamples=100)
            classes = [len(set(of["leads"][of["y"] == c])) for c in (0.0, 1.0)]
            auc = roc_auc(of["y"], of["p"], of["w"]) if min(classes) >= FEWEST_IN_SEGMENT else None
            found.append(
                {
                    "feature": name,
                    "label": settings.feature_labels[name],
                    "value": value,
                    "row_count": int(rows.sum()),
                    "lead_count": len(set(of["leads"])),
                    "landed_lead_count": classes[1],
                    "expected_share": round(float(np.average(of["p"], weights=of["w"])), 6),
                    "observed_share": round(float(np.average(of["y"], weights=of["w"])), 6),
                    "expected_minus_observed": gap,
                    "roc_auc": None if auc is None else round(auc, 6),
                }
            )
    return found


def _mean_gap(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    return float(np.average(p - y, weights=weight))


def _segments(
    column: pd.Series[Any], bounds: Sequence[float], text: Callable[[str, Any], str]
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Names and rows of the segments of a column, absence one of its own."""
    name = str(column.name)
    absent = column.isna().to_numpy()
    if bounds:
        number = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
        for low, high in pairwise((-np.inf, *bounds, np.inf)):
            start = f"{text(name, low)}起" if np.isfinite(low) else ""
            yield start + (f"不足{text(name, high)}" if np.isfinite(high) else ""), (number >= low) & (number < high)
    else:
        for value in sorted(column[~absent].unique(), key=str):
            yield text(name, value), (column == value).fillna(False).to_numpy(dtype=bool)
    yield "暂无", absent


def verdict(metrics: dict[str, Any]) -> list[str]:
    """Reasons, in Chinese, not to show the model as a probability; empty if there is none.

    Skill is judged by log loss against the base rate known on the day of the cut, with its paired interval: it
    punishes a wrong level as well as a wrong order. The order must also be better than chance and not worse than the
    rule.
    """
    reasons = []
    auc = metrics["model"]["roc_auc"]
    gain = metrics["differences"]["log_loss_model_minus_baseline"]
    rule = metrics["differences"]["roc_auc_model_minus_rule"]
    if auc["low"] is None or auc["low"] <= 0.5:
        reasons.append(f"样本外排序能力不能肯定优于随机：AUC {_shown(auc)}")
    if gain["high"] is None or gain["high"] >= 0:
        reasons.append(f"样本外预测不能肯定优于平均落地率：对数损失之差 {_shown(gain)}（小于 0 为优）")
    if rule["high"] is not None and rule["high"] < 0:
        reasons.append(f"样本外排序不如规则分：AUC 之差 {_shown(rule)}")
    return reasons


def _shown(entry: dict[str, float | None]) -> str:
    value, low, high = (("暂无" if entry[k] is None else f"{entry[k]:.3f}") for k in ("value", "low", "high"))
    return f"{value}（95% 区间 {low} 至 {high}）"
