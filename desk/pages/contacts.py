"""Contacts on the lead page (联系人). Belongs here: their forms. Does not belong here: their rules (desk/contacts.py).

Belongs here: addresses of contacts. Does not belong here: showing a lead (lead.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from desk import contacts
from desk.ledgers import OFFICE_ZONE
from desk.pages.context import DeskDep, FormDep, Line, Number, list_in_use, render
from desk.pages.lead import found_lead

router = APIRouter()
Phone = Annotated[Line, Form(max_length=32)]


def back(lead_id: str) -> Response:
    """Go back to the lead."""
    return RedirectResponse(f"/lead?{urlencode({'id': lead_id})}#contacts", 303)


@router.post("/contacts", summary="登记联系人")
def add(
    desk: DeskDep,
    viewer: FormDep,
    lead_id: Annotated[Line, Form()],
    person: Annotated[Line, Form()],
    phone: Phone,
    source: Annotated[Line, Form()],
    position: Annotated[Line, Form()] = "",
) -> Response:
    """Keep a contact for the unit of the lead."""
    with desk.sessions() as session:
        row = found_lead(list_in_use(desk), session, lead_id)
    with desk.sessions() as session:
        contacts.add(session, viewer, lead_id, row["unit_name"], person, phone, position, source, desk.now())
        session.commit()
    return back(lead_id)


@router.post("/contacts/reveal", summary="查看完整电话")
def reveal(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    contact_id: Annotated[Number, Form()],
    reason: Annotated[Line, Form()],
) -> Response:
    """Show a contact in full, once; the page is not kept anywhere."""
    now = desk.now()
    day_start = dt.datetime.combine(desk.today, dt.time(), OFFICE_ZONE)
    with desk.sessions() as session:
        found, left = contacts.reveal(
            session, viewer, contact_id, reason, desk.rules.limits.reveals_a_day, now, day_start
        )
        session.commit()
    return render(request, desk, "revealed.html", viewer, contact=found, left=left)


@router.post("/contacts/correct", summary="更正联系人")
def correct(
    desk: DeskDep,
    viewer: FormDep,
    contact_id: Annotated[Number, Form()],
    person: Annotated[Line, Form()] = "",
    phone: Phone = "",
    position: Annotated[Line, Form()] = "",
) -> Response:
    """Correct a contact; what is left blank stays."""
    with desk.sessions() as session:
        found = contacts.correct(session, viewer, contact_id, person, phone, position, desk.now())
        lead_id = found.lead_id
        session.commit()
    return back(lead_id)


@router.post("/contacts/delete", summary="删除联系人")
def delete(
    desk: DeskDep, viewer: FormDep, contact_id: Annotated[Number, Form()], reason: Annotated[Line, Form()] = ""
) -> Response:
    """Delete a contact."""
    with desk.sessions() as session:
        lead_id = contacts.delete(session, viewer, contact_id, reason, desk.now()).lead_id
        session.commit()
    return back(lead_id)


@router.post("/contacts/refuse", summary="联系人拒绝联系")
def refuse(
    desk: DeskDep, viewer: FormDep, contact_id: Annotated[Number, Form()], reason: Annotated[Line, Form()]
) -> Response:
    """Note a refusal; the phone disappears from every unit."""
    with desk.sessions() as session:
        lead_id = contacts.refuse(session, viewer, contact_id, reason, desk.now()).lead_id
        session.commit()
    return back(lead_id)


@router.post("/leads/refuse", summary="企业拒绝联系")
def refuse_lead(
    desk: DeskDep, viewer: FormDep, lead_id: Annotated[Line, Form()], reason: Annotated[Line, Form()]
) -> Response:
    """Note that the enterprise refuses; the lead leaves every list."""
    published = list_in_use(desk)
    with desk.sessions() as session:
        row = found_lead(published, session, lead_id)
    with desk.sessions() as session:
        marks = published.marks_of(lead_id)
        contacts.refuse_lead(session, viewer, lead_id, row["unit_name"], reason, desk.now(), marks)
        session.commit()
    return RedirectResponse("/", 303)
