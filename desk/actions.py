"""What people do with a lead (动作): answers, follow-ups, undo, claims, assignments. Each is an event, written once.

Belongs here: the rules of writing, and reading back what stands. Does not belong here: who is signed in, pages, contacts.

A form carries a `client_id`: posted twice, by a double tap or a replay, it gives the same event. Two people who answer at
once are put in order by a lock on the lead; the second is told of the first.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from desk import audit
from desk.access import Viewer
from desk.rules import LEVELS, METHODS, RESULTS, Rules
from desk.store.database import writing
from desk.store.models import Assignment, Event, Person

_LOCK_SPACE = 4207
_LEADS: Final[sa.BindParameter[Any]] = sa.bindparam("leads", expanding=True)
# Statements of every page are put together once: that takes as long as running them.
_LATER: Final = aliased(Event)
_STANDING: Final = (
    sa.select(Event, Person.person_name)
    .join(Person, Person.person_id == Event.person_id)
    .outerjoin(_LATER, _LATER.undone_event_id == Event.event_id)
    .where(Event.kind == "answer", Event.lead_id.in_(_LEADS), _LATER.event_id.is_(None))
    .order_by(Event.event_id)
)
_HOLDERS: Final = (
    sa.select(Assignment.lead_id, Person.person_id, Person.person_name)
    .join(Person, Person.person_id == Assignment.person_id)
    .where(Assignment.lead_id.in_(_LEADS))
)


class NotAllowed(Exception):
    """The viewer may not do this; the message says why."""


class Invalid(Exception):
    """What was filled in can't be taken; the message names the field."""


class Conflict(Exception):
    """Somebody else was first; the message names who, and what to do."""


@dataclass(frozen=True)
class Answer:
    """The answer that stands for a lead."""

    event: Event
    person_name: str


def locked(session: Session, name: str) -> Session:
    """Begin writing, one at a time for everything that shares the name."""
    return locked_many(session, [name])


def locked_many(session: Session, names: Sequence[str]) -> Session:
    """Begin writing, one at a time for each of the names; locks are taken in order, so that two can't wait for each other."""
    writing(session)
    if session.get_bind().dialect.name == "postgresql":
        for number in sorted({zlib.crc32(name.encode("utf-8", "surrogatepass")) - 2**31 for name in names}):
            session.execute(
                sa.text("SELECT pg_advisory_xact_lock(:space, :number)"), {"space": _LOCK_SPACE, "number": number}
            )
    return session


def seen_before(session: Session, viewer: Viewer, client_id: str) -> Event | None:
    """Return the event that a person already sent under this client id, if any."""
    return session.scalar(sa.select(Event).where(Event.person_id == viewer.person_id, Event.client_id == client_id))


def event_of(
    viewer: Viewer, client_id: str, kind: str, lead_id: str, unit: str, at: dt.datetime, **values: Any
) -> Event:
    """Give a new event of a person."""
    return Event(
        client_id=client_id, kind=kind, lead_id=lead_id, unit_name=unit, person_id=viewer.person_id, recorded_at=at, **values
    )  # fmt: skip


def _may_write(viewer: Viewer, unit: str) -> None:
    if not viewer.reach("write").covers(unit):
        raise NotAllowed(f"这条线索由{unit}负责，只有该单位的人能填")


def standing_answers(session: Session, lead_ids: Sequence[str]) -> dict[str, Answer]:
    """Give the last answer of each lead that nobody took back."""
    found = session.execute(_STANDING, {"leads": lead_ids})
    return {event.lead_id: Answer(event, name) for event, name in found}


def answer(
    session: Session,
    viewer: Viewer,
    rules: Rules,
    *,
    lead_id: str,
    unit: str,
    word: str,
    reason: str,
    client_id: str,
    seen_event_id: int,
    snapshot_id: str,
    now: dt.datetime,
    today: dt.date,
) -> Event:
    """Record a thirty-second answer. `seen_event_id` is the answer that the page showed (0 for none)."""
    _may_write(viewer, unit)
    if problem := answer_problem(rules, word, reason):
        raise Invalid(problem)
    locked(session, lead_id)
    if before := seen_before(session, viewer, client_id):
        return before
    standing = standing_answers(session, [lead_id]).get(lead_id)
    if standing and standing.event.event_id != seen_event_id and standing.event.person_id != viewer.person_id:
        raise Conflict(
            f"{standing.person_name}刚答复了“{standing.event.result}”，你的答复没有记录；如仍要改，请再答一次"
        )
    event = event_of(
        viewer, client_id, "answer", lead_id, unit, now,
        snapshot_id=snapshot_id, result=word, lost_reason=reason or None, follow_up_date=today, method="电话",
    )  # fmt: skip
    session.add(event)
    session.flush()
    return event


