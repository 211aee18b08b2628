"""Promises and risks that are followed up (承诺兑现、风险处置): a few of each kind that the boards must tell apart.

Belongs here: 承诺条款台账, the items of 调度事项 that answer a sign of risk. Does not belong: contracts as a whole (projects.py),
what the law says of a clause (the platform's own rules).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, plus

# by whom | clause | 万元 promised, paid | days from the as-of day to the deadline, to the day it was kept | disposal | record
_CLAUSES: Final = (
    ("政府", "协助办理施工许可和用电报装", None, None, -200, -230, None, "已办结"),
    ("政府", "红线外供水管网接至项目边界", 80.0, 80.0, -120, -100, None, "竣工验收，晚二十天"),
    ("政府", "组织两场专场招聘", None, None, -90, None, None, "只办一场"),
    ("企业", "固定资产投资不低于约定金额", None, None, -30, None, None, "投资进度落后"),
    ("政府", "按技术改造普惠政策协助申报", None, None, 120, None, None, None),
    ("政府", "按企业对地方财力贡献的50%给予奖励，五年兑现", 900.0, 360.0, 300, None, None, "审计指出，尚未处理"),
    ("政府", "土地出让金缴清后返还三成", 600.0, 600.0, -300, -310, "清算", "正在追回"),
    ("政府", "厂房租金前三年全免", 150.0, 50.0, 60, None, "停止", "已书面告知企业停止执行"),
)


def clauses_ledger(world: World) -> Ledger:
    """The clauses of the first signed projects: kept in time, late, overdue, not due, and three that must stop."""
    rows: list[Row] = []
    for number, (by, text, promised, paid, due, kept, disposal, record) in enumerate(_CLAUSES):
        lead = world.signed[number // 2 % len(world.signed)]
        rows.append(
            {
                "agreement_no": f"CN-{lead.lead_id}",
                "clause_no": f"第{number % 2 + 1}条",
                "promised_date": plus(world.as_of, -400),
                "lead_id": lead.lead_id,
                "subject_name": lead.project_name,
                "promised_by": by,
                "clause_text": text,
                "promised_wan_cny": promised,
                "paid_wan_cny": paid,
                "paid_until_date": plus(world.as_of, -31) if paid else None,
                "due_date": plus(world.as_of, due),
                "kept_date": plus(world.as_of, kept) if kept else None,
                "unit_name": world.unit_name(lead),
                "disposal": disposal,
                "disposed_date": plus(world.as_of, -15) if disposal == "停止" else None,
                "record_text": record,
            }
        )
    form = Form(
        "云川区招商协议承诺条款兑现与清理台账",
        columns("""
            - 序号
            agreement_no 协议编号
            clause_no 条款号
            promised_date 承诺签订日期
            lead_id 项目编号
            subject_name 承诺对象
            promised_by 承诺方
            clause_text 条款原文
            promised_wan_cny 承诺金额（万元）
            paid_wan_cny 已兑付金额（万元）
            paid_until_date 兑现金额截至日期
            due_date 应兑现日期
            kept_date 兑现完成日期
            unit_name 兑现责任单位
            disposal 处置方式
            disposed_date 处置完成日期
            record_text 清理记录
        """),
        footer=("注：均为虚构的条款，只供演示。",),
    )
    return Ledger("promise_clauses", "承诺条款台账", form, rows, may_spoil=False)


def risk_items(signals: Ledger, as_of: dt.date, risky: frozenset[str], unit: str) -> list[Row]:
    """Answer of every three days with signs of risk the first by a closed item and the second by an open one."""
    events = sorted({(r["signal_date"], r["enterprise_name"]) for r in signals.rows if r["signal_kind"] in risky})
    rows: list[Row] = []
    for number, (day, name) in enumerate(events):
        meeting = plus(day, 7)
        if number % 3 == 2 or meeting >= as_of:
            continue
        is_closed = number % 3 == 0 and plus(meeting, 20) < as_of
        rows.append(
            {
                "item_id": f"FX{day.year}-{number:04d}",
                "meeting_date": meeting,
                "meeting_name": f"{meeting.year}年{meeting.month}月企业风险处置会",
                "item_kind": "督办事项",
                "item_text": "上门核实，协调要素和订单，稳在本地",
                "unit_name": unit,
                "due_date": plus(meeting, 30),
                "state": "已办结" if is_closed else "进行中",
                "closed_date": plus(meeting, 20) if is_closed else None,
                "risk_enterprise_name": name,
                "risk_signal_date": day,
                "result_text": "企业留在本地，续租三年" if is_closed else None,
            }
        )
    return rows
