"""Is the landing model good enough to be shown as a probability?

Belongs here: hold-out metrics against base rate and rule, the verdict and its reasons in Chinese.
Does not belong here: fitting (``training``), promoting (``models.registry``, the orchestration's check).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.validation.calibration import calibration_table
from models.validation.metrics import brier_score, difference, evaluate_probabilities, log_loss, roc_auc

Floats = npt.NDArray[np.float64]


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
