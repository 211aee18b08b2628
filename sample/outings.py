"""Trips and events (外出、活动), what dispatch meetings decided, what was published.

Belongs here: 外出招商与活动 and which leads came of them, 调度事项, 宣传发布. Does not belong: follow-ups (process.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sample import district
from sample.leads import Lead, month_end
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, first_of_next_month, pick, plus

NO_TRIP_SHARE: Final = 0.15  # of leads met outside: the office forgot to say on which trip
EMPTY_TRIPS_A_UNIT: Final = 2  # trips that no lead came of
CLOSED_IN_TIME_SHARE: Final = 0.62
ITEMS: Final = (
    "协调解决用地指标",
    "办结环评批复",
    "落实施工临时用电",
    "完成施工图审查",
    "督促企业缴纳土地保证金",
    "约谈企业确认开工日期",
    "核实到位资金凭证",
    "协调园区蒸汽管网接入",
)


@dataclass
class Trip:
    event_id: str
    kind: str
    start: dt.date
    end: dt.date
    unit: int
    city: str
    region: str
    leads: list[Lead] = field(default_factory=list)


def draw_trips(leads: list[Lead], as_of: dt.date, rng: np.random.Generator) -> list[Trip]:
    """Gather leads met outside into trips of their unit, month and province; each such lead learns its trip."""
    trips: list[Trip] = []
    by_group: dict[tuple[int, int, int, str, str], list[Lead]] = {}
    for lead in leads:
        kind = {"外出招商": "外出招商", "驻点招商": "外出招商", "展会活动": "展会", "上门自荐": "来访接待"}.get(
            lead.source
        )
        if kind is None or rng.random() < NO_TRIP_SHARE or not lead.origin:
            continue
        province = lead.origin[:2]
        by_group.setdefault((lead.reported.year, lead.reported.month, lead.unit, kind, province), []).append(lead)
    for (_, _, unit, kind, _), own in sorted(by_group.items()):
        first = min(lead.reported for lead in own)
        start = plus(first, -float(rng.integers(2, 8)))
        origin = own[0].origin or ""
        city = district.LOCAL_CITY if kind == "来访接待" else origin[3:] or origin
        trips.append(Trip("", kind, start, min(plus(start, float(rng.integers(0, 4))), first), unit, city, origin, own))
    for unit in range(len(district.UNITS)):
        for _ in range(EMPTY_TRIPS_A_UNIT):
            place = district.CITIES[int(rng.integers(len(district.CITIES) - 1))]
            start = plus(as_of, -float(rng.integers(20, 1100)))
            trips.append(Trip("", "外出招商", start, plus(start, 3), unit, place.name, place.province))
    trips.sort(key=lambda trip: (trip.start, trip.unit, trip.kind, trip.city))
    for number, trip in enumerate(trips, start=1):
        trip.event_id = f"HD{trip.start.year}-{number:04d}"
        for lead in trip.leads:
            lead.event_id = trip.event_id
    return trips


def trips_ledger(world: World, trips: list[Trip], rng: np.random.Generator) -> tuple[Ledger, list[Row]]:
    """Trips and each quarter's ceremonies; leads that two trips claim are named beside it."""
    claimed: list[Row] = []
    rows: list[Row] = []
    for number, trip in enumerate(trips):
        own = [lead for lead in trip.leads if lead.lead_id in world.by_id]
        ids = [lead.lead_id for lead in own]
        earlier = [other for other in trips[max(0, number - 30) : number] if other.leads and other.unit != trip.unit]
        if own and earlier and rng.random() < 0.03:
            other = pick(earlier, rng)
            shared = other.leads[0]
            if shared.lead_id in world.by_id and shared.lead_id not in ids:
                ids.append(shared.lead_id)
                claimed.append({"lead_id": shared.lead_id, "other": trip.event_id})
        visited = [lead.written_name for lead in own]
        signed = [i for i in ids if "签约" in world.known.get(i, {})]
        name = f"赴{trip.city}招商" if trip.kind == "外出招商" else f"{trip.city}{trip.kind}"
        days = (trip.end - trip.start).days + 1
        rows.append(
            {
                "event_id": trip.event_id,
                "event_name": f"{trip.start.month}月{name}",
                "event_kind": trip.kind,
                "start_date": trip.start,
                "end_date": trip.end,
                "region_name": trip.region,
                "unit_name": district.UNITS[trip.unit].name,
                "led_by": pick(("一把手", "分管领导", "分管领导", "班子成员", "工作人员"), rng),
                "visited_enterprises": "、".join(visited) or None,
                "enterprise_count": float(len(visited) + int(rng.integers(0, 4))),
                "clue_count": float(len(ids)),
                "cost_wan_cny": round(0.4 * days + 0.3 * float(rng.random()), 2) if trip.kind != "来访接待" else 0.1,
                "is_key": trip.kind == "展会",
                "city_names": trip.city,
                "talk_count": float(len(visited) + int(rng.integers(0, 3))),
                "signed_count": 0.0,
                "lead_ids": "、".join(ids) or None,
                "result_text": f"获取线索{len(ids)}条，其中后续签约{len(signed)}条" if ids else "无线索",
            }
        )
    rows += _ceremonies(world, "集中签约", "签约", rng) + _ceremonies(world, "集中开工", "开工", rng)
    form = Form(
        "云川区外出招商和重大活动台账",
        columns("""
            - 序号
            event_id 外出编号
            event_name 活动主题
            event_kind 活动类别
            start_date 时间>出发日期
            end_date 时间>返回日期
            region_name 地点>目的地
            city_names 地点>途经城市
            unit_name 带队单位
            led_by 带队领导层级
            visited_enterprises 成果>对接企业
            enterprise_count 成果>拜访企业数
            talk_count 成果>洽谈场次
            clue_count 成果>获取线索数
            signed_count 成果>现场签约数
            lead_ids 关联线索编号
            cost_wan_cny 经费支出（万元）
            is_key 是否重点活动
            result_text 活动成效
        """),
        footer=("填报单位：云川区投资促进局",),
    )
    ledger = Ledger("trips_events", "外出招商与活动", form, rows, sheet=lambda row: f"{row['start_date'].year}年")
    return ledger, claimed


