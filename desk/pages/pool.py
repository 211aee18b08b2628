"""The shared pool (线索池) and reporting a new lead (首报首谈).

Belongs here: what every unit may know of any lead, and the answer to "is it taken?". Does not belong here: the list (today.py).
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response

from desk import actions, audit
from desk.access import EVERYTHING, SHARED_COLUMNS
from desk.contacts import refuses
from desk.listing import Filters, PublishedList, firm_marks
from desk.pages.context import (
    ClientId,
    DeskDep,
    FormDep,
    Line,
    Paragraph,
    ReadDep,
    ViewerDep,
    hidden_leads,
    list_in_use,
    new_client_id,
    render,
)
from desk.store.models import Event

router = APIRouter()


def shared(published: PublishedList, row: dict[str, Any]) -> dict[str, Any]:
    """Give of a lead what everybody may know, and no more."""
    known = {**row, **published.fact(row["lead_id"])}
    return {name: known.get(name) for name in SHARED_COLUMNS}


@router.get("/pool", summary="线索池")
def pool(
    request: Request,
    desk: DeskDep,
    database: ReadDep,
    viewer: ViewerDep,
    q: Annotated[Line, Query()] = "",
    unit: Annotated[Line, Query()] = "",
    stage: Annotated[Line, Query()] = "",
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Show that leads exist, whose they are and how far they came."""
    published, start = desk.lists.continued(after, list_in_use(desk))
    rows = published.select(Filters(q, unit, "", stage, "", ""), EVERYTHING, hidden_leads(database, published))
    page = published.page(rows, start, desk.rules.limits.rows_a_page, is_shared=True)
    return render(
        request, desk, "pool.html", viewer,
        page=page, leads=[shared(published, r) for r in page.rows], asked={"q": q, "unit": unit, "stage": stage},
        units=sorted(published.units), shown_list=published, is_first=start < 0,
    )  # fmt: skip


def taken(published: PublishedList, enterprise: str, uscc: str) -> list[dict[str, Any]]:
    """Give the leads of the same enterprise by code, else by name as written, if that names one."""
    table = published.light
    same = pc.equal(table["enterprise_name"], pa.scalar(published.firm_name(enterprise), pa.string()))
    if uscc:
        same = pc.or_kleene(same, pc.fill_null(pc.equal(table["uscc"], uscc), False))
    rows = published.in_shared_order(np.flatnonzero(pc.fill_null(same, False).to_numpy(zero_copy_only=False)))
    return [shared(published, row) for row in table.take(pa.array(rows)).to_pylist()]


@router.get("/report", summary="报备新线索页")
def report_page(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Show the form."""
    if not viewer.unit_name or not viewer.reach("write").covers(viewer.unit_name):
        raise HTTPException(403, "只有责任单位的人可以报备线索")
    return render(request, desk, "report.html", viewer, conflicts=[], done=None, asked={})


@router.post("/report", summary="报备新线索")
def report(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    client_id: Annotated[ClientId, Form()],
    project_name: Annotated[Line, Form(min_length=2)],
    enterprise_name: Annotated[Line, Form(min_length=2)],
    uscc: Annotated[Line, Form(max_length=18)] = "",
    content: Annotated[Paragraph, Form()] = "",
    as_new_project: Annotated[bool, Form()] = False,
) -> Response:
    """Report a lead. If the enterprise is on the list already, its first unit is named and nothing is written.

    Another project of the same enterprise may still be reported: the night decides who was first (首报首谈).
    """
    if not viewer.unit_name or not viewer.reach("write").covers(viewer.unit_name):
        raise HTTPException(403, "只有责任单位的人可以报备线索")
    asked = {"project_name": project_name, "enterprise_name": enterprise_name, "uscc": uscc, "content": content}
    published = list_in_use(desk)
    if uscc and desk.read_code is not None:
        try:
            uscc = desk.read_code(uscc) or ""
        except ValueError as wrong:
            return render(
                request,
                desk,
                "report.html",
                viewer,
                422,
                conflicts=[],
                done=None,
                asked=asked,
                problem="；".join(wrong.args),
            )
        asked["uscc"] = uscc
    with desk.sessions() as session:
        if refuses(session, firm_marks(published.firm_name(enterprise_name), uscc)):
            raise actions.Conflict("这家企业已拒绝联系，不能报备")
        hidden = hidden_leads(session, published)
    conflicts = [c for c in taken(published, enterprise_name, uscc.upper()) if c["lead_id"] not in hidden]
    same = [c for c in conflicts if c["project_name"] == project_name]
    if same or (conflicts and not as_new_project):
        return render(
            request, desk, "report.html", viewer, 409, conflicts=conflicts, done=None, asked=asked, is_same=bool(same)
        )
    with desk.sessions() as session:
        actions.locked(session, "report")
        event = actions.seen_before(session, viewer, client_id)
        if event is None:
            event = Event(
                client_id=client_id, kind="report", lead_id=f"DESK-{new_client_id()[:12]}", unit_name=viewer.unit_name,
                person_id=viewer.person_id, recorded_at=desk.now(), content=content or None, detail=asked,
            )  # fmt: skip
            session.add(event)
            session.flush()
            audit.append(session, desk.now(), viewer.login, "报备线索", event.lead_id, {"单位": viewer.unit_name})
        session.commit()
    return render(request, desk, "report.html", viewer, conflicts=[], done=event, asked={})
