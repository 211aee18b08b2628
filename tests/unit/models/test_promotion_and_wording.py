"""A candidate made worse is not promoted; contributions read as people write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from models.landing import LandingSettings
from models.promotion import deserves_promotion, promote_if_deserved
from models.registry import Registry
from models.tax import TaxSettings
from models.wording import word_contributions


def save(registry: Registry, value: float, **report: Any) -> str:
    tables = pd.DataFrame({"value": [value]})
    return registry.save("landing", tables, {"label": "规则估计", "reasons": ["标签不足"], **report}, {})


def test_a_rule_stands_in_only_until_a_model_passes(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first = save(registry, 1.0, kind="rule", passed=False)
    assert promote_if_deserved(registry, "landing", first) == first
    second = save(registry, 2.0, kind="rule", passed=False)
    assert promote_if_deserved(registry, "landing", second) == second
    model = save(registry, 3.0, kind="model", passed=True)
    assert promote_if_deserved(registry, "landing", model) == model
    worse = save(registry, 4.0, kind="rule", passed=False)
    may, why = deserves_promotion(registry, "landing", worse)
    assert not may and model in why and "标签不足" in why
    assert promote_if_deserved(registry, "landing", worse) == model
    assert registry.revert("landing") == second


def test_contributions_are_worded_once_a_value() -> None:
    raw = pd.DataFrame(
        [
            ("L1", "landing", "follow_up_count_90d", "follow_up_count_90d", "5", None, 0.5),
            ("L1", "landing", "is_in_register", "is_in_register", "true", None, 0.25),
            ("L1", "landing", "chain_id", "chain_id", "water", None, 0.125),
            ("L1", "tax", "industry_section", "industry_section", "C", None, 0.5),
            ("L1", "tax", "land_mu", "land_mu", None, None, -0.5),
            ("L1", "fit", "industry_code", None, None, "行业小类一致（4位）", 40.0),
        ],
        columns=["lead_id", "part", "term", "feature", "value_text", "level_label", "contribution"],
    )
    worded = word_contributions(
        raw, LandingSettings.load(), TaxSettings.load(), {"industry_code": "行业代码相符"}, {"water": "环保水处理"}
    )
    assert worded["label"].tolist() == [
        "近90天跟进次数", "登记库可查", "所属产业链", "行业门类", "用地需求", "行业代码相符",
    ]  # fmt: skip
    assert worded["value"].tolist() == ["5次", "可查", "环保水处理", "制造业", "暂无", "行业小类一致（4位）"]
    assert worded["contribution"].tolist() == raw["contribution"].tolist()
