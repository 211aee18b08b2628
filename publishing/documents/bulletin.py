"""The quarterly bulletin (季通报): what was found, signed and started, by unit and beside its task, in Word and in Excel.

Page, fonts and levels follow GB/T 9704; fonts are named in styles and never shipped.

Belongs here: which boards' rows a quarter's bulletin shows, their 口径, their words. Does not belong here: any sum or rate
(dbt_project/models/boards), the page itself (template.py), writing (issued.py).
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
from publishing.documents.issued import NO_RATE, SYNTHETIC, Issued, write_issued
from publishing.documents.template import write_default_template
from publishing.figures import Frames, Reading, shown

SURFACE: Final = "季通报"
INDICATORS: Final = ("新增线索数", "新签约项目数", "新开工项目数")
RANKED_BY: Final = "新开工项目数"
COHORTS_SHOWN: Final = 8
_ORDINALS: Final = "一二三四"


def _missing(value: Any) -> bool:
    return value is None or pd.isna(value)


def _number(value: Any) -> int | float | str:
    return NO_RATE if _missing(value) else int(value) if float(value).is_integer() else float(value)


def _percent(value: Any) -> str:
    return NO_RATE if _missing(value) else f"{value:.1f}%"


def _target(value: Any) -> str:
    return "未下达" if _missing(value) else f"{value:g}"


def _started(count: Any, share: Any) -> str:
    return "未到期" if _missing(share) else f"{int(count)}（{share:.0f}%）"


TOTALS: Final = Reading(
    SURFACE, "总体情况", "task_quarters",
    (
        shown("指标", "indicator"),
        shown("本季", "quarter_value", write=_number),
        shown("上季", "before_value", write=_number),
        shown("去年同季", "last_year_value", write=_number),
        shown("年初至季末", "year_value", write=_number),
        shown("全年任务", "target_value", write=_target),
        shown("完成率", "completion_pct", write=_percent),
    ),
    ("quarter_date", "as_of_date"),
)  # fmt: skip
STANDINGS: Final = Reading(
    SURFACE, "各单位开工任务", "unit_ranks",
    (
        shown("名次", "completion_rank", write=lambda place: "—" if _missing(place) else str(int(place))),
        shown("单位", "unit_name"),
        shown("年初至季末开工", "year_value", write=_number),
        shown("全年任务", "target_value", write=_target),
        shown("完成率", "completion_pct", write=_percent),
    ),
    ("unit_type", "indicator", "month_date"),
)  # fmt: skip
OF_QUARTER: Final = Reading(
    SURFACE, "各单位本季新增线索、签约、开工", "unit_running",
    (shown("本季", "quarter_value", write=_number),),
    ("slice_kind", "slice_name", "indicator", "month_date"),
)  # fmt: skip
COHORTS: Final = Reading(
    SURFACE, "签约转开工", "quarter_cohorts",
    (
        shown("签约数", "signed_count", write=_number),
        shown("几个月内开工", "started_within_count", "started_within_pct", write=_started),
    ),
    ("slice_kind", "signed_quarter_date", "horizon_months"),
)  # fmt: skip
SILENT: Final = Reading(
    SURFACE, "本季既无新增线索、又无跟进的单位", "unit_running",
    (shown("单位", "slice_name"),),
    ("slice_kind", "indicator", "month_date", "quarter_value"),
)  # fmt: skip
TREND: Final = Reading(
    SURFACE, "近12个月新签约、新开工（图）", "unit_running",
    (shown("当月", "month_value"),),
    ("slice_kind", "indicator", "month_date"),
)  # fmt: skip
READINGS: Final = (TOTALS, STANDINGS, OF_QUARTER, COHORTS, SILENT, TREND)


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
    def last_month(self) -> dt.date:
        """The first day of the quarter's last month."""
        return dt.date(self.year, 3 * self.number, 1)

    @property
    def text(self) -> str:
        return f"{self.year}年第{_ORDINALS[self.number - 1]}季度"

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True)
class BulletinFigures:
    """What boards say of a quarter, as text or table; a rate without a denominator reads 暂无."""

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
    quarter: Quarter, known_until: dt.date, frames: Frames, is_synthetic: bool = False
) -> BulletinFigures:
    """Pick what the boards of the list of `known_until` say of a quarter (`READINGS`).

    Raises
    ------
    ValueError
        The quarter is not over at `known_until`, the boards are of another day or don't reach it: a figure would be short.
    """
    last_day = quarter.end - dt.timedelta(days=1)
    if known_until < last_day:
        raise ValueError(f"{quarter.text}要到 {last_day} 才结束，数据只到 {known_until}；请在季度结束后再生成通报")
    totals = frames[TOTALS.stem]
    if set(_days(totals["as_of_date"])) - {known_until}:
        raise ValueError(f"{TOTALS.source.title}的截至日与清单（{known_until}）不一致；请重新运行夜间作业")
    own = totals[(_days(totals["quarter_date"]) == quarter.first_day) & totals["quarter_value"].notna()]
    own = own.set_index("indicator", drop=False).reindex(INDICATORS).dropna(subset="indicator")
    if own.empty:
        raise ValueError(f"月度数据不覆盖{quarter.text}；请先刷新 {TOTALS.stem}")
    running = frames[OF_QUARTER.stem]
    of_units = running[(running["slice_kind"] == "责任单位") & (_days(running["month_date"]) == quarter.last_month)]
    cohorts, lines = _cohorts(frames[COHORTS.stem], quarter)
    drawings = {"trend": str(monthly_trend(running, quarter.last_month))}
    if lines:
        label = "签约批次转开工，按签约季度和观察期"
        drawings["cohorts_drawn"] = str(charts.triangle(list(cohorts.columns[2:]), lines, label))
    return BulletinFigures(
        quarter,
        known_until,
        is_synthetic,
        TOTALS.sheet(own),
        _standings(frames[STANDINGS.stem], of_units, quarter),
        cohorts,
        _silent(of_units),
        drawings,
        [
            f"统计期为{quarter.first_day}至{quarter.end - dt.timedelta(days=1)}；数据取自{known_until}发布清单的看板，该日及以前已知的才计。",
            "新增线索数：首报日期在期内的线索，按责任单位计。",
            "新签约项目数、新开工项目数：期内首次到达该阶段的项目，一个项目只计一次；重复签约只计第一次，不计增资扩产。",
            "全区完成率：上级下达了任务的，为年初至季末完成数÷下达数；未下达的以分解合计为分母，只计有任务的单位。",
            "任务未下达的不计算、不参加排名，只列完成数。",
            "排名在同类单位之间进行（镇与镇、街道与街道），并列的名次相同。",
            "签约转开工：按签约季度分组，全部签约到数据截至日都已满期限的组才计算，未满的写“未到期”。",
        ],
    )


