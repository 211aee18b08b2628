"""A model card tells the numbers of its report, and says plainly what was not proven."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from models.card import model_card
from models.landing import LandingSettings, train_landing
from models.tax import TaxSettings, train_tax

QUICK: dict[str, Any] = {"bootstrap_resamples": 40, "candidate_alphas": (25.0,), "candidate_half_lives_days": (None,)}


def test_cards_of_a_model_and_of_too_few_labels(district: Any) -> None:
    settings = dataclasses.replace(LandingSettings.load(), bootstrap_resamples=40)
    run = train_landing(district.features, district.outcomes, district.data_through, settings)
    card = model_card("model-1", run.report)
    auc = run.report["holdout"]["model"]["roc_auc"]["value"]
    assert f"{auc:.3f}" in card and "model-1" in card and "没有使用" in card and "开工" in card
    assert f"模型占 {run.report['model_share']:.0%}" in card and "规则分占" in card
    assert "总体水平" in card and "95% 区间" in card and "| 外资：是 |" in card
    nobody = district.features.head(0)
    rule = train_landing(nobody, district.outcomes.head(0), district.data_through, settings)
    card = model_card("rule-1", rule.report)
    assert "数据不足，没有做" in card and "未通过" in card


def test_card_of_the_tax_model_names_error_and_coverage(district: Any) -> None:
    settings = dataclasses.replace(TaxSettings.load(), **QUICK)
    run = train_tax(district.features, district.outcomes, district.data_through, settings)
    card = model_card("model-2", run.report)
    assert "一律取中位数" in card and "80% 区间实际覆盖" in card
    assert pd.Series(card.splitlines()).str.startswith("| ").sum() > 5
