"""The monthly dispatch pack (调度会材料，双月书记、单月区长): red projects, what is overdue, arrears, and what the last meeting left open.

Belongs here: which rows of which boards a month's pack shows, their 口径, Word and Excel. Does not belong here: any sum or light
(dbt_project/models/boards), the page (dispatch_template.py), freezing (frozen.py).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from publishing import charts
from publishing.documents.bulletin import monthly_trend
from publishing.documents.dispatch_template import WORD_TABLES, write_dispatch_template
from publishing.documents.followed_up import LIGHTS, LIGHTS_NOTE, LightCounts
from publishing.documents.issued import NO_RATE, NOT_SET, SYNTHETIC, Issued, document_settings, write_issued
from publishing.figures import Frames, Reading, Reckoned, shown
from publishing.periods import Month, counted_year

SURFACE: Final = "调度材料"
MOST_LETTERS: Final = 90
MOST_DRAWN: Final = 12
DRAWN: Final = ("新签约项目数", "新开工项目数", "走访次数")
COUNTED: Final = ("新增线索数", "新签约项目数", "新开工项目数", "签约金额")


class PackRefused(ValueError):
    """The pack can't be made; the message is Chinese and says what is missing."""


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


# --- how a cell is written ------------------------------------------------------------------------------------------


def _day(value: Any) -> str:
    return "—" if pd.isna(value) else f"{pd.Timestamp(value):%Y-%m-%d}"


def _month(value: Any) -> str:
    return f"{pd.Timestamp(value):%Y-%m}"


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


def _whole(value: Any) -> str:
    """A forecast without decimals: it is not known to them."""
    return NO_RATE if pd.isna(value) else f"{value:.0f}"


def _span(low: Any, high: Any) -> str:
    """An interval in whole numbers: those that lie inside it, so that the word beside it (落在区间内) is right; its ends if none does."""
    if pd.isna(low):
        return NO_RATE
    first, last = math.ceil(low), math.floor(high)
    return f"{first}至{last}" if first <= last else f"{_number(low)}至{_number(high)}"


def _yes_or_no(value: Any) -> str:
    return {True: "是", False: "否"}.get(value, NO_RATE)


def _item(text: Any, project: Any) -> str:
    return str(text) + (f"（{project}）" if _text(project, "") else "")


def _of_unit(name: Any, is_known: Any) -> str:
    return str(name) + ("" if is_known else "（不在单位名录）")


def _state(fact: Any, level: Any) -> str:
    return str(fact) + (f"，{level}" if _text(level, "") else "")


# --- which board each table comes from ------------------------------------------------------------------------------

