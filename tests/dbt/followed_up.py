"""Projects followed through from signing to tax, by hand: P1 to P10 of 南岭镇 and 东园区, as of 2026-06-30 (合成数据).

Belongs here: rows of the ledgers of tasks, permits, progress, meetings and evidence. Does not belong here: assertions.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

Row = dict[str, Any]


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _dated(row: Row) -> Row:
    """Read texts of *_date as days, each written to the day."""
    days = {k: _day(v) for k, v in row.items() if k.endswith("_date") and isinstance(v, str)}
    return row | days | {f"{name}_precision": "day" for name in days}


def _rows(*rows: Row) -> list[Row]:
    return [_dated(row) for row in rows]


def _money(stem: str, amount: float | None, currency: str = "CNY", rate: float = 1.0) -> Row:
    """An amount as landed: 万元, the currency as written and its rate."""
    return {f"{stem}_wan_cny": amount, f"{stem}_currency": currency, f"{stem}_rate": rate}


UNITS = [
    {"unit_name": "南岭镇", "unit_type": "镇", "unit_code": "11", "short_names": "南岭"},
    {"unit_name": "东园区", "unit_type": "园区", "unit_code": "12"},
    {"unit_name": "南岭招商组", "unit_type": "招商组", "unit_code": "13", "parent_unit_name": "南岭镇"},
]


def _lead(lead_id: str, unit: str, reported: str, **more: Any) -> Row:
    row = {"lead_id": lead_id, "project_name": f"{lead_id}项目", "enterprise_name": f"{lead_id}号投资有限公司"}
    return _dated({**row, "unit_name": unit, "reported_date": reported, **more})


LEADS = [
    _lead("P1", "南岭镇", "2025-01-10", investment_wan_cny=12000.0, key_level="市级"),
    _lead("P2", "南岭镇", "2025-03-01", investment_wan_cny=6000.0),
    _lead("P3", "南岭镇", "2026-02-01", investment_wan_cny=8000.0, blocker="等环评意见"),
    _lead("P4", "南岭镇", "2026-06-01", investment_wan_cny=3000.0),
    _lead("P5", "东园区", "2025-06-01", investment_wan_cny=30000.0, is_foreign=True, investor_country="德国",
          industry_code="8610"),
    _lead("P6", "南岭镇", "2023-12-01", investment_wan_cny=5000.0),
    _lead("P7", "东园区", "2025-12-01", investment_wan_cny=9000.0),
    _lead("P8", "南岭镇", "2026-01-01", investment_wan_cny=7000.0),
    _lead("P10", "东园区", "2022-01-01", investment_wan_cny=20000.0, uscc="91370300MA3C000700"),
]  # fmt: skip

FOLLOW_UPS = _rows(
    {"lead_id": "P3", "follow_up_date": "2026-06-20", "method": "见商", "next_step": "签框架协议",
     "next_step_due_date": "2026-07-03", "content": "看厂房"},
    {"lead_id": "P3", "follow_up_date": "2026-06-25", "method": "电话", "content": "问进展"},
    # Written down later: not known on the day.
    {"lead_id": "P4", "follow_up_date": "2026-06-25", "recorded_date": "2026-07-02", "method": "电话",
     "next_step": "寄资料", "content": "初次联系"},
)  # fmt: skip


def _move(lead_id: str, stage: str, at: str, kind: str | None, **more: Any) -> Row:
    return _dated({"lead_id": lead_id, "stage": stage, "moved_date": at, "evidence_kind": kind, **more})


STAGE_MOVES = [
    _move("P1", "签约", "2026-01-15", "签约协议", evidence_no="签2026-1"),
    _move("P1", "开工", "2026-05-20", "施工许可证"),
    _move("P2", "签约", "2026-03-01", "签约协议", recorded_date="2026-03-05"),
    _move("P5", "签约", "2025-11-01", "签约协议"),
    _move("P6", "签约", "2024-02-29", "签约协议"),
    _move("P7", "签约", "2026-02-10", "签约协议"),
    _move("P7", "开工", "2026-05-01", "施工合同"),
    _move("P8", "签约", "2026-04-01", None),
    _move("P10", "签约", "2022-06-01", "签约协议"),
    _move("P10", "投产", "2024-05-01", "投产证明"),
]
TRANSFERS = _rows(
    {"lead_id": "P7", "from_unit_name": "南岭", "to_unit_name": "东园区", "transferred_date": "2026-04-01"}
)


def _target(year: int, unit: str, indicator: str, value: float, measure: str) -> Row:
    row = {"target_year": year, "unit_name": unit, "indicator": indicator}
    return row | {"target_value": value, "measure": measure}


TARGETS = [
    _target(2026, "南岭镇", "新签约项目数", 4.0, "个"),
    _target(2026, "东园区", "新签约项目数", 2.0, "个"),
    _target(2026, "南岭招商组", "新签约项目数", 1.0, "个"),
    _target(2026, "南岭镇", "到位资金", 1.0, "亿元"),
    _target(2026, "东园区", "实际使用外资", 400.0, "万美元"),
    _target(2024, "南岭镇", "新签约项目数", 2.0, "个"),
    # Sent again after the cut of September, with the new figure.
    _target(2025, "南岭镇", "新签约项目数", 6.0, "个"),
]

P1_STEPS = {"立项备案": None, "环评": "立项备案", "招投标": "立项备案", "施工许可": "环评、招投标"}
LIMITS = {"立项备案": 5.0, "环评": 20.0, "招投标": 15.0, "施工许可": 10.0}

OTHERS: dict[str, list[Row]] = {
    "target_changes": _rows(
        {"target_year": 2026, "unit_name": "南岭", "indicator": "新签约项目数", "old_value": 4.0, "new_value": 3.0,
         "measure": "个", "effective_date": "2026-09-01", "document_no": "云委办〔2026〕9号"},
        {"target_year": 2025, "unit_name": "南岭镇", "indicator": "新签约项目数", "old_value": 10.0, "new_value": 6.0,
         "measure": "个", "effective_date": "2025-09-01"},
    ),
    "district_targets": _rows(
        {"target_year": 2026, "issued_by": "云川市", "indicator": "新签约项目数", "target_value": 7.0, "measure": "个",
         "issued_date": "2026-01-20"},
        {"target_year": 2026, "issued_by": "云川市", "indicator": "到位资金", "target_value": 1.0, "measure": "亿元"},
        {"target_year": 2026, "issued_by": "云川市", "indicator": "新投产项目数", "target_value": 2.0, "measure": "个"},
    ),
    "exchange_rates": _rows(
        {"currency": "USD", "rate_month_date": "2026-03-01", "cny_per_unit": 7.1, "rate_source": "外汇中心"},
        {"currency": "USD", "rate_month_date": "2026-03-31", "cny_per_unit": 7.2, "rate_source": "商务局"},
        {"currency": "USD", "rate_month_date": "2026-04-01", "cny_per_unit": 7.2, "rate_source": "外汇中心"},
        {"currency": "USD", "rate_month_date": "2025-11-01", "cny_per_unit": 7.0, "rate_source": "外汇中心"},
    ),
    "investment_progress": _rows(
        {"lead_id": "P1", "period_date": "2026-04-30", **_money("month_paid_in", 500.0), "evidence_kind": "银行凭证",
         **_money("month_investment", 300.0), **_money("planned_investment", 400.0),
         **_money("month_fixed_investment", 250.0), "progress_pct": 20.0, "planned_progress_pct": 30.0},
        # Paid in, with nothing to prove it.
        {"lead_id": "P1", "period_date": "2026-05-31", **_money("month_paid_in", 700.0),
         **_money("month_investment", 600.0), **_money("planned_investment", 800.0),
         **_money("total_investment", 900.0), "progress_pct": 50.0, "planned_progress_pct": 60.0, "photo_ref": "照5"},
        # The month is not over on the as-of day.
        {"lead_id": "P1", "period_date": "2026-07-31", **_money("month_paid_in", 9000.0), "evidence_kind": "银行凭证"},
        {"lead_id": "P5", "period_date": "2026-02-28", **_money("month_paid_in", 0.0),
         **_money("paid_in_fdi", 710.0, "USD", 7.1), **_money("planned_fdi", 1420.0, "USD", 7.1)},
        {"lead_id": "P5", "period_date": "2026-03-31", **_money("month_paid_in", 0.0), **_money("paid_in_fdi", 710.0)},
        {"lead_id": "P5", "period_date": "2026-04-30", **_money("month_paid_in", 0.0), **_money("paid_in_fdi", 720.0)},
        {"lead_id": "P5", "period_date": "2026-08-31", **_money("month_paid_in", 0.0),
         **_money("planned_fdi", 710.0, "USD", 7.1)},
        {"lead_id": "P10", "period_date": "2024-03-31", **_money("month_paid_in", 0.0),
         **_money("total_investment", 18000.0)},
    ),
    "project_commitments": _rows(
        {"lead_id": "P1", "agreed_contract_no": "合1", "agreed_date": "2026-01-15", "start_due_date": "2026-04-01",
         "completion_due_date": "2026-06-15", "operation_due_date": "2027-01-01"},
        {"lead_id": "P2", "agreed_contract_no": "合2", "agreed_date": "2026-03-01", "start_due_date": "2026-06-01"},
        {"lead_id": "P5", "agreed_contract_no": "合5", "agreed_date": "2025-11-01", **_money("fdi", 2100.0)},
        {"lead_id": "P10", "agreed_contract_no": "合10", "agreed_date": "2022-06-01", "agreed_tax_year1_wan_cny": 100.0,
         "agreed_tax_year2_wan_cny": 150.0, "agreed_land_mu": 40.0, "agreed_tax_wan_cny_per_mu": 5.0,
         "agreed_intensity_wan_cny_per_mu": 500.0, "start_due_date": "2022-12-01", "completion_due_date": "2023-12-01",
         "operation_due_date": "2024-04-01"},
    ),
    "officials_teams": _rows(
        {"lead_id": "P1", "leader_name": "甲领导", "leader_post": "副区长", "team_name": "膜材料专班",
         "since_date": "2026-02-01", "role": "主要责任", "plan_text": "倒排工期"},
        # Not yet in charge on the day.
        {"lead_id": "P2", "leader_name": "乙领导", "team_name": "某专班", "since_date": "2026-07-01"},
    ),
    "procedure_rules": _rows(
        *(
            {"project_kind": "新建厂房", "procedure_step": step, "step_order": i + 1.0, "limit_days": LIMITS[step],
             "handling_unit_name": "区行政审批局", "after_steps": after, "valid_from_date": "2024-01-01"}
            for i, (step, after) in enumerate(P1_STEPS.items())
        )
    ),
    "procedures": _rows(
        {"lead_id": "P1", "procedure_step": "立项备案", "handling_unit_name": "区行政审批局", "project_kind": "新建厂房",
         "planned_date": "2026-02-25", "accepted_date": "2026-02-12", "done_date": "2026-02-26", "document_no": "备1"},
        {"lead_id": "P1", "procedure_step": "环评", "handling_unit_name": "区行政审批局", "project_kind": "新建厂房",
         "planned_date": "2026-06-24", "accepted_date": "2026-06-18", "blocker": "缺总量指标",
         "blocked_since_date": "2026-06-22", "blocked_by_unit": "生态环境分局"},
        # Before the calendar begins.
        {"lead_id": "P2", "procedure_step": "立项备案", "handling_unit_name": "区行政审批局",
         "accepted_date": "2019-12-30", "done_date": "2020-01-10", "limit_days": 5.0},
    ),
    "tax_paid": _rows(
        {"uscc": "91370300MA3C000700", "enterprise_name": "P10号投资有限公司", "tax_year": 2025, "paid_tax_wan_cny": 80.0,
         "land_mu": 20.0, "confirmed_date": "2026-03-01"},
    ),
    "meeting_items": _rows(
        {"item_id": "M1", "meeting_date": "2026-05-10", "item_text": "协调供地", "unit_name": "南岭",
         "due_date": "2026-06-01", "lead_id": "P2", "item_kind": "议定事项"},
        {"item_id": "M2", "meeting_date": "2026-05-10", "item_text": "补报材料", "unit_name": "南岭镇",
         "due_date": "2026-06-01", "closed_date": "2026-05-20", "item_kind": "议定事项"},
        {"item_id": "M3", "meeting_date": "2026-03-10", "item_text": "清退闲置", "unit_name": "无名局",
         "due_date": "2026-05-01", "item_kind": "督办事项"},
        {"item_id": "M4", "meeting_date": "2026-06-12", "item_text": "环评提速", "unit_name": "东园区",
         "due_date": "2026-07-10", "item_kind": "督办事项"},
        {"item_id": "M5", "meeting_date": "2026-07-08", "item_text": "以后的会", "unit_name": "东园区",
         "due_date": "2026-07-30"},
    ),
    "evidence_items": _rows(
        {"lead_id": "P1", "evidence_no": "证1", "evidence_kind": "签约协议", "stage": "签约", "received_date": "2026-01-20",
         "verdict": "属实", "verified_by": "区统计局", "verified_date": "2026-01-25"},
        {"lead_id": "P7", "evidence_no": "证7", "evidence_kind": "施工合同", "stage": "开工", "received_date": "2026-05-10",
         "verdict": "存疑", "verified_by": "区统计局", "verified_date": "2026-05-12"},
    ),
    "publicity_releases": _rows(
        {"release_id": "X1", "release_title": "P1开工", "release_text": "正文", "lead_id": "P1", "is_confidential": False,
         "submitted_date": "2026-06-01", "approval": "同意", "approved_date": "2026-06-02"},
        {"release_id": "X2", "release_title": "涉密稿", "release_text": "正文", "is_confidential": True,
         "submitted_date": "2026-06-01", "approval": "同意", "approved_date": "2026-06-02"},
        {"release_id": "X3", "release_title": "未批稿", "release_text": "正文", "is_confidential": False,
         "submitted_date": "2026-06-01", "approval": "待审批"},
        # Approved after the as-of day.
        {"release_id": "X4", "release_title": "后批稿", "release_text": "正文", "is_confidential": False,
         "submitted_date": "2026-06-01", "approval": "同意", "approved_date": "2026-07-02"},
    ),
    "trips_events": _rows(
        {"event_id": "E1", "event_name": "上半年集中签约", "event_kind": "集中签约", "start_date": "2026-01-15",
         "unit_name": "南岭镇", "lead_ids": "P1、P2；X404"},
        {"event_id": "E2", "event_name": "赴苏州招商", "event_kind": "外出招商", "start_date": "2026-03-02",
         "end_date": "2026-03-04", "unit_name": "南岭"},
        {"event_id": "E3", "event_name": "三季度集中开工", "event_kind": "集中开工", "start_date": "2026-08-01",
         "unit_name": "南岭镇"},
    ),
    "catalogue_items": _rows(
        {"catalogue_name": "外商投资准入负面清单", "catalogue_edition": "2024年版", "item_no": "28",
         "item_text": "医疗机构限于合资", "item_kind": "限制", "industry_codes": "86、87", "valid_from_date": "2024-11-01"},
    ),
}  # fmt: skip
