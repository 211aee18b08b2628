"""Which candidate becomes the active version (模型关卡).

Belongs here: the decision, from a candidate's report and from what is active. Does not belong here: how versions are kept
(registry), how a report comes about (each task's training and evaluation).
"""

from __future__ import annotations

from models.registry import Registry


def deserves_promotion(registry: Registry, name: str, version: str) -> tuple[bool, str]:
    """Say whether a candidate may replace the active version, and why, in Chinese.

    A model that passed its examination may. A rule (规则估计) stands in only while no model is active: a run with too
    few labels, or an examination failed, leaves the model that passed earlier.
    """
    candidate = registry.load(name, version)
    active = registry.active(name)
    if candidate.report.get("passed"):
        return True, "候选模型通过样本外检验"
    reasons = "；".join(candidate.report.get("reasons", []))
    if active is None or registry.load(name, active).manifest["kind"] == "rule":
        return True, f"没有通过检验的模型，使用{candidate.report.get('label', '规则')}：{reasons}"
    return False, f"候选未通过检验，沿用 {active}：{reasons}"


def promote_if_deserved(registry: Registry, name: str, version: str) -> str:
    """Promote a candidate that deserves it; give the version that is active afterwards."""
    if deserves_promotion(registry, name, version)[0]:
        registry.promote(name, version)
    active = registry.active(name)
    if active is None:
        raise LookupError(f"{name}: nothing is active")
    return active
