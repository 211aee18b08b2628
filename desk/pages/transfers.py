"""Handing a lead over, on its page (移交).

Belongs here: addresses of the forms. Does not belong here: who may ask and answer (desk/transfers.py).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from desk import transfers
from desk.actions import Invalid
from desk.pages.context import ClientId, DeskDep, FormDep, Line, Number, Paragraph, list_in_use
from desk.pages.lead import LeadId, found_lead

router = APIRouter()


def back(lead_id: str) -> Response:
    """Go back to the lead."""
    return RedirectResponse(f"/lead?{urlencode({'id': lead_id})}#transfer", 303)


@router.post("/transfers", summary="申请移交")
def ask(
    desk: DeskDep,
    viewer: FormDep,
    lead_id: LeadId,
    to_unit: Annotated[Line, Form(min_length=1)],
    reason: Annotated[Paragraph, Form()],
    client_id: Annotated[ClientId, Form()],
) -> Response:
    """Ask for a lead to go to another unit."""
    published = list_in_use(desk)
    if to_unit not in published.units:
        raise Invalid("接收单位不在单位名录里")
    with desk.sessions() as session:
        row = found_lead(published, session, lead_id)
    with desk.sessions() as session:
        transfers.ask(
            session, viewer, lead_id=lead_id, unit=row["unit_name"], to_unit=to_unit, reason=reason,
            client_id=client_id, now=desk.now(),
        )  # fmt: skip
        session.commit()
    return back(lead_id)


@router.post("/transfers/reply", summary="答复移交")
def reply(
    desk: DeskDep,
    viewer: FormDep,
    event_id: Annotated[Number, Form()],
    is_accepted: Annotated[bool, Form()],
    client_id: Annotated[ClientId, Form()],
) -> Response:
    """Accept a lead, let it go, or send the request back."""
    with desk.sessions() as session:
        event = transfers.reply(
            session, viewer, event_id=event_id, is_accepted=is_accepted, client_id=client_id, now=desk.now()
        )
        lead_id = event.lead_id
        session.commit()
    return back(lead_id)


@router.post("/transfers/withdraw", summary="撤回移交申请")
def withdraw(
    desk: DeskDep, viewer: FormDep, event_id: Annotated[Number, Form()], client_id: Annotated[ClientId, Form()]
) -> Response:
    """Take back one's own request."""
    with desk.sessions() as session:
        lead_id = transfers.withdraw(session, viewer, event_id, client_id, desk.now()).lead_id
        session.commit()
    return back(lead_id)