TOTALS: Final = Reading(
    SURFACE, "总体情况", "task_district",
    (
        shown("指标", "indicator"),
        shown("全年任务", "target_text"),
        shown("任务依据", "target_basis"),
        shown("完成", "done_value", write=_number),
        shown("完成率", "completion_pct", write=_percent),
        shown("时序进度", "passed_pct", write=_percent),
        shown("欠账", "arrears_value", write=_number),
    ),
    ("target_year", "indicator_order", "as_of_date"),
)  # fmt: skip
PROJECTS: Final = Reading(
    SURFACE, "红灯、黄灯、重点项目", "project_status",
    (
        shown("项目", "project_name"),
        shown("责任单位", "unit_name"),
        shown("责任领导", "leader_name", write=lambda name: _text(name, "未明确")),
        shown("阶段", "stage"),
        shown("投资（万元）", "investment_wan_cny", write=lambda money: _number(money, "未填")),
        shown("依据", "light_reasons", write=_text),
    ),
    ("light", "key_level", "lead_id", "as_of_date"),
)  # fmt: skip
ITEMS: Final = Reading(
    SURFACE, "超期、结转、新议事项", "supervision",
    (
        shown("编号", "item_id"),
        shown("会议日期", "meeting_date", write=_day),
        shown("事项", "item_text", "project_name", write=_item),
        shown("责任单位", "unit_name", "is_unit_known", write=_of_unit),
        shown("时限", "due_date", write=_day),
        shown("情况", "fact_text", "reminder_level", write=_state),
    ),
    ("is_closed", "late_days", "as_of_date"),
)  # fmt: skip
ARREARS: Final = Reading(
    SURFACE, "欠账单位", "task_progress",
    (
        shown("单位", "unit_name"),
        shown("指标", "indicator"),
        shown("任务", "target_text"),
        shown("完成", "done_text"),
        shown("欠账", "arrears_value", write=_number),
        shown("每月需", "required_per_month", write=lambda value: _number(value, "—")),
        shown("灯", "light", write=_text),
    ),
    ("target_year", "indicator_order", "pace_pct", "completion_pct", "target_value", "as_of_date"),
)  # fmt: skip
BOTTLENECKS: Final = Reading(
    SURFACE, "卡点部门", "project_bottlenecks",
    (
        shown("部门", "department"),
        shown("手续", "procedure_step"),
        shown("卡住项目数", "blocked_count", write=str),
        shown("最长（工作日）", "longest_blocked_days", write=_number),
        shown("项目", "blocked_projects", write=_text),
    ),
    ("as_of_date",),
)  # fmt: skip
UNIT_RULE: Final = Reading(
    SURFACE, "单位达标", "task_unit_rule",
    (
        shown("单位", "unit_name"),
        shown("规则", "rule_text"),
        shown("标准", "standard_text"),
        shown("计入个数", "counted_count"),
        shown("结论", "verdict"),
        shown("计入的项目", "counted_projects", write=_text),
        shown("依据", "source"),
    ),
    ("rule_code", "as_of_date"),
)  # fmt: skip
UNITS: Final = Reading(
    SURFACE, "分单位", "task_progress",
    (
        shown("单位", "unit_name"),
        shown("类型", "unit_type"),
        shown("指标", "indicator"),
        shown("任务", "target_text"),
        shown("完成", "done_text"),
        shown("完成率（%）", "completion_pct", write=_number),
        shown("时序应完成", "expected_value", write=_number),
        shown("欠账", "arrears_value", write=_number),
        shown("未计入个数", "not_counted_count"),
        shown("全年预计", "projected_value", write=_number),
        shown("灯", "light", write=_text),
    ),
    ("target_year", "indicator_order"),
)  # fmt: skip
CHAINS: Final = Reading(
    SURFACE, "分产业", "task_chains",
    (shown("完成", "done_value"),),
    ("target_year", "chain_name", "indicator", "as_of_date"),
)  # fmt: skip
DECOMPOSITION: Final = Reading(
    SURFACE, "任务分解", "task_decomposition",
    (
        shown("层级", "level"),
        shown("下达", "upper_name"),
        shown("指标", "indicator"),
        shown("下达数", "upper_text"),
        shown("分解合计", "divided_text"),
        shown("核对", "difference_text"),
    ),
    ("target_year", "indicator_order", "as_of_date"),
)  # fmt: skip
FORECAST: Final = Reading(
    SURFACE, "签约预测", "signing_forecast",
    (
        shown("月份", "month_date", write=_month),
        shown("预计签约（个）", "expected_count", write=_whole),
        shown("区间（个）", "low_count", "high_count", write=_span),
        shown("预计金额（万元）", "expected_wan_cny", write=_whole),
        shown("金额区间（万元）", "low_wan_cny", "high_wan_cny", write=_span),
        shown(
            "过去落在区间内", "held_text", "forecast_text", "expected_count",
            write=lambda held, why, expected: held if pd.notna(expected) else why,
        ),
    ),
    ("as_of_date",),
)  # fmt: skip
RECORD: Final = Reading(
    SURFACE, "签约预测与实际", "signing_record",
    (
        shown("月份", "month_date", write=_month),
        shown("月初预计（个）", "expected_count", write=_whole),
        shown("月初区间（个）", "low_count", "high_count", write=_span),
        shown("实际（个）", "came_count", write=_number),
        shown("落在区间内", "is_count_inside", write=_yes_or_no),
        shown("月初预计金额（万元）", "expected_wan_cny", write=_whole),
        shown("月初金额区间（万元）", "low_wan_cny", "high_wan_cny", write=_span),
        shown("实际金额（万元）", "came_wan_cny", write=_number),
        shown("金额落在区间内", "is_wan_inside", write=_yes_or_no),
    ),
    ("months_ahead", "is_over", "told_date", "as_of_date"),
)  # fmt: skip
LIGHT_COUNTS: Final = Reading(
    SURFACE, "摘要中的红黄绿灯个数", "project_lights", LightCounts.SHOWN, (*LightCounts.KEYS, "as_of_date")
)
FUNNEL: Final = Reading(
    SURFACE, "阶段漏斗（图1）", "funnel_slices",
    (shown("至少到达", "at_least_count"), shown("上一阶段转化率", "from_previous_pct")),
    ("slice_kind", "stage", "stage_order", "as_of_date"),
)  # fmt: skip
TREND: Final = Reading(
    SURFACE, "近12个月新签约、新开工（图2）", "unit_running",
    (shown("当月", "month_value"),),
    ("slice_kind", "indicator", "month_date", "as_of_date"),
)  # fmt: skip
BALANCE: Final = Reading(
    SURFACE, "镇街对照（图4）", "unit_balance",
    (shown("镇中位数", "town_median"), shown("街道中位数", "street_median")),
    ("indicator", "indicator_order", "measure", "target_year", "as_of_date"),
)  # fmt: skip
READINGS: Final = (
    TOTALS, PROJECTS, ITEMS, ARREARS, BOTTLENECKS, UNIT_RULE, UNITS, CHAINS, DECOMPOSITION, FORECAST, RECORD, LIGHT_COUNTS,
    FUNNEL, TREND, BALANCE,
)  # fmt: skip

