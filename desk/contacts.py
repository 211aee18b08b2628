"""Contact persons (联系人): kept by their unit, masked, revealed with a reason and a daily limit, deleted, refused.

Belongs here: every rule over `contacts` and `refusals`. Does not belong here: the lead itself, pages.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Viewer, masked_name, masked_phone
from desk.actions import Conflict, Invalid, NotAllowed, locked
from desk.listing import PublishedList
from desk.store.keys import keyed_hash
from desk.store.models import AuditEntry, Contact, Refusal

REVEAL: Final = "查看电话"
_PHONE = re.compile(r"^\+?[0-9][0-9 -]{5,20}$")


@dataclass(frozen=True)
class MaskedContact:
    """What a list may show of a contact."""

    contact_id: int
    person: str
    phone: str
    position: str
    source: str


def of_lead(session: Session, viewer: Viewer, lead_id: str) -> list[MaskedContact]:
    """Give the contacts of a lead that the viewer's units keep, masked."""
    found = session.scalars(
        sa.select(Contact)
        .where(
            Contact.lead_id == lead_id, Contact.deleted_at.is_(None), viewer.reach("private").clause(Contact.unit_name)
        )
        .order_by(Contact.contact_id)
    )
    return [
        MaskedContact(c.contact_id, masked_name(c.contact_person or ""), masked_phone(c.contact_phone or ""), c.position or "", c.source)
        for c in found
    ]  # fmt: skip


def _own(session: Session, viewer: Viewer, contact_id: int) -> Contact:
    """Give a contact of the viewer's units; another's looks as if it did not exist."""
    contact = session.get(Contact, contact_id)
    if contact is None or contact.deleted_at or not viewer.reach("private").covers(contact.unit_name):
        raise NotAllowed("没有这位联系人，或者不由你单位保管")
    return contact


def _digits(phone: str) -> str:
    folded = phone.translate(str.maketrans("０１２３４５６７８９－＋　", "0123456789-+ ")).strip()
    if not _PHONE.match(folded):
        raise Invalid("联系电话应为 6 至 20 位数字，可带区号和连字符")
    digits = re.sub(r"\D", "", folded)
    return digits[2:] if digits.startswith("86") and len(digits) == 13 else digits


def _not_refused(session: Session, phone: str) -> None:
    value = keyed_hash(session, "refused phones", phone)
    if session.scalar(sa.select(Refusal.refusal_id).where(Refusal.kind == "phone", Refusal.value == value)):
        raise Conflict("这个号码的主人已拒绝联系，不能再登记")


def add(
    session: Session, viewer: Viewer, lead_id: str, unit: str, person: str, phone: str, position: str, source: str, now: dt.datetime
) -> Contact:  # fmt: skip
    """Keep a contact for the viewer's unit; where it comes from must be said."""
    if not viewer.reach("private").covers(unit):
        raise NotAllowed("只有负责单位可以登记联系人")
    if not person or not source:
        raise Invalid("联系人和信息来源不能为空")
    locked(session, "contacts")
    digits = _digits(phone)
    _not_refused(session, digits)
    same = session.scalar(
        sa.select(Contact).where(
            Contact.lead_id == lead_id,
            Contact.unit_name == unit,
            Contact.contact_phone == digits,
            Contact.deleted_at.is_(None),
        )
    )
    if same:
        return same
    contact = Contact(
        lead_id=lead_id, unit_name=unit, contact_person=person[:64], contact_phone=digits, position=position[:64] or None,
        source=source, created_by=viewer.person_id, created_at=now,
    )  # fmt: skip
    session.add(contact)
    session.flush()
    audit.append(
        session, now, viewer.login, "登记联系人", f"联系人 {contact.contact_id}", {"线索": lead_id, "来源": source}
    )
    return contact


def reveal(
    session: Session, viewer: Viewer, contact_id: int, reason: str, a_day: int, now: dt.datetime, day_start: dt.datetime
) -> tuple[Contact, int]:
    """Give a contact in full and how often the viewer may still look today; logged before it is shown."""
    if len(reason) < 2:
        raise Invalid("请写明查看电话的事由")
    locked(session, f"reveal {viewer.person_id}")
    contact = _own(session, viewer, contact_id)
    used = session.scalar(
        sa.select(sa.func.count()).select_from(AuditEntry).where(
            AuditEntry.actor == viewer.login, AuditEntry.action == REVEAL, AuditEntry.recorded_at >= day_start
        )
    ) or 0  # fmt: skip
    if used >= a_day:
        raise NotAllowed(f"今天已查看 {used} 次电话，达到每日上限；如确需查看，请联系单位负责人")
    audit.append(session, now, viewer.login, REVEAL, f"联系人 {contact_id}", {"线索": contact.lead_id, "事由": reason})
    return contact, a_day - used - 1