def _ceremonies(world: World, kind: str, stage: str, rng: np.random.Generator) -> list[Row]:
    """A ceremony at the end of each quarter for what signed or started in it."""
    by_quarter: dict[tuple[int, int], list[Lead]] = {}
    for lead in world.leads:
        if day := world.known.get(lead.lead_id, {}).get(stage):
            by_quarter.setdefault((day.year, (day.month + 2) // 3), []).append(lead)
    rows: list[Row] = []
    for (year, quarter), own in sorted(by_quarter.items()):
        day = month_end(dt.date(year, 3 * quarter, 1)) - dt.timedelta(days=2)
        if day > world.as_of or len(own) < 2:
            continue
        chosen = [own[i] for i in sorted(rng.permutation(len(own))[: max(2, len(own) // 2)].tolist())]
        chosen = [lead for lead in chosen if world.known[lead.lead_id][stage] <= day]
        rows.append(
            {
                "event_id": f"{'QY' if kind == '集中签约' else 'KG'}{year}-{quarter}",
                "event_name": f"{year}年第{quarter}季度重点项目{kind}仪式",
                "event_kind": kind,
                "start_date": day,
                "end_date": day,
                "region_name": district.DISTRICT,
                "unit_name": "云川区投资促进局",
                "led_by": "一把手",
                "enterprise_count": float(len(chosen)),
                "clue_count": 0.0,
                "cost_wan_cny": round(3 + 2 * float(rng.random()), 1),
                "is_key": True,
                "city_names": district.LOCAL_CITY,
                "talk_count": 0.0,
                "signed_count": float(len(chosen) if kind == "集中签约" else 0),
                "lead_ids": "、".join(lead.lead_id for lead in chosen),
                "result_text": f"{kind}{len(chosen)}个项目",
            }
        )
    return rows


# --- meetings -------------------------------------------------------------------------------------------------------


def meetings_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """A dispatch meeting each month (双月书记、单月区长): items on signed projects, closed, late or open."""
    rows: list[Row] = []
    day = first_of_next_month(plus(world.as_of, -560))
    while (meeting := plus(day, 9)) <= world.as_of:
        waiting = [
            lead
            for lead in world.signed
            if world.known[lead.lead_id]["签约"] <= meeting < world.known[lead.lead_id].get("开工", dt.date.max)
            and world.known[lead.lead_id].get("终止", dt.date.max) > meeting
        ]
        for place in sorted(rng.permutation(len(waiting))[: int(rng.integers(3, 8))].tolist()):
            rows.append(_item(waiting[place], meeting, len(rows) + 1, world, rng))
        day = first_of_next_month(day)
    form = Form(
        "云川区项目调度会议定事项督办台账",
        columns("""
            item_id 督办编号
            meeting_date 会议>调度会日期
            meeting_name 会议>调度会名称
            chair_post 会议>主持人职务
            item_kind 事项类别
            lead_id 项目编号
            project_name 项目名称
            item_text 督办事项
            unit_name 承办单位
            due_date 办结期限
            state 完成情况
            closed_date 完成日期
            risk_enterprise_name 涉险企业
            risk_signal_date 风险动向日期
            department_blocked 卡点部门
            reminder_level 督办级别
            reminder_count 催办次数
            reminded_date 最近催办日期
            result_text 办理情况
        """),
        footer=("填报单位：区委区政府督查室",),
    )
    return Ledger("meeting_items", "调度事项", form, rows, sheet=lambda row: f"{row['meeting_date'].year}年")


def _item(lead: Lead, meeting: dt.date, number: int, world: World, rng: np.random.Generator) -> Row:
    due = plus(meeting, float(rng.choice([15, 30, 45, 60])))
    late = 0.0 if rng.random() < CLOSED_IN_TIME_SHARE else float(rng.uniform(5, 120))
    closed: dt.date | None = plus(due, late or -float(rng.integers(1, 12)))
    if closed and (closed > world.as_of or rng.random() < 0.06):
        closed = None
    is_late = closed is None and due < world.as_of
    reminders = int(rng.integers(1, 4)) if is_late or late else 0
    return {
        "item_id": f"DD{meeting.year}-{number:04d}",
        "meeting_date": meeting,
        "meeting_name": f"{meeting.year}年{meeting.month}月重点项目调度会",
        "chair_post": "区委书记" if meeting.month % 2 == 0 else "区长",
        "item_kind": pick(("议定事项", "议定事项", "督办事项"), rng),
        "lead_id": lead.lead_id,
        "project_name": lead.project_name,
        "item_text": pick(ITEMS, rng),
        "unit_name": world.unit_name(lead),
        "due_date": due,
        "state": "已办结" if closed else "延期" if is_late else "进行中",
        "closed_date": closed,
        "department_blocked": pick((None, None, "云川区自然资源局", "云川区生态环境分局"), rng),
        "reminder_level": pick(("提醒", "催办", "督办"), rng) if reminders else None,
        "reminder_count": float(reminders),
        "reminded_date": min(plus(due, 5), world.as_of) if reminders else None,
        "result_text": "已办结销号" if closed else "正在协调" if not is_late else "尚未办结",
    }


def publicity_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Releases on projects that started: approved ones published, a few refused, waiting or confidential."""
    rows: list[Row] = []
    for lead in world.signed:
        known = world.known[lead.lead_id]
        if "开工" not in known or rng.random() < 0.55:
            continue
        submitted = plus(known["开工"], float(rng.integers(1, 12)))
        if submitted > world.as_of:
            continue
        is_secret = rng.random() < 0.06
        approval = "不同意" if is_secret else pick(("同意",) * 8 + ("不同意", "待审批"), rng)
        decided = min(plus(submitted, 4), world.as_of) if approval != "待审批" else None
        published = plus(decided, 3) if decided and approval == "同意" else None
        rows.append(
            {
                "release_id": f"XC{submitted.year}-{len(rows) + 1:03d}",
                "release_title": f"{lead.project_name}开工建设",
                "release_text": f"{lead.project_name}在{district.DISTRICT}开工，建成后主要生产{lead.product_text}。",
                "lead_id": lead.lead_id,
                "unit_name": world.unit_name(lead),
                "medium": pick(("电视台", "报纸", "网站", "新媒体", "内部"), rng),
                "is_confidential": is_secret,
                "submitted_date": submitted,
                "approval": approval,
                "approved_by": "云川区委宣传部" if decided else None,
                "approved_date": decided,
                "published_date": published if published and published <= world.as_of else None,
            }
        )
    form = Form(
        "云川区招商宣传稿件报审台账",
        columns("""
            release_id 稿件编号
            release_title 稿件标题
            release_text 宣传内容
            lead_id 项目编号
            unit_name 供稿单位
            medium 发布媒体
            is_confidential 是否涉密
            submitted_date 报审日期
            approval 审批结论
            approved_by 审批单位
            approved_date 审批日期
            published_date 发布日期
        """),
    )
    return Ledger("publicity_releases", "宣传发布", form, rows)
