"""The quarterly bulletin (季通报): what was found, signed and started, by unit and beside its task, in Word and in Excel.

Page, fonts and levels follow GB/T 9704; fonts are named in styles and never shipped.

Belongs here: the figures of a quarter, their 口径, their words. Does not belong here: the page itself (template.py), writing (issued.py).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from publishing import charts
from publishing.documents.issued import NO_RATE, NOT_SET, SYNTHETIC, Issued, document_settings, write_issued
from publishing.documents.template import write_default_template

# Indicator of 年度任务 -> what the month table counts.
COUNTS: Final = {"新增线索数": "new_lead_count", "新签约项目数": "signed_count", "新开工项目数": "started_count"}
RANKED_BY: Final = "新开工项目数"
_ORDINALS: Final = "一二三四"


@dataclass(frozen=True, order=True)
class Quarter:
    """One quarter of a year, written 2026Q2."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read 2026Q2; anything else is refused."""
        match = re.fullmatch(r"(20\d\d)[Qq]([1-4])", text)
        if not match:
            raise ValueError(f"“{text}”不是季度；请写成 2026Q2")
        return cls(int(match.group(1)), int(match.group(2)))

    @classmethod
    def of(cls, day: dt.date) -> Quarter:
        """Give the quarter in which a day lies."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def end(self) -> dt.date:
        """The day after the quarter's last."""
        return dt.date(self.year + (self.number == 4), 3 * self.number % 12 + 1, 1)

    @property
    def text(self) -> str:
        return f"{self.year}年第{_ORDINALS[self.number - 1]}季度"

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True)
class BulletinFigures:
    """Every figure of one bulletin as text or table, with its 口径; a rate without a denominator reads 暂无."""

    quarter: Quarter
    known_until: dt.date
    is_synthetic: bool
    totals: pd.DataFrame
    """One row per indicator: 指标, 本季, 上季, 去年同季, 年初至季末, 全年任务, 完成率."""
    standings: dict[str, pd.DataFrame]
    """By unit type (镇与镇比): 名次, 单位, and done/task/rate of the indicator that ranks, and the other counts."""
    cohorts: pd.DataFrame
    """One row per quarter of signing: 签约季度, 签约数, started within 3/6/12 months; too young reads 未到期."""
    silent: list[str]
    """Units that had neither a new lead nor a follow-up in the quarter."""
    drawings: dict[str, str] = field(default_factory=dict)
    """Mark of the template -> SVG: trend (趋势), cohorts (签约批次)."""
    notes: list[str] = field(default_factory=list)


def quarter_figures(
    quarter: Quarter,
    monthly: pd.DataFrame,
    targets: pd.DataFrame,
    units: pd.DataFrame,
    outcomes: pd.DataFrame,
    known_until: dt.date,
    is_synthetic: bool = False,
) -> BulletinFigures:
    """Gather the figures of a quarter from the marts.

    Parameters
    ----------
    monthly, targets, units, outcomes : DataFrame
        fct_unit_months, fct_target_history, dim_units, fct_outcomes as exported; of a task that was changed, what held on
        the last day of the quarter counts.
    known_until : date
        The day before which the marts know facts (截至日).

    Raises
    ------
    ValueError
        The quarter is not over at `known_until`, or the month table doesn't reach it: a figure would be short.
    """
    if known_until < quarter.end:
        raise ValueError(f"{quarter.text}要到 {quarter.end} 才结束，数据只到 {known_until}；请在季度结束后再生成通报")
    months = monthly.assign(month_date=pd.to_datetime(monthly["month_date"]).dt.date)
    if months.empty or months["month_date"].max() < quarter.first_day or months["month_date"].min() > quarter.first_day:
        raise ValueError(f"月度数据不覆盖{quarter.text}；请先刷新 fct_unit_months")
    own = _between(months, quarter.first_day, quarter.end)
    year = _between(months, dt.date(quarter.year, 1, 1), quarter.end)
    tasks = _in_force(targets[targets["target_year"] == quarter.year], quarter.end)
    cohorts, lines = _cohorts(outcomes, quarter)
    drawings = {"trend": str(monthly_trend(months, quarter.end))}
    if lines:
        label = "签约批次转开工，按签约季度和观察期"
        drawings["cohorts_drawn"] = str(charts.triangle(list(cohorts.columns[2:]), lines, label))
    return BulletinFigures(
        quarter,
        known_until,
        is_synthetic,
        _totals(quarter, months, year, tasks),
        _standings(own, year, tasks, units),
        cohorts,
        _silent(own, units),
        drawings,
        [
            f"统计期为{quarter.first_day}至{quarter.end - dt.timedelta(days=1)}；数据取自{known_until}发布清单所用的台账。",
            "新增线索数：首报日期在期内的线索，按责任单位计。",
            "新签约项目数、新开工项目数：期内首次到达该阶段的项目，一个项目只计一次。",
            "完成率＝年初至季末完成数÷全年任务；任务未下达的不计算、不参加排名，只列完成数。",
            "排名在同类单位之间进行（镇与镇、街道与街道），并列的名次相同。",
            "签约转开工：按签约季度分组，全部签约都已满期限的组才计算，未满的写“未到期”。",
        ],
    )