def correct(
    session: Session, viewer: Viewer, contact_id: int, person: str, phone: str, position: str, now: dt.datetime
) -> Contact:
    """Correct a contact; the log tells which fields, never what they said."""
    locked(session, "contacts")
    contact = _own(session, viewer, contact_id)
    changed = []
    if person and person != contact.contact_person:
        contact.contact_person = person[:64]
        changed.append("姓名")
    if phone:
        digits = _digits(phone)
        _not_refused(session, digits)
        if digits != contact.contact_phone:
            contact.contact_phone = digits
            changed.append("电话")
    if position and position != contact.position:
        contact.position = position[:64]
        changed.append("职务")
    audit.append(session, now, viewer.login, "更正联系人", f"联系人 {contact_id}", {"更正": changed})
    return contact


def delete(session: Session, viewer: Viewer, contact_id: int, reason: str, now: dt.datetime) -> Contact:
    """Delete a contact: the personal columns are emptied at once, the row and the log stay."""
    locked(session, "contacts")
    contact = _own(session, viewer, contact_id)
    _empty(contact, now)
    audit.append(session, now, viewer.login, "删除联系人", f"联系人 {contact_id}", {"事由": reason})
    return contact


def refuse(session: Session, viewer: Viewer, contact_id: int, reason: str, now: dt.datetime) -> Contact:
    """Note that a person refuses contact: the phone goes from every unit, and can't be kept again."""
    locked(session, "contacts")
    contact = _own(session, viewer, contact_id)
    phone = contact.contact_phone or ""
    value = keyed_hash(session, "refused phones", phone)
    if not session.scalar(sa.select(Refusal.refusal_id).where(Refusal.kind == "phone", Refusal.value == value)):
        session.add(
            Refusal(kind="phone", value=value, unit_name=contact.unit_name, reason=reason, person_id=viewer.person_id, refused_at=now)
        )  # fmt: skip
    everywhere = session.scalars(sa.select(Contact).where(Contact.contact_phone == phone, Contact.deleted_at.is_(None)))
    numbers = []
    for found in everywhere:
        numbers.append(found.contact_id)
        _empty(found, now)
    audit.append(session, now, viewer.login, "拒绝联系", f"联系人 {contact_id}", {"事由": reason, "一并删除": numbers})
    return contact


def refused_leads(session: Session, published: PublishedList) -> frozenset[str]:
    """Give the leads that refuse contact (拒绝联系), with all others of the same firms: they are on no page."""
    found = session.execute(sa.select(Refusal.kind, Refusal.value).where(Refusal.kind.in_(("lead", "firm")))).all()
    leads = {value for kind, value in found if kind == "lead"}
    # A lead refused before firms were noted stands for its firm as long as it is on the list.
    marks = {value for kind, value in found if kind == "firm"} | {m for x in leads for m in published.marks_of(x)}
    return frozenset(leads.union(*(published.firm_leads.get(mark, ()) for mark in marks)))


def refused_firms(session: Session) -> frozenset[str]:
    """Give the marks of all firms that have refused contact."""
    return frozenset(session.scalars(sa.select(Refusal.value).where(Refusal.kind == "firm")))


def refuses(session: Session, marks: Sequence[str]) -> bool:
    """Say whether a firm with one of these marks has refused contact."""
    asked = sa.select(Refusal.refusal_id).where(Refusal.kind == "firm", Refusal.value.in_(list(marks)))
    return session.scalar(asked.limit(1)) is not None


def refuse_lead(
    session: Session, viewer: Viewer, lead_id: str, unit: str, reason: str, now: dt.datetime, marks: Sequence[str] = ()
) -> None:
    """Note that an enterprise refuses contact: none of its leads is on a list any more, whoever reported them.

    `marks` is what the firm is known by (desk.listing.firm_marks): hashes, so that a later lead of it is hidden too.
    """
    if not viewer.reach("write").covers(unit):
        raise NotAllowed("只有负责单位可以登记拒绝联系")
    if not reason:
        raise Invalid("请写明拒绝联系的情况")
    locked(session, "contacts")
    if session.scalar(sa.select(Refusal.refusal_id).where(Refusal.kind == "lead", Refusal.value == lead_id)):
        return
    session.add(
        Refusal(kind="lead", value=lead_id, unit_name=unit, reason=reason, person_id=viewer.person_id, refused_at=now)
    )
    known = set(session.scalars(sa.select(Refusal.value).where(Refusal.kind == "firm", Refusal.value.in_(list(marks)))))
    for mark in set(marks) - known:
        session.add(
            Refusal(kind="firm", value=mark, unit_name=unit, reason=reason, person_id=viewer.person_id, refused_at=now)
        )
    audit.append(session, now, viewer.login, "拒绝联系", f"线索 {lead_id}", {"事由": reason})


def _empty(contact: Contact, now: dt.datetime) -> None:
    contact.contact_person = contact.contact_phone = contact.position = None
    contact.deleted_at = now
