"""The morning (晨报): what came in since the list before, who left the list and why, which leads' own facts changed.

Belongs here: the page. Does not belong here: comparing lists (models.rank_changes), what came in (models.morning).
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from desk.pages.boards import without_refused
from desk.pages.context import DeskDep, ReadDep, ViewerDep, list_in_use, render
from models.morning import CAUSES, CONCLUSION, MODELS, RECEIVED, STAGES
from publishing.figures import Reading, Reckoned, shown

router = APIRouter()
SURFACE = "晨报"
SHOWN = 60
NEWS = Reading(
    SURFACE, "结论、收到资料、阶段变动、变动原因、模型与规则", "morning_news",
    (
        shown("条数", "row_count"),
        shown("金额", "amount_wan_cny", "amount_title"),
        shown("说明", "note"),
    ),
    ("section", "item", "unit_name"),
)  # fmt: skip
LEADS = Reading(
    SURFACE, "退出名单、新上名单、资料变动", "rank_changes",
    (
        shown("上期名次", "rank_before"),
        shown("本期名次", "rank_now"),
        shown("为什么", "why_text"),
        shown("收到的资料", "rows_text"),
    ),
    ("lead_id", "project_name", "unit_name", "cause", "is_own"),
)  # fmt: skip
READINGS = (NEWS, LEADS)
RECKONED = (Reckoned(SURFACE, "各段标题", "条数", "数的是本人看得到的行，拒绝联系的企业不在内"),)
OWN: Final = ("退出名单", "新上名单", "重新参加排序", "资料变动", "相关数据变动")


@router.get("/morning", summary="晨报")
def morning(request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep) -> Response:
    """Show what came in since the list before and what it did; leads by the viewer's reach."""
    if viewer.role == "admin":
        return RedirectResponse("/people", 303)
    published = list_in_use(desk)
    folder = published.snapshot.folder
    news, changes = NEWS.table(folder), LEADS.table(folder)
    if news is None or changes is None:
        raise HTTPException(404, "这份名单发布时还没有晨报")
    changes = without_refused(changes, database, published)
    changes = changes.filter(viewer.reach("detail").mask(changes["unit_name"]))
    changes = changes.filter(pc.fill_null(pc.equal(changes["is_own"], pa.scalar(True)), False))
    by_cause: dict[str, list[dict[str, Any]]] = {cause: [] for cause in OWN}
    for row in changes.to_pylist():
        by_cause.setdefault(row["cause"], []).append(row)
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in news.to_pylist():
        sections.setdefault(row["section"], []).append(row)
    return render(
        request, desk, "morning.html", viewer,
        conclusion=sections.get(CONCLUSION, []), received=sections.get(RECEIVED, []), stages=sections.get(STAGES, []),
        causes=sections.get(CAUSES, []), models=sections.get(MODELS, []), by_cause=by_cause, most=SHOWN,
    )  # fmt: skip
