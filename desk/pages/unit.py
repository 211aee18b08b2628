"""The unit (单位): arrears against the year's task, leads without contact, people's loads, assigning.

Belongs here: the unit head's page and bulk assignment. Does not belong here: district-wide boards (boards.py).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from desk import actions
from desk.listing import Filters
from desk.pages.context import (
    ClientId,
    DeskDep,
    FormDep,
    Line,
    Number,
    ReadDep,
    ViewerDep,
    hidden_leads,
    list_in_use,
    render,
)
from desk.pages.today import cards
from publishing.figures import Reading, Reckoned, shown
from publishing.periods import counted_year

router = APIRouter()
SHOWN = 40
SHOWN_LATE = 12
SURFACE = "单位页"
TASKS = Reading(
    SURFACE, "年度任务", "task_progress",
    (
        shown("指标", "indicator"),
        shown("完成", "done_value"),
        shown("任务", "target_text", "target_value"),
        shown("完成率", "completion_pct"),
        shown("距全年任务", "gap_value", "measure"),
        shown("时序欠账", "arrears_value", "measure"),
        shown("灯", "light"),
        shown("时序进度", "passed_pct"),
    ),
    ("unit_name", "target_year", "indicator_order"),
)  # fmt: skip
LEDGERS = Reading(
    SURFACE, "台账完整率", "unit_completeness",
    (
        shown("台账", "ledger_name"),
        shown("完整率", "filled_pct"),
        shown("行数", "row_count"),
        shown("需更正", "annotated_count"),
        shown("退回", "refused_count"),
        shown("缺填", "missing_text"),
    ),
    ("unit_name",),
)  # fmt: skip
READINGS = (TASKS, LEDGERS)
RECKONED = (Reckoned(SURFACE, "分派", "每人承办条数和名额", "办公桌自己的记录，夜里的看板还没有"),)


@router.get("/unit", summary="单位页")
def unit(
    request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep, name: Annotated[Line, Query()] = ""
) -> Response:
    """Show one unit's tasks with their arrears (时序欠账), and its leads to distribute."""
    published = list_in_use(desk)
    reach = viewer.reach("detail")
    choices = [u for u in sorted(published.units) if reach.covers(u)]
    chosen = name or viewer.unit_name or (choices[0] if choices else "")
    if not reach.covers(chosen) or chosen not in published.units:
        raise HTTPException(404)
    folder = published.snapshot.folder
    year = counted_year(published.as_of_date)
    tasks = TASKS.rows(folder, [("unit_name", "=", chosen), ("target_year", "=", year)])
    ledgers = LEDGERS.rows(folder, [("unit_name", "=", chosen)])
    hidden = hidden_leads(database, published)
    rows = published.select(Filters(unit=chosen), reach, hidden)
    page = published.page(rows, -1, SHOWN)
    due = published.overdue_of(chosen, hidden)
    late = [row for lead in due[:SHOWN_LATE] if (row := published.row(lead["lead_id"])) is not None]
    return render(
        request, desk, "unit.html", viewer,
        unit=chosen, choices=choices, tasks=tasks, ledgers=ledgers, cards=cards(desk, database, published, page.rows),
        late=cards(desk, database, published, late), late_count=len(due), total=page.total,
        people=actions.loads(database, viewer.units) if viewer.assigns else [],
        passed_pct=tasks[0]["passed_pct"] if tasks else None,
    )  # fmt: skip


@router.post("/assignments", summary="批量分派")
def assign(
    desk: DeskDep,
    viewer: FormDep,
    person_id: Annotated[Number, Form()],
    client_id: Annotated[ClientId, Form(max_length=56)],
    lead_id: Annotated[list[Line], Form(max_length=100)],
) -> Response:
    """Give leads to a person of the unit, within that person's capacity."""
    published = list_in_use(desk)
    with desk.sessions() as session:
        hidden = hidden_leads(session, published)
    rows = [published.row(lead) if lead not in hidden else None for lead in lead_id]
    if any(row is None for row in rows):
        raise HTTPException(404, "有线索已不在名单上，请刷新后重选")
    with desk.sessions() as session:
        leads = [(row["lead_id"], row["unit_name"]) for row in rows if row is not None]
        actions.assign(session, viewer, leads, person_id, client_id, desk.now())
        session.commit()
    return RedirectResponse("/unit#people", 303)