def answer_problem(rules: Rules, word: str, reason: str) -> str:
    """Say what is wrong with an answer; empty if nothing is."""
    if word not in rules.answers:
        return f"答复应为 {'、'.join(rules.answers)} 之一"
    if reason and reason not in rules.answers[word]:
        return f"“{word}”的理由应为 {'、'.join(rules.answers[word])} 之一"
    return ""


def undo(session: Session, viewer: Viewer, event_id: int, client_id: str, now: dt.datetime, minutes: int) -> Event:
    """Take back one's own answer or follow-up within some minutes; both stay in the events."""
    locked(session, f"undo {event_id}")
    event = session.get(Event, event_id)
    if event is None or event.person_id != viewer.person_id or event.kind not in ("answer", "follow_up"):
        raise NotAllowed("只能撤销自己的答复或跟进")
    if session.scalar(sa.select(Event.event_id).where(Event.undone_event_id == event_id)):
        return event
    if now - event.recorded_at > dt.timedelta(minutes=minutes):
        raise NotAllowed(f"超过 {minutes} 分钟，不能撤销；请另记一次")
    session.add(event_of(viewer, client_id, "undo", event.lead_id, event.unit_name, now, undone_event_id=event_id))
    session.flush()
    return event


def taken_back(event: Any) -> sa.ColumnElement[bool]:
    """Say of events whether a later one took them back or corrected them."""
    later = aliased(Event)
    return sa.exists().where(later.undone_event_id == event.event_id)


def correct(
    session: Session, viewer: Viewer, rules: Rules, *, event_id: int, word: str, reason: str, client_id: str, now: dt.datetime
) -> Event:  # fmt: skip
    """Correct an answer that can't be undone any more: a new answer of the same day that names the old one.

    By who gave it, or the head of the unit. The old one stays in the events; the night reads the new one only.
    """
    old = session.get(Event, event_id)
    if old is None or old.kind != "answer" or not viewer.reach("write").covers(old.unit_name):
        raise NotAllowed("没有这次答复，或者它不属于你的单位")
    if old.person_id != viewer.person_id and not viewer.assigns:
        raise NotAllowed("只有答复人和单位负责人可以更正")
    if problem := answer_problem(rules, word, reason):
        raise Invalid(problem)
    lead_id = old.lead_id
    session.rollback()  # what was read so far did not write
    locked(session, lead_id)
    if before := seen_before(session, viewer, client_id):
        return before
    if session.scalar(sa.select(Event.event_id).where(Event.undone_event_id == event_id)):
        raise Conflict("这次答复已经更正或撤销过，请刷新后再看")
    event = event_of(
        viewer, client_id, "answer", old.lead_id, old.unit_name, now, undone_event_id=event_id,
        snapshot_id=old.snapshot_id, result=word, lost_reason=reason or None, follow_up_date=old.follow_up_date,
        method=old.method,
    )  # fmt: skip
    session.add(event)
    session.flush()
    audit.append(session, now, viewer.login, "更正答复", old.lead_id, {"原": old.result, "现": word})
    return event


def follow_up_problems(
    today: dt.date,
    follow_up_date: dt.date,
    method: str,
    led_by: str,
    content: str,
    result: str,
    next_step_date: dt.date | None,
) -> list[str]:
    """Say everything that is wrong with a follow-up, each with its field."""
    found = [
        f"{name}应为 {'、'.join(allowed)} 之一"
        for name, value, allowed in (
            ("跟进方式", method, METHODS),
            ("带队层级", led_by, LEVELS),
            ("跟进结果", result, RESULTS),
        )
        if value not in allowed
    ]
    if not dt.date(2000, 1, 1) <= follow_up_date <= today:
        found.append(f"跟进日期不能晚于今天（{today}）；若本机时钟不准，请以办公室日期为准")
    if not content:
        found.append("洽谈内容不能为空")
    if next_step_date and not follow_up_date <= next_step_date <= today + dt.timedelta(days=730):
        found.append("下一步日期应在跟进日期之后、两年之内")
    return found


def follow_up(
    session: Session,
    viewer: Viewer,
    *,
    lead_id: str,
    unit: str,
    client_id: str,
    snapshot_id: str,
    now: dt.datetime,
    today: dt.date,
    follow_up_date: dt.date,
    method: str,
    led_by: str,
    content: str,
    result: str,
    next_step: str,
    next_step_date: dt.date | None,
) -> Event:
    """Record a follow-up with the words of the ledger 跟进记录."""
    _may_write(viewer, unit)
    problems = follow_up_problems(today, follow_up_date, method, led_by, content, result, next_step_date)
    if problems:
        raise Invalid("；".join(problems))
    locked(session, lead_id)
    if before := seen_before(session, viewer, client_id):
        return before
    event = event_of(
        viewer, client_id, "follow_up", lead_id, unit, now,
        snapshot_id=snapshot_id, follow_up_date=follow_up_date, method=method, led_by=led_by, content=content,
        result=result, next_step=next_step or None, next_step_date=next_step_date,
    )  # fmt: skip
    session.add(event)
    session.flush()
    return event


