"""The model gate (模型关卡): a candidate that fails its examination is not promoted, and everybody sees it.

Belongs here: telling the verdict. It warns and does not block: the active version goes on ranking, the list is published.
Does not belong here: the verdict itself (models.promotion, models.<task>.evaluation).
"""

import dagster as dg

from models.promotion import deserves_promotion
from orchestration.defs.learning.assets import TASKS, candidate_version, registry_of
from orchestration.resources import Workplace


def _gate(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name="model_gate",
        asset=["learning", f"{name}_candidate"],
        description="候选模型是否通过样本外检验；不通过则不启用",
    )
    def model_gate(workplace: Workplace) -> dg.AssetCheckResult:
        registry = registry_of(workplace)
        version = candidate_version(workplace, name)
        report = registry.load(name, version).report
        _, sentence = deserves_promotion(registry, name, version)
        return dg.AssetCheckResult(
            passed=bool(report.get("passed")),
            severity=dg.AssetCheckSeverity.WARN,
            description=sentence,
            metadata={"candidate": version, "active": registry.active(name) or "（尚无）"},
        )

    return model_gate


model_gates = [_gate(name) for name in TASKS]
