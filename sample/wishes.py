"""What firms want and what shows where they go (诉求、动向).

Belongs here: 企业诉求, 企业动向. Does not belong: the firms themselves (firms.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from sample import district
from sample.firms import LocalFirm
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, pick, plus

_DEPARTMENTS: Final = {
    "用地": ("云川区自然资源局", "二期扩建需用地约{n}亩"),
    "融资": ("云川区地方金融监管局", "流动资金缺口约{n}0万元"),
    "用工": ("云川区人力资源和社会保障局", "缺熟练工{n}人"),
    "手续": ("云川区行政审批服务局", "环评手续办理已超{n}天"),
    "水电气": ("云川区工业和信息化局", "夏季限电影响产值约{n}0万元"),
    "市场": ("云川区商务局", "希望对接{n}家本地采购商"),
    "其他": ("云川区投资促进局", "希望协调厂区门前道路维修{n}米"),
}
FILED_AFTER_DAYS: Final = 60
LEAVING_SHARE: Final = 0.06  # of local firms: signs that they may leave
_LEAVING: Final = (
    ("减产", "连续{n}周开工不足一半"),
    ("裁员", "裁减员工{n}人"),
    ("外迁", "在外地注册子公司并购置厂房{n}00平方米"),
)
RISKY: Final = frozenset(kind for kind, _ in _LEAVING)
_GROWING: Final = (
    ("扩产", "新增生产线{s}条"),
    ("招聘", "发布招聘{n}人"),
    ("专利", "新获授权专利{s}件"),
    ("资质认定", "通过高新技术企业认定"),
)
_OUTSIDE: Final = (
    ("对外投资", "公告拟投资{n}00万元新建基地"),
    ("融资", "完成A轮融资{n}00万元"),
    ("拿地", "竞得工业用地{n}亩"),
    ("招聘", "集中招聘{n}人"),
)


def requests_ledger(world: World, firms: list[LocalFirm], rng: np.random.Generator) -> Ledger:
    """Requests of local firms and of investors: answered, closed in time or late, some opened again."""
    rows: list[Row] = []
    askers: list[tuple[str, str | None, str | None, dt.date]] = []
    for firm in firms:
        for _ in range(int(rng.poisson(1.1))):
            askers.append((firm.name, firm.uscc, None, plus(world.as_of, -float(rng.integers(3, 720)))))
    for lead in world.signed:
        if rng.random() < 0.25:
            day = plus(world.known[lead.lead_id]["签约"], float(rng.integers(10, 200)))
            askers.append((lead.enterprise_name, lead.uscc, lead.lead_id, day))
    for name, uscc, lead_id, day in sorted((a for a in askers if a[3] <= world.as_of), key=lambda a: (a[3], a[0])):
        kind = pick(tuple(_DEPARTMENTS), rng)
        department, text = _DEPARTMENTS[kind]
        due = plus(day, float(rng.choice([7, 15, 30])))
        closed: dt.date | None = plus(day, float(rng.gamma(2.0, 12.0)) + 1)
        if closed and (closed > world.as_of or rng.random() < 0.12):
            closed = None
        responded = plus(day, float(rng.integers(0, 5)))
        again = plus(closed, 20) if closed and rng.random() < 0.06 else None
        rows.append(
            {
                "request_id": f"SQ{day.year}-{len(rows) + 1:04d}",
                "enterprise_name": name,
                "uscc": uscc,
                "lead_id": lead_id,
                "request_text": text.format(n=int(rng.integers(5, 90))),
                "request_kind": kind,
                "received_date": day,
                "handling_unit_name": department,
                "due_date": due,
                "closed_date": closed,
                "closed_by": department if closed else None,
                "reopened_date": again if again and again <= world.as_of else None,
                "satisfaction": pick(("满意", "满意", "基本满意", "不满意"), rng) if closed else None,
                "responded_date": responded if responded <= world.as_of else None,
                "is_complaint": bool(rng.random() < 0.05),
                "need_id": "XQ001" if len(rows) == 0 else None,
                "result_text": "已协调解决" if closed else "正在办理",
            }
        )
    form = Form(
        "云川区企业困难和问题办理台账",
        columns("""
            request_id 问题编号
            enterprise_name 诉求企业
            uscc 社会信用代码
            lead_id 项目编号
            request_kind 问题类型
            request_text 困难和问题
            is_complaint 是否投诉
            need_id 对应需求编号
            received_date 时间>受理日期
            responded_date 时间>首次响应日期
            due_date 时间>限办日期
            closed_date 时间>销号日期
            reopened_date 时间>重启日期
            handling_unit_name 责任部门
            closed_by 销号人单位
            satisfaction 满意度
            result_text 办理情况
        """),
    )
    return Ledger("enterprise_requests", "企业诉求", form, rows)


def signals_ledger(world: World, firms: list[LocalFirm], rng: np.random.Generator) -> tuple[Ledger, list[Row]]:
    """Signs of growth here and elsewhere; firms that may leave show two or three signs and are named beside it."""
    rows: dict[tuple[str, str, dt.date, str], Row] = {}
    leaving: list[Row] = []

    def add(name: str, uscc: str | None, sign: tuple[str, str], day: dt.date, place: str) -> None:
        number, small = int(rng.integers(10, 95)), int(rng.integers(1, 6))
        text = sign[1].format(n=number, s=small)
        rows[name, sign[0], day, text] = {
            "enterprise_name": name,
            "uscc": uscc,
            "signal_kind": sign[0],
            "signal_date": day,
            "signal_text": text,
            "amount_wan_cny": number * 100.0 if "00万元" in text else None,
            "place_name": place,
            "source_text": pick(("企业走访", "公开公告（虚构）", "部门通报"), rng),
        }

    for firm in firms:
        if rng.random() < LEAVING_SHARE or firm is firms[0]:
            first = plus(world.as_of, -float(rng.integers(60, 200)))
            for number, sign in enumerate(_LEAVING[-int(rng.integers(2, 4)) :]):
                add(firm.name, firm.uscc, sign, plus(first, 20 * number), district.LOCAL_CITY)
            leaving.append({"uscc": firm.uscc, "enterprise_name": firm.name, "first_sign_date": first})
        elif rng.random() < 0.4:
            day = plus(world.as_of, -float(rng.integers(5, 500)))
            add(firm.name, firm.uscc, pick(_GROWING, rng), day, district.LOCAL_CITY)
    for lead in world.leads:
        if rng.random() < 0.08:
            day = plus(lead.reported, -float(rng.integers(5, 200)))
            code = lead.uscc if rng.random() < 0.6 else None
            add(lead.enterprise_name, code, pick(_OUTSIDE, rng), day, (lead.origin or "")[-6:])
    n = world.enterprises.in_register
    sound = np.flatnonzero((world.enterprises.broken[:n] < 0) & (world.enterprises.status[:n] < 2))
    for place in rng.permutation(sound)[:60].tolist():
        city = district.CITIES[int(world.enterprises.city[place])].name
        day = plus(world.as_of, -float(rng.integers(5, 700)))
        add(
            world.enterprises.name[place].as_py(), world.enterprises.uscc[place].as_py(), pick(_OUTSIDE, rng), day, city
        )
    for row in [row for row in rows.values() if row["signal_kind"] == "扩产"]:
        # What was announced is filed two months later: a confirmation, where the day has come.
        day = plus(row["signal_date"], FILED_AFTER_DAYS)
        if day <= world.as_of:
            text = f"已办备案：{row['signal_text']}"
            filed = {"signal_kind": "扩产备案", "signal_date": day, "signal_text": text, "source_text": "部门通报"}
            rows[str(row["enterprise_name"]), "扩产备案", day, text] = row | filed
    ordered = sorted(rows.values(), key=lambda row: (row["signal_date"], row["enterprise_name"], row["signal_text"]))
    form = Form(
        "重点企业动向监测台账",
        columns("""
            - 序号
            enterprise_name 动向企业名称
            uscc 信用代码
            signal_kind 动向类型
            signal_date 动向日期
            signal_text 动向描述
            amount_wan_cny 动向金额（万元）
            place_name 动向地点
            source_text 动向来源
        """),
        repeats_header_every=80,
    )
    return Ledger("enterprise_signals", "企业动向", form, ordered), leaving
