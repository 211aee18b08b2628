"""What becomes of leads (过程): warmth, follow-ups, stages, landing, taxes. PROCESS.md tells it in words.

Belongs here: the simulation and its constants, each with its meaning. Does not belong: how it is written down
(ledgers.py, records.py). It exists to show and test the product; skill found on it says nothing of a real district.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sample import district
from sample.leads import Lead, month_end

Floats = npt.NDArray[np.float64]

MONTH: Final = 30  # days of a step
STEPS: Final = 60
LANDING_BASE: Final = -4.95  # log-odds a month at the plateau
LOST_BASE: Final = -3.62
WARMTH_ON_LANDING: Final = 1.45
WARMTH_ON_LOSS: Final = -0.45
# Added by months since the report: nothing lands at once, old leads go stale.
LANDING_AGE: Final = (-4.0, -1.6, -0.5, -0.1, 0.0, 0.1, 0.1, 0.1, 0.0, 0.0, -0.1, -0.2)
LANDING_STALE: Final = -0.05  # a month after the twelfth
LOST_AGE: Final = (-3.0, -1.2, -0.4, 0.0)
FOLLOW_UPS_A_MONTH: Final = 0.75
NO_EVIDENCE_SHARE: Final = 0.05
LOST_REASONS: Final = (
    "企业投资计划调整",
    "选择落户其他地区",
    "用地指标不足",
    "融资未到位",
    "条件未谈拢",
    "市场变化暂缓",
)


@dataclass(frozen=True)
class FollowUp:
    lead_id: str
    date: dt.date
    recorded: dt.date
    method: str
    led_by: str | None
    content: str
    result: str | None
    next_step: str | None
    # Added by show.py: with which enterprise, on which trip, by whom.
    counterparty: str | None = None
    counterparty_uscc: str | None = None
    event_id: str | None = None
    city: str | None = None
    recruiter_no: str | None = None


@dataclass(frozen=True)
class Move:
    """One move from stage to stage. `tax` is in 万元 a year; `is_written`: the office had told it by the as-of day."""

    lead_id: str
    stage: str
    date: dt.date
    recorded: dt.date
    evidence_kind: str | None
    evidence_no: str | None
    tax: float | None
    lost_reason: str | None
    is_month_only: bool
    is_written: bool


@dataclass(frozen=True)
class _Fate:
    """Steps at which a lead lands or is lost (STEPS: never), and its monthly warmth."""

    landed: npt.NDArray[np.int64]
    lost: npt.NDArray[np.int64]
    warmth: Floats


def _drift(reported: dt.date, step: Floats) -> Floats:
    """Change of the base rate by calendar time: a slow wave of three years and a slight decline."""
    years = (reported.toordinal() - dt.date(2023, 1, 1).toordinal() + step * MONTH) / 365.25
    return np.asarray(0.22 * np.sin(2 * np.pi * years / 3.0) - 0.06 * years)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def _age_effect(first: tuple[float, ...], later: float) -> Floats:
    step = np.arange(STEPS)
    known = np.array(first)[np.minimum(step, len(first) - 1)]
    return np.asarray(known + later * np.maximum(step - len(first) + 1, 0))


def _fates(leads: list[Lead], rng: np.random.Generator) -> _Fate:
    n = len(leads)
    warmth = np.empty((n, STEPS))
    swing = np.zeros(n)
    base = np.array([lead.warmth for lead in leads])
    for step in range(STEPS):
        swing = 0.85 * swing + rng.normal(0, 0.28, n)
        warmth[:, step] = 0.9 * base + swing
    covariates = np.array([lead.covariates for lead in leads])[:, None]
    drift = np.stack([_drift(lead.reported, np.arange(STEPS, dtype=float)) for lead in leads])
    landing = _sigmoid(
        LANDING_BASE
        + covariates
        + WARMTH_ON_LANDING * warmth
        + drift
        + _age_effect(LANDING_AGE, LANDING_STALE)[None, :]
    )
    losing = _sigmoid(LOST_BASE + WARMTH_ON_LOSS * warmth - 0.4 * covariates + _age_effect(LOST_AGE, 0.0)[None, :])
    for lead, hazard in zip(leads, landing[:, 6], strict=True):
        lead.landing_hazard = float(hazard)

    def first(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.where(hits.any(axis=1), hits.argmax(axis=1), STEPS)

    landed, lost = first(rng.random((n, STEPS)) < landing), first(rng.random((n, STEPS)) < losing)
    return _Fate(np.where(landed <= lost, landed, STEPS), np.where(lost < landed, lost, STEPS), warmth)


def run_process(leads: list[Lead], as_of: dt.date, rng: np.random.Generator) -> tuple[list[FollowUp], list[Move]]:
    """Let everything happen up to `as_of`; leads learn their events, what came later is cut off."""
    fate = _fates(leads, rng)
    follow_ups: list[FollowUp] = []
    moves: list[Move] = []
    for place, lead in enumerate(leads):
        days = _stage_days(lead, int(fate.landed[place]), int(fate.lost[place]), float(fate.warmth[place, 3]), rng)
        happened = _moves(lead, days, as_of, rng)
        moves += happened
        lead.events = {move.stage: move.date for move in happened}
        ends = [day for stage, day in days if stage in {"开工", "终止"}]
        follow_ups += _follow_ups(lead, min([*ends, as_of]), fate.warmth[place], as_of, rng)
    return follow_ups, moves


def _plus(day: dt.date, days: float) -> dt.date:
    return day + dt.timedelta(days=max(1, round(days)))


def _stage_days(
    lead: Lead, landed: int, lost: int, warmth: float, rng: np.random.Generator
) -> list[tuple[str, dt.date]]:
    """Give the days of all stages that will ever happen, in order."""
    start = lead.reported
    days: list[tuple[str, dt.date]] = [("线索", start)]
    if landed < STEPS:
        start_day = _plus(start, landed * MONTH + int(rng.integers(3, MONTH)))
        span = (start_day - start).days
        shares = np.sort(rng.uniform(0.05, 0.97, 5))
        keep = {"在谈": 0.97, "签约": 0.99, "注册": 0.93, "备案": 0.90, "供地": 0.95 if lead.land else 0.0}
        for (stage, chance), share in zip(keep.items(), shares, strict=True):
            if rng.random() < chance:
                days.append((stage, _plus(start, float(share) * span)))
        days.append(("开工", start_day))
        built = _plus(start_day, rng.gamma(4.0, 65.0 if lead.land else 28.0))
        if rng.random() < 0.9:
            days.append(("竣工", built))
        running = _plus(built, rng.gamma(2.0, 22.0))
        days.append(("投产", running))
        if rng.random() < 0.92:
            days.append(("达效", _plus(running, rng.normal(360.0, 40.0))))
        return _spread(days)
    end = _plus(start, lost * MONTH + int(rng.integers(1, MONTH)))
    chances = (("在谈", 1.0 + 0.8 * warmth, 45.0), ("签约", -1.5 + 0.8 * warmth, 150.0))
    day = start
    for stage, odds, mean in (*chances, ("注册", 0.2, 60.0), ("备案", -0.6, 70.0)):
        day = _plus(day, rng.gamma(2.0, mean / 2))
        if rng.random() >= 1 / (1 + np.exp(-odds)) or day >= end:
            break
        days.append((stage, day))
    if days[-1][0] == "签约" and rng.random() < 0.25:
        back = _plus(days[-1][1], rng.uniform(60, 150))
        if back < end:
            days.append(("在谈", back))  # talks are opened again
    if lost < STEPS:
        days.append(("终止", end))
    return _spread(days)


def _spread(days: list[tuple[str, dt.date]]) -> list[tuple[str, dt.date]]:
    """Keep the order of stages strict where drawn days fall together."""
    spread: list[tuple[str, dt.date]] = []
    for stage, day in days:
        last = spread[-1][1] if spread else day - dt.timedelta(days=1)
        spread.append((stage, max(day, last + dt.timedelta(days=1))))
    return spread


_EVIDENCE: Final = {
    "签约": ("签约协议", "云招协〔{year}〕{number}号"),
    "注册": ("营业执照", "云市监{year}{number:06d}"),
    "备案": ("备案证", "{year}-3799-{number:04d}"),
    "供地": ("用地合同", "云川-01-{year}-{number:04d}"),
    "竣工": ("竣工验收", "云竣备{year}-{number:03d}"),
    "投产": ("投产证明", "云投产{year}-{number:03d}"),
    "达效": ("完税证明", "云税{year}-{number:05d}"),
}


def _evidence(stage: str, year: int, rng: np.random.Generator) -> tuple[str | None, str | None]:
    number = int(rng.integers(1, 9999))
    if stage == "开工":
        draw = rng.random()
        if draw < NO_EVIDENCE_SHARE / 2:
            return None, None
        if draw < NO_EVIDENCE_SHARE:
            return "情况说明", None
        kind = "施工许可证" if draw < 0.72 else "施工合同"
        return kind, f"云施{year}-{number:05d}" if kind == "施工许可证" else f"HT{year}-{number:04d}"
    if stage not in _EVIDENCE or rng.random() < 0.06:
        return None, None
    kind, form = _EVIDENCE[stage]
    return kind, form.format(year=year, number=number)


def _moves(lead: Lead, days: list[tuple[str, dt.date]], as_of: dt.date, rng: np.random.Generator) -> list[Move]:
    moves: list[Move] = []
    for place, (stage, day) in enumerate(days):
        lag = rng.gamma(1.6, 6.0)
        tax = None
        if stage == "投产" and rng.random() < 0.80:
            # The first quarter's tax, taken to a year: known a season later.
            lag, tax = rng.uniform(45, 110), lead.yearly_tax * float(np.exp(rng.normal(-0.15, 0.18)))
        elif stage == "达效":
            lag, tax = rng.uniform(10, 60), lead.yearly_tax
        recorded = _plus(day, lag) if stage != "线索" else day + dt.timedelta(days=int(rng.integers(0, 4)))
        kind, number = _evidence(stage, day.year, rng)
        reason = str(rng.choice(LOST_REASONS)) if stage == "终止" and rng.random() < 0.85 else None
        next_day = days[place + 1][1] if place + 1 < len(days) else dt.date.max
        is_month_only = (
            stage in {"签约", "备案", "竣工"} and rng.random() < 0.25 and month_end(day) < min(next_day, recorded)
        )
        true_day = month_end(day) if is_month_only else day
        if true_day > as_of:
            break
        taxed = None if tax is None else max(round(tax, 2), 0.1)
        moves.append(
            Move(lead.lead_id, stage, true_day, recorded, kind, number, taxed, reason, is_month_only, recorded <= as_of)
        )
    return moves


# --- follow-ups -----------------------------------------------------------------------------------------------------

_PHRASES: Final = {
    "电话": ("与{person}电话沟通{project}进展", "与{person}通话，了解资金安排", "电话询问{person}选址意见"),
    "见商": ("{person}来访，介绍园区配套", "接待{person}一行，洽谈{project}用地", "{person}来访，参观本地企业"),
    "出差": ("赴企业总部拜访{person}，对接{project}", "外出拜访{person}，考察生产线"),
    "线上": ("与{person}视频会议，讨论{project}方案", "线上对接{person}，明确投资强度"),
    "考察": ("陪同{person}实地考察标准厂房", "与{person}现场考察{project}拟选地块"),
}
_NEXT: Final = ("约定下月面谈", "报送政策测算", "协调用地指标", "等待企业内部决策", "准备投资协议文本", "跟进资金证明")


def _follow_ups(lead: Lead, end: dt.date, warmth: Floats, as_of: dt.date, rng: np.random.Generator) -> list[FollowUp]:
    found: list[FollowUp] = []
    seen: set[dt.date] = set()
    for step in range(min(STEPS, (end - lead.reported).days // MONTH + 1)):
        w = float(warmth[step])
        rate = FOLLOW_UPS_A_MONTH * np.exp(0.8 * w) * (1.7 if step == 0 else max(0.45, np.exp(-step / 18)))
        for _ in range(int(rng.poisson(rate))):
            day = lead.reported + dt.timedelta(days=step * MONTH + int(rng.integers(0, MONTH)))
            recorded = day + dt.timedelta(days=int(rng.gamma(1.2, 3.0)))
            if day > end or day in seen or recorded > as_of:
                continue
            seen.add(day)
            found.append(_follow_up(lead, day, recorded, w, rng))
    return sorted(found, key=lambda f: f.date)


def _follow_up(lead: Lead, day: dt.date, recorded: dt.date, w: float, rng: np.random.Generator) -> FollowUp:
    in_person = rng.random() < 1 / (1 + np.exp(-(-0.3 + 1.3 * w)))
    methods = ("见商", "出差", "考察") if in_person else ("电话", "电话", "线上")
    method = methods[int(rng.integers(3))]
    led_by: str | None = "一把手"
    if rng.random() >= 1 / (1 + np.exp(-(-2.6 + 1.2 * w + (0.5 if in_person else -0.8)))):
        led_by = ("分管领导", "班子成员", "工作人员", "工作人员", None)[int(rng.integers(5))]
    result: str | None = "有意向"
    if rng.random() >= 1 / (1 + np.exp(-(-1.2 + 1.5 * w))):
        result = ("待回复", "待回复", "获取线索", "推进签约", "解决困难", "无意向", None)[int(rng.integers(7))]
    phrases = _PHRASES[method]
    phrase = phrases[int(rng.integers(len(phrases)))]
    person = (
        district.SURNAMES[int(rng.integers(len(district.SURNAMES)))] + ("总", "经理", "董事长")[int(rng.integers(3))]
    )
    content = phrase.format(person=person, project=lead.project_name)
    if rng.random() < 0.02:
        content += f"，对方手机{fake_phone(rng)}"
    next_step = _NEXT[int(rng.integers(len(_NEXT)))] if rng.random() < 0.6 else None
    return FollowUp(lead.lead_id, day, recorded, method, led_by, content, result, next_step)


def fake_phone(rng: np.random.Generator) -> str:
    """Give a number that looks like a mobile one and is nobody's: 154 is no operator's, and 0000 shows at a glance."""
    return f"1540000{int(rng.integers(0, 10**4)):04d}"
