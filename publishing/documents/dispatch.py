"""The monthly dispatch pack (调度会材料，双月书记、单月区长): red projects, what is overdue, arrears, and what the last meeting left open.

Belongs here: the figures of a month from published boards, their 口径, Word and Excel. Does not belong here: what is red or in
arrears (dbt_project/models/boards), the page (dispatch_template.py), freezing (frozen.py).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from publishing import charts
from publishing.documents.bulletin import monthly_trend
from publishing.documents.dispatch_template import WORD_TABLES, write_dispatch_template
from publishing.documents.followed_up import LIGHTS_NOTE, count_lights
from publishing.documents.issued import NO_RATE, NOT_SET, SYNTHETIC, Issued, document_settings, write_issued
from publishing.periods import counted_year

BOARDS: Final = (
    "brd_task__progress", "brd_task__district", "brd_task__decomposition", "brd_task__unit_rule", "brd_follow_up__status",
    "brd_follow_up__bottlenecks", "brd_follow_up__procedures", "brd_assessment__supervision",
    "brd_funnel__stages", "brd_unit__balance", "brd_unit__indicators", "brd_funnel__signing_record",
    "brd_funnel__signing_forecast",
)  # fmt: skip
# Mart -> the columns that are read: a city has half a million facts.
FACTS: Final = {
    "fct_task_facts": [
        "indicator",
        "fact_key",
        "fact_date",
        "known_date",
        "lead_id",
        "fact_value",
        "not_counted_reason",
    ],
    "dim_leads": ["lead_id", "chain_name"],
}
MOST_LETTERS: Final = 90
MOST_DRAWN: Final = 12
DRAWN: Final = ("新签约项目数", "新开工项目数", "走访次数")
COUNTED: Final = ("新增线索数", "新签约项目数", "新开工项目数", "签约金额")


class PackRefused(ValueError):
    """The pack can't be made; the message is Chinese and says what is missing."""


@dataclass(frozen=True, order=True)
class Month:
    """The month of a meeting, written 2026-06."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read 2026-06; anything else is refused."""
        match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
        if not match:
            raise PackRefused(f"“{text}”不是月份；请写成 2026-06")
        return cls(int(match.group(1)), int(match.group(2)))

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, self.number, 1)

    @property
    def text(self) -> str:
        return f"{self.year}年{self.number}月"

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


@dataclass(frozen=True)
class DispatchFigures:
    """Every table of one pack, whole; Word shows the first rows of some."""

    month: Month
    as_of: dt.date
    chair: str
    is_synthetic: bool
    summary: str
    tables: Mapping[str, pd.DataFrame]
    drawings: Mapping[str, str]
    """Mark of the template -> SVG: funnel (漏斗), arrears (欠账), balance (镇街对照), trend (趋势), foretold (签约预测)."""
    notes: tuple[str, ...]


def chair_of(month: Month, rules: pd.DataFrame) -> str:
    """Give who chairs: the rule of even or odd months that was in force on the month's first day."""
    key = "chair_even_month" if month.number % 2 == 0 else "chair_odd_month"
    held = rules[(rules["rule_key"] == key) & (pd.to_datetime(rules["valid_from"]).dt.date <= month.first_day)]
    if held.empty:
        raise PackRefused(f"{month.text}由谁主持没有规定；请在 dispatch_rules.csv 中补充 {key}")
    return str(held.sort_values("valid_from")["rule_value"].iloc[-1])