def timeline_events(session: Session, lead_id: str) -> list[tuple[Event, str, str | None]]:
    """Give what people did about a lead, newest first: event, name, and the kind of the later event that replaced it, if any."""
    later = aliased(Event)
    found = session.execute(
        sa.select(Event, Person.person_name, later.kind)
        .join(Person, Person.person_id == Event.person_id)
        .outerjoin(later, later.undone_event_id == Event.event_id)
        .where(Event.lead_id == lead_id, Event.kind != "undo")
        .order_by(Event.event_id.desc())
        .limit(200)
    )
    return [(event, name, kind) for event, name, kind in found]


def holders(session: Session, lead_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Give who holds each lead: person and name."""
    found = session.execute(_HOLDERS, {"leads": lead_ids})
    return {lead: (person, name) for lead, person, name in found}


def held_by(session: Session, person_id: int) -> frozenset[str]:
    """Give the leads that a person holds."""
    return frozenset(session.scalars(sa.select(Assignment.lead_id).where(Assignment.person_id == person_id)))


def loads(session: Session, units: Iterable[str]) -> list[tuple[Person, int]]:
    """Give the recruiters of units, each with the number of leads held."""
    counted = sa.func.count(Assignment.lead_id)
    found = session.execute(
        sa.select(Person, counted)
        .outerjoin(Assignment, Assignment.person_id == Person.person_id)
        .where(Person.unit_name.in_(sorted(units)), Person.is_active, Person.role.in_(("recruiter", "unit_head")))
        .group_by(Person.person_id)
        .order_by(Person.unit_name, Person.person_name)
    )
    return [(person, int(count)) for person, count in found]


def claim(session: Session, viewer: Viewer, lead_id: str, unit: str, client_id: str, now: dt.datetime) -> Event:
    """Take a lead of the own unit; the first one has it."""
    _may_write(viewer, unit)
    locked(session, f"unit {unit}")
    if before := seen_before(session, viewer, client_id):
        return before
    held = holders(session, [lead_id]).get(lead_id)
    if held and held[0] != viewer.person_id:
        raise Conflict(f"{held[1]}已先认领；如需改派，请单位负责人分派")
    person = session.get_one(Person, viewer.person_id)
    if not held:
        if len(held_by(session, person.person_id)) >= person.lead_capacity:
            raise Conflict(f"你承办的线索已到上限 {person.lead_capacity} 条，请先释放")
        session.add(Assignment(lead_id=lead_id, unit_name=unit, person_id=person.person_id, assigned_at=now))
    event = event_of(viewer, client_id, "claim", lead_id, unit, now)
    session.add(event)
    session.flush()
    return event


def release(session: Session, viewer: Viewer, lead_id: str, unit: str, client_id: str, now: dt.datetime) -> Event:
    """Give a lead back to the unit; the head may release anybody's."""
    _may_write(viewer, unit)
    locked(session, f"unit {unit}")
    if before := seen_before(session, viewer, client_id):
        return before
    held = session.get(Assignment, lead_id)
    if held is None or (held.person_id != viewer.person_id and not viewer.assigns):
        raise NotAllowed("只能释放自己承办的线索")
    session.delete(held)
    event = event_of(viewer, client_id, "release", lead_id, unit, now, detail={"held_by": held.person_id})
    session.add(event)
    session.flush()
    return event


def assign(
    session: Session, viewer: Viewer, leads: Sequence[tuple[str, str]], person_id: int, client_id: str, now: dt.datetime
) -> int:
    """Give leads (id, unit) to a person of the head's units: all of them within the capacity, or none."""
    if not viewer.assigns:
        raise NotAllowed("只有单位负责人可以分派")
    for _, unit in leads:
        _may_write(viewer, unit)
    locked(session, "assign")
    person = session.get(Person, person_id)
    if person is None or not person.is_active or not viewer.reach("write").covers(person.unit_name):
        raise NotAllowed("只能分派给本单位在岗的人")
    if before := seen_before(session, viewer, f"{client_id}.0"):
        return int((before.detail or {}).get("assigned_count", 0))
    held = held_by(session, person_id)
    wanted = [(lead, unit) for lead, unit in dict(leads).items() if lead not in held]
    free = person.lead_capacity - len(held)
    if len(wanted) > free:
        raise Conflict(
            f"{person.person_name}上限 {person.lead_capacity} 条，现有 {len(held)} 条，只能再接 {max(free, 0)} 条；"
            f"这次选了 {len(wanted)} 条，没有分派"
        )
    for at, (lead, unit) in enumerate(wanted):
        session.merge(Assignment(lead_id=lead, unit_name=unit, person_id=person_id, assigned_at=now))
        detail = {"person_id": person_id, "assigned_count": len(wanted)}
        session.add(event_of(viewer, f"{client_id}.{at}", "assign", lead, unit, now, detail=detail))
    audit.append(session, now, viewer.login, "分派", person.login, {"线索": [lead for lead, _ in wanted]})
    return len(wanted)
