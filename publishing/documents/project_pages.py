"""One page a project (一项目一页，挂图作战): who answers for it, agreed and actual dates on one line of time, permits, light and why.

Typeset by typst from the same boards as every other figure, red projects first.

Belongs here: what stands on a page. Does not belong here: the look (project_pages.typ), the chart of the district (wall_chart.py).
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd

from publishing.documents.dispatch import PackRefused
from publishing.documents.followed_up import LightCounts, day_of, most_pressing_first
from publishing.documents.issued import SYNTHETIC, document_settings
from publishing.figures import Frames, Reading, Reckoned, shown
from storage import write_whole

SURFACE: Final = "一项目一页"
LAYOUT: Final = Path(__file__).with_name("project_pages.typ")
_MILESTONES: Final = (
    ("签约", None, "signed_date", None),
    ("开工", "start_due_date", "started_date", "start_late_days"),
    ("竣工", "completion_due_date", "completed_date", "completion_late_days"),
    ("投产", "operation_due_date", "in_operation_date", "operation_late_days"),
)
PROJECTS: Final = Reading(
    SURFACE, "项目", "project_status",
    (
        shown("项目", "project_name"),
        shown("灯", "light"),
        shown("红黄灯依据", "light_reasons"),
        shown("责任单位", "unit_name"),
        shown("责任领导", "leader_name", "leader_post"),
        shown("服务专班", "team_name"),
        shown("总投资", "investment_wan_cny"),
        shown("阶段", "stage"),
        shown("重点级别", "key_level"),
        shown("当年投资", "year_invested_wan_cny", "year_planned_wan_cny"),
        shown("形象进度", "progress_pct", "planned_progress_pct"),
        shown("推进计划", "plan_text"),
        shown("安全质量", "safety_text"),
        shown("约定", *(due for _, due, _, _ in _MILESTONES if due)),
        shown("实际", *(done for _, _, done, _ in _MILESTONES)),
        shown("比约定（天）", *(late for _, _, _, late in _MILESTONES if late)),
    ),
    ("lead_id", "as_of_date"),
)  # fmt: skip
STEPS: Final = Reading(
    SURFACE, "手续", "project_procedures",
    (
        shown("手续", "procedure_step"),
        shown("办理部门", "handling_unit_name"),
        shown("状态", "state"),
        shown("受理", "accepted_date"),
        shown("办结", "done_date"),
        shown("用时/时限", "used_text", "limit_days"),
        shown("卡点", "blocker", "blocked_by_unit", "blocked_days"),
    ),
    ("lead_id", "step_order", "is_required"),
)  # fmt: skip
LIGHT_COUNTS: Final = Reading(SURFACE, "共有多少个项目", "project_lights", LightCounts.SHOWN, LightCounts.KEYS)
READINGS: Final = (PROJECTS, STEPS, LIGHT_COUNTS)
RECKONED: Final = (Reckoned(SURFACE, "页脚", "本册列几个、其余几个", "共几个取看板，列几个是本册的页数"),)


def project_pages(
    projects: pd.DataFrame, procedures: pd.DataFrame, as_of: dt.date, most: int | None = None
) -> list[dict[str, Any]]:
    """Give the content of the first `most` pages, or of all: brd_follow_up__status and brd_follow_up__procedures as exported.

    Red first, then the largest. Pages that are not shown are not put together: a city has 16,000.
    """
    ordered = most_pressing_first(projects)
    ordered = ordered if most is None else ordered.head(most)
    required = procedures[procedures["is_required"] & procedures["lead_id"].isin(ordered["lead_id"])]
    steps = dict(list(required.groupby("lead_id")))
    return [_page(row, steps.get(row["lead_id"]), as_of) for row in ordered.to_dict("records")]


def extent_words(shown_count: int, total: int) -> str:
    """Return how many of the projects the paper has, and where the others are.

    Examples
    --------
    >>> extent_words(2, 2)
    '签约后在跟进项目共 2 个，全部列出'
    """
    if shown_count >= total:
        return f"签约后在跟进项目共 {total} 个，全部列出"
    return (
        f"签约后在跟进项目共 {total} 个，本册只列前 {shown_count} 个（红灯在前，同色的投资大的在前）；"
        f"其余 {total - shown_count} 个见办公桌看板“{PROJECTS.source.title}”"
    )


def write_project_pages(path: Path, frames: Frames, as_of: dt.date, is_synthetic: bool = False) -> int:
    """Typeset a PDF, a page a project, at most as many as the office's rules allow; the same boards give the same bytes.

    Every page says how many projects there are and how many the paper has. Returns the number of pages.
    """
    import typst

    most: int = document_settings()["dispatch"]["most_pages"]
    projects, procedures, counts = (frames[reading.stem] for reading in READINGS)
    pages = project_pages(projects, procedures, as_of, most)
    if not pages:
        raise PackRefused("没有签约后在跟进的项目，不能生成一项目一页")
    content = {
        "title": "项目推进一页图" + (SYNTHETIC if is_synthetic else ""),
        "extent": extent_words(len(pages), LightCounts.of_district(counts).total),
        "day": f"{as_of.year}年{as_of.month}月{as_of.day}日",
        "projects": pages,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = {"content": json.dumps(content, ensure_ascii=False)}
    write_whole(path, lambda partial: typst.compile(LAYOUT, output=partial, sys_inputs=inputs, timestamp=0))
    return len(pages)


def _text(value: Any, missing: str = "—") -> str:
    return missing if value is None or pd.isna(value) or value == "" else str(value)


def _figure(value: Any, unit: str = "", missing: str = "暂无") -> str:
    return missing if value is None or pd.isna(value) else f"{float(value):,.10g}{unit}"


def _page(row: dict[Any, Any], steps: pd.DataFrame | None, as_of: dt.date) -> dict[str, Any]:
    dates = [
        (name, day_of(row[due]) if due else None, day_of(row[done]), row[late] if late else None)
        for name, due, done, late in _MILESTONES
    ]
    known = [day for _, due, done, _ in dates for day in (due, done) if day] + [as_of]
    first, last = min(known).replace(day=1), max(known) + dt.timedelta(days=31)
    span = (last - first).days

    def at(day: dt.date | None) -> float | None:
        return None if day is None else round((day - first).days / span, 5)

    # A mark a quarter, so that no two run into each other in a project of years.
    quarters = (dt.date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 4, 7, 10))
    months = [day for day in quarters if first <= day <= last]
    return {
        "name": row["project_name"],
        "light": row["light"],
        "reasons": _text(row["light_reasons"], "没有红黄灯事项"),
        "facts": [
            ["责任单位", row["unit_name"]],
            ["责任领导", " ".join(_text(row[name], "") for name in ("leader_name", "leader_post")).strip() or "未明确"],
            ["服务专班", _text(row["team_name"], "未明确")],
            ["总投资", _figure(row["investment_wan_cny"], "万元", "未填")],
            ["阶段", row["stage"]],
            ["重点级别", _text(row["key_level"])],
            [
                "当年投资",
                f"{_figure(row['year_invested_wan_cny'], '万元')}（计划{_figure(row['year_planned_wan_cny'], '万元')}）",
            ],
            ["形象进度", f"{_figure(row['progress_pct'], '%')}（计划{_figure(row['planned_progress_pct'], '%')}）"],
            ["推进计划", _text(row["plan_text"])],
            ["安全质量", _text(row["safety_text"])],
        ],
        "months": [
            {"at": at(month), "text": f"{month.year}年" if month.month == 1 else f"{month.month}月"} for month in months
        ],
        "today": at(as_of),
        "milestones": [{"name": name, "due": at(due), "done": at(done)} for name, due, done, _ in dates],
        "dates": [
            ["", *(name for name, *_ in dates)],
            ["约定", *(_text(due) for _, due, _, _ in dates)],
            ["实际", *(_text(done, "未到") for _, _, done, _ in dates)],
            ["比约定（天）", *(_late(late, done) for _, _, done, late in dates)],
        ],
        "steps": [] if steps is None else [_step(step) for step in steps.sort_values("step_order").to_dict("records")],
    }


def _late(days: Any, done: dt.date | None) -> str:
    if days is None or pd.isna(days):
        return "—"
    if done is None:
        return f"已超{int(days)}" if days > 0 else f"还有{-int(days)}"
    return f"晚{int(days)}" if days > 0 else f"早{-int(days)}" if days < 0 else "当日"


def _step(step: dict[Any, Any]) -> list[str]:
    limit = _figure(step["limit_days"], missing="—")
    stuck = _text(step["blocker"], "")
    return [
        step["procedure_step"],
        _text(step["handling_unit_name"]),
        step["state"],
        _text(day_of(step["accepted_date"])),
        _text(day_of(step["done_date"])),
        f"{step['used_text'] if step['accepted_date'] is not None else '—'}/{limit}",
        f"{stuck}（{_text(step['blocked_by_unit'])}，{_figure(step['blocked_days'], '个工作日')}）" if stuck else "",
    ]
