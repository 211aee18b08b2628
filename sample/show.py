"""Show or substance (摆样子还是真招商): what makes follow-ups and signings look like work, set among true ones, and known.

Belongs here: copied texts, late bursts, back-dating, talks with nobody, second signings, puffed-up amounts; the truth of
each. Does not belong: the process itself (process.py): this changes how little of it is told, not what becomes of a lead.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any, Final

import numpy as np

from sample import district
from sample.leads import Lead, month_end
from sample.outings import Trip
from sample.process import FollowUp, Move
from sample.world import plus

NOBODY_SHARE: Final = 0.03
OWN_DETAIL_SHARE: Final = 0.7  # of follow-ups that say something only this firm could
NOBODY_SHARE_OF_LOOSE_UNITS: Final = 0.30
LOOSE_UNITS: Final = 3  # units that note down little of whom they met
BURST_UNITS: Final = 3
BACK_DATED_SHARE: Final = 0.01
COPIED_TEXTS: Final = 60  # at most; one in forty leads of a small sample
COPIED_WITHIN_DAYS: Final = 420
PASTED_TO: Final = 4  # other leads that one of the texts is pasted to on one day
SIGNED_AGAIN_SHARE: Final = 0.05
FALLEN_BACK: Final = 3  # beside those that the process draws
REOPENED_SHARE: Final = 0.08  # of leads that were lost
INFLATED_SHARE: Final = 0.05
SINGLE_TOUCH_DAYS: Final = 60

_TALKED_OF: Final = (
    "企业提出{m}月前交地",
    "企业介绍现有{n}条生产线运行情况",
    "就用地{n}亩的选址作了比较",
    "企业关心蒸汽价格和供应稳定性",
    "测算用电约{n}0千伏安，需核实变电容量",
    "企业希望先租后建，过渡厂房约{n}00平方米",
    "讨论项目分期，首期约占{n}%",
    "企业要求了解环评总量指标余量",
    "了解到企业上年销售约{n}00万元",
    "企业担心招工，需{n}名熟练工",
    "对方询问人才公寓和子女入学",
    "企业正与{n}家银行谈授信",
    "核对了设备清单和进口周期",
    "对方已考察周边{s}个县区",
    "企业董事会定于{m}月讨论",
    "就物流专线和港口距离作了说明",
    "对方索要园区控规图和地勘资料",
    "企业提供了近两年审计报告",
    "对方提出能评需要提前介入",
    "介绍了本地上下游{s}家配套企业",
)
_PROMISED: Final = (
    "答应{d}日前回复",
    "会后发送园区资料",
    "约定下次带技术负责人来",
    "由专班对接自然资源部门",
    "请企业补报可研报告",
    "安排现场踏勘地块",
    "对方尚未表态",
    "双方商定建立联络群",
    "转请发改部门测算能耗",
    "准备签保密协议",
)

_OF_ITS_OWN: Final = (
    "{product}现有年产能{a}吨，开工率{n}%",
    "{product}去年出货{a}件，出口占{n}%",
    "{product}单价由{a}元谈到{b}元",
    "看了{product}样品{s}件，良率{n}.{s}%",
    "{product}在手订单{a}万元，交期{n}天",
    "{product}原料{n}%外购，年用量{a}吨",
)


def enrich(follow_ups: list[FollowUp], leads: list[Lead], rng: np.random.Generator) -> list[FollowUp]:
    """Say in each follow-up what was talked of and with which enterprise, so that texts differ as real ones do.

    Most of them also say something of the firm's own product, as notes of people who were there do.
    """
    own = rng.spawn(1)[0]
    owned, amounts = own.random(len(follow_ups)).tolist(), own.integers(100, 9999, (len(follow_ups), 2)).tolist()
    kinds = own.integers(0, len(_OF_ITS_OWN), len(follow_ups)).tolist()
    by_id = {lead.lead_id: lead for lead in leads}
    loose = set(rng.permutation(len(district.UNITS))[:LOOSE_UNITS].tolist())
    found: list[FollowUp] = []
    count = len(follow_ups)
    first, second = rng.integers(0, len(_TALKED_OF), count).tolist(), rng.integers(1, len(_TALKED_OF), count).tolist()
    last, numbers = rng.integers(0, len(_PROMISED), count).tolist(), rng.integers(2, 96, count).tolist()
    small, months = rng.integers(2, 10, count).tolist(), rng.integers(1, 13, count).tolist()
    days, draws, coded = rng.integers(1, 29, count).tolist(), rng.random(count).tolist(), rng.random(count).tolist()
    for i, follow_up in enumerate(follow_ups):
        lead = by_id[follow_up.lead_id]
        text = "，".join(
            (
                follow_up.content,
                _TALKED_OF[first[i]],
                _TALKED_OF[(first[i] + second[i]) % len(_TALKED_OF)],
                *((_OF_ITS_OWN[kinds[i]],) if owned[i] < OWN_DETAIL_SHARE else ()),
                _PROMISED[last[i]],
            )
        ).format(
            m=months[i], n=numbers[i], s=small[i], d=days[i], a=amounts[i][0], b=amounts[i][1],
            product=lead.product_text.split("、")[0].split("，")[0],
        )  # fmt: skip
        is_named = draws[i] >= (NOBODY_SHARE_OF_LOOSE_UNITS if lead.unit in loose else NOBODY_SHARE)
        found.append(
            replace(
                follow_up,
                content=text + "。",
                counterparty=lead.written_name if is_named else None,
                counterparty_uscc=lead.uscc if is_named and coded[i] < 0.4 else None,
            )
        )
    return found


def copy_texts(
    follow_ups: list[FollowUp], leads: list[Lead], written: set[str], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Copy texts into later follow-ups of other leads and give the pairs. Changes the list in place.

    Word for word, but for a word or two, but for a figure; and one text pasted into several leads at once.
    """
    places = sorted(
        (i for i, own in enumerate(follow_ups) if own.lead_id in written and len(own.content) > 45),
        key=lambda i: (follow_ups[i].date, follow_ups[i].lead_id),
    )
    days = [follow_ups[i].date for i in places]
    wanted = min(COPIED_TEXTS, max(3, len(leads) // 40))
    pairs: list[dict[str, Any]] = []
    used: set[int] = set()

    def copy(source: int, place: int, text: str) -> None:
        one, other = follow_ups[source], follow_ups[place]
        used.update((source, place))
        follow_ups[place] = replace(other, content=text)
        pairs.append(
            {"kind": "雷同内容", "lead_id": one.lead_id, "other_lead_id": other.lead_id, "date": other.date}
            | {"detail": f"与{one.date}的跟进内容雷同"}
        )

    for number, at in enumerate(rng.permutation(len(places)).tolist()):
        if len(pairs) >= wanted:
            break
        first = bisect_left(days, days[at] - dt.timedelta(days=COPIED_WITHIN_DAYS))
        source, place = places[first + int(rng.integers(0, at - first + 1))], places[at]
        if {source, place} & used or follow_ups[source].lead_id == follow_ups[place].lead_id:
            continue
        text = follow_ups[source].content
        copy(source, place, (text, _with_a_word_changed(text), _with_a_figure_changed(text))[number % 3])
    # The last lines of a month filled up with one text.
    last = len(places) - 1
    source = places[max(0, last - 12 * PASTED_TO)]
    for place in [i for i in places[last - 6 * PASTED_TO :] if i not in used][:PASTED_TO] if source not in used else ():
        if follow_ups[place].lead_id != follow_ups[source].lead_id:
            copy(source, place, follow_ups[source].content)
    return pairs


def _with_a_word_changed(text: str) -> str:
    return text.replace("企业", "公司", 1).replace("。", "")


def _with_a_figure_changed(text: str) -> str:
    return re.sub(r"\d+", lambda figure: str(int(figure.group()) + 1), text, count=1)


def shift_records(
    follow_ups: list[FollowUp], leads: list[Lead], as_of: dt.date, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Let some units write a whole quarter down in its last days, and some follow-ups be written long after."""
    unit_of = {lead.lead_id: lead.unit for lead in leads}
    bursts: set[tuple[int, int, int]] = set()
    year = as_of.year - 1
    for unit in rng.permutation(len(district.UNITS))[:BURST_UNITS].tolist():
        bursts |= {(unit, year, quarter) for quarter in (2, 4)}
    facts: list[dict[str, Any]] = []
    counts: Counter[tuple[int, int, int]] = Counter()
    for i, follow_up in enumerate(follow_ups):
        day = follow_up.date
        group = unit_of[follow_up.lead_id], day.year, (day.month + 2) // 3
        if group in bursts:
            end = month_end(dt.date(day.year, 3 * group[2], 1))
            recorded = plus(end, -float(rng.integers(0, 3)))
            if day <= recorded <= as_of:
                follow_ups[i] = replace(follow_up, recorded=recorded)
                counts[group] += 1
        elif rng.random() < BACK_DATED_SHARE:
            recorded = plus(day, float(rng.integers(35, 95)))
            if recorded <= as_of:
                follow_ups[i] = replace(follow_up, recorded=recorded)
                facts.append(
                    {"kind": "倒填日期", "lead_id": follow_up.lead_id, "other_lead_id": None, "date": day}
                    | {"detail": f"{recorded}补填，晚{(recorded - day).days}天"}
                )
    for (unit, of_year, quarter), count in sorted(counts.items()):
        facts.append(
            {"kind": "期末突击", "lead_id": None, "other_lead_id": None, "date": dt.date(of_year, 3 * quarter, 1)}
            | {"detail": f"{district.UNITS[unit].name} {of_year}年{quarter}季度最后三天补填{count}条"}
        )
    return facts


def sign_again(leads: list[Lead], moves: list[Move], as_of: dt.date, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Sign some projects twice: once more at a ceremony, or by the second unit that reported the firm. Adds moves."""
    by_lead: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        by_lead[move.lead_id].append(move)
    by_id = {lead.lead_id: lead for lead in leads}
    facts: list[dict[str, Any]] = []
    signed = [lead for lead in leads if "签约" in lead.events]
    added: list[Move] = []

    def sign(lead: Lead, day: dt.date, other: str | None, detail: str) -> None:
        number = f"云招协〔{day.year}〕{90_000 + len(added)}号"
        recorded = min(plus(day, 5), as_of)
        added.append(
            Move(
                lead.lead_id, "签约", day, recorded, "签约协议", number, None, None, False, is_written=recorded <= as_of
            )
        )
        facts.append(
            {"kind": "重复签约", "lead_id": lead.lead_id, "other_lead_id": other, "date": day, "detail": detail}
        )

    wanted = max(2, round(len(signed) * SIGNED_AGAIN_SHARE))
    for place in rng.permutation(len(signed)).tolist():
        lead = signed[place]
        first = lead.events["签约"]
        later = [move.date for move in by_lead[lead.lead_id] if move.date > first]
        end = min([*later, as_of, plus(first, 700)])
        if wanted and (end - first).days > 45:
            wanted -= 1
            sign(lead, plus(first, float(rng.uniform(30, (end - first).days - 5))), None, f"{first}已签约")
    for lead in leads:
        first_lead = by_id.get(lead.same_firm_as or "")
        if first_lead is None or "签约" not in first_lead.events or "签约" in lead.events:
            continue
        own = by_lead[lead.lead_id]
        day = plus(max([first_lead.events["签约"], *(move.date for move in own)]), float(rng.integers(20, 200)))
        if day <= plus(as_of, -6) and not {"终止", "开工"} & set(lead.events) and rng.random() < 0.7:
            lead.events["签约"] = day
            sign(lead, day, first_lead.lead_id, f"同一企业{first_lead.events['签约']}已由另一单位签约")
    moves.extend(added)
    order = {lead.lead_id: number for number, lead in enumerate(leads)}
    moves.sort(key=lambda move: (order[move.lead_id], move.date))
    return facts


def reopen(leads: list[Lead], moves: list[Move], as_of: dt.date, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Let some lost leads come back to talks (终止→在谈) one to ten months later, some of them to be lost once more, and a few
    that signed fall back (签约→在谈). Adds moves."""
    ends = {move.lead_id: move.date for move in moves if move.stage == "终止" and move.is_written}
    facts: list[dict[str, Any]] = []
    added: list[Move] = []
    lost = [lead.lead_id for lead in leads if lead.lead_id in ends and (as_of - ends[lead.lead_id]).days > 45]
    for place in rng.permutation(len(lost))[: max(2, round(len(lost) * REOPENED_SHARE))].tolist():
        lead_id, end = lost[place], ends[lost[place]]
        day = plus(end, float(rng.uniform(30, min(300, (as_of - end).days - 5))))
        recorded = min(plus(day, float(rng.integers(0, 9))), as_of)
        added.append(Move(lead_id, "在谈", day, recorded, None, None, None, None, False, True))
        again = plus(day, float(rng.uniform(40, 200)))
        if rng.random() < 0.25 and plus(again, 9) <= as_of:
            added.append(Move(lead_id, "终止", again, plus(again, 4), None, None, None, "再次洽谈未果", False, True))
        facts.append(
            {"kind": "终止后重启", "lead_id": lead_id, "other_lead_id": None, "date": day}
            | {"detail": f"{end}终止，{day}恢复洽谈"}
        )
    # And some that signed fall back to talks (签约→在谈), so that a small district holds them too.
    last = {move.lead_id: move for move in moves}
    stands = [m for m in last.values() if m.stage == "签约" and m.is_written and (as_of - m.date).days > 60]
    for place in rng.permutation(len(stands))[:FALLEN_BACK].tolist():
        signed = stands[place]
        day = plus(signed.date, float(rng.uniform(20, (as_of - signed.date).days - 15)))
        added.append(Move(signed.lead_id, "在谈", day, plus(day, 3), None, None, None, None, False, True))
        facts.append(
            {"kind": "签约后退回", "lead_id": signed.lead_id, "other_lead_id": None, "date": day}
            | {"detail": f"{signed.date}签约，{day}退回洽谈"}
        )
    moves.extend(added)
    order = {lead.lead_id: number for number, lead in enumerate(leads)}
    moves.sort(key=lambda move: (order[move.lead_id], move.date))
    return facts


def inflate(leads: list[Lead], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Mark some signed leads whose investment is many times what they file and build."""
    facts = []
    for lead in leads:
        if lead.investment and lead.same_firm_as is None and "签约" in lead.events and rng.random() < INFLATED_SHARE:
            lead.is_inflated = True
            facts.append(
                {"kind": "金额偏大", "lead_id": lead.lead_id, "other_lead_id": None, "date": lead.events["签约"]}
                | {"detail": f"报{lead.investment:g}万元，备案约为其15%"}
            )
    return facts


def found_afterwards(
    follow_ups: list[FollowUp], leads: list[Lead], written: set[str], as_of: dt.date
) -> list[dict[str, Any]]:
    """Name what is there without anybody having put it there: leads met once, talks with nobody."""
    by_lead: dict[str, list[FollowUp]] = defaultdict(list)
    for follow_up in follow_ups:
        by_lead[follow_up.lead_id].append(follow_up)
    facts: list[dict[str, Any]] = []
    for lead in leads:
        own = by_lead.get(lead.lead_id, [])
        if lead.lead_id not in written:
            continue
        if len(own) == 1 and (as_of - own[0].date).days >= SINGLE_TOUCH_DAYS:
            facts.append(
                {"kind": "一次性接触", "lead_id": lead.lead_id, "other_lead_id": None, "date": own[0].date}
                | {"detail": "此后60天没有跟进"}
            )
        facts += [
            {"kind": "无洽谈对象", "lead_id": lead.lead_id, "other_lead_id": None, "date": follow_up.date}
            | {"detail": follow_up.method}
            for follow_up in own
            if follow_up.counterparty is None
        ]
    return facts


def name_events(follow_ups: list[FollowUp], trips: list[Trip], leads: list[Lead]) -> None:
    """Note on visits (出差) which trip of the unit they were part of. Changes the list in place."""
    by_lead = {lead.lead_id: lead for lead in leads}
    of_unit: dict[int, list[Trip]] = defaultdict(list)
    for trip in trips:
        of_unit[trip.unit].append(trip)
    for i, follow_up in enumerate(follow_ups):
        if follow_up.method != "出差":
            continue
        for trip in of_unit[by_lead[follow_up.lead_id].unit]:
            if trip.start <= follow_up.date <= trip.end and trip.kind == "外出招商":
                follow_ups[i] = replace(follow_up, event_id=trip.event_id, city=trip.city)
                break
