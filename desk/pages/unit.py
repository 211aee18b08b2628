"""The unit (单位): arrears against the year's task, leads without contact, people's loads, assigning.

Belongs here: the unit head's page and bulk assignment. Does not belong here: district-wide boards (boards.py).
"""

from __future__ import annotations

from typing import Annotated

import pyarrow.compute as pc
from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from desk import actions
from desk.boards import read_table
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

router = APIRouter()
SHOWN = 40


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
    targets = read_table(published.snapshot.folder, "unit_targets")
    tasks = []
    if targets is not None:
        of_unit = targets.filter(pc.equal(targets["unit_name"], chosen)).to_pylist()
        year = max((t["target_year"] for t in of_unit if t["target_year"] <= published.as_of_date.year), default=None)
        tasks = [t for t in of_unit if t["target_year"] == year]
    rows = published.select(Filters(unit=chosen), reach.mask(published.table["unit_name"]), hidden_leads(database))
    page = published.page(rows, -1, SHOWN)
    shown = cards(desk, database, published, desk.lists.before(published), page.rows)
    late = [
        c for c in shown if c["next_step"] and ("首次联系，" in c["next_step"] or c["next_step"].startswith("回访"))
    ]
    return render(
        request, desk, "unit.html", viewer,
        unit=chosen, choices=choices, tasks=tasks, cards=shown, late=late, total=page.total,
        people=actions.loads(database, viewer.units) if viewer.assigns else [],
        month_share=published.as_of_date.timetuple().tm_yday / 365,
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
    rows = [published.row(lead) for lead in lead_id]
    if any(row is None for row in rows):
        raise HTTPException(404, "有线索已不在名单上，请刷新后重选")
    with desk.sessions() as session:
        leads = [(row["lead_id"], row["unit_name"]) for row in rows if row is not None]
        actions.assign(session, viewer, leads, person_id, client_id, desk.now())
        session.commit()
    return RedirectResponse("/unit#people", 303)
