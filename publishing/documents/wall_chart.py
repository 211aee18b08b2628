"""The wall chart (挂图作战): signed projects of the district on one A1 page, with light, reasons, agreed and actual dates.

Typeset by typst. Projects, lights and reasons are those of brd_follow_up__status, counts those of brd_follow_up__lights, as in the
pack and on the boards: nothing is judged or counted here.

Belongs here: which projects fit, which dates are drawn, the legend. Does not belong here: what is red (dbt_project), the look
(wall_chart.typ).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from publishing.documents.followed_up import LIGHTS_NOTE, LightCounts, day_of, most_pressing_first
from publishing.documents.issued import SYNTHETIC
from publishing.figures import Frames, Reading, shown
from storage import write_whole

SURFACE: Final = "挂图作战"
LAYOUT: Final = Path(__file__).with_name("wall_chart.typ")
MOST: Final = 78
MOST_UNITS: Final = 40
MONTHS_BEFORE: Final = 24
MONTHS_AFTER: Final = 18
# Stage -> column of the agreed day, column of the actual day; a stage without columns is only in brd_lead__reached.
_DATES: Final = {
    "签约": (None, "signed_date"),
    "注册": (None, None),
    "备案": (None, None),
    "供地": (None, None),
    "开工": ("start_due_date", "started_date"),
    "竣工": ("completion_due_date", "completed_date"),
    "投产": ("operation_due_date", "in_operation_date"),
    "达效": (None, "full_effect_date"),
}

PROJECTS: Final = Reading(
    SURFACE, "项目", "project_status",
    (
        shown("项目", "project_name"),
        shown("责任单位", "unit_name"),
        shown("责任领导", "leader_name", "leader_post"),
        shown("投资", "investment_wan_cny"),
        shown("阶段", "stage"),
        shown("灯", "light"),
        shown("依据", "light_reasons"),
        shown("约定", *(due for due, _ in _DATES.values() if due)),
        shown("实际", *(done for _, done in _DATES.values() if done)),
    ),
    ("lead_id", "as_of_date"),
)  # fmt: skip
REACHED: Final = Reading(
    SURFACE, "实际（注册、备案、供地）", "lead_reached", (shown("实际", "own_date"),), ("lead_id", "stage")
)
LIGHT_COUNTS: Final = Reading(
    SURFACE, "全区和各单位红黄绿灯个数", "project_lights", LightCounts.SHOWN, LightCounts.KEYS
)
READINGS: Final = (PROJECTS, REACHED, LIGHT_COUNTS)


@dataclass(frozen=True)
class _Axis:
    """The line of time, from its first day to its last."""

    first: dt.date
    last: dt.date

    @classmethod
    def around(cls, as_of: dt.date) -> _Axis:
        first, last = (
            (pd.Timestamp(as_of) + pd.DateOffset(months=months)).date().replace(day=1)
            for months in (-MONTHS_BEFORE, MONTHS_AFTER)
        )
        return cls(first, last)

    def place(self, day: dt.date | None) -> float | None:
        """Return where a day lies between 0 and 1, or None where it is unknown or off the axis."""
        if day is None or not self.first <= day <= self.last:
            return None
        return round((day - self.first).days / (self.last - self.first).days, 5)

    def quarters(self) -> list[dict[str, Any]]:
        """Return the first day of each quarter with its words."""
        months = [day.date() for day in pd.date_range(self.first, self.last, freq="MS") if day.month in (1, 4, 7, 10)]
        return [{"at": self.place(m), "text": f"{m.year}年" if m.month == 1 else f"{m.month}月"} for m in months]


def chart_content(frames: Frames, as_of: dt.date, is_synthetic: bool = False, most: int = MOST) -> dict[str, Any]:
    """Return what the page shows (`READINGS`): the `most` pressing projects, and counts of all.

    Raises
    ------
    ValueError
        The board is of another day than `as_of`.
    """
    projects, reached, counts = (frames[reading.stem] for reading in READINGS)
    days = {day_of(day) for day in projects["as_of_date"].drop_duplicates()}
    if days - {as_of}:
        raise ValueError(f"签约项目跟进的截至日与挂图（{as_of}）不一致；请重新运行夜间作业")
    shown_rows, axis = most_pressing_first(projects).head(most), _Axis.around(as_of)
    steps = reached[reached["lead_id"].isin(shown_rows["lead_id"]) & reached["stage"].isin(_DATES)]
    days_of_steps = {(step.lead_id, step.stage): day_of(step.own_date) for step in steps.itertuples()}
    lights = LightCounts.of_district(counts)
    return {
        "title": "招商引资项目挂图作战" + (SYNTHETIC if is_synthetic else ""),
        "day": f"{as_of.year}年{as_of.month}月{as_of.day}日",
        "count": f"签约后在跟进项目 {lights.total} 个：{lights.words}"
        + (
            f"；本图列出其中 {len(shown_rows)} 个，红灯在前，同色的投资大的在前"
            if len(shown_rows) < lights.total
            else ""
        ),
        "legend": f"项目、灯和依据取自看板“{PROJECTS.source.title}”，与调度材料相同；全部项目见该看板。{LIGHTS_NOTE}",
        "stages": "、".join(f"{stage[0]}＝{stage}" for stage in _DATES),
        "months": axis.quarters(),
        "today": axis.place(as_of),
        "units": [
            {"name": unit, "counts": list(own.by_light)} for unit, own in LightCounts.of_units(counts)[:MOST_UNITS]
        ],
        "rows": [_row(row, days_of_steps, axis) for row in shown_rows.to_dict("records")],
    }


def write_wall_chart(path: Path, content: dict[str, Any]) -> Path:
    """Typeset the content as one A1 page of PDF; the same content gives the same bytes."""
    import typst

    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = {"content": json.dumps(content, ensure_ascii=False)}
    write_whole(path, lambda partial: typst.compile(LAYOUT, output=partial, sys_inputs=inputs, timestamp=0))
    return path


def _row(row: dict[Any, Any], days_of_steps: dict[tuple[Any, Any], dt.date | None], axis: _Axis) -> dict[str, Any]:
    agreed = [(stage, day_of(row[due])) for stage, (due, _) in _DATES.items() if due]
    actual = [
        (stage, day_of(row[done]) if done else days_of_steps.get((row["lead_id"], stage)))
        for stage, (_, done) in _DATES.items()
    ]
    money = row["investment_wan_cny"]
    leader = " ".join(str(row[name]) for name in ("leader_name", "leader_post") if not pd.isna(row[name]))
    return {
        "lead_id": row["lead_id"],
        "name": row["project_name"],
        "unit": row["unit_name"],
        "leader": leader or "未明确",
        "money": "—" if pd.isna(money) else f"{money:,.0f}",
        "stage": row["stage"],
        "light": row["light"],
        "reasons": "" if pd.isna(row["light_reasons"]) else row["light_reasons"],
        # Signed before the axis begins: the band comes in from its left end.
        "from": axis.place(day_of(row["signed_date"])) or 0.0,
        "due": _marks(agreed, axis),
        "done": _marks(actual, axis),
    }


def _marks(dates: list[tuple[str, dt.date | None]], axis: _Axis) -> list[dict[str, Any]]:
    return [{"at": at, "text": stage[0]} for stage, day in dates if (at := axis.place(day)) is not None]
