"""Permits of signed projects (手续): rules by kind of project, planned and actual days, what is stuck and where.

Belongs here: 手续规程, 手续办理. Does not belong: money and construction (projects.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from sample.leads import Lead
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, pick, plus, working_day

BLOCKED_SHARE: Final = 0.55  # of signed projects that don't start: stuck at one step
CALENDAR_DAYS: Final = 1.4  # days of the calendar in a working day
_SLOWNESS: Final = {"自然资源局": 1.5, "生态环境分局": 1.25, "住房和城乡建设局": 1.1}  # against the promised limit
BLOCKERS: Final = {
    "自然资源局": ("用地指标未落实", "地上附着物未清表", "规划条件待调整"),
    "生态环境分局": ("总量指标不足", "环评报告需补充监测"),
    "发展和改革局": ("能耗指标未落实",),
    "应急管理局": ("安评专家意见未整改",),
    "住房和城乡建设局": ("施工图两次退回", "招标流标重招"),
    "行政审批服务局": ("备案材料不齐", "总包合同未备案"),
}


@dataclass(frozen=True)
class Step:
    name: str
    department: str
    limit_days: int
    after: tuple[str, ...]


def _steps(text: str) -> tuple[Step, ...]:
    found = []
    for line in text.strip().split("\n"):
        name, department, limit, *after = line.split()
        found.append(Step(name, department, int(limit), tuple(after)))
    return tuple(found)


# step | department | working days | steps before it
RULES: Final = {
    "新建厂房": _steps("""
        立项备案 行政审批服务局 1
        用地预审 自然资源局 10 立项备案
        环评 生态环境分局 20 立项备案
        能评 发展和改革局 15 立项备案
        安评 应急管理局 20 立项备案
        土地出让 自然资源局 30 用地预审
        用地规划许可 自然资源局 5 土地出让
        工程规划许可 自然资源局 10 用地规划许可
        施工图审查 住房和城乡建设局 10 工程规划许可
        招投标 住房和城乡建设局 25 工程规划许可
        施工许可 行政审批服务局 3 施工图审查 招投标 环评
        竣工验收 住房和城乡建设局 12 施工许可
    """),
    "租赁厂房": _steps("""
        立项备案 行政审批服务局 1
        环评 生态环境分局 15 立项备案
        安评 应急管理局 15 立项备案
        施工图审查 住房和城乡建设局 8 立项备案
        施工许可 行政审批服务局 3 施工图审查 环评
        竣工验收 住房和城乡建设局 10 施工许可
    """),
    "技术改造": _steps("""
        立项备案 行政审批服务局 1
        环评 生态环境分局 20 立项备案
        能评 发展和改革局 15 立项备案
        施工许可 行政审批服务局 3 环评
        竣工验收 住房和城乡建设局 10 施工许可
    """),
}
_DOCUMENT: Final = {
    "立项备案": "{year}-3799-{n:04d}",
    "用地预审": "用字第37990{year}{n:04d}号",
    "土地出让": "云川-01-{year}-{n:04d}",
    "用地规划许可": "地字第37990{year}{n:04d}号",
    "工程规划许可": "建字第37990{year}{n:04d}号",
    "环评": "云环审〔{year}〕{n}号",
    "能评": "云发改能审〔{year}〕{n}号",
    "安评": "云应急安审〔{year}〕{n}号",
    "招投标": "YCZB{year}-{n:04d}",
    "施工图审查": "TS{year}-{n:05d}",
    "施工许可": "37990{year}{n:06d}",
    "竣工验收": "云竣备{year}-{n:03d}",
}


def project_kind(lead: Lead) -> str:
    """Return the kind of project that decides which procedures it needs (手续类别)."""
    return "技术改造" if lead.is_expansion else "新建厂房" if lead.land else "租赁厂房"


def rules_ledger() -> Ledger:
    """Two editions: the present one, and the longer limits that it replaced."""
    old, new = dt.date(2022, 1, 1), dt.date(2025, 1, 1)
    rows: list[Row] = [
        {
            "project_kind": kind,
            "procedure_step": step.name,
            "step_order": order,
            "handling_unit_name": f"云川区{step.department}",
            "limit_days": step.limit_days if since == new else round(step.limit_days * 1.5 + 1),
            "after_steps": "、".join(step.after) or None,
            "valid_from_date": since,
            "valid_to_date": None if since == new else new - dt.timedelta(days=1),
            "is_verified": since == new,
        }
        for since in (old, new)
        for kind, steps in RULES.items()
        for order, step in enumerate(steps, start=1)
    ]
    form = Form(
        "云川区投资项目手续规程",
        columns("""
            project_kind 项目手续类型
            step_order 办理顺序
            procedure_step 审批事项
            handling_unit_name 规定办理部门
            limit_days 规定时限
            after_steps 前置手续
            valid_from_date 施行日期
            valid_to_date 废止日期
            is_verified 是否核实
        """),
        footer=("注：时限为工作日；数字为演示用，未经核实。",),
    )
    return Ledger("procedure_rules", "手续规程", form, rows, may_spoil=False)


def procedures_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Every step of every signed project: those done, the one that is stuck, those to come."""
    rows = [row for lead in world.signed for row in _project(lead, world, rng)]
    form = Form(
        "云川区重点项目手续办理台账",
        columns("""
            - 序号
            lead_id 项目编码
            project_name 项目名称
            project_kind 项目手续类型
            procedure_step 手续事项
            handling_unit_name 审批部门
            is_required 是否需要办理
            limit_days 承诺工作日
            planned_start_date 计划>计划受理日期
            planned_date 计划>计划完成日期
            accepted_date 办理情况>受理日期
            done_date 办理情况>办结日期
            document_no 办理情况>证书编号
            responsible_post 责任岗位
            responsible_person 责任人
            blocker 卡点>瓶颈问题
            blocked_since_date 卡点>卡点起始日期
            blocked_by_unit 卡点>卡点部门
        """),
        notes=("口径：办结以批复文号或证书为准",),
        footer=("填报单位：云川区行政审批服务局（盖章）",),
    )
    return Ledger(
        "procedures", "手续办理", form, rows, sheet=lambda row: str(row["project_kind"]), share_real_dates=0.9
    )


