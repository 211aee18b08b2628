"""Which candidate becomes the active version (模型关卡).

Belongs here: the decision, from a candidate's report, its comparison with the active version, and what was reverted.
Does not belong here: how versions are kept (registry), how a report comes about (each task's evaluation), the comparison
itself (cohort).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.cohort import GateSettings
from models.registry import Registry


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may replace the active version, why (Chinese), and the comparison behind it, if any."""

    may: bool
    sentence: str
    comparison: dict[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """Give the verdict as JSON-able content."""
        return asdict(self)


def judge(
    registry: Registry,
    name: str,
    version: str,
    standing: str | None,
    comparison: dict[str, Any] | None = None,
    gate: GateSettings | None = None,
) -> Verdict:
    """Judge a candidate against the version that stands.

    A model that passed its examination replaces a rule. It replaces a model only if, on the newest cohort, it is not
    certainly worse and is calibrated. A rule (规则估计) stands in only while no model does.
    """
    candidate = registry.load(name, version)
    is_model = standing is not None and registry.load(name, standing).manifest["kind"] != "rule"
    if candidate.report.get("passed"):
        if not is_model or version == standing:
            return Verdict(True, "候选模型通过样本外检验")
        faults = [] if comparison is None else faults_of(comparison, gate or GateSettings.load())
        if faults:
            return Verdict(False, f"沿用 {standing}：{'；'.join(faults)}", comparison)
        told = "满期样本太少，无法与在用模型比较" if comparison is None else f"不差于在用模型：{_shown(comparison)}"
        return Verdict(True, f"候选模型通过样本外检验；{told}", comparison)
    reasons = "；".join(candidate.report.get("reasons", []))
    if not is_model:
        return Verdict(True, f"没有通过检验的模型，使用{candidate.report.get('label', '规则')}：{reasons}")
    return Verdict(False, f"候选未通过检验，沿用 {standing}：{reasons}", comparison)


def faults_of(comparison: Mapping[str, Any], gate: GateSettings) -> list[str]:
    """Give what speaks against a candidate on the newest cohort, in Chinese; nothing if it may be promoted."""
    faults = []
    if not comparison["twin_is_model"]:
        faults.append(f"同样的做法用 {comparison['trained_through']} 之前的数据训练，没有通过检验")
    low = comparison["difference"]["low"]
    if low is not None and low > 0:
        faults.append(f"在最新满期的一批上肯定比在用模型差：{_shown(comparison)}")
    ours, theirs = comparison["candidate"], comparison["active"]
    if comparison["task"] == "landing" and _is_off(ours["gap"], gate.calibration_tolerance):
        # A level that is off for both says that the times changed; then the nearer one goes on.
        if abs(ours["gap"]["value"]) >= abs(theirs["gap"]["value"]):
            faults.append(f"没有校准：平均预测与实际之差 {_interval(ours['gap'])}，在用模型 {_interval(theirs['gap'])}")
    elif comparison["task"] == "tax" and ours["coverage"] and ours["coverage"]["high"] < ours["coverage"]["nominal"]:
        before = theirs["coverage"]["value"] if theirs["coverage"] else 0.0
        if ours["coverage"]["value"] <= before:
            faults.append(f"区间没有覆盖够：实际 {_interval(ours['coverage'])}")
    return faults


def version_in_use(registry: Registry, name: str, day: dt.date, candidate: str | None, verdict: Verdict | None) -> str:
    """Give the version to score a day with, and promote the candidate if that is the newest training.

    A verdict counts once: a version that was promoted before, or that somebody reverted, is not promoted again. For a day before the newest training nothing is promoted:
    that day is scored by what stood then, or by a candidate trained on what was known then.
    """
    active, standing = registry.active(name), registry.standing_on(name, day)
    deserves = candidate is not None and verdict is not None and verdict.may
    if candidate in (*registry.promoted(name), *registry.reverted(name)):
        deserves = False
    if active == standing and deserves and candidate is not None:
        registry.promote(name, candidate)
    chosen = candidate if deserves else standing
    if chosen is None:
        raise LookupError(f"{name}: nothing is active on {day} and no candidate deserves it")
    return chosen


def _is_off(gap: Mapping[str, float], tolerance: float) -> bool:
    return abs(gap["value"]) > tolerance and not gap["low"] <= 0 <= gap["high"]


def _shown(comparison: Mapping[str, Any]) -> str:
    span = f"{comparison['cohort_from']} 至 {comparison['cohort_to']} 满期的 {comparison['lead_count']:,} 条"
    return f"{span}，{comparison['error']}之差 {_interval(comparison['difference'])}，小于 0 为优"


def _interval(entry: Mapping[str, float | None]) -> str:
    value, low, high = (("暂无" if entry[k] is None else f"{entry[k]:.3f}") for k in ("value", "low", "high"))
    return f"{value}（95% 区间 {low} 至 {high}）"