RECKONED: Final = (
    Reckoned(SURFACE, "摘要", "超期未办结、结转、按时序欠账各几项", "数的是本材料附表的行，附表照看板列出"),
)


def chair_of(month: Month, rules: pd.DataFrame) -> str:
    """Give who chairs: the rule of even or odd months that was in force on the month's first day."""
    key = "chair_even_month" if month.month % 2 == 0 else "chair_odd_month"
    held = rules[(rules["rule_key"] == key) & (pd.to_datetime(rules["valid_from"]).dt.date <= month.first_day)]
    if held.empty:
        raise PackRefused(f"{month.text}由谁主持没有规定；请在 dispatch_rules.csv 中补充 {key}")
    return str(held.sort_values("valid_from")["rule_value"].iloc[-1])


def dispatch_figures(
    month: Month, as_of: dt.date, frames: Frames, rules: pd.DataFrame, is_synthetic: bool = False
) -> DispatchFigures:
    """Pick what the pack of a month shows of the boards (`READINGS`), all of one as-of day in the month.

    Raises
    ------
    PackRefused
        The day is not of the month, boards are of different days, nobody is named to chair, or a task is missing without which
        there is no denominator.
    """
    if (as_of.year, as_of.month) != (month.year, month.month):
        raise PackRefused(f"{month.text}的材料要用该月内某一天的数据，现有数据截至{as_of}；请以该月内日期运行夜间作业")
    for name in sorted({reading.stem for reading in READINGS}):
        days = set(pd.to_datetime(frames[name]["as_of_date"].drop_duplicates()).dt.date)
        if days - {as_of}:
            raise PackRefused(f"{name} 的截至日与清单（{as_of}）不一致；请重新运行夜间作业")
    settings = document_settings()["dispatch"]
    year = counted_year(as_of)
    progress = frames[ARREARS.stem]
    progress = progress[progress["target_year"] == year]
    for indicator in settings["required_indicators"]:
        if not progress.loc[progress["indicator"] == indicator, "target_value"].notna().any():
            raise PackRefused(f"{year}年“{indicator}”任务{NOT_SET}，完成率没有分母，不能生成调度材料；请先登记年度任务")
    projects, items = frames[PROJECTS.stem], frames[ITEMS.stem]
    tables = {
        "总体情况": _totals(frames[TOTALS.stem], year),
        "红灯项目": _projects(projects[projects["light"] == "红"]),
        "超期事项": _items(items[~items["is_closed"] & (items["late_days"] > 0)]),
        "欠账单位": _arrears(progress, settings["first_indicators"]),
        "结转事项": _items(items[~items["is_closed"] & (_days(items["meeting_date"]) < month.first_day)]),
        "本月新议事项": _items(items[_days(items["meeting_date"]) >= month.first_day]),
        "卡点部门": _bottlenecks(frames[BOTTLENECKS.stem]),
        "单位达标": UNIT_RULE.sheet(frames[UNIT_RULE.stem].sort_values(["rule_code", "unit_name"])),
        "分单位": UNITS.sheet(progress.sort_values(["unit_type", "unit_name", "indicator_order"])),
        "分产业": _chains(frames[CHAINS.stem], year),
        "市级重点": _projects(projects[projects["key_level"].isin(["国家级", "省级", "市级"])]),
        "区级重点": _projects(projects[projects["key_level"] == "区级"]),
        "任务分解": _decomposition(frames[DECOMPOSITION.stem], year),
        "黄灯项目": _projects(projects[projects["light"] == "黄"]),
        "签约预测": FORECAST.sheet(frames[FORECAST.stem].sort_values("month_date")),
        "签约预测与实际": _forecast_record(frames[RECORD.stem]),
    }
    lights = LightCounts.of_district(frames[LIGHT_COUNTS.stem])
    summary = (
        f"签约后在跟进项目{lights.total}个，其中"
        + "、".join(f"{light}灯{count}个" for light, count in zip(LIGHTS, lights.by_light, strict=True))
        + f"；超期未办结事项{len(tables['超期事项'])}项，上次会议以前议定、尚未办结而结转{len(tables['结转事项'])}项；"
        f"按时序欠账的单位指标{len(tables['欠账单位'])}项。"
    )
    notes = (
        f"数据截至{as_of}：只计这一天及以前已知的事实。",
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


# --- which rows, in which order -------------------------------------------------------------------------------------


def _days(column: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(column).dt.date


def _totals(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    return TOTALS.sheet(rows[rows["target_year"] == year].sort_values("indicator_order"))


def _projects(rows: pd.DataFrame) -> pd.DataFrame:
    order = ["investment_wan_cny", "lead_id"]
    return PROJECTS.sheet(rows.sort_values(order, ascending=[False, True], kind="stable"))


def _items(rows: pd.DataFrame) -> pd.DataFrame:
    order = ["late_days", "due_date", "item_id"]
    return ITEMS.sheet(rows.sort_values(order, ascending=[False, True, True], kind="stable"))


def _arrears(progress: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    """Units behind the time, the furthest first; indicators that leaders ask for stand before the others."""
    rank = progress["indicator"].map({name: place for place, name in enumerate(first)}).fillna(len(first))
    behind = progress.assign(rank=rank)[progress["arrears_value"] > 0]
    return ARREARS.sheet(behind.sort_values(["rank", "indicator_order", "pace_pct", "unit_name"], kind="stable"))


def _bottlenecks(rows: pd.DataFrame) -> pd.DataFrame:
    order = ["longest_blocked_days", "department", "procedure_step"]
    stuck = rows[rows["blocked_count"] > 0]
    return BOTTLENECKS.sheet(stuck.sort_values(order, ascending=[False, True, True], kind="stable"))


def _chains(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    """What the year brought by leading chain (产业链): a line each chain, a column each indicator."""
    own = rows[rows["target_year"] == year]
    values = own.set_index(["chain_name", "indicator"])["done_value"].to_dict()
    lines = [
        {"产业链": chain, **{name: round(float(values.get((chain, name), 0.0)), 2) for name in COUNTED}}
        for chain in sorted(set(own.loc[own["indicator"].isin(COUNTED), "chain_name"]))
    ]
    return pd.DataFrame(lines, columns=["产业链", *COUNTED]).rename(columns={"签约金额": "签约金额（万元）"})


def _decomposition(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    own = rows[rows["target_year"] == year].sort_values(["level", "upper_name", "indicator_order"])
    return DECOMPOSITION.sheet(own)


def _forecast_record(rows: pd.DataFrame) -> pd.DataFrame:
    """What was told of each month on its first day, beside what came."""
    own = rows[(rows["months_ahead"] == 1) & rows["is_over"]]
    return RECORD.sheet(own.sort_values("month_date", ascending=False))


def _drawings(as_of: dt.date, progress: pd.DataFrame, frames: Frames, first: str) -> dict[str, str]:
    """Draw what the boards hold; what has no rows is not drawn."""
    stages = frames[FUNNEL.stem]
    stages = stages[(stages["slice_kind"] == "全区") & (stages["stage"] != "终止")].sort_values("stage_order")
    behind = progress[progress["arrears_value"] > 0]
    asked = next((name for name in first if (behind["indicator"] == name).any()), "")
    behind = behind[behind["indicator"] == asked].sort_values(["completion_pct", "unit_name"]).head(MOST_DRAWN)
    balance = frames[BALANCE.stem].sort_values("indicator_order")
    balance = balance[balance["indicator"].isin(DRAWN)]
    drawn = {
        "funnel": charts.as_drawing(charts.funnel_bars(_records(stages), "at_least_count"), "阶段漏斗")
        if len(stages)
        else "",
        "arrears": charts.as_drawing(charts.arrears_bars(_records(behind)), f"{asked}欠账") if len(behind) else "",
        "balance": charts.as_drawing(charts.balance_bars(_records(balance)), "镇街对照") if len(balance) else "",
        "trend": monthly_trend(frames[TREND.stem], Month.of(as_of).first_day),
        "foretold": _foretold(frames[RECORD.stem]),
    }
    return {mark: str(drawing) for mark, drawing in drawn.items() if drawing}


def _foretold(record: pd.DataFrame) -> Markup:
    told = record["expected_count"].notna().any()
    days = record.assign(told_date=_days(record["told_date"]), month_date=_days(record["month_date"]))
    return charts.foretold(_records(days)) if told else Markup("")


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


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
        "chair": f"主持：{figures.chair}（{'双月' if figures.month.month % 2 == 0 else '单月'}）",
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