def _project(lead: Lead, world: World, rng: np.random.Generator) -> list[Row]:
    known = world.known[lead.lead_id]
    signed, kind = known["签约"], project_kind(lead)
    needed = [s for s in RULES[kind] if s.name != "安评" or lead.industry_code[:2] in {"26", "27", "28"}]
    skipped = {"能评"} if (lead.investment or 0) < 8000 else set()
    planned, raw = _schedule(needed, skipped, rng)
    started, stop = known.get("开工"), min(known.get("终止", world.as_of), world.as_of)
    days = _Bent(raw, known, started, signed)
    blocked = None
    if started is None and rng.random() < BLOCKED_SHARE:
        blocked = pick([s for s in needed if s.name not in skipped | {"立项备案", "竣工验收"}], rng)
    has_permit = started is None or any(
        move.stage == "开工" and move.evidence_no for move in world.moves_of[lead.lead_id]
    )
    halted: set[str] = set()
    rows: list[Row] = []
    for step in needed:
        begin, end = (working_day(plus(signed, days(at))) for at in raw[step.name])
        if step.name == "竣工验收":
            done = known.get("竣工")
            begin = working_day(plus(done, -12)) if done else dt.date.max
        else:
            done = max(end, begin) if step.name not in skipped else None
        if step.name == "施工许可" and not has_permit:
            begin, done = dt.date.max, None  # building without a permit
        if halted & set(step.after):
            begin, done = dt.date.max, None
        if done and done > stop:
            done = None
        if step is blocked:
            done = None
        accepted = begin if begin <= stop and step.name not in skipped else None
        is_blocked = step is blocked and accepted is not None and "终止" not in known
        if done is None and step.name not in skipped:
            halted.add(step.name)
        year = done.year if done else 0
        rows.append(
            {
                "lead_id": lead.lead_id,
                "project_name": lead.project_name,
                "project_kind": kind,
                "procedure_step": step.name,
                "handling_unit_name": f"云川区{step.department}",
                "is_required": step.name not in skipped,
                "limit_days": step.limit_days,
                "planned_start_date": None if step.name in skipped else plus(signed, planned[step.name][0]),
                "planned_date": None if step.name in skipped else plus(signed, planned[step.name][1]),
                "accepted_date": accepted,
                "done_date": done,
                "document_no": _DOCUMENT[step.name].format(year=year, n=int(rng.integers(1, 9999))) if done else None,
                "responsible_post": f"{step.department}{pick(('窗口首席代表', '业务科长', '分管副局长'), rng)}",
                "blocker": pick(BLOCKERS[step.department], rng) if is_blocked else None,
                "blocked_since_date": min(plus(accepted, 10), world.as_of) if is_blocked and accepted else None,
                "blocked_by_unit": f"云川区{step.department}" if is_blocked else None,
            }
        )
    return rows


Span = tuple[float, float]


def _schedule(
    needed: list[Step], skipped: set[str], rng: np.random.Generator
) -> tuple[dict[str, Span], dict[str, Span]]:
    """Give the planned and the undisturbed actual days of each step, counted from the signing."""
    pace = float(np.exp(rng.normal(0.15, 0.35)))
    planned: dict[str, Span] = {}
    actual: dict[str, Span] = {}
    for step in needed:
        before = [s for s in step.after if s in planned and s not in skipped]
        begin = max([7.0, *(planned[s][1] + 1 for s in before)])
        planned[step.name] = (begin, begin + np.ceil(step.limit_days * CALENDAR_DAYS) + 5)
        begin = max([5.0, *(actual[s][1] + 1 for s in before)]) + float(rng.integers(0, 6))
        slow = pace * _SLOWNESS.get(step.department, 1.0) * float(np.exp(rng.normal(0.0, 0.3)))
        actual[step.name] = (begin, begin + max(1.0, step.limit_days * CALENDAR_DAYS * slow))
    return planned, actual


class _Bent:
    """Bend the undisturbed days so that they meet what the project is known to have reached (备案, 供地, 开工)."""

    def __init__(
        self, raw: dict[str, Span], known: dict[str, dt.date], started: dt.date | None, signed: dt.date
    ) -> None:
        anchors = [(0.0, 0.0)]
        wanted = [("立项备案", known.get("备案")), ("土地出让", known.get("供地"))]
        if started:
            wanted.append(("施工许可", started - dt.timedelta(days=1)))
        for name, day in wanted:
            if day and name in raw:
                at, real = raw[name][1], float((day - signed).days)
                if at > anchors[-1][0] and real >= anchors[-1][1]:
                    anchors.append((at, real))
        self.x, self.y = zip(*anchors, strict=True)

    def __call__(self, at: float) -> float:
        return float(np.interp(at, self.x, self.y)) if at <= self.x[-1] else self.y[-1] + at - self.x[-1]