def _days(column: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(column).dt.date


def _standings(ranks: pd.DataFrame, of_units: pd.DataFrame, quarter: Quarter) -> dict[str, pd.DataFrame]:
    """Pick the places of the quarter's last month, unit type by unit type, and beside each what its quarter brought."""
    own = ranks[(ranks["indicator"] == RANKED_BY) & (_days(ranks["month_date"]) == quarter.last_month)]
    beside = of_units.set_index(["slice_name", "indicator"])["quarter_value"]
    titles = dict(zip(INDICATORS, ("本季新增线索", "本季签约", "本季开工"), strict=True))
    found: dict[str, pd.DataFrame] = {}
    for kind, group in own.groupby("unit_type"):
        group = group.sort_values(["completion_rank", "unit_name"], na_position="last", kind="stable")
        table = STANDINGS.sheet(group)
        for indicator, title in titles.items():
            table[title] = [_number(beside.get((unit, indicator))) for unit in group["unit_name"]]
        found[str(kind)] = table
    return found


def monthly_trend(running: pd.DataFrame, last_month: dt.date, count: int = 12) -> Markup:
    """Draw what the district signed and started in each of the last months (brd_unit__running); nothing where it is empty."""
    own = running[(running["slice_kind"] == "全区") & running["indicator"].isin(INDICATORS[1:])]
    if own["indicator"].nunique() < 2:
        return Markup("")
    values = dict(zip(zip(own["indicator"], _days(own["month_date"]), strict=True), own["month_value"], strict=True))
    shown_months = [month.date() for month in pd.date_range(end=last_month, periods=count, freq="MS")]
    # A month before the books began has no row; nothing is drawn of it.
    series = {
        title: [float(values.get((indicator, month), 0)) for month in shown_months]
        for title, indicator in (("新签约", INDICATORS[1]), ("新开工", INDICATORS[2]))
    }
    names = [f"{day.year}年" if day.month == 1 else f"{day.month}月" for day in shown_months]
    return charts.trend(names, series, f"近{count}个月新签约、新开工项目数")


def _cohorts(board: pd.DataFrame, quarter: Quarter) -> tuple[pd.DataFrame, list[tuple[str, list[tuple[float | None]]]]]:
    """Pick the cohorts of the district up to the quarter, as a table and to be drawn."""
    own = board[(board["slice_kind"] == "全区") & (_days(board["signed_quarter_date"]) < quarter.end)]
    signed, within = COHORTS.figures
    titles = {horizon: f"{horizon}个月内开工" for horizon in sorted(board["horizon_months"].unique())}
    rows: list[dict[str, Any]] = []
    lines: list[tuple[str, list[tuple[float | None]]]] = []
    for day in sorted(set(own["signed_quarter_date"]))[-COHORTS_SHOWN:]:
        cells = own[own["signed_quarter_date"] == day].sort_values("horizon_months").to_dict("records")
        name, count = str(Quarter.of(pd.Timestamp(day).date())), signed.cell(cells[0])
        rows.append(
            {"签约季度": name, signed.title: count}
            | {titles[cell["horizon_months"]]: within.cell(cell) for cell in cells}
        )
        shares: list[float | None] = [cell["started_within_pct"] for cell in cells]
        lines.append((f"{name}　签约 {count}", [(None if _missing(share) else share,) for share in shares]))
    return pd.DataFrame(rows, columns=["签约季度", signed.title, *titles.values()]), lines


def _silent(of_units: pd.DataFrame) -> list[str]:
    """Pick the units for which the board has neither a new lead nor a follow-up in the quarter."""
    asked = of_units[of_units["indicator"].isin(["新增线索数", "跟进次数"])]
    active = set(asked.loc[asked["quarter_value"] > 0, "slice_name"])
    return sorted(set(asked["slice_name"]) - active)


# --- Word and Excel -------------------------------------------------------------------------------------------------


def write_bulletin(folder: Path, figures: BulletinFigures, template: Path) -> tuple[Path, Path]:
    """Write 季通报_2026Q2.docx and .xlsx; the same figures and template give the same bytes."""
    words = _context(figures)
    sources = "数据表：" + "、".join(sorted({f"{r.stem}（{r.source.title}）" for r in READINGS}))
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
    summary = "；".join(f"{name}{first[name]}个" for name in INDICATORS if name in first)
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