def dispatch_figures(
    month: Month, as_of: dt.date, frames: Mapping[str, pd.DataFrame], rules: pd.DataFrame, is_synthetic: bool = False
) -> DispatchFigures:
    """Gather the pack of a month from boards and facts as exported (`BOARDS`, `FACTS`), all of one as-of day in the month.

    Raises
    ------
    PackRefused
        The day is not of the month, boards are of different days, nobody is named to chair, or a task is missing without which
        there is no denominator.
    """
    if (as_of.year, as_of.month) != (month.year, month.number):
        raise PackRefused(f"{month.text}的材料要用该月内某一天的数据，现有数据截至{as_of}；请以该月内日期运行夜间作业")
    for name in BOARDS:
        days = set(pd.to_datetime(frames[name]["as_of_date"].drop_duplicates()).dt.date)
        if days - {as_of}:
            raise PackRefused(f"{name} 的截至日与清单（{as_of}）不一致；请重新运行夜间作业")
    settings = document_settings()["dispatch"]
    year = counted_year(as_of)
    progress = frames["brd_task__progress"]
    progress = progress[progress["target_year"] == year]
    for indicator in settings["required_indicators"]:
        if not progress.loc[progress["indicator"] == indicator, "target_value"].notna().any():
            raise PackRefused(f"{year}年“{indicator}”任务{NOT_SET}，完成率没有分母，不能生成调度材料；请先登记年度任务")
    district = frames["brd_task__district"]
    projects, items = frames["brd_follow_up__status"], frames["brd_assessment__supervision"]
    tables = {
        "总体情况": _totals(district[district["target_year"] == year]),
        "红灯项目": _projects(projects[projects["light"] == "红"]),
        "超期事项": _items(items[~items["is_closed"] & (items["late_days"] > 0)]),
        "欠账单位": _arrears(progress, settings["first_indicators"]),
        "结转事项": _items(items[~items["is_closed"] & (_days(items["meeting_date"]) < month.first_day)]),
        "本月新议事项": _items(items[_days(items["meeting_date"]) >= month.first_day]),
        "卡点部门": _bottlenecks(frames["brd_follow_up__bottlenecks"]),
        "单位达标": _unit_rule(frames["brd_task__unit_rule"]),
        "分单位": _units(progress),
        "分产业": _industries(year, as_of, frames["fct_task_facts"], frames["dim_leads"]),
        "市级重点": _projects(projects[projects["key_level"].isin(["国家级", "省级", "市级"])]),
        "区级重点": _projects(projects[projects["key_level"] == "区级"]),
        "任务分解": _decomposition(year, frames["brd_task__decomposition"]),
        "黄灯项目": _projects(projects[projects["light"] == "黄"]),
        "签约预测": _forecast(frames["brd_funnel__signing_forecast"]),
        "签约预测与实际": _forecast_record(frames["brd_funnel__signing_record"]),
    }
    lights = count_lights(projects)
    summary = (
        f"签约后在跟进项目{len(projects)}个，其中红灯{lights['红']}个、黄灯{lights['黄']}个、绿灯{lights['绿']}个；"
        f"超期未办结事项{len(tables['超期事项'])}项，上次会议以前议定、尚未办结而结转{len(tables['结转事项'])}项；"
        f"按时序欠账的单位指标{len(tables['欠账单位'])}项。"
    )
    notes = (
        f"数据截至{as_of}：只计这一天之前已知的事实。",
        "完成数：有佐证才计入，一个项目只计一次，按发生当日的责任单位计；未计入的及原因见看板“任务事实”。",
        "总体情况：上级下达了任务的，以下达数为分母，完成数计全区；未下达的，以分解合计为分母，完成数只计有任务的单位。",
        "时序应完成＝全年任务×当年已过天数÷全年天数，存量指标（储备）为全部任务；欠账＝时序应完成减完成，不小于0；任务未下达的不计欠账。",
        LIGHTS_NOTE,
        "结转事项：本月以前的会议议定、截至日尚未办结的事项。",
        "催办级别只按天数列事实，是否约谈、问责由人决定。",
        "签约预测：每月1日按当时已知的在手线索和以往同阶段线索的签约比例推算，区间为此前各次预测误差的80%；"
        "与实际的对照见附表“签约预测与实际”。",
    )
    drawings = _drawings(as_of, progress, frames, settings["first_indicators"])
    return DispatchFigures(month, as_of, chair_of(month, rules), is_synthetic, summary, tables, drawings, notes)


# --- tables ---------------------------------------------------------------------------------------------------------


