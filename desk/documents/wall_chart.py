"""The wall chart (挂图作战): signed projects of the district on one A1 page, from signing to today, red, yellow or green by rule.

Typeset by typst from the same marts as every other figure; the rule and the day stand on the chart.

Belongs here: which projects, in which light. Does not belong here: the look (wall_chart.typ).
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml

from desk.documents.issued import RULES, SYNTHETIC
from desk.documents.whole import write_whole

LAYOUT: Final = Path(__file__).with_name("wall_chart.typ")
MILESTONES: Final = ("签约", "注册", "备案", "供地", "开工", "竣工", "投产", "达效")
MOST: Final = 78
MONTHS_SHOWN: Final = 24
_SHOWN: Final = ["lead_id", "project_name", "unit_name", "stage", "investment_wan_cny"]


def chart_projects(leads: pd.DataFrame, outcomes: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Give the projects of the chart: signed as known before the day, not lost, not yet 达效; red first, then the longest wait, then the largest.

    Returns one row per lead: lead_id, 项目, 单位, 投资万元 (None if unknown), 阶段, 签约日, 等待天数 (days from signing while not
    started, else None), 灯 (红/黄/绿), milestones (list of [stage, ISO date]).
    """
    limits = yaml.safe_load(RULES.read_text(encoding="utf-8"))["signed_not_started_days"]
    dates = outcomes.assign(day=pd.to_datetime(outcomes["reached_date"]))
    dates = dates[dates["day"].notna() & (pd.to_datetime(dates["known_date"]) < pd.Timestamp(as_of))]
    dates = dates[dates["lead_id"].isin(dates.loc[dates["stage"] == "签约", "lead_id"])]
    reached: dict[str, dict[str, dt.date]] = {}
    for row in dates.groupby(["lead_id", "stage"], as_index=False)["day"].min().itertuples():
        reached.setdefault(str(row.lead_id), {})[str(row.stage)] = row.day.date()
    shown = leads.loc[leads["lead_id"].isin(reached.keys()) & ~leads["stage"].isin(["终止", "达效"]), _SHOWN]
    rows: list[dict[str, Any]] = []
    for lead in shown.sort_values("lead_id").to_dict("records"):
        marks = reached[lead["lead_id"]]
        # A start without a row of its own has passed where a later milestone has come.
        waiting = (
            None
            if any(stage in marks for stage in MILESTONES[MILESTONES.index("开工") :])
            else (as_of - marks["签约"]).days
        )
        light = "绿" if waiting is None or waiting < limits["yellow"] else "黄" if waiting < limits["red"] else "红"
        money = lead["investment_wan_cny"]
        rows.append(
            {
                "lead_id": lead["lead_id"],
                "项目": lead["project_name"],
                "单位": lead["unit_name"],
                "投资万元": None if pd.isna(money) else float(money),
                "阶段": lead["stage"],
                "签约日": marks["签约"],
                "等待天数": waiting,
                "灯": light,
                "milestones": [[stage, marks[stage].isoformat()] for stage in MILESTONES if stage in marks],
            }
        )
    order = {"红": 0, "黄": 1, "绿": 2}
    rows.sort(key=lambda r: (order[r["灯"]], -(r["等待天数"] or 0), -(r["投资万元"] or 0), r["lead_id"]))
    return pd.DataFrame(
        rows, columns=["lead_id", "项目", "单位", "投资万元", "阶段", "签约日", "等待天数", "灯", "milestones"]
    )


def write_wall_chart(path: Path, projects: pd.DataFrame, as_of: dt.date, is_synthetic: bool = False) -> Path:
    """Typeset the chart as one A1 page of PDF; the same projects give the same bytes. What does not fit is counted."""
    import typst

    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    limits = rules["signed_not_started_days"]
    first = (pd.Timestamp(as_of) - pd.DateOffset(months=MONTHS_SHOWN)).date().replace(day=1)
    span = (as_of - first).days
    months = pd.date_range(first, as_of, freq="MS")

    def place(day: dt.date) -> float:
        return round(min(max((day - first).days / span, 0.0), 1.0), 5)

    shown = projects.head(MOST)
    content = {
        "title": "招商引资项目挂图作战" + (SYNTHETIC if is_synthetic else ""),
        "day": f"{as_of.year}年{as_of.month}月{as_of.day}日",
        "legend": f"灯：签约后 {limits['yellow']} 天未开工为黄，{limits['red']} 天未开工为红，其余为绿（{rules['source']}）",
        "count": f"共 {len(projects)} 个项目：红 {int((projects['灯'] == '红').sum())}、黄 {int((projects['灯'] == '黄').sum())}、"
        f"绿 {int((projects['灯'] == '绿').sum())}"
        + (f"；本图列出最需关注的 {MOST} 个" if len(projects) > MOST else ""),
        "months": [{"at": place(m.date()), "text": f"{m.year}年" if m.month == 1 else f"{m.month}月"} for m in months],
        "rows": [
            {
                "name": row["项目"],
                "unit": row["单位"],
                "money": "—" if row["投资万元"] is None or pd.isna(row["投资万元"]) else f"{row['投资万元']:,.0f}",
                "stage": row["阶段"],
                "wait": "" if row["等待天数"] is None or pd.isna(row["等待天数"]) else f"{int(row['等待天数'])}天",
                "light": row["灯"],
                "from": place(row["签约日"]),
                "marks": [
                    {"at": place(dt.date.fromisoformat(day)), "text": stage[0]} for stage, day in row["milestones"]
                ],
            }
            for row in shown.to_dict("records")
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = {"content": json.dumps(content, ensure_ascii=False)}

    def write(partial: Path) -> None:
        typst.compile(LAYOUT, output=partial, sys_inputs=inputs, timestamp=0)

    write_whole(path, write)
    return path
