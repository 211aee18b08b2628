"""Handing a lead over (移交): asked by the unit that has it or by the one that wants it, answered by the other.

Belongs here: who may ask and answer, and what stands. Does not belong here: the page (pages/transfers.py), what the night makes of
it (the ledger 线索流转), whose the credit stays (首谈: models/ownership).

A request carries the giving unit as its unit, whoever asked. Contacts are not handed over: they stay with their unit.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Viewer
from desk.actions import Conflict, Invalid, NotAllowed, event_of, locked, seen_before, taken_back
from desk.store.models import Assignment, Event, Person


@dataclass(frozen=True)
class Transfer:
    """The last request about a lead that nobody took back. `is_accepted` is None while it waits."""

    event: Event
    person_name: str
    reply: Event | None

    @property
    def giver(self) -> str:
        return self.event.unit_name

    @property
    def taker(self) -> str:
        return str((self.event.detail or {}).get("to_unit_name"))

    @property
    def asker(self) -> str:
        """The unit that asked."""
        return str((self.event.detail or {}).get("asked_by_unit_name"))

    @property
    def answerer(self) -> str:
        """The unit that answers: the other one."""
        return self.taker if self.asker == self.giver else self.giver

    @property
    def is_accepted(self) -> bool | None:
        return None if self.reply is None else bool((self.reply.detail or {}).get("is_accepted"))


def standing_transfer(session: Session, lead_id: str) -> Transfer | None:
    """Give the last request about a lead."""
    found = session.execute(
        sa.select(Event, Person.person_name)
        .join(Person, Person.person_id == Event.person_id)
        .where(Event.lead_id == lead_id, Event.kind == "transfer_request", ~taken_back(Event))
        .order_by(Event.event_id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    replies = session.scalars(sa.select(Event).where(Event.lead_id == lead_id, Event.kind == "transfer_reply"))
    reply = next((r for r in replies if (r.detail or {}).get("request_event_id") == found[0].event_id), None)
    return Transfer(found[0], found[1], reply)


def may_answer(viewer: Viewer, transfer: Transfer) -> bool:
    """Say whether a viewer answers for the other unit: its head does."""
    return viewer.assigns and viewer.reach("write").covers(transfer.answerer)


def ask(
    session: Session, viewer: Viewer, *, lead_id: str, unit: str, to_unit: str, reason: str, client_id: str, now: dt.datetime
) -> Event:  # fmt: skip
    """Ask for a lead of `unit` to go to `to_unit`; one of both is the viewer's own. One request waits at a time."""
    reach = viewer.reach("write")
    if not (reach.covers(unit) or reach.covers(to_unit)):
        raise NotAllowed("只有线索的负责单位或要接手的单位可以申请移交")
    if unit == to_unit:
        raise Invalid(f"线索已由{unit}负责，接收单位应为另一个单位")
    if not reason:
        raise Invalid("移交原因不能为空")
    locked(session, lead_id)
    if before := seen_before(session, viewer, client_id):
        return before
    standing = standing_transfer(session, lead_id)
    if standing and standing.is_accepted is None:
        raise Conflict(f"{standing.person_name}已申请由{standing.giver}移交{standing.taker}，待{standing.answerer}答复")
    if standing and standing.is_accepted and standing.giver == unit:
        raise Conflict(f"已同意移交{standing.taker}，今夜更新名单后生效")
    asker = unit if reach.covers(unit) else to_unit
    event = event_of(
        viewer, client_id, "transfer_request", lead_id, unit, now,
        content=reason, detail={"to_unit_name": to_unit, "asked_by_unit_name": asker},
    )  # fmt: skip
    session.add(event)
    session.flush()
    audit.append(session, now, viewer.login, "申请移交", lead_id, {"转出": unit, "转入": to_unit})
    return event


def reply(
    session: Session, viewer: Viewer, *, event_id: int, is_accepted: bool, client_id: str, now: dt.datetime
) -> Event:  # fmt: skip
    """Accept or send back a request; the holder of the lead is free of it from then on."""
    request = session.get(Event, event_id)
    if request is None or request.kind != "transfer_request":
        raise NotAllowed("没有这项移交申请")
    lead_id = request.lead_id
    session.rollback()  # what was read so far did not write
    locked(session, lead_id)
    if before := seen_before(session, viewer, client_id):
        return before
    standing = standing_transfer(session, request.lead_id)
    if standing is None or standing.event.event_id != event_id:
        raise Conflict("这项移交申请已撤回，请刷新")
    if not may_answer(viewer, standing):
        raise NotAllowed(f"这项移交由{standing.answerer}的负责人答复")
    if standing.reply is not None:
        raise Conflict("这项移交已经答复过：" + ("同意" if standing.is_accepted else "退回"))
    event = event_of(
        viewer, client_id, "transfer_reply", request.lead_id, standing.giver, now,
        detail={"request_event_id": event_id, "is_accepted": is_accepted, "to_unit_name": standing.taker},
    )  # fmt: skip
    session.add(event)
    if is_accepted:
        session.execute(sa.delete(Assignment).where(Assignment.lead_id == request.lead_id))
    session.flush()
    detail = {"转出": standing.giver, "转入": standing.taker, "同意": is_accepted}
    audit.append(session, now, viewer.login, "答复移交", request.lead_id, detail)
    return event


def withdraw(session: Session, viewer: Viewer, event_id: int, client_id: str, now: dt.datetime) -> Event:
    """Take back one's own request while nobody answered it."""
    request = session.get(Event, event_id)
    if request is None or request.kind != "transfer_request" or request.person_id != viewer.person_id:
        raise NotAllowed("只能撤回自己的移交申请")
    lead_id = request.lead_id
    session.rollback()  # what was read so far did not write
    locked(session, lead_id)
    standing = standing_transfer(session, request.lead_id)
    if standing is None or standing.event.event_id != event_id:
        return request
    if standing.reply is not None:
        raise Conflict("这项移交已经答复，不能撤回")
    event = event_of(viewer, client_id, "undo", request.lead_id, request.unit_name, now, undone_event_id=event_id)
    session.add(event)
    session.flush()
    return request
