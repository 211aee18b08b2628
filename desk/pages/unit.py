"""The unit (单位): arrears against the year's task, leads without contact, people's loads, assigning.

Belongs here: the unit head's page and bulk assignment. Does not belong here: district-wide boards (boards.py).
"""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
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
from publishing.boards import read_table
from publishing.periods import counted_year

router = APIRouter()
SHOWN = 40
SHOWN_LATE = 12


@router.get("/unit", summary="单位页")
def unit(
    request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep, name: Annotated[Line, Query()] = ""
) -> Response:
    """Show one unit's arrears (欠账) and its leads to distribute."""
    published = list_in_use(desk)
    reach = viewer.reach("detail")
    choices = [u for u in sorted(published.units) if reach.covers(u)]
    chosen = name or viewer.unit_name or (choices[0] if choices else "")
    if not reach.covers(chosen) or chosen not in published.units:
        raise HTTPException(404)
    progress = read_table(published.snapshot.folder, "task_progress")
    tasks = []
    if progress is not None:
        of_unit = progress.filter(pc.equal(progress["unit_name"], chosen))
        tasks = of_unit.filter(pc.equal(of_unit["target_year"], counted_year(published.as_of_date))).to_pylist()
    ledgers = read_table(published.snapshot.folder, "unit_completeness", [("unit_name", "=", chosen)])
    rows = published.select(Filters(unit=chosen), reach, hidden_leads(database, published))
    page = published.page(rows, -1, SHOWN)
    rule, before = desk.rules, desk.lists.before(published)
    due = published.contacts_due(rows, rule.first_contact_days, rule.follow_up_days)
    late = published.table.take(pa.array(due[:SHOWN_LATE], pa.int64())).to_pylist()
    return render(
        request, desk, "unit.html", viewer,
        unit=chosen, choices=choices, tasks=tasks, ledgers=ledgers.to_pylist() if ledgers is not None else [], cards=cards(desk, database, published, before, page.rows),
        late=cards(desk, database, published, before, late), late_count=len(due), total=page.total,
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