def _in_force(targets: pd.DataFrame, end: dt.date) -> pd.DataFrame:
    since, until = (pd.to_datetime(targets[name]) for name in ("valid_from_date", "valid_to_date"))
    return targets[(since < pd.Timestamp(end)) & (until.isna() | (until >= pd.Timestamp(end)))]


def _between(months: pd.DataFrame, first: dt.date, end: dt.date) -> pd.DataFrame:
    return months[(months["month_date"] >= first) & (months["month_date"] < end)]


def _rate(done: float, task: float) -> str:
    return f"{100 * done / task:.1f}%" if task and task > 0 else NO_RATE


def _totals(quarter: Quarter, months: pd.DataFrame, year: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    own = (quarter.first_day, quarter.end)
    before = Quarter.of(quarter.first_day - dt.timedelta(days=1))
    last_year = Quarter(quarter.year - 1, quarter.number)
    first_month = months["month_date"].min()
    rows = []
    for indicator, column in COUNTS.items():

        def count(span: tuple[dt.date, dt.date], column: str = column) -> int | str:
            return NO_RATE if span[0] < first_month else int(_between(months, *span)[column].sum())

        set_tasks = tasks.loc[(tasks["indicator"] == indicator) & tasks["target_value"].notna(), "target_value"]
        task = float(set_tasks.sum())
        done = int(year[column].sum())
        rows.append(
            {
                "指标": indicator,
                "本季": count(own),
                "上季": count((before.first_day, before.end)),
                "去年同季": count((last_year.first_day, last_year.end)),
                "年初至季末": done,
                "全年任务": f"{task:g}" if len(set_tasks) else NOT_SET,
                "完成率": _rate(done, task) if len(set_tasks) else NO_RATE,
            }
        )
    return pd.DataFrame(rows)


def _standings(
    own: pd.DataFrame, year: pd.DataFrame, tasks: pd.DataFrame, units: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    of_quarter = own.groupby("unit_name")[list(COUNTS.values())].sum()
    of_year = year.groupby("unit_name")[list(COUNTS.values())].sum()
    task = tasks[tasks["indicator"] == RANKED_BY].set_index("unit_name")["target_value"]
    found: dict[str, pd.DataFrame] = {}
    for kind in sorted(units["unit_type"].unique()):
        group = units[units["unit_type"] == kind]
        names = sorted(group["unit_name"])
        table = pd.DataFrame({"单位": names})
        started = of_year[COUNTS[RANKED_BY]].reindex(names).fillna(0)
        wanted = task.reindex(names)
        rate = (started / wanted.where(wanted > 0)).to_numpy()
        table["年初至季末开工"] = started.astype(int).to_numpy()
        table["全年任务"] = [NOT_SET if pd.isna(value) else f"{value:g}" for value in wanted]
        table["完成率"] = [NO_RATE if pd.isna(value) else f"{100 * value:.1f}%" for value in rate]
        table["本季新增线索"] = of_quarter["new_lead_count"].reindex(names).fillna(0).astype(int).to_numpy()
        table["本季签约"] = of_quarter["signed_count"].reindex(names).fillna(0).astype(int).to_numpy()
        table["本季开工"] = of_quarter["started_count"].reindex(names).fillna(0).astype(int).to_numpy()
        places = pd.Series(rate).rank(method="min", ascending=False)
        table.insert(0, "名次", ["—" if pd.isna(place) else str(int(place)) for place in places])
        order = places.fillna(len(names) + 1)
        found[kind] = table.loc[order.sort_values(kind="stable").index].reset_index(drop=True)
    return found


def monthly_trend(monthly: pd.DataFrame, end: dt.date, count: int = 12) -> Markup:
    """Draw what was signed and started in each of the last months before `end`, from columns month_date, signed_count, started_count."""
    shown = [month.date() for month in pd.date_range(end=end - dt.timedelta(days=1), periods=count, freq="MS")]
    sums = monthly.groupby("month_date")[["signed_count", "started_count"]].sum().reindex(shown).fillna(0)
    series = {"新签约": sums["signed_count"].tolist(), "新开工": sums["started_count"].tolist()}
    names = [f"{day.year}年" if day.month == 1 else f"{day.month}月" for day in shown]
    return charts.trend(names, series, f"近{count}个月新签约、新开工项目数")


def _cohorts(
    outcomes: pd.DataFrame, quarter: Quarter
) -> tuple[pd.DataFrame, list[tuple[str, list[tuple[float | None]]]]]:
    """Count how many of each quarter's signings had started after so many months, eight quarters back: as a table, and to be drawn."""
    limits: list[int] = document_settings()["cohort_months"]
    dates = outcomes.assign(reached_date=pd.to_datetime(outcomes["reached_date"]))
    first = dates.groupby(["stage", "lead_id"])["reached_date"].min()
    signed = first.loc["签约"] if "签约" in first.index.get_level_values(0) else first.iloc[:0].droplevel(0)
    started = first.loc["开工"] if "开工" in first.index.get_level_values(0) else first.iloc[:0].droplevel(0)
    signed = signed[signed < pd.Timestamp(quarter.end)]
    rows: list[dict[str, Any]] = []
    lines: list[tuple[str, list[tuple[float | None]]]] = []
    of = signed.map(lambda day: Quarter.of(day.date()))
    for cohort in sorted(of.unique())[-8:]:
        mine = signed[of == cohort]
        row: dict[str, Any] = {"签约季度": str(cohort), "签约数": len(mine)}
        cells: list[tuple[float | None]] = []
        for months in limits:
            due = mine + pd.DateOffset(months=months)
            if (pd.Timestamp(cohort.end) + pd.DateOffset(months=months)) > pd.Timestamp(quarter.end):
                row[f"{months}个月内开工"] = "未到期"
                cells.append((None,))
            else:
                count = int((started.reindex(mine.index) <= due).sum())
                row[f"{months}个月内开工"] = f"{count}（{100 * count / len(mine):.0f}%）"
                cells.append((100 * count / len(mine),))
        rows.append(row)
        lines.append((f"{cohort}　签约 {len(mine)}", cells))
    return pd.DataFrame(rows, columns=["签约季度", "签约数", *(f"{months}个月内开工" for months in limits)]), lines


def _silent(own: pd.DataFrame, units: pd.DataFrame) -> list[str]:
    active = own.groupby("unit_name")[["new_lead_count", "follow_up_count"]].sum().sum(axis=1)
    return sorted(units.loc[active.reindex(units["unit_name"]).fillna(0).to_numpy() == 0, "unit_name"])


# --- Word and Excel -------------------------------------------------------------------------------------------------


def write_bulletin(folder: Path, figures: BulletinFigures, template: Path) -> tuple[Path, Path]:
    """Write 季通报_2026Q2.docx and .xlsx; the same figures and template give the same bytes."""
    words = _context(figures)
    sources = (
        "数据表：fct_unit_months（线索、签约、开工）、fct_target_history（任务及其调整）、fct_outcomes（签约转开工）"
    )
    issued = Issued(
        stem=f"季通报_{figures.quarter}",
        title=f"{figures.quarter.text}招商引资通报",
        words=words,
        drawings=figures.drawings,
        tables={"总体情况": figures.totals, **figures.standings, "签约转开工": figures.cohorts},
        notes=[*figures.notes, words["silent"], sources],
        heading=lambda sheet: f"{figures.quarter.text} {sheet}{SYNTHETIC if figures.is_synthetic else ''}",
    )
    return write_issued(folder, issued, template, write_default_template)


def _context(figures: BulletinFigures) -> dict[str, Any]:
    first = figures.totals.set_index("指标")["本季"].to_dict()
    summary = "；".join(f"{name}{first[name]}个" for name in COUNTS)
    return {
        "title": f"{figures.quarter.text}招商引资工作通报",
        "label": SYNTHETIC if figures.is_synthetic else "",
        "summary": f"{figures.quarter.text}，全区{summary}。年初至季末情况见下表。",
        "totals": figures.totals.astype(str).to_dict("records"),
        "standings": [
            {"kind": kind, "rows": table.astype(str).to_dict("records")} for kind, table in figures.standings.items()
        ],
        "cohorts": figures.cohorts.astype(str).to_dict("records"),
        "silent": f"本季既无新增线索、又无跟进记录的单位：{'、'.join(figures.silent)}。"
        if figures.silent
        else "本季各单位均有新增线索或跟进记录。",
        "notes": figures.notes,
        "day": f"{figures.known_until.year}年{figures.known_until.month}月{figures.known_until.day}日",
    }