def _days(column: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(column).dt.date


def _day(value: Any) -> str:
    return "—" if pd.isna(value) else f"{pd.Timestamp(value):%Y-%m-%d}"


def _text(value: Any, missing: str = "—") -> str:
    return missing if value is None or pd.isna(value) or value == "" else str(value)


def _number(value: Any, missing: str = NO_RATE) -> str:
    return (
        missing
        if value is None or pd.isna(value)
        else f"{round(float(value), 2):g}"
        if abs(value) < 1e6
        else f"{value:.0f}"
    )


def _percent(value: Any) -> str:
    return NO_RATE if pd.isna(value) else f"{value:.1f}%"


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def _totals(rows: pd.DataFrame) -> pd.DataFrame:
    return _table(
        [
            {
                "指标": row["indicator"],
                "全年任务": row["target_text"],
                "任务依据": row["target_basis"],
                "完成": _number(row["done_value"]),
                "完成率": _percent(row["completion_pct"]),
                "时序进度": _percent(row["passed_pct"]),
                "欠账": _number(row["arrears_value"]),
            }
            for row in rows.sort_values("indicator_order").to_dict("records")
        ],
        WORD_TABLES["总体情况"],
    )


def _projects(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["investment_wan_cny", "lead_id"], ascending=[False, True], kind="stable")
    return _table(
        [
            {
                "项目": row["project_name"],
                "责任单位": row["unit_name"],
                "责任领导": _text(row["leader_name"], "未明确"),
                "阶段": row["stage"],
                "投资（万元）": _number(row["investment_wan_cny"], "未填"),
                "依据": _text(row["light_reasons"]),
            }
            for row in rows.to_dict("records")
        ],
        WORD_TABLES["红灯项目"],
    )


def _items(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["late_days", "due_date", "item_id"], ascending=[False, True, True], kind="stable")
    return _table(
        [
            {
                "编号": row["item_id"],
                "会议日期": _day(row["meeting_date"]),
                "事项": row["item_text"] + (f"（{row['project_name']}）" if _text(row["project_name"], "") else ""),
                "责任单位": row["unit_name"] + ("" if row["is_unit_known"] else "（不在单位名录）"),
                "时限": _day(row["due_date"]),
                "情况": row["fact_text"] + (f"，{row['reminder_level']}" if _text(row["reminder_level"], "") else ""),
            }
            for row in rows.to_dict("records")
        ],
        WORD_TABLES["超期事项"],
    )


def _arrears(progress: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    """Units behind the time, the furthest first; indicators that leaders ask for stand before the others."""
    rank = progress["indicator"].map({name: place for place, name in enumerate(first)}).fillna(len(first))
    behind = progress.assign(rank=rank)[progress["arrears_value"] > 0]
    behind = behind.sort_values(["rank", "indicator_order", "pace_pct", "unit_name"], kind="stable")
    return _table(
        [
            {
                "单位": row["unit_name"],
                "指标": row["indicator"],
                "任务": row["target_text"],
                "完成": row["done_text"],
                "欠账": _number(row["arrears_value"]),
                "每月需": _number(row["required_per_month"], "—"),
                "灯": _text(row["light"]),
            }
            for row in behind.to_dict("records")
        ],
        WORD_TABLES["欠账单位"],
    )


def _bottlenecks(rows: pd.DataFrame) -> pd.DataFrame:
    stuck = rows[rows["blocked_count"] > 0].sort_values(
        ["longest_blocked_days", "department", "procedure_step"], ascending=[False, True, True], kind="stable"
    )
    return _table(
        [
            {
                "部门": row["department"],
                "手续": row["procedure_step"],
                "卡住项目数": str(row["blocked_count"]),
                "最长（工作日）": _number(row["longest_blocked_days"]),
                "项目": _text(row["blocked_projects"]),
            }
            for row in stuck.to_dict("records")
        ],
        WORD_TABLES["卡点部门"],
    )


def _unit_rule(rows: pd.DataFrame) -> pd.DataFrame:
    return _table(
        [
            {
                "单位": row["unit_name"],
                "规则": row["rule_text"],
                "标准": row["standard_text"],
                "计入个数": row["counted_count"],
                "结论": row["verdict"],
                "计入的项目": _text(row["counted_projects"]),
                "依据": row["source"],
            }
            for row in rows.sort_values(["rule_code", "unit_name"]).to_dict("records")
        ],
        ("单位", "规则", "标准", "计入个数", "结论", "计入的项目", "依据"),
    )


def _units(progress: pd.DataFrame) -> pd.DataFrame:
    return _table(
        [
            {
                "单位": row["unit_name"],
                "类型": row["unit_type"],
                "指标": row["indicator"],
                "任务": row["target_text"],
                "完成": row["done_text"],
                "完成率（%）": _number(row["completion_pct"]),
                "时序应完成": _number(row["expected_value"]),
                "欠账": _number(row["arrears_value"]),
                "未计入个数": row["not_counted_count"],
                "全年预计": _number(row["projected_value"]),
                "灯": _text(row["light"]),
            }
            for row in progress.sort_values(["unit_type", "unit_name", "indicator_order"]).to_dict("records")
        ],
        ("单位", "类型", "指标", "任务", "完成", "完成率（%）", "时序应完成", "欠账", "未计入个数", "全年预计", "灯"),
    )


def _whole(value: Any) -> str:
    """A forecast without decimals: it is not known to them."""
    return NO_RATE if pd.isna(value) else f"{value:.0f}"


def _span(low: Any, high: Any) -> str:
    """An interval in whole numbers: those that lie inside it, so that the word beside it (落在区间内) is right; its ends if none does."""
    if pd.isna(low):
        return NO_RATE
    first, last = math.ceil(low), math.floor(high)
    return f"{first}至{last}" if first <= last else f"{_number(low)}至{_number(high)}"


def _forecast(rows: pd.DataFrame) -> pd.DataFrame:
    """What the months from this one on may bring, each with its interval, or why nothing is told."""
    return _table(
        [
            {
                "月份": f"{pd.Timestamp(row['month_date']):%Y-%m}",
                "预计签约（个）": _whole(row["expected_count"]),
                "区间（个）": _span(row["low_count"], row["high_count"]),
                "预计金额（万元）": _whole(row["expected_wan_cny"]),
                "金额区间（万元）": _span(row["low_wan_cny"], row["high_wan_cny"]),
                "过去落在区间内": row["held_text"] if pd.notna(row["expected_count"]) else row["forecast_text"],
            }
            for row in rows.sort_values("month_date").to_dict("records")
        ],
        WORD_TABLES["签约预测"],
    )


def _forecast_record(rows: pd.DataFrame) -> pd.DataFrame:
    """What was told of each month on its first day, beside what came."""
    own = rows[(rows["months_ahead"] == 1) & rows["is_over"]].sort_values("month_date", ascending=False)
    return _table(
        [
            {
                "月份": f"{pd.Timestamp(row['month_date']):%Y-%m}",
                "预计签约（个）": _whole(row["expected_count"]),
                "区间（个）": _span(row["low_count"], row["high_count"]),
                "实际（个）": _number(row["came_count"]),
                "落在区间内": {True: "是", False: "否"}.get(row["is_count_inside"], NO_RATE),
                "预计金额（万元）": _whole(row["expected_wan_cny"]),
                "金额区间（万元）": _span(row["low_wan_cny"], row["high_wan_cny"]),
                "实际金额（万元）": _number(row["came_wan_cny"]),
                "金额落在区间内": {True: "是", False: "否"}.get(row["is_wan_inside"], NO_RATE),
            }
            for row in own.to_dict("records")
        ],
        ("月份", "预计签约（个）", "区间（个）", "实际（个）", "落在区间内", "预计金额（万元）", "金额区间（万元）",
         "实际金额（万元）", "金额落在区间内"),
    )  # fmt: skip


def _industries(year: int, as_of: dt.date, facts: pd.DataFrame, leads: pd.DataFrame) -> pd.DataFrame:
    """What the year brought by leading chain (产业链), each project once."""
    known = facts[facts["not_counted_reason"].isna() & facts["indicator"].isin(COUNTED)]
    known = known[(_days(known["known_date"]) < as_of) & (_days(known["fact_date"]) < as_of)]
    known = known.sort_values(["fact_date", "known_date"], kind="stable").drop_duplicates(["indicator", "fact_key"])
    known = known[_days(known["fact_date"]).map(lambda day: day.year) == year]
    chains = leads.set_index("lead_id")["chain_name"]
    known = known.assign(chain=known["lead_id"].map(chains).fillna("未归入主导产业链"))
    sums = known.assign(value=known["fact_value"].astype(float)).pivot_table(
        index="chain", columns="indicator", values="value", aggfunc="sum", fill_value=0.0
    )
    rows = [
        {"产业链": chain, **{name: round(float(sums[name][chain]), 2) if name in sums else 0.0 for name in COUNTED}}
        for chain in sorted(sums.index)
    ]
    return _table(rows, ("产业链", *COUNTED)).rename(columns={"签约金额": "签约金额（万元）"})


def _drawings(as_of: dt.date, progress: pd.DataFrame, frames: Mapping[str, pd.DataFrame], first: str) -> dict[str, str]:
    """Draw what the boards hold; what has no rows is not drawn."""
    stages = frames["brd_funnel__stages"]
    stages = stages[(stages["slice_kind"] == "全区") & (stages["stage"] != "终止")].sort_values("stage_order")
    behind = progress[progress["arrears_value"] > 0]
    asked = next((name for name in first if (behind["indicator"] == name).any()), "")
    behind = behind[behind["indicator"] == asked].sort_values(["completion_pct", "unit_name"]).head(MOST_DRAWN)
    balance = frames["brd_unit__balance"].sort_values("indicator_order")
    balance = balance[balance["indicator"].isin(DRAWN)]
    drawn = {
        "funnel": charts.as_drawing(charts.funnel_bars(_records(stages), "at_least_count"), "阶段漏斗")
        if len(stages)
        else "",
        "arrears": charts.as_drawing(charts.arrears_bars(_records(behind)), f"{asked}欠账") if len(behind) else "",
        "balance": charts.as_drawing(charts.balance_bars(_records(balance)), "镇街对照") if len(balance) else "",
        "trend": indicators_trend(frames["brd_unit__indicators"], as_of),
        "foretold": _foretold(frames["brd_funnel__signing_record"]),
    }
    return {mark: str(drawing) for mark, drawing in drawn.items() if drawing}


def _foretold(record: pd.DataFrame) -> Markup:
    told = record["expected_count"].notna().any()
    days = record.assign(told_date=_days(record["told_date"]), month_date=_days(record["month_date"]))
    return charts.foretold(_records(days)) if told else Markup("")


def indicators_trend(indicators: pd.DataFrame, as_of: dt.date) -> Markup:
    """Draw the signings and starts of all units in the last twelve months, from `brd_unit__indicators`; nothing where it is empty."""
    counted = indicators[indicators["indicator"].isin(["新签约项目数", "新开工项目数"])]
    if counted["indicator"].nunique() < 2:
        return Markup("")
    monthly = counted.assign(month_date=_days(counted["month_date"])).pivot_table(
        index="month_date", columns="indicator", values="indicator_value", aggfunc="sum"
    )
    named = monthly.rename(columns={"新签约项目数": "signed_count", "新开工项目数": "started_count"})
    return monthly_trend(named.reset_index(), as_of)


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def _decomposition(year: int, rows: pd.DataFrame) -> pd.DataFrame:
    own = rows[rows["target_year"] == year].sort_values(["level", "upper_name", "indicator_order"])
    names = {
        "level": "层级",
        "upper_name": "下达",
        "indicator": "指标",
        "upper_text": "下达数",
        "divided_text": "分解合计",
    }
    return own[list(names)].rename(columns=names).assign(核对=own["difference_text"]).reset_index(drop=True)


# --- Word and Excel -------------------------------------------------------------------------------------------------


def write_dispatch_pack(folder: Path, figures: DispatchFigures, template: Path) -> tuple[Path, Path]:
    """Write 调度材料_2026-06.docx and .xlsx; the same figures and template give the same bytes."""
    label = SYNTHETIC if figures.is_synthetic else ""
    issued = Issued(
        stem=f"调度材料_{figures.month}",
        title=f"{figures.month.text}调度材料",
        words=_context(figures),
        drawings=figures.drawings,
        tables=figures.tables,
        notes=[f"主持：{figures.chair}", figures.summary, *figures.notes],
        heading=lambda sheet: f"{figures.month.text}{sheet}（截至{figures.as_of}）{label}",
        wide=frozenset({"依据", "事项", "计入的项目", "项目"}),
    )
    return write_issued(folder, issued, template, write_dispatch_template)


def _short(words: str) -> str:
    """Cut what would fill a page of Word; the workbook has it whole."""
    return words if len(words) <= MOST_LETTERS else words[: MOST_LETTERS - 7] + "…（见附表）"


def _context(figures: DispatchFigures) -> dict[str, Any]:
    most: int = document_settings()["dispatch"]["most_rows"]
    context: dict[str, Any] = {
        "title": f"{figures.month.text}招商引资调度会材料",
        "label": SYNTHETIC if figures.is_synthetic else "",
        "chair": f"主持：{figures.chair}（{'双月' if figures.month.number % 2 == 0 else '单月'}）",
        "summary": figures.summary,
        "notes": figures.notes,
        "day": f"{figures.as_of.year}年{figures.as_of.month}月{figures.as_of.day}日",
    }
    for i, name in enumerate(WORD_TABLES):
        table = figures.tables[name]
        left = len(table) - most
        context[f"rows{i}"] = table.head(most).astype(str).map(_short).to_dict("records")
        context[f"rest{i}"] = f"另有{left}项，见附表“{name}”。" if left > 0 else "" if len(table) else "本月没有。"
    return context
