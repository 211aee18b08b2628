"""Who works on what (人): recruiters, leaders with their teams, leads handed from one unit to another.

Belongs here: 招商队伍, 责任领导班子, 线索流转; every name is plainly invented. Does not belong: what they do (outings.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from sample import district
from sample.leads import Lead
from sample.sheets import Form
from sample.tables import Ledger, Row, columns, invented_person
from sample.world import World, pick, plus

WITHOUT_LEADER_SHARE: Final = 0.06
CHANGED_LEADER_SHARE: Final = 0.08
TRANSFERRED_SHARE: Final = 0.03
_POSTS: Final = ("招商专员", "招商专员", "项目经理", "产业研究员")
_LEADERS: Final = (
    ("赵甲", "区委书记"),
    ("钱乙", "区委副书记、区长"),
    ("孙丙", "区委常委、常务副区长"),
    ("李丁", "区委常委、组织部部长"),
    ("周戊", "副区长"),
    ("吴己", "副区长"),
    ("郑庚", "区政协副主席"),
    ("王辛", "区人大常委会副主任"),
    ("冯壬", "经开区管委会主任"),
)


@dataclass(frozen=True)
class Recruiter:
    number: str
    unit: int
    since: dt.date
    until: dt.date | None
    heir: str | None


def draw_recruiters(as_of: dt.date, rng: np.random.Generator) -> list[Recruiter]:
    """Two to six a unit; one in eight has left, mostly with a colleague named who took over."""
    found: list[Recruiter] = []
    for unit, own in enumerate(district.UNITS):
        count = 2 + int(rng.integers(0, 2)) + round(1.2 * own.weight)
        first = dt.date(as_of.year - 4, 1, 4)
        for number in range(1, count + 1):
            since = plus(first, 0 if number <= 2 else float(rng.integers(60, 1200)))
            has_left = number > 1 and rng.random() < 0.15
            until = plus(since, float(rng.integers(300, 1100))) if has_left else None
            if until and until > as_of:
                until = None
            heir = f"{own.code}-01" if until and rng.random() < 0.7 else None
            found.append(Recruiter(f"{own.code}-{number:02d}", unit, since, until, heir))
    return found


def assign_recruiters(leads: list[Lead], recruiters: list[Recruiter], rng: np.random.Generator) -> None:
    """Give each lead to somebody of its unit who was there on the day of the report."""
    for lead in leads:
        there = [
            r
            for r in recruiters
            if r.unit == lead.unit and r.since <= lead.reported and (r.until is None or r.until > lead.reported)
        ]
        lead.recruiter_no = pick(there, rng).number if there else None


def recruiter_of(lead: Lead, day: dt.date, by_number: dict[str, Recruiter]) -> str | None:
    """Give who followed the lead up on a day: its recruiter, after whose leaving the one who took over."""
    own = by_number.get(lead.recruiter_no or "")
    if own is None or own.until is None or day < own.until:
        return lead.recruiter_no
    return own.heir


def recruiters_ledger(recruiters: list[Recruiter], rng: np.random.Generator) -> Ledger:
    """Return the ledger of recruiters (招商队伍)."""
    trades = ("纺织服装", "环保水处理", "医药医疗器械", "新能源新材料", "现代物流", "软件信息")
    rows: list[Row] = [
        {
            "recruiter_no": r.number,
            "unit_name": district.UNITS[r.unit].name,
            "post": pick(_POSTS, rng),
            "languages": pick((None, None, "英语", "英语、日语", "韩语"), rng),
            "industries": "、".join(trades[i] for i in sorted(rng.permutation(len(trades))[: int(rng.integers(1, 4))])),
            "since_date": r.since,
            "until_date": r.until,
            "handover_to_no": r.heir,
            "is_stationed": district.UNITS[r.unit].kind == "招商组",
        }
        for r in recruiters
    ]
    form = Form(
        "云川区招商队伍花名册",
        columns("""
            - 序号
            unit_name 所属单位
            recruiter_no 工号
            person_name 姓名
            post 岗位
            languages 外语能力
            industries 熟悉产业
            is_stationed 是否驻外
            since_date 到岗日期
            until_date 离岗日期
            handover_to_no 接手专员工号
            contact_phone 手机号
        """),
        footer=("填报人：赵甲",),
    )
    return Ledger("recruiters", "招商队伍", form, rows, may_spoil=False, share_real_dates=0.9)


def teams_ledger(world: World, rng: np.random.Generator) -> tuple[Ledger, list[str]]:
    """One leader and one team a signed project; some have changed, and the few without one are named beside it."""
    rows: list[Row] = []
    missing: list[str] = []
    for lead in world.signed:
        signed = world.known[lead.lead_id]["签约"]
        if rng.random() < WITHOUT_LEADER_SHARE:
            missing.append(lead.lead_id)
            continue
        since = min(plus(signed, float(rng.integers(0, 12))), world.as_of)
        changed = plus(since, float(rng.integers(60, 400))) if rng.random() < CHANGED_LEADER_SHARE else None
        if changed and changed >= world.as_of:
            changed = None
        for begin, end in ((since, changed), *(((changed, None),) if changed else ())):
            leader, post = pick(_LEADERS, rng)
            rows.append(
                {
                    "lead_id": lead.lead_id,
                    "project_name": lead.project_name,
                    "leader_name": leader,
                    "leader_post": post,
                    "team_name": f"{lead.project_name.removesuffix('项目')}服务专班",
                    "unit_name": world.unit_name(lead),
                    "since_date": begin,
                    "until_date": end,
                    "role": "主要责任",
                    "plan_text": pick(
                        ("一月一调度，年内开工", "倒排工期，手续并联办理", "专人代办手续，协调要素"), rng
                    ),
                    "member_count": float(rng.integers(3, 8)),
                }
            )
    form = Form(
        "云川区重点项目“一名领导、一套班子、一抓到底”责任表",
        columns("""
            - 序号
            lead_id 项目编码
            project_name 项目名称
            leader_name 责任领导>包保领导
            leader_post 责任领导>职务
            role 责任领导>包保角色
            team_name 责任班子>工作专班
            unit_name 责任班子>牵头单位
            member_count 责任班子>专班人数
            contact_person 责任班子>联络员
            contact_phone 责任班子>联系电话
            since_date 包保起始日期
            until_date 包保终止日期
            plan_text 工作计划
        """),
    )
    return Ledger("officials_teams", "责任领导班子", form, rows), missing


def transfers_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Leads handed from the unit that talked first to another that suits better; credit stays with the first."""
    rows: list[Row] = []
    open_leads = [lead for lead in world.leads if (world.as_of - lead.reported).days > 60]
    for place in sorted(
        rng.permutation(len(open_leads))[: max(4, round(len(world.leads) * TRANSFERRED_SHARE))].tolist()
    ):
        lead = open_leads[place]
        others = [unit.name for number, unit in enumerate(district.UNITS) if number != lead.unit]
        day = plus(lead.reported, float(rng.integers(15, 60)))
        rows.append(
            {
                "lead_id": lead.lead_id,
                "project_name": lead.project_name,
                "from_unit_name": world.unit_name(lead),
                "to_unit_name": pick(others, rng),
                "transferred_date": day,
                "transfer_state": pick(("已流转", "已流转", "已流转", "待接收", "退回"), rng),
                "reason": pick(("本镇无合适用地", "产业与园区定位更相符", "企业要求靠近港口专线"), rng),
                "credit_text": f"首谈业绩归{world.unit_name(lead)}",
            }
        )
    form = Form(
        "云川区招商线索跨单位流转登记表",
        columns("""
            lead_id 项目编号
            project_name 项目名称
            from_unit_name 首谈单位
            first_person 首谈联系人
            to_unit_name 流转方向
            following_person 跟踪负责人
            transferred_date 流转时间
            transfer_state 流转状态
            reason 流转原因
            credit_text 业绩归属
        """),
        footer=(f"填报人：{invented_person(rng)}",),
    )
    return Ledger("lead_transfers", "线索流转", form, rows)
