"""Every way of scoring in use (docs: formulas of bureaus), worked by hand; tables that don't add up are refused with the row."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from models.assessment import Assessment, Measure, assess, read_rules

DAY = dt.date
MARCH, JUNE, OUTSET = DAY(2026, 3, 1), DAY(2026, 6, 1), DAY(1900, 1, 1)
AS_OF = DAY(2026, 6, 30)  # 181 of 365 days have passed
INDICATORS = pd.DataFrame(
    {
        "indicator": [
            "新签约项目数",
            "签约金额",
            "新开工项目数",
            "到位资金",
            "实际使用外资",
            "产业项目数",
            "超时限未开工项目数",
        ],
        "is_stock": [False] * 6 + [True],
    }
)
UNITS = pd.DataFrame({"unit_name": ["甲镇", "乙镇", "丙局"], "unit_type": ["镇", "镇", "部门"]})
EMPTY = {
    "weight": None, "cap": None, "floor": None, "threshold": None, "unit_type": None, "evidence_kind": None,
    "measured_indicator": None, "rule_group": None, "target_value": None, "period_kind": None, "valid_to_date": None,
    "valid_from_date": DAY(2026, 1, 1), "source_file": "规则.xlsx", "source_sheet": "Sheet1",
}  # fmt: skip


def rule(code: str, kind: str, points: float, measured: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"scheme_name": "方案", "rule_code": code, "indicator": f"{code}分", "rule_kind": kind, "points": points}
    return EMPTY | row | {"measured_indicator": measured, "source_row": 2} | more


def fact(unit: str, indicator: str, key: str, value: float = 1.0, at: dt.date = MARCH, **more: Any) -> dict[str, Any]:
    row = {
        "unit_name": unit,
        "indicator": indicator,
        "fact_key": key,
        "fact_date": at,
        "known_date": at,
        "until_date": None,
    }
    row |= {
        "fact_value": value,
        "project_name": f"{key}项目",
        "investment_wan_cny": 50000.0,
        "not_counted_reason": None,
    }
    return row | {"evidence_kind": "银行凭证", "evidence_no": "证1"} | more


def target(unit: str, indicator: str, value: float, since: dt.date = OUTSET) -> dict[str, Any]:
    row = {"target_year": 2026, "unit_name": unit, "indicator": indicator}
    return row | {"target_value": value, "valid_from_date": since}


def mark(unit: str, code: str, value: float, kind: str = "评分", at: dt.date = JUNE) -> dict[str, Any]:
    row = {"scheme_name": "方案", "unit_name": unit, "rule_code": code, "period_date": at, "mark_value": value}
    return row | {"value_kind": kind, "given_by": "区考核办", "evidence_text": "票决表"}


def passed(as_of: dt.date) -> dict[str, float]:
    """How much of each period of the day has passed, the day included, as brd_task__pace has it."""
    last = as_of
    periods = {kind: pd.Period(last, freq) for kind, freq in (("月", "M"), ("季", "Q"), ("年", "Y"))}
    spans = {kind: (period.start_time.date(), period.end_time.date()) for kind, period in periods.items()}
    half = (
        dt.date(last.year, 1 if last.month <= 6 else 7, 1),
        dt.date(last.year, *((6, 30) if last.month <= 6 else (12, 31))),
    )
    return {
        kind: (((as_of - first).days + 1) / ((end - first).days + 1))
        for kind, (first, end) in {**spans, "半年": half}.items()
    }


def score(
    rules: list[dict[str, Any]],
    facts: list[dict[str, Any]] = [],  # noqa: B006
    targets: list[dict[str, Any]] = [],  # noqa: B006
    marks: list[dict[str, Any]] = [],  # noqa: B006
    as_of: dt.date = AS_OF,
) -> Assessment:
    return assess(
        pd.DataFrame(rules),
        pd.DataFrame(marks, columns=list(mark("", "", 0))),
        pd.DataFrame(facts, columns=list(fact("", "", ""))),
        pd.DataFrame(targets, columns=list(target("", "", 0))),
        UNITS,
        INDICATORS,
        as_of,
        passed=passed(as_of),
    )


def of(found: Assessment, unit: str = "甲镇") -> float:
    rows = found.scores[found.scores["unit_name"] == unit]
    total = float(rows["score"].iloc[0])
    items = found.items[found.items["unit_name"] == unit]["item_points"]
    assert items.sum() == pytest.approx(total, abs=1e-6)  # the score is the sum of its items
    return total


# --- formulas of 2.11 -------------------------------------------------------------------------------------------------


def test_completion_counts_above_the_target_up_to_the_cap() -> None:
    facts = [fact("甲镇", "到位资金", f"F{i}", 400.0) for i in range(3)]
    rules = [rule("资金", "完成率", 0.5, "到位资金", cap=0.6)]
    assert of(score(rules, facts, [target("甲镇", "到位资金", 1000.0)])) == pytest.approx(0.6)  # 120% of 0.5
    assert of(score(rules, facts, [target("甲镇", "到位资金", 2000.0)])) == pytest.approx(0.3)
    assert of(score(rules, facts, [target("甲镇", "到位资金", 500.0)])) == pytest.approx(0.6)  # 240%, held by the cap


def test_two_halves_of_a_group_share_one_cap() -> None:
    rules = [
        rule("个数", "完成率", 0.5, "新签约项目数", weight=0.5, cap=0.5, rule_group="签约"),
        rule("金额", "完成率", 0.5, "签约金额", weight=0.5, cap=0.5, rule_group="签约"),
    ]
    facts = [fact("甲镇", "新签约项目数", f"S{i}") for i in range(3)] + [fact("甲镇", "签约金额", "S0", 30000.0)]
    targets = [target("甲镇", "新签约项目数", 2.0), target("甲镇", "签约金额", 100000.0)]
    # 3/2 x 50% + 0.3 x 50% = 0.9; x 0.5 = 0.45
    assert of(score(rules, facts, targets)) == pytest.approx(0.45)
    targets[1] = target("甲镇", "签约金额", 30000.0)
    assert of(score(rules, facts, targets)) == 0.5  # 0.625 before the cap


def test_a_size_ladder_loses_a_tenth_for_each_missing() -> None:
    rules = [
        rule("基础", "达标", 1.5, rule_group="阶梯", floor=0.0),
        rule(
            "三亿",
            "按个扣分",
            0.1,
            "新签约项目数[30000,100000)",
            target_value=7.0,
            cap=0.7,
            rule_group="阶梯",
            floor=0.0,
        ),
        rule(
            "十亿",
            "按个扣分",
            0.1,
            "新签约项目数[100000,200000)",
            target_value=4.0,
            cap=0.4,
            rule_group="阶梯",
            floor=0.0,
        ),
        rule(
            "二十亿", "按个扣分", 0.1, "新签约项目数[200000,)", target_value=1.0, cap=0.1, rule_group="阶梯", floor=0.0
        ),
    ]
    sizes = [30000.0, 99999.0, 100000.0, 250000.0]
    facts = [fact("甲镇", "新签约项目数", f"S{i}", investment_wan_cny=size) for i, size in enumerate(sizes)]
    assert of(score(rules, facts)) == pytest.approx(1.5 - 0.1 * (7 - 2) - 0.1 * (4 - 1) - 0)


def test_deductions_do_not_go_below_the_floor() -> None:
    rules = [
        rule("基础", "达标", 0.5, rule_group="规范", floor=0.0),
        rule("超时限", "按个扣分", 0.1, "超时限未开工项目数", cap=1.0, rule_group="规范", floor=0.0),
        rule("造假", "按个扣分", 0.2, cap=1.0, rule_group="规范", floor=0.0),
    ]
    late = [fact("甲镇", "超时限未开工项目数", f"L{i}") for i in range(2)]
    late.append(fact("甲镇", "超时限未开工项目数", "L9", until_date=DAY(2026, 5, 1)))  # started since
    assert of(score(rules, late)) == pytest.approx(0.3)
    found = score(rules, late, marks=[mark("甲镇", "造假", 2.0, "个数")])
    assert of(found) == 0.0  # 0.5 - 0.2 - 0.4
    assert "规范（分组）" in set(found.items["rule_code"])


def test_a_share_of_two_measures_without_a_base_is_told() -> None:
    rules = [rule("契合", "完成率", 20.0, "产业项目数/新签约项目数", cap=20.0)]
    facts = [fact("甲镇", "新签约项目数", f"S{i}") for i in range(4)] + [fact("甲镇", "产业项目数", "S0")]
    found = score(rules, facts)
    assert of(found) == 5.0
    nothing = found.items[found.items["unit_name"] == "乙镇"].iloc[0]
    assert pd.isna(nothing["item_points"]) and nothing["how_text"] == "分母为 0，暂无"
    assert found.scores.set_index("unit_name").loc["乙镇", "position"] is pd.NA


def test_votes_are_weighted_and_bonuses_capped() -> None:
    rules = [
        rule("园区票", "完成率", 15.0, weight=0.7, cap=15.0, target_value=100.0, rule_group="票决"),
        rule("乡镇票", "完成率", 15.0, weight=0.3, cap=15.0, target_value=100.0, rule_group="票决"),
        rule("走访", "按个加分", 0.5, cap=3.0),
    ]
    marks = [mark("甲镇", "园区票", 90.0), mark("甲镇", "乡镇票", 80.0), mark("甲镇", "走访", 9.0, "个数")]
    assert of(score(rules, marks=marks)) == pytest.approx(15 * (0.7 * 0.9 + 0.3 * 0.8) + 3.0)


def test_pace_divides_by_what_the_time_asks_for() -> None:
    rules = [rule("资金", "完成率", 30.0, "到位资金@时序", cap=36.0)]
    facts = [fact("甲镇", "到位资金", "F1", 365.0)]
    # 730 a year asks for 730 x 181/365 = 362 by then.
    assert of(score(rules, facts, [target("甲镇", "到位资金", 730.0)])) == pytest.approx(30 * 365 / 362, abs=1e-4)


def test_missing_reports_cost_a_point_each_up_to_twelve_and_a_veto_ends_it() -> None:
    rules = [
        rule("底分", "达标", 20.0),
        rule("报表", "按个扣分", 1.0, cap=12.0),
        rule("事故", "否决", 0.0, threshold=1.0),
    ]
    assert of(score(rules)) == 20.0
    months = [mark("甲镇", "报表", 1.0, "个数", DAY(2026, m, 1)) for m in range(1, 4)]
    assert of(score(rules, marks=months)) == 17.0
    assert of(score(rules, marks=[mark("甲镇", "报表", 30.0, "个数")])) == 8.0
    found = score(rules, marks=[*months, mark("甲镇", "事故", 1.0, "个数")])
    assert of(found) == 0.0 and found.scores.set_index("unit_name").loc["甲镇", "vetoed_by"] == "事故分"


def test_a_threshold_is_met_or_not() -> None:
    rules = [rule("外资", "达标", 10.0, "实际使用外资", threshold=100.0)]
    assert of(score(rules, [fact("甲镇", "实际使用外资", "F", 99.9999)])) == 0.0
    assert of(score(rules, [fact("甲镇", "实际使用外资", "F", 100.0)])) == 10.0


# --- steps ------------------------------------------------------------------------------------------------------------


def below(points: float, size: float, each: float, measured: str | None = None, **more: Any) -> dict[str, Any]:
    return rule("步", "按步扣分", points, measured, step_size=size, step_points=each, **more)


@pytest.mark.parametrize(
    ("paid", "points"),
    [
        (1000.0, 10.0),  # 100%
        (1200.0, 10.0),  # more than the task costs and earns nothing
        (990.0, 9.9),  # 99%: one step
        (990.1, 10.0),  # 0.99 of a point is no step
        (899.9, 9.0),  # 10.01 points: ten steps
        (30.0, 0.3),  # 97 steps
        (0.0, 0.0),
    ],
)
def test_each_point_below_the_task_costs_a_tenth(paid: float, points: float) -> None:
    rules = [below(10.0, 1.0, 0.1, "到位资金", measure="%")]
    found = score(rules, [fact("甲镇", "到位资金", "F", paid)], [target("甲镇", "到位资金", 1000.0)])
    assert of(found) == points
    item = found.items[found.items["unit_name"] == "甲镇"].iloc[0]
    assert (item["done_value"], item["base_value"]) == (paid, 1000) and item["rate_pct"] == pytest.approx(paid / 10)
    assert found.items.set_index("unit_name").loc["乙镇", "how_text"] == "未下达"


def test_a_step_that_is_just_full_is_full() -> None:
    # In doubles (0.7 - 0.4) / 0.1 is 2.9999999999999996; and 100 x 19/3 of 1000 is no short decimal.
    rules = [below(1.0, 0.1, 0.2, target_value=0.7)]
    assert of(score(rules, marks=[mark("甲镇", "步", 0.4)])) == 0.4
    share = [below(5.0, 1.0, 0.5, "产业项目数/新签约项目数", target_value=70.0, measure="个百分点")]
    facts = [fact("甲镇", "新签约项目数", f"S{i}") for i in range(3)] + [
        fact("甲镇", "产业项目数", f"S{i}") for i in (0, 1)
    ]
    found = score(share, facts)
    assert of(found) == 3.5  # 66.67%: three whole steps below 70%
    how = found.items[found.items["unit_name"] == "甲镇"].iloc[0]["how_text"]
    assert how == "66.6667%，目标70%，低3步（每步1%）×0.5分"
    assert found.items.set_index("unit_name").loc["乙镇", "how_text"] == "分母为 0，暂无"


def test_tax_per_mu_loses_by_the_piece_down_to_its_floor() -> None:
    """Formula of 2.8: 10 万元/亩 = 10 points, 0.1 off for each 1 below; and 400 万元/亩 = 5, 0.1 off for each 10 below."""
    tax, output = below(10.0, 1.0, 0.1, target_value=10.0), below(5.0, 10.0, 0.1, target_value=400.0, floor=3.0)
    assert of(score([tax], marks=[mark("甲镇", "步", 7.5)])) == 9.8
    assert of(score([output], marks=[mark("甲镇", "步", 355.0)])) == 4.6  # four whole steps of 45
    found = score([output], marks=[mark("甲镇", "步", 100.0)])
    assert of(found) == 3.0
    assert found.items.set_index("unit_name").loc["甲镇", "how_text"] == "100，目标400，低30步（每步10）×0.1分，保底3"
    assert (
        found.scores.set_index("unit_name").loc["乙镇", "score_text"] == "0（步分暂无，不参加排名）"
    )  # nobody marked it


def test_each_point_above_the_task_earns_up_to_the_cap() -> None:
    rules = [rule("步", "按步加分", 0.0, "到位资金", step_size=5.0, step_points=0.5, cap=2.0, measure="%")]
    targets = [target("甲镇", "到位资金", 1000.0)]
    for paid, points in [(900.0, 0.0), (1049.0, 0.0), (1050.0, 0.5), (1199.9, 1.5), (1200.0, 2.0), (9000.0, 2.0)]:
        assert of(score(rules, [fact("甲镇", "到位资金", "F", paid)], targets)) == points
    # Of the count, not of its rate: 2 above the task of 3.
    rules = [rule("步", "按步加分", 1.0, "新签约项目数", step_size=1.0, step_points=0.3, cap=9.0)]
    facts = [fact("甲镇", "新签约项目数", f"S{i}") for i in range(5)]
    assert of(score(rules, facts, [target("甲镇", "新签约项目数", 3.0)])) == 1.6


def test_steps_follow_the_time_where_the_rule_says_so() -> None:
    rules = [below(10.0, 1.0, 0.1, "到位资金@时序", measure="%")]
    # 730 a year asks for 362 by then; 181 is half of it: 50 steps.
    found = score(rules, [fact("甲镇", "到位资金", "F", 181.0)], [target("甲镇", "到位资金", 730.0)])
    assert of(found) == 5.0


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_weights_of_one_point_nought_five_are_refused_with_every_row() -> None:
    weights = {
        "签约": 0.25,
        "到资": 0.25,
        "开工": 0.20,
        "外资": 0.15,
        "见商": 0.05,
        "出差": 0.03,
        "周签": 0.05,
        "活动": 0.07,
    }
    rules = [rule(code, "完成率", 100.0, "到位资金", weight=w, cap=100.0) for code, w in weights.items()]
    assert sum(weights.values()) == pytest.approx(1.05)
    found = score(rules)
    assert found.scores.empty and set(found.refused["rule_code"]) == set(weights)
    assert set(found.refused["reason"]) == {"方案权重合计 1.05，应为 1"}
    rules[0]["weight"] = 0.20
    assert score(rules).refused.empty


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (rule("甲", "完成率", 1.0, "见商次数", cap=1.0), "取数指标“见商次数”不在指标表中"),
        (rule("甲", "完成率", 1.0, "到位资金"), "没有封顶，不能计分"),
        (rule("甲", "按个加分", 1.0), "没有封顶，不能计分"),
        (
            rule("甲", "完成率", 1.0, "到位资金/新签约项目数/签约金额", cap=1.0),
            "取数指标“到位资金/新签约项目数/签约金额”写法不认识",
        ),
        (rule("甲", "完成率", 1.0, "到位资金", cap=1.0, floor=2.0), "封顶低于保底"),
        (rule("甲", "完成率", 1.0, cap=1.0), "没有取数指标，须写明考核目标值（满分）"),
        (rule("甲", "达标", -1.0), "分值应为不小于 0 的数"),
        (rule("甲", "按步扣分", 5.0, "到位资金", step_points=0.1), "没有步长，不能按步计分"),
        (rule("甲", "按步扣分", 5.0, "到位资金", step_size=1.0), "没有每步分值，不能按步计分"),
        (rule("甲", "按步扣分", 5.0, "到位资金", step_size=-1.0, step_points=0.1), "步长应为大于 0 的数"),
        (
            rule("甲", "按步扣分", 5.0, "到位资金", step_size=0.0, step_points=-0.1),
            "步长应为大于 0 的数；每步分值应为大于 0 的数",
        ),
        (rule("甲", "按步扣分", 5.0, "到位资金", step_size=1.0, step_points=0.1, floor=6.0), "保底高于分值"),
        (rule("甲", "按步扣分", 5.0, "见商次数", step_size=1.0, step_points=0.1), "取数指标“见商次数”不在指标表中"),
        (rule("甲", "按步扣分", 5.0, step_size=1.0, step_points=0.1), "没有考核目标值，不知从哪里起算"),
        (rule("甲", "按步扣分", 5.0, "到位资金", step_size=1.0, step_points=0.1, weight=1.0), "按步计分不用权重"),
        (rule("甲", "按步加分", 0.0, "到位资金", step_size=1.0, step_points=0.1), "没有封顶，不能计分"),
        (rule("甲", "按步加分", 5.0, "到位资金", step_size=1.0, step_points=0.1, cap=4.0), "封顶低于分值"),
        (rule("甲", "按个扣分", 0.5, cap=3.0, step_size=1.0), "计分方式“按个扣分”不用步长和每步分值"),
        (rule("甲", "每低扣", 5.0, "到位资金", step_size=1.0, step_points=0.1), "计分方式“每低扣”不认识"),
    ],
)
def test_a_row_that_cannot_be_computed_is_refused_and_its_scheme_not_scored(row: dict[str, Any], reason: str) -> None:
    found = score([row, rule("乙", "达标", 5.0)])
    assert found.scores.empty
    refused = found.refused.iloc[0]
    assert (refused["rule_code"], refused["reason"], refused["source_row"]) == ("甲", reason, 2)


def test_weights_over_a_whole_scheme_may_have_their_own_points() -> None:
    """Groups are headings here: 15% and 10% under one, 75% under another, each worth its own points."""
    rules = [
        rule("签约", "完成率", 15.0, "新签约项目数", weight=0.15, cap=18.0, floor=0.0, rule_group="指标落实"),
        rule("外资", "完成率", 10.0, "实际使用外资", weight=0.10, cap=12.0, floor=0.0, rule_group="指标落实"),
        rule("资金", "完成率", 75.0, "到位资金", weight=0.75, cap=90.0, floor=0.0, rule_group="落地见效"),
    ]
    facts = [fact("甲镇", "新签约项目数", f"S{i}") for i in range(3)] + [fact("甲镇", "到位资金", "F", 50.0)]
    targets = [
        target("甲镇", "新签约项目数", 2.0),
        target("甲镇", "实际使用外资", 10.0),
        target("甲镇", "到位资金", 100.0),
    ]
    assert of(score(rules, facts, targets)) == 18.0 + 0.0 + 37.5  # 150% of 15 is held at 18
    rules[0]["points"] = 20.0
    assert set(score(rules, facts, targets).refused["reason"]) == {
        "分值与权重不成比例，读法不明：请使各行分值相同，或与权重成比例"
    }


def test_words_beyond_the_indicators_are_the_offices() -> None:
    rules = [
        rule("大项目", "按个加分", 2.0, "新开工亿元以上项目数", cap=6.0),
        rule("漏报", "按个扣分", 0.5, "漏报次数", cap=3.0),
    ]
    assert len(score(rules).refused) == 2
    further = {"新开工亿元以上项目数": "新开工项目数[10000,)", "漏报次数": ""}
    facts = pd.DataFrame(
        [fact("甲镇", "新开工项目数", "A"), fact("甲镇", "新开工项目数", "B", investment_wan_cny=9999.0)]
    )
    marks = pd.DataFrame([mark("甲镇", "漏报", 3.0, "个数")])
    targets = pd.DataFrame([], columns=list(target("", "", 0)))
    found = assess(pd.DataFrame(rules), marks, facts, targets, UNITS, INDICATORS, AS_OF, further, passed=passed(AS_OF))
    assert of(found) == 2.0 - 1.5


def test_weights_add_up_for_each_kind_of_unit() -> None:
    rules = [
        rule("共", "完成率", 100.0, "到位资金", weight=0.5, cap=100.0),
        rule("镇", "完成率", 100.0, "到位资金", weight=0.5, cap=100.0, unit_type="镇、街道"),
        rule("局", "完成率", 100.0, "到位资金", weight=0.4, cap=100.0, unit_type="部门"),
    ]
    refused = score(rules).refused.set_index("rule_code")["reason"]
    assert refused["局"] == "方案（部门）权重合计 0.9，应为 1" and "镇" not in refused


# --- time and trace ---------------------------------------------------------------------------------------------------


def test_a_past_day_is_scored_as_it_was() -> None:
    rules = [rule("签约", "完成率", 10.0, "新签约项目数", cap=20.0)]
    facts = [
        fact("甲镇", "新签约项目数", "A", at=DAY(2026, 2, 1)),
        fact("甲镇", "新签约项目数", "B", at=DAY(2026, 2, 1), known_date=DAY(2026, 5, 1)),
        fact("甲镇", "新签约项目数", "A", at=DAY(2026, 6, 1)),  # signed again: counted once
    ]
    targets = [target("甲镇", "新签约项目数", 4.0), target("甲镇", "新签约项目数", 2.0, DAY(2026, 9, 1))]
    assert of(score(rules, facts, targets, as_of=DAY(2026, 4, 30))) == 2.5
    assert of(score(rules, facts, targets, as_of=DAY(2026, 5, 1))) == 5.0
    assert of(score(rules, facts, targets, as_of=DAY(2026, 8, 31))) == 5.0
    assert of(score(rules, facts, targets, as_of=DAY(2026, 9, 1))) == 10.0  # the target was cut


def test_a_quarter_without_projects_scores_nothing_and_says_so() -> None:
    rules = [rule("开工", "完成率", 10.0, "新开工项目数", cap=10.0, period_kind="季"),
             rule("开工率", "完成率", 20.0, "新开工项目数/新签约项目数", cap=20.0, period_kind="季")]  # fmt: skip
    facts = [
        fact("甲镇", "新开工项目数", "A", at=DAY(2026, 3, 31)),
        fact("甲镇", "新签约项目数", "A", at=DAY(2026, 3, 31)),
    ]
    found = score(rules, facts, [target("甲镇", "新开工项目数", 4.0)], as_of=AS_OF).items
    items = found[found["unit_name"] == "甲镇"].set_index("rule_code")
    assert (items.loc["开工", "done_value"], items.loc["开工", "base_value"], items.loc["开工", "item_points"]) == (
        0,
        1,
        0,
    )
    assert pd.isna(items.loc["开工率", "item_points"])
    march = score(rules, facts, [target("甲镇", "新开工项目数", 4.0)], as_of=DAY(2026, 3, 31))
    assert of(march) == 30.0


def test_a_missing_target_is_not_a_zero() -> None:
    found = score([rule("资金", "完成率", 10.0, "到位资金", cap=10.0)], targets=[target("甲镇", "到位资金", 100.0)])
    scores = found.scores.set_index("unit_name")
    assert scores.loc["甲镇", "score_text"] == "0" and scores.loc["甲镇", "position"] == 1
    assert scores.loc["乙镇", "score_text"] == "0（资金分暂无，不参加排名）"
    assert found.items.set_index("unit_name").loc["乙镇", "how_text"] == "未下达"


def test_a_vote_that_is_missing_is_not_a_zero_and_a_count_that_nobody_entered_is() -> None:
    rules = [
        rule("票", "按个加分", 1.0, cap=5.0, period_kind="季"),
        rule("漏报", "按个扣分", 0.5, cap=3.0, period_kind="季"),
    ]
    before = [mark(unit, "票", 3.0, at=MARCH) for unit in ("甲镇", "乙镇")]
    late = [mark("乙镇", "漏报", 2.0, "个数", at=MARCH)]
    # Nobody's vote of the second quarter is in: told, and nobody loses the place. 乙镇's two reports of the first are over.
    found = score(rules, marks=[*before, *late])
    scores = found.scores.set_index("unit_name")
    assert scores.loc["甲镇", ["score_text", "missing_text"]].tolist() == ["0（票分待评分）", "票分"]
    assert scores.loc[["甲镇", "乙镇"], "position"].tolist() == [1, 1] and not scores["is_complete"].any()
    item = found.items.set_index(["unit_name", "rule_code"]).loc[("甲镇", "票")]
    assert pd.isna(item["item_points"]) and item["how_text"] == "待评分"
    # One of them has its vote: the other is not judged by 0.
    found = score(rules, marks=[*before, mark("甲镇", "票", 4.0)])
    scores = found.scores.set_index("unit_name")
    assert (of(found), scores.loc["甲镇", "score_text"], scores.loc["甲镇", "position"]) == (4.0, "4", 1)
    assert scores.loc["乙镇", "score_text"] == "0（票分暂无，不参加排名）" and scores.loc["乙镇", "position"] is pd.NA
    item = found.items.set_index(["unit_name", "rule_code"]).loc[("乙镇", "票")]
    assert pd.isna(item["item_points"]) and item["how_text"] == "没有评分"
    # In the first quarter both had theirs.
    march = score(rules, marks=[*before, *late], as_of=DAY(2026, 3, 31))
    assert (of(march), of(march, "乙镇")) == (3.0, 2.0)
    assert march.scores.set_index("unit_name").loc[["甲镇", "乙镇"], "position"].tolist() == [1, 2]


def test_every_point_is_traced_to_projects_and_evidence() -> None:
    rules = [rule("资金", "完成率", 10.0, "到位资金", cap=10.0, evidence_kind="银行凭证")]
    facts = [
        fact("甲镇", "到位资金", "F1", 30.0),
        fact("甲镇", "到位资金", "F2", 40.0, evidence_kind="情况说明"),
        fact("甲镇", "到位资金", "F3", 50.0, not_counted_reason="未计入：缺少到资凭证"),
    ]
    found = score(rules, facts, [target("甲镇", "到位资金", 100.0)])
    assert of(found) == 3.0
    traces = found.traces.set_index("fact_key")
    assert traces["is_counted"].to_dict() == {"F1": True, "F2": False, "F3": False}
    assert traces.loc["F2", "not_counted_reason"] == "未计入：本规则须有银行凭证"
    assert traces.loc["F1", ["project_name", "evidence_no"]].tolist() == ["F1项目", "证1"]
    item = found.items[found.items["unit_name"] == "甲镇"].iloc[0]
    assert (item["fact_count"], item["not_counted_count"]) == (1, 2)


def test_places_are_shared_among_units_of_a_kind() -> None:
    rules = [rule("签约", "按个加分", 1.0, "新签约项目数", cap=9.0)]
    facts = [fact("甲镇", "新签约项目数", "A"), fact("乙镇", "新签约项目数", "B")]
    assert score(rules, facts).scores.set_index("unit_name")["position"].to_dict() == {"甲镇": 1, "乙镇": 1, "丙局": 1}


def test_the_newest_rule_in_force_holds() -> None:
    table = pd.DataFrame([
        rule("甲", "达标", 1.0), rule("甲", "达标", 2.0, valid_from_date=DAY(2026, 5, 1)),
        rule("甲", "达标", 3.0, valid_from_date=DAY(2026, 8, 1)), rule("旧", "达标", 9.0, valid_to_date=DAY(2026, 3, 1)),
    ])  # fmt: skip
    schemes, refused = read_rules(table, set(), AS_OF)
    assert [r.points for r in schemes["方案"]] == [2.0] and refused.empty


def test_on_new_years_day_the_old_years_rules_still_hold() -> None:
    """What counts was known before the day: on 1 January that is the old year, and its rules judge it."""
    table = pd.DataFrame([
        rule("甲", "达标", 1.0, valid_to_date=DAY(2026, 12, 31)), rule("甲", "达标", 2.0, valid_from_date=DAY(2027, 1, 1)),
    ])  # fmt: skip
    for day, points in ((dt.date(2027, 1, 1), [1.0]), (dt.date(2027, 1, 2), [2.0])):
        schemes, _ = read_rules(table, set(), day)
        assert [r.points for r in schemes["方案"]] == points


def test_measures_are_read_as_people_write_them() -> None:
    ladder = Measure.parse("新签约项目数［30000，100000）")
    assert ladder == Measure.parse("新签约项目数[30000,100000)") and (ladder.done.low, ladder.done.high) == (
        30000,
        100000,
    )
    assert Measure.parse("甲/乙").keys == ("甲", "乙") and Measure.parse("甲@时序").is_paced
    for wrong in ("甲/乙/丙", "甲/乙@时序", "甲[1,2", ""):
        with pytest.raises(ValueError):
            Measure.parse(wrong)
