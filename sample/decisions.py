"""What people decided (评审、归并): which project may come to which park, which names are one firm.

Belongs here: 准入评审, 归并决定. Does not belong: what a park has left (places.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from sample.leads import Lead
from sample.places import PARK_NAMES, PARKS
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, pick, plus

STEPS: Final = ("园区初审", "部门会审", "区级审定")
TWO_PARKS_SHARE: Final = 0.04
OVERRIDDEN_SHARE: Final = 0.04


def reviews_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Each signed project that asks for a park, step by step, before and after the signing."""
    rows: list[Row] = []
    for lead in world.signed:
        park = lead.details.get("park_name")
        if not isinstance(park, str):
            continue
        rows += _queue(lead, park, world, rng)
        if rng.random() < TWO_PARKS_SHARE:  # the same project asks at a second park
            other = pick([name for name in PARK_NAMES if name != park], rng)
            rows += _queue(lead, other, world, rng)[:1]
    form = Form(
        "云川区项目准入评审台账",
        columns("""
            - 序号
            lead_id 项目编码
            project_name 项目名称
            park_name 拟入园区
            review_step 评审环节
            submitted_date 报审日期
            decided_date 评审日期
            points_intensity 评分>投资强度得分
            points_tax 评分>亩均税收得分
            points_energy 评分>能耗得分
            points_environment 评分>环保得分
            points_safety 评分>安全得分
            points_industry 评分>产业得分
            result 评审结论
            veto_text 一票否决事项
            override_post 特批岗位
            override_reason 特批理由
        """),
        footer=("填报单位：云川区项目评审办",),
    )
    return Ledger("admission_reviews", "准入评审", form, rows)


def _queue(lead: Lead, park_name: str, world: World, rng: np.random.Generator) -> list[Row]:
    park = next(park for park in PARKS if park.name == park_name)
    day = max(lead.reported, plus(world.known[lead.lead_id]["签约"], -float(rng.integers(20, 60))))
    intensity = (lead.fixed or 0) / lead.land if lead.land else park.floor_intensity
    tax = (lead.promised or lead.yearly_tax) / lead.land if lead.land else park.floor_tax
    points = {
        "points_intensity": float(min(20, round(20 * intensity / park.floor_intensity))),
        "points_tax": float(min(20, round(20 * tax / park.floor_tax))),
        "points_energy": float(rng.integers(8, 16)),
        "points_environment": float(rng.integers(8, 16)),
        "points_safety": float(rng.integers(8, 16)),
        "points_industry": 15.0 if lead.industry.chain and lead.industry.chain in park.industries else 6.0,
    }
    is_vetoed = lead.details.get("is_two_high") is True and rng.random() < 0.5
    rows: list[Row] = []
    for step in STEPS:
        decided: dt.date | None = plus(day, float(rng.integers(3, 15)))
        if decided and decided > world.as_of:
            decided = None
        fails = is_vetoed and step == "部门会审"
        is_short = points["points_intensity"] + points["points_tax"] < 16 and step == "园区初审"
        overridden = is_short and rng.random() < 0.5
        result = (
            "待审" if decided is None else "不通过" if fails else "补充材料" if is_short and not overridden else "通过"
        )
        rows.append(
            {
                "lead_id": lead.lead_id,
                "project_name": lead.project_name,
                "park_name": park_name,
                "review_step": step,
                "submitted_date": day,
                "decided_date": decided,
                "result": result,
                **points,
                "veto_text": "两高项目未落实能耗等量替代" if fails else None,
                "override_post": "分管副区长" if overridden and decided else None,
                "override_reason": "补链急需，企业承诺二期补足投资强度" if overridden and decided else None,
            }
        )
        if result != "通过" or decided is None:
            break
        day = plus(decided, 2)
        if day > world.as_of:
            break
    return rows


def merges_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """A handful: firms reported twice told to be one, two of like names told to be two, a merge taken back."""
    rows: list[Row] = []

    def decide(left: Lead, right: Lead, decision: str, day: dt.date, reason: str) -> None:
        rows.append(
            {
                "left_id": left.lead_id,
                "right_id": right.lead_id,
                "left_name": left.written_name,
                "right_name": right.written_name,
                "decision": decision,
                "decided_date": day,
                "decided_by": "云川区投资促进局",
                "reason": reason,
            }
        )

    same = [lead for lead in world.leads if lead.same_firm_as in world.by_id]
    for place in sorted(rng.permutation(len(same))[:4].tolist()):
        right = same[place]
        left = world.by_id[right.same_firm_as or ""]
        day = plus(right.reported, 20)
        if day <= world.as_of:
            decide(left, right, "归并", day, "经核对营业执照为同一企业")
    by_trade: dict[str, Lead] = {}
    unlike: list[tuple[Lead, Lead]] = []
    for lead in world.leads:
        other = by_trade.setdefault(lead.industry.trade, lead)
        if other.enterprise != lead.enterprise and other.origin == lead.origin:
            unlike.append((other, lead))
    for number, place in enumerate(sorted(rng.permutation(len(unlike))[:3].tolist())):
        left, right = unlike[place]
        day = plus(right.reported, 15)
        if plus(day, 30) > world.as_of:
            continue
        if number == 0:  # merged in error, and taken back
            decide(left, right, "归并", day, "名称相近，先按同一企业处理")
            decide(left, right, "撤销归并", plus(day, 30), "核对信用代码后确认不是同一企业")
        else:
            decide(left, right, "不归并", day, "同行业同城市的两家企业")
    form = Form(
        "云川区线索归并决定登记表",
        columns("""
            left_id 编号甲
            left_name 名称甲
            right_id 编号乙
            right_name 名称乙
            decision 是否同一
            decided_date 归并日期
            decided_by 决定人单位
            reason 依据
        """),
    )
    return Ledger("merge_decisions", "归并决定", form, rows, may_spoil=False)
