"""How well an order of firms found those that moved: hits of the first k, average precision, AUC, with intervals.

Belongs here: metrics of one ranking under resampled firms (each score is sorted once), the examination of a candidate
and its verdict in Chinese.
Does not belong here: what is compared (``benchmarks.expansion``), fitting (``training``), promotion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from models.expansion.features import Floats, Rows
from models.validation.metrics import bootstrap_interval, log_loss

RESAMPLES = 100
SEED = 20040101


@dataclass
class Ranking:
    """Rows in slots of equal score, best first; what falls on the edge of the first k counts pro rata."""

    score: Floats
    y: Floats
    slot: Rows = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        values, slot = np.unique(-self.score, return_inverse=True)
        self.slot, self.size = np.asarray(slot, dtype=np.int64), len(values)

    def metrics(self, k: int, weight: Floats | None = None) -> dict[str, float]:
        """Return auc, ap and hits_k; ``weight`` says how often each row was drawn."""
        weight = np.ones(len(self.y)) if weight is None else weight
        mass = np.bincount(self.slot, weights=weight, minlength=self.size)
        won = np.bincount(self.slot, weights=weight * self.y, minlength=self.size)
        above, hits = np.cumsum(mass), np.cumsum(won)
        lost = mass - won
        pairs = won.sum() * lost.sum()
        auc = float(won @ (lost.sum() - np.cumsum(lost) + lost / 2) / pairs) if pairs > 0 else float("nan")
        precision = np.divide(hits, above, out=np.zeros_like(hits), where=above > 0)
        ap = float(won @ precision / won.sum()) if won.sum() > 0 else float("nan")
        room = np.clip(k - (above - mass), 0.0, mass)
        rate = np.divide(won, mass, out=np.zeros_like(won), where=mass > 0)
        return {"auc": auc, "ap": ap, f"hits_{k}": float(room @ rate)}


def compared(rankings: dict[str, Ranking], k: int, resamples: int = RESAMPLES) -> dict[str, dict[str, Any]]:
    """Return for each ranking its metrics, their 95% intervals, and those of the first ranking minus it.

    Firms are drawn with replacement (Poisson counts), the same draws for all.
    """
    names = list(rankings)
    plain = {name: rankings[name].metrics(k) for name in names}
    rng = np.random.default_rng(SEED)
    draws: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(resamples):
        weight = rng.poisson(1.0, len(rankings[names[0]].y)).astype(np.float64)
        for name in names:
            draws[name].append(rankings[name].metrics(k, weight))
    out = {}
    for name in names:
        found: dict[str, Any] = dict(plain[name])
        for metric in plain[name]:
            own = np.array([d[metric] for d in draws[name]])
            gap = np.array([d[metric] for d in draws[names[0]]]) - own
            found[f"{metric}_interval"] = [float(v) for v in np.quantile(own, [0.025, 0.975])]
            found[f"{metric}_behind_first"] = [float(v) for v in np.quantile(gap, [0.025, 0.975])]
        out[name] = found
    return out


def examine(y: Floats, weight: Floats, model: Floats, rule: Floats, base_rate: float) -> dict[str, Any]:
    """Examine the log odds of a model fitted on earlier days against the rule's order and the base rate known then.

    ``weight`` undoes the sampling, so the numbers are those of all firms; intervals resample firms.
    """
    own, other = Ranking(model, y), Ranking(rule, y)
    p, flat = expit(model), np.full(len(y), base_rate)

    def entry(statistic: Any) -> dict[str, float | None]:
        low, high = bootstrap_interval(lambda drawn: statistic(weight * drawn), np.arange(len(y)), n_resamples=100)
        found = {"value": statistic(weight), "low": low, "high": high}
        return {key: round(float(v), 6) if np.isfinite(v) else None for key, v in found.items()}

    return {
        "events": int(y.sum()),
        "expected_events": round(float(weight @ p), 1),
        "auc": entry(lambda w: own.metrics(1, w)["auc"]),
        "ap": entry(lambda w: own.metrics(1, w)["ap"]),
        "ap_model_minus_rule": entry(lambda w: own.metrics(1, w)["ap"] - other.metrics(1, w)["ap"]),
        "log_loss_model_minus_baseline": entry(lambda w: log_loss(y, p, w) - log_loss(y, flat, w)),
    }


def verdict(found: dict[str, Any]) -> list[str]:
    """Reasons, in Chinese, not to use the model; empty if there is none."""
    reasons = []
    auc, rule, gain = found["auc"], found["ap_model_minus_rule"], found["log_loss_model_minus_baseline"]
    if auc["low"] is None or auc["low"] <= 0.5:
        reasons.append(f"样本外排序能力不能肯定优于随机：AUC {_shown(auc)}")
    if gain["high"] is None or gain["high"] >= 0:
        reasons.append(f"样本外预测不能肯定优于平均外拓率：对数损失之差 {_shown(gain, 5)}（小于 0 为优）")
    if rule["high"] is not None and rule["high"] < 0:
        reasons.append(f"样本外排序不如规则分：平均准确率之差 {_shown(rule)}")
    return reasons


def _shown(entry: dict[str, float | None], digits: int = 3) -> str:
    value, low, high = ("暂无" if entry[k] is None else f"{entry[k]:.{digits}f}" for k in ("value", "low", "high"))
    return f"{value}（95% 区间 {low} 至 {high}）"
