"""A candidate made worse is not promoted; contributions read as people write."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.card import gate_card
from models.cohort import Contender, GateSettings, compare_landing
from models.landing import LandingSettings
from models.landing.features import labels_known_on, matrix, open_pairs
from models.lifecycle import Inputs, train_if_due
from models.promotion import faults_of, judge, version_in_use
from models.registry import Registry
from models.tax import TaxSettings
from models.wording import word_contributions


def save(registry: Registry, value: float, **report: Any) -> str:
    tables = pd.DataFrame({"value": [value]})
    return registry.save("landing", tables, {"label": "规则估计", "reasons": ["标签不足"], **report}, {})


DAY = dt.date(2026, 6, 30)


def run_gate(registry: Registry, candidate: str, comparison: dict[str, Any] | None = None) -> str:
    verdict = judge(registry, "landing", candidate, registry.active("landing"), comparison)
    return version_in_use(registry, "landing", DAY, candidate, verdict)


def test_a_rule_stands_in_only_until_a_model_passes(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first = save(registry, 1.0, kind="rule", passed=False)
    assert run_gate(registry, first) == first
    second = save(registry, 2.0, kind="rule", passed=False)
    assert run_gate(registry, second) == second
    model = save(registry, 3.0, kind="model", passed=True)
    assert run_gate(registry, model) == model
    worse = save(registry, 4.0, kind="rule", passed=False)
    verdict = judge(registry, "landing", worse, model)
    assert not verdict.may and model in verdict.sentence and "标签不足" in verdict.sentence
    assert run_gate(registry, worse) == model
    assert registry.revert("landing") == second
    assert run_gate(registry, model) == second, "what somebody reverted does not come back by itself"
    by_hand = save(registry, 5.0, kind="model", passed=True)
    registry.promote("landing", by_hand)
    first_verdict = judge(registry, "landing", second, None)
    assert first_verdict.may
    assert version_in_use(registry, "landing", DAY, second, first_verdict) == by_hand, "an old verdict counts once"
    registry.promote("landing", model)
    assert registry.active("landing") == model and registry.reverted("landing") == []


def test_a_past_day_is_scored_by_what_stood_then_and_promotes_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    tables = pd.DataFrame({"value": [1.0]})
    report = {"kind": "model", "passed": True, "label": "", "reasons": []}
    march, june, past = (
        registry.save("landing", tables, report, {"as_of_date": day})
        for day in ("2026-03-01", "2026-06-01", "2026-05-01")
    )
    registry.promote("landing", march)
    registry.promote("landing", june)
    day = dt.date(2026, 5, 9)
    assert registry.standing_on("landing", day) == march
    assert version_in_use(registry, "landing", day, None, None) == march
    assert version_in_use(registry, "landing", day, past, judge(registry, "landing", past, march)) == past
    assert registry.active("landing") == june


class TestNewestCohort:
    """A candidate with shuffled labels, and one that is off in level, against an honest active model."""

    def contender(self, district: Any, settings: LandingSettings, day: dt.date, shuffled: bool) -> Contender:
        from models.additive.estimator import AdditiveClassifier

        pairs = open_pairs(district.features)
        y = labels_known_on(pairs, district.outcomes, day, settings)["label"]
        pairs, y = pairs[y.notna()], y.dropna().to_numpy()
        if shuffled:
            y = np.random.default_rng(5).permutation(y)
        model = AdditiveClassifier(categorical=list(settings.categorical), alpha=5.0, ridge=5.0)
        return Contender(model.fit(matrix(pairs, settings), y).tables_)

    def compared(self, district: Any, **candidate: Any) -> dict[str, Any]:
        settings, through = LandingSettings.load(), dt.date(2025, 12, 31)
        honest = self.contender(district, settings, through, shuffled=False)
        shift = candidate.pop("shift", 0.0)

        def twin_of(day: dt.date) -> Contender:
            found = self.contender(district, settings, day, **candidate)
            return Contender(found.tables.recalibrated(1.0, shift))

        found = compare_landing(
            district.features,
            district.outcomes,
            district.data_through,
            settings,
            honest,
            through,
            twin_of,
            GateSettings(20, 20, 0.05),
        )
        assert found is not None and found["rows_seen_by_active"] == 0 and found["cohort_from"] > str(through)
        assert found["trained_through"] < found["cohort_from"]
        return found

    def test_the_same_recipe_may(self, district: Any) -> None:
        assert faults_of(self.compared(district, shuffled=False), GateSettings.load()) == []

    def test_shuffled_labels_may_not(self, district: Any, tmp_path: Path) -> None:
        found = self.compared(district, shuffled=True)
        assert found["difference"]["low"] > 0
        registry = Registry(tmp_path)
        active = save(registry, 1.0, kind="model", passed=True)
        registry.promote("landing", active)
        worse = save(registry, 2.0, kind="model", passed=True)
        verdict = judge(registry, "landing", worse, active, found)
        assert not verdict.may and "肯定比在用模型差" in verdict.sentence
        assert version_in_use(registry, "landing", DAY, worse, verdict) == active == registry.active("landing")
        assert "不启用" in gate_card(verdict) and "没有见过这一批" in gate_card(verdict)

    def test_a_wrong_level_may_not(self, district: Any) -> None:
        faults = faults_of(self.compared(district, shuffled=False, shift=1.5), GateSettings.load())
        assert any("没有校准" in fault for fault in faults)


def test_training_is_due_once_a_month_and_when_settings_change(district: Any, tmp_path: Path) -> None:
    registry, reads = Registry(tmp_path), []

    def read() -> Inputs:
        reads.append(1)
        return Inputs(district.features.head(0), district.outcomes.head(0), {})

    def train(day: str, settings_hash: str = "a", **more: Any) -> Any:
        return train_if_due(registry, LandingSettings.load(), settings_hash, dt.date.fromisoformat(day), read, **more)

    first = train("2026-06-03")
    assert first.is_new and not train("2026-06-30").is_new and train("2026-06-30").version == first.version
    assert len(reads) == 1, "a night on which nothing is due reads nothing"
    assert train("2026-06-02").is_new, "a day before the training must not see it"
    assert train("2026-06-30").version == first.version
    assert train("2026-07-01").is_new and train("2026-07-02", "b").is_new
    assert train("2026-07-02", "b", force=True).is_new and len(reads) == 5


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
