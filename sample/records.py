"""The other ledgers (跟进记录, 项目进展, 年度任务, 单位名录) as workbooks, with the rows that nobody can read.

Belongs here: their columns under each year's headers, spoiled rows, rows of leads that don't exist. Does not belong: lead
ledgers (ledgers.py), what happened (process.py).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sample import district
from sample.leads import Lead
from sample.process import FollowUp, Move
from sample.sheets import Cell, Column, Form, amount_cell, date_cell, month_cell, open_book, write_sheet

REFUSED_SHARE: Final = 0.008
STRANGE_LEADS: Final = 8  # follow-ups whose lead is in no ledger
INDICATORS: Final = {"新增线索数": "个", "新签约项目数": "个", "新开工项目数": "个", "签约金额": "亿元"}
MISSING_TARGETS: Final = 7


@dataclass(frozen=True)
class RecordRow:
    """Where a record stands written; `item` is its place in the list it came from, -1 for a row of no real record."""

    ledger: str
    item: int
    file: str
    sheet: str
    row: int
    refused_kind: str | None
    strange_lead_id: str | None = None


@dataclass(frozen=True)
class Target:
    year: int
    unit_name: str
    indicator: str
    value: float
    measure: str


# --- 单位名录 ---------------------------------------------------------------------------------------------------------


def write_units(path: Path) -> None:
    """Write the ledger of units (责任单位名录)."""
    form = Form(
        "云川区招商责任单位名录",
        (
            Column("unit_code", "单位编号"),
            Column("unit_name", "单位名称"),
            Column("unit_type", "单位类型"),
            Column("short_names", "简称"),
            Column("parent_unit_name", "上级单位"),
            Column("is_lead_department", "是否产业牵头部门"),
            Column("chain_name", "牵头产业链"),
        ),
        footer=("注：简称之间用顿号分开。",),
    )
    rows: list[dict[str, Cell]] = [
        {
            "unit_code": unit.code,
            "unit_name": unit.name,
            "unit_type": unit.kind,
            "short_names": "、".join(unit.short_names),
            "parent_unit_name": unit.parent or None,
            "is_lead_department": "是" if unit.leads_chain else "否",
            "chain_name": unit.chain or None,
        }
        for unit in district.UNITS
    ]
    with open_book(path) as book:
        write_sheet(book, "单位名录", form, rows)


# --- 跟进记录 ---------------------------------------------------------------------------------------------------------

_FOLLOW_UP_HEADERS: Final = {
    0: (
        "线索编号",
        "项目名称",
        "跟进单位",
        "跟进日期",
        "填报日期",
        "跟进方式",
        "带队层级",
        "洽谈内容",
        "跟进结果",
        "下一步计划",
        "洽谈对象",
        "洽谈对象信用代码",
        "专员工号",
        "活动编号",
        "所在城市",
    ),
    1: (
        "项目编号",
        "项目",
        "责任单位",
        "拜访日期",
        "录入日期",
        "洽谈方式",
        "带队领导层级",
        "工作内容",
        "成效",
        "下步计划",
        "对接单位",
        "洽谈对象信用代码",
        "招商专员工号",
        "外出编号",
        "拜访城市",
    ),
    2: (
        "编号",
        "项目名称",
        "负责单位",
        "洽谈日期",
        "填报时间",
        "类型",
        "层级",
        "进展情况",
        "结果",
        "下一步工作",
        "来访单位",
        "洽谈对象信用代码",
        "专员工号",
        "来源活动编号",
        "洽谈地点",
    ),
}
_FOLLOW_UP_FIELDS: Final = (
    "lead_id", "project_name", "unit_name", "follow_up_date", "recorded_date", "method", "led_by", "content", "result",
    "next_step", "counterparty_name", "counterparty_uscc", "recruiter_no", "event_id", "city_name",
)  # fmt: skip
_METHOD_WORDS: Final = {
    "电话": ("电话", "电话沟通", "微信"),
    "见商": ("见商", "来访", "接待"),
    "出差": ("出差", "外出拜访"),
    "线上": ("线上", "视频会议"),
    "考察": ("考察", "实地考察"),
}
_LED_BY_WORDS: Final = {
    "一把手": ("一把手", "主要负责同志", "主要领导"),
    "分管领导": ("分管领导", "分管负责同志"),
    "班子成员": ("班子成员",),
    "工作人员": ("工作人员", "招商专员"),
}
_RESULT_WORDS: Final = {
    "有意向": ("有意向", "意向较强"),
    "无意向": ("无意向", "暂无意向"),
    "待回复": ("待回复", "继续跟进"),
}


def _word(words: Mapping[str, tuple[str, ...]], value: str | None, rng: np.random.Generator) -> str | None:
    if value is None:
        return None
    known = words.get(value, (value,))
    return known[int(rng.integers(len(known)))]


def write_follow_ups(
    inbox: Path, follow_ups: list[FollowUp], leads: dict[str, Lead], written: set[str], rng: np.random.Generator
) -> list[RecordRow]:
    """Write one workbook a year of record, of two half-year sheets in odd years; leads not in `written` are left out."""
    by_year: dict[int, list[int]] = defaultdict(list)
    for place, follow_up in enumerate(follow_ups):
        if follow_up.lead_id in written:
            by_year[follow_up.recorded.year].append(place)
    strange = rng.permutation(sum(len(v) for v in by_year.values()))[:STRANGE_LEADS].tolist()
    rows: list[RecordRow] = []
    count = 0
    for number, (year, places) in enumerate(sorted(by_year.items())):
        places.sort(key=lambda place: (follow_ups[place].recorded, follow_ups[place].lead_id, follow_ups[place].date))
        file = f"跟进记录_{year}.xlsx"
        halves = {"上半年": range(1, 7), "下半年": range(7, 13)} if year % 2 else {"跟进记录": range(1, 13)}
        form = Form(
            f"{year}年项目跟进记录",
            (
                *((Column("", "序号"),) if year % 2 == 0 else ()),
                *(
                    Column(name, header)
                    for name, header in zip(_FOLLOW_UP_FIELDS, _FOLLOW_UP_HEADERS[number % 3], strict=True)
                ),
            ),
            footer=("填报人：钱乙", "注：跟进当日起十日内填报。"),
            repeats_header_every=0 if year % 2 else 500,
        )
        with open_book(inbox / file) as book:
            for sheet, months in halves.items():
                own = [place for place in places if follow_ups[place].recorded.month in months]
                if not own:
                    continue
                cells, kinds, strange_ids = [], [], []
                for place in own:
                    follow_up = follow_ups[place]
                    cell = _follow_up_cells(follow_up, leads[follow_up.lead_id], rng)
                    kind, strange_id = None, None
                    if count in strange:
                        strange_id = f"YC{year}-9{count % 10_000:04d}"
                        cell["lead_id"] = strange_id
                    elif rng.random() < REFUSED_SHARE:
                        kind, spoiled = _spoiled_follow_up(year, int(rng.integers(4)))
                        cell |= spoiled
                    count += 1
                    cells.append(cell)
                    kinds.append(kind)
                    strange_ids.append(strange_id)
                rows += [
                    RecordRow("follow_ups", place, file, sheet, row, kind, strange_id)
                    for place, row, kind, strange_id in zip(
                        own, write_sheet(book, sheet, form, cells), kinds, strange_ids, strict=True
                    )
                ]
    return rows


def _follow_up_cells(follow_up: FollowUp, lead: Lead, rng: np.random.Generator) -> dict[str, Cell]:
    unit = district.UNITS[lead.unit]
    return {
        "lead_id": follow_up.lead_id,
        "project_name": lead.project_name,
        "unit_name": unit.short_names[0] if rng.random() < 0.15 and lead.unit_name == unit.name else lead.unit_name,
        "follow_up_date": date_cell(follow_up.date, rng, 0.6),
        "recorded_date": date_cell(follow_up.recorded, rng, 0.6),
        "method": _word(_METHOD_WORDS, follow_up.method, rng),
        "led_by": _word(_LED_BY_WORDS, follow_up.led_by, rng),
        "content": follow_up.content,
        "result": _word(_RESULT_WORDS, follow_up.result, rng),
        "next_step": follow_up.next_step,
        "counterparty_name": follow_up.counterparty,
        "counterparty_uscc": follow_up.counterparty_uscc,
        "recruiter_no": follow_up.recruiter_no,
        "event_id": follow_up.event_id,
        "city_name": follow_up.city,
    }


def _spoiled_follow_up(year: int, number: int) -> tuple[str, dict[str, Cell]]:
    spoiled: tuple[tuple[str, dict[str, Cell]], ...] = (
        ("日期不存在", {"follow_up_date": f"{year}年2月30日"}),
        ("选项不认识", {"method": "发函"}),
        ("必填项未填", {"lead_id": None}),
        ("日期无法识别", {"follow_up_date": "上周三"}),
    )
    return spoiled[number]


# --- 项目进展 ---------------------------------------------------------------------------------------------------------

_STAGE_WORDS: Final = {
    "在谈": ("在谈", "洽谈"),
    "签约": ("签约", "正式签约"),
    "注册": ("注册", "已注册"),
    "备案": ("备案", "立项备案"),
    "供地": ("供地", "土地摘牌"),
    "开工": ("开工", "开工建设"),
    "竣工": ("竣工", "主体竣工"),
    "投产": ("投产",),
    "达效": ("达效", "达产达效"),
    "终止": ("终止", "放弃"),
}
_EVIDENCE_WORDS: Final = {
    "签约协议": ("签约协议", "投资协议"),
    "用地合同": ("用地合同", "土地出让合同"),
    "完税证明": ("完税证明", "纳税证明"),
}


def write_moves(
    inbox: Path, moves: list[Move], leads: dict[str, Lead], written: set[str], rng: np.random.Generator
) -> list[RecordRow]:
    """Write the moves that offices had told by the as-of day, one sheet a year of record, under a two-row header."""
    form = Form(
        "云川区招商项目进展台账",
        (
            Column("", "序号"),
            Column("lead_id", "项目编码"),
            Column("project_name", "项目名称"),
            Column("unit_name", "责任单位"),
            Column("stage", "当前进展", "进展情况"),
            Column("moved_date", "变动日期", "进展情况"),
            Column("recorded_date", "填报日期", "进展情况"),
            Column("evidence_kind", "佐证材料类型", "佐证"),
            Column("evidence_no", "文号", "佐证"),
            Column("paid_tax_wan_cny", "实缴税收（万元）", "成效", "万元"),
            Column("lost_reason", "未成原因"),
            Column("", "备注"),
        ),
        notes=("口径：开工以施工许可证或施工合同为准",),
        footer=("填报单位：云川区投资促进局（盖章）", "注：实缴税收为年度数。"),
    )
    by_year: dict[int, list[int]] = defaultdict(list)
    for place, move in enumerate(moves):
        if move.is_written and move.lead_id in written:
            by_year[move.recorded.year].append(place)
    rows: list[RecordRow] = []
    file = "项目进展.xlsx"
    with open_book(inbox / file) as book:
        for year, places in sorted(by_year.items()):
            places.sort(key=lambda place: (moves[place].recorded, moves[place].lead_id, moves[place].date))
            cells, kinds = [], []
            for place in places:
                move = moves[place]
                cell = _move_cells(move, leads[move.lead_id], rng)
                kind = None
                if move.stage in {"线索", "在谈"} and rng.random() < 2 * REFUSED_SHARE:
                    kind, spoiled = _spoiled_move(year, int(rng.integers(3)))
                    cell |= spoiled
                cells.append(cell)
                kinds.append(kind)
            rows += [
                RecordRow("stage_moves", place, file, f"{year}年", row, kind)
                for place, row, kind in zip(places, write_sheet(book, f"{year}年", form, cells), kinds, strict=True)
            ]
    return rows


def _move_cells(move: Move, lead: Lead, rng: np.random.Generator) -> dict[str, Cell]:
    return {
        "lead_id": move.lead_id,
        "project_name": lead.project_name,
        "unit_name": lead.unit_name,
        "stage": _word(_STAGE_WORDS, move.stage, rng),
        "moved_date": month_cell(move.date, rng) if move.is_month_only else date_cell(move.date, rng, 0.6),
        "recorded_date": date_cell(move.recorded, rng, 0.8),
        "evidence_kind": _word(_EVIDENCE_WORDS, move.evidence_kind, rng),
        "evidence_no": move.evidence_no,
        "paid_tax_wan_cny": None if move.tax is None else amount_cell(move.tax, "万元", rng, 0.1),
        "lost_reason": move.lost_reason,
    }


def _spoiled_move(year: int, number: int) -> tuple[str, dict[str, Cell]]:
    spoiled: tuple[tuple[str, dict[str, Cell]], ...] = (
        ("日期不存在", {"moved_date": f"{year}-13-01"}),
        ("选项不认识", {"stage": "已落地"}),
        ("选项不认识", {"evidence_kind": "口头承诺"}),
    )
    return spoiled[number]


# --- 年度任务 ---------------------------------------------------------------------------------------------------------


def draw_targets(as_of: dt.date, rng: np.random.Generator) -> tuple[list[Target], list[tuple[int, str, str]]]:
    """Draw three years of targets, and name the pairs that were never set (未下达): they are no zeros."""
    keys = [
        (year, unit, indicator)
        for year in range(as_of.year - 2, as_of.year + 1)
        for unit in district.UNITS
        for indicator in INDICATORS
    ]
    missing = set(rng.permutation(len(keys))[:MISSING_TARGETS].tolist())
    base = {"新增线索数": 28.0, "新签约项目数": 8.0, "新开工项目数": 4.0, "签约金额": 9.0}
    targets = []
    for place, (year, unit, indicator) in enumerate(keys):
        value = max(1.0, round(base[indicator] * unit.weight * rng.uniform(0.7, 1.2)))
        if place not in missing:
            targets.append(Target(year, unit.name, indicator, value, INDICATORS[indicator]))
    return targets, [(keys[i][0], keys[i][1].name, keys[i][2]) for i in sorted(missing)]


def write_targets(path: Path, targets: list[Target]) -> list[RecordRow]:
    """Write the targets, one sheet a year, with two rows under the newest year that are no targets."""
    form = Form(
        "云川区招商引资年度任务",
        (
            Column("", "序号"),
            Column("target_year", "年度"),
            Column("unit_name", "责任单位"),
            Column("indicator", "任务指标"),
            Column("target_value", "任务数"),
            Column("measure", "计量单位"),
        ),
        footer=("注：未列出的为未下达。",),
    )
    rows: list[RecordRow] = []
    with open_book(path) as book:
        for year in sorted({target.year for target in targets}):
            own = [place for place, target in enumerate(targets) if target.year == year]
            cells: list[dict[str, Cell]] = [
                {
                    "target_year": f"{year}年" if year % 2 else year,
                    "unit_name": targets[place].unit_name,
                    "indicator": targets[place].indicator,
                    "target_value": targets[place].value,
                    "measure": targets[place].measure,
                }
                for place in own
            ]
            kinds: list[str | None] = [None] * len(own)
            if year == targets[-1].year:
                unit = district.UNITS[0].name
                cells.append(
                    {
                        "target_year": year,
                        "unit_name": unit,
                        "indicator": "招商热度",
                        "target_value": 3,
                        "measure": "颗星",
                    }
                )
                cells.append(
                    {
                        "target_year": year,
                        "unit_name": unit,
                        "indicator": "线索数",
                        "target_value": "若干",
                        "measure": "个",
                    }
                )
                own, kinds = [*own, -1, -1], [*kinds, "选项不认识", "不是数字"]
            numbers = write_sheet(book, f"{year}年", form, cells)
            rows += [
                RecordRow("targets", place, path.name, f"{year}年", row, kind)
                for place, row, kind in zip(own, numbers, kinds, strict=True)
            ]
    return rows
